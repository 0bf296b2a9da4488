"""One purpose's evidence as one request sees it: one run, nothing of any other purpose.

Everything that a resolver reads about subjects goes through here, so that the purpose is fixed, the
run doesn't change within a request, and what is read is in the audit before it is answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import cast

import numpy as np

from graphsvc.access import AuditTrail, Principal
from graphsvc.advice import Advised
from graphsvc.app import Service
from graphsvc.decisions import Decisions
from graphsvc.errors import (
    InvalidInputError,
    NotPermittedError,
    RunNotFoundError,
    SubjectNotFoundError,
)
from graphsvc.explain import Explanation
from graphsvc.live.host import HostedPurpose, HostedReading
from graphsvc.lookup import NOT_FOUND
from graphsvc.model import (
    AuditAction,
    Link,
    Purpose,
    Record,
    Role,
    ScoreRun,
    StoredRecord,
    SubjectKind,
    SubjectRef,
)
from graphsvc.runs import PublishedScores, SubjectScore


@dataclass(frozen=True, slots=True)
class ReadScore:
    """A subject's values and the run that they come from."""

    values: SubjectScore
    run: ScoreRun


@dataclass(frozen=True, slots=True)
class ReadDecision:
    """An advice on a subject and the run that it comes from."""

    advised: Advised
    run: ScoreRun


@dataclass(frozen=True, slots=True)
class Decided:
    """Who was asked for, in that order, and the decisions on those at `places`."""

    subjects: list[SubjectRef]
    decisions: Decisions
    places: list[int]

    def decision(self, number: int) -> ReadDecision:
        """Return one of the decisions, counted from 0 over those that there are."""
        return ReadDecision(self.decisions.at(number), self.decisions.run)


@dataclass(frozen=True, slots=True)
class SeenLink:
    """A link with its sequence number, as seen from the subject at one of its ends."""

    sequence: int
    recorded_at: datetime
    link: Link
    seen_from: SubjectRef

    @property
    def is_outgoing(self) -> bool:
        """Whether the link leads from the subject to the other."""
        return self.link.src == self.seen_from

    @property
    def other(self) -> SubjectRef:
        """The subject at the other end."""
        return self.link.dst if self.is_outgoing else self.link.src


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Some links of a subject in order of sequence, and whether there are others around them."""

    links: list[SeenLink]
    has_previous: bool
    has_next: bool


class PurposeView:
    """What one request may see for one purpose."""

    def __init__(
        self, service: Service, trail: AuditTrail, principal: Principal, purpose: Purpose
    ) -> None:
        self.purpose = purpose
        self._service = service
        self._trail = trail
        self._principal = principal
        self._scores: dict[str | None, PublishedScores] = {}
        self._explanations: dict[SubjectRef, Explanation] = {}
        self._audited: defaultdict[AuditAction, set[SubjectRef]] = defaultdict(set)

    @property
    def scores(self) -> PublishedScores:
        """The champion's published scores: see `scores_of`."""
        return self.scores_of(None)

    def scores_of(self, programme: str | None) -> PublishedScores:
        """Return the published scores that this request reads, whatever is published meanwhile.

        Args:
            programme: name of one of the purpose's programmes; its champion where it is None.

        Raises:
            InvalidInputError: the purpose has no such programme, whoever else may have it.
            RunNotFoundError: none are published.
        """
        if programme not in self._scores:
            name = self.purpose.name
            known = [found.name for found in self._service.library.programmes_of(name)]
            if programme is not None and programme not in known:
                raise InvalidInputError(
                    f"programme: {programme[:64]!r} is none of purpose {name}; "
                    f"it has: {', '.join(known)}"
                )
            self._scores[programme] = self._service.scores(name, programme=programme)
        return self._scores[programme]

    def score(self, subject: SubjectRef, programme: str | None = None) -> ReadScore:
        """Return a subject's score.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
            RunNotFoundError: no run is published.
        """
        scores = self.scores_of(programme)
        try:
            values = scores.score(subject)
        except SubjectNotFoundError:
            raise self._not_found(subject) from None
        self._audit(AuditAction.READ_SCORE, [subject])
        return ReadScore(values, scores.run)

    def decisions(self, subjects: list[SubjectRef], programme: str | None = None) -> Decided:
        """Return what the purpose's policy advises on each subject that its evidence mentions.

        Raises:
            RunNotFoundError: no run is published.
            DefinitionNotFoundError: the purpose has no policy.
        """
        scores = self.scores_of(programme)
        judge = self._service.judge(self.purpose.name, scores.run)
        ranks = scores.ranks_of(subjects)
        places = np.flatnonzero(ranks != NOT_FOUND).tolist()
        found = [subjects[place] for place in places]
        decisions = judge.judge(scores, ranks[places], found)
        self._audit(AuditAction.READ_ADVICE, found)
        return Decided(subjects, decisions, places)

    def decision(self, subject: SubjectRef, programme: str | None = None) -> ReadDecision:
        """Return what the purpose's policy advises on a subject.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
            RunNotFoundError, DefinitionNotFoundError: see `decisions`.
        """
        decided = self.decisions([subject], programme)
        if not decided.places:
            raise self._not_found(subject)
        return decided.decision(0)

    def live_score(self, subject: SubjectRef) -> HostedReading:
        """Return a subject's score as it stands now.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
            LiveOffError: this server keeps no live scores for the purpose.
            LiveBuildingError: there are none yet.
        """
        try:
            found = self.live().reading(subject)
        except SubjectNotFoundError:
            raise self._not_found(subject) from None
        self._audit(AuditAction.READ_SCORE, [subject])
        return found

    def live(self) -> HostedPurpose:
        """Return what this server keeps live for the purpose; who reads from it must audit it.

        Raises:
            LiveOffError: nothing.
        """
        return self._service.live_host.of(self.purpose.name)

    def require_role(self, act: str, *roles: Role) -> None:
        """Refuse a caller who holds none of these roles.

        Raises:
            NotPermittedError: names the roles that would do.
        """
        if not self._principal.holds_one_of(*roles):
            needed = " or ".join(sorted(roles))
            raise NotPermittedError(f"to {act}, a credential needs the role {needed}")

    def record_at(self, sequence: int) -> StoredRecord[Record] | None:
        """Return a record that was found in the purpose's own evidence."""
        return self._service.store.record_at(sequence)

    def note(self, action: AuditAction, subjects: Iterable[SubjectRef]) -> None:
        """Put reads on the trail, each once a request."""
        self._audit(action, subjects)

    def top(
        self, by: str, limit: int, *, largest_first: bool, kind: SubjectKind | None
    ) -> list[ReadScore]:
        """Return the scores of the subjects with the largest or smallest values.

        Raises:
            RunNotFoundError: no run is published.
        """
        scores = self.scores
        ranks = scores.ranks_by(by, limit, largest_first=largest_first, kind=kind)
        found = [ReadScore(scores.at_rank(rank), scores.run) for rank in ranks]
        self._audit(AuditAction.READ_SCORE, [score.values.subject for score in found])
        return found

    def explanation(self, subject: SubjectRef) -> Explanation:
        """Return why a subject has its score in the run that this request reads.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
            RunNotFoundError: no run is published.
        """
        if subject not in self._explanations:
            self._explanations[subject] = self._explain(subject)
        self._audit(AuditAction.READ_EXPLANATION, [subject])
        return self._explanations[subject]

    def links(self, subject: SubjectRef, after_sequence: int, limit: int) -> LinkPage:
        """Return a subject's standing links of the kinds that the purpose permits.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
        """
        found = list(islice(self._standing_links(subject, after_sequence), limit + 1))
        if not found and not self._knows(subject):
            raise self._not_found(subject)
        self._audit(AuditAction.READ_LINKS, [subject])
        return LinkPage(found[:limit], after_sequence > 0, len(found) > limit)

    def runs(self, limit: int) -> list[ScoreRun]:
        """Return the purpose's published runs, the latest first."""
        return self._service.runs(self.purpose.name, limit)

    def _explain(self, subject: SubjectRef) -> Explanation:
        wanted = self.scores.run.run_id
        name = self.purpose.name
        try:
            found = self._service.explain(name, subject)
            if found.run.run_id != wanted:  # another was published during this request
                found = self._service.explain(name, subject, run_id=wanted)
        except SubjectNotFoundError:
            raise self._not_found(subject) from None
        return found

    def _standing_links(self, subject: SubjectRef, after_sequence: int) -> Iterator[SeenLink]:
        batch_size = 256
        while True:
            batch = self._service.links(
                self.purpose.name, subject, after_sequence=after_sequence, limit=batch_size
            )
            for stored in batch:
                if stored.superseded_by is None:
                    link = cast(Link, stored.record)
                    yield SeenLink(stored.sequence, stored.recorded_at, link, subject)
            if len(batch) < batch_size:
                return
            after_sequence = batch[-1].sequence

    def _knows(self, subject: SubjectRef) -> bool:
        """Say whether the current run or a standing permitted link mentions the subject."""
        try:
            self.scores.rank_of(subject)
        except (SubjectNotFoundError, RunNotFoundError):
            return next(self._standing_links(subject, 0), None) is not None
        return True

    def _not_found(self, subject: SubjectRef) -> SubjectNotFoundError:
        return SubjectNotFoundError(f"{subject}: not known for purpose {self.purpose.name}")

    def _audit(self, action: AuditAction, subjects: Iterable[SubjectRef]) -> None:
        """Put reads on the trail, each once a request."""
        seen = self._audited[action]
        unseen = [subject for subject in dict.fromkeys(subjects) if subject not in seen]
        self._trail.record(
            self._service.audit_drafts(
                self._principal.actor, action, unseen, purpose=self.purpose.name
            )
        )
        seen.update(unseen)
