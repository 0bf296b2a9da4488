"""One purpose's evidence as one request sees it: one run, nothing of any other purpose.

Everything that a resolver reads about subjects goes through here, so that the purpose is fixed, the
run doesn't change within a request, and what is read is in the audit before it is answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TypeVar

import numpy as np

from gql.seen import (
    Decided,
    Page,
    ReadDecision,
    ReadScore,
    SeenEvent,
    SeenLink,
    SeenListing,
    SeenRecord,
    SeenReport,
)
from graphsvc.access import AuditTrail, Principal
from graphsvc.app import Service
from graphsvc.errors import (
    DefinitionNotFoundError,
    InvalidInputError,
    NotPermittedError,
    RunNotFoundError,
    SubjectNotFoundError,
)
from graphsvc.explain import Explainer, Explanation
from graphsvc.live.host import HostedPurpose, HostedReading
from graphsvc.lookup import NOT_FOUND
from graphsvc.model import (
    AuditAction,
    Policy,
    Programme,
    Purpose,
    Record,
    RecordType,
    Role,
    ScoreRun,
    StoredRecord,
    SubjectKind,
    SubjectRef,
)
from graphsvc.reading import RecordReader, Stored, Wanted
from graphsvc.runs import PublishedScores
from graphsvc.selection import Selection

SeenT = TypeVar("SeenT", bound=SeenRecord)

ROLES_TOLD_WHO_REPORTED = (Role.ANALYST, Role.REVIEWER)
"""Who works on cases sees what `graphsvc explain` shows; others what an export shows."""


class PurposeView:
    """What one request may see for one purpose."""

    def __init__(
        self, service: Service, trail: AuditTrail, principal: Principal, purpose: Purpose
    ) -> None:
        self.purpose = purpose
        self.may_name_reporters = principal.holds_one_of(*ROLES_TOLD_WHO_REPORTED)
        self._service = service
        self._trail = trail
        self._principal = principal
        self._scores: dict[str, PublishedScores] = {}
        self._explainers: dict[str, Explainer] = {}
        self._explanations: dict[tuple[str, SubjectRef], Explanation] = {}
        self._decisions: dict[tuple[str | None, SubjectRef], ReadDecision | None] = {}
        self._audited: defaultdict[AuditAction, set[SubjectRef]] = defaultdict(set)

    @cached_property
    def _reader(self) -> RecordReader:
        return RecordReader(lambda: self._service.store, self.purpose)

    # Runs and their values

    def scores_of(self, programme: str | None = None) -> PublishedScores:
        """Return the published scores that this request reads, whatever is published meanwhile.

        Args:
            programme: name of one of the purpose's programmes; its champion where it is None.

        Raises:
            InvalidInputError: the purpose has no such programme, whoever else may have it.
            RunNotFoundError: none are published.
        """
        known = self.programmes()
        name = known[0] if programme is None else programme
        if name not in self._scores:
            if name not in known:
                raise InvalidInputError(
                    f"programme: {name[:64]!r} is none of purpose {self.purpose.name}; "
                    f"it has: {', '.join(known)}"
                )
            # The champion goes without a name, for the words of what may be wrong with it.
            self._scores[name] = self._service.scores(self.purpose.name, programme=programme)
        return self._scores[name]

    def programmes(self) -> list[str]:
        """Return the names of the purpose's programmes, the champion first."""
        return [found.name for found in self.declared_programmes()]

    def declared_programmes(self) -> tuple[Programme, ...]:
        """Return the highest version of each of the purpose's programmes, the champion first."""
        return self._service.library.programmes_of(self.purpose.name)

    def policies(self) -> list[Policy]:
        """Return the purpose's policy, if it has one."""
        try:
            return [self._service.library.policy(self.purpose.name)]
        except DefinitionNotFoundError:
            return []

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

    def beside(self, score: ReadScore) -> list[ReadScore]:
        """Return the same subject's scores by the purpose's other programmes that have a run."""
        found = []
        for programme in self.programmes():
            if programme != score.run.programme:
                try:
                    found.append(self.score(score.values.subject, programme))
                except (RunNotFoundError, SubjectNotFoundError):
                    continue
        return found

    def top(
        self,
        by: str,
        limit: int,
        *,
        largest_first: bool,
        kind: SubjectKind | None,
        programme: str | None = None,
    ) -> list[ReadScore]:
        """Return the scores of the subjects with the largest or smallest values.

        Raises:
            RunNotFoundError: no run is published.
        """
        scores = self.scores_of(programme)
        ranks = scores.ranks_by(by, limit, largest_first=largest_first, kind=kind)
        return self._scores_at(scores, ranks)

    def subjects(
        self, selection: Selection, limit: int, programme: str | None = None
    ) -> Page[ReadScore]:
        """Return some subjects of a run in the order of kind and key.

        Raises:
            RunNotFoundError: no run is published.
        """
        scores = self.scores_of(programme)
        ranks = scores.ranks_selected(selection, limit + 1)
        found = self._scores_at(scores, ranks[:limit])
        return Page(found, selection.after is not None, len(ranks) > limit)

    def decisions(self, subjects: list[SubjectRef], programme: str | None = None) -> Decided:
        """Return what the purpose's policy advises on each subject that its evidence mentions.

        Raises:
            RunNotFoundError: no run is published.
            DefinitionNotFoundError: the purpose has no policy.
        """
        decided = self._decided(subjects, programme)
        self._audit(AuditAction.READ_ADVICE, decided.decisions.subjects)
        return decided

    def decision(self, subject: SubjectRef, programme: str | None = None) -> ReadDecision:
        """Return what the purpose's policy advises on a subject.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
            RunNotFoundError, DefinitionNotFoundError: see `decisions`.
        """
        if (programme, subject) not in self._decisions:
            siblings = self._reader.siblings_of(subject)
            decided = self._decided(list(siblings), programme)
            self._decisions |= {(programme, one): None for one in siblings}
            for number, one in enumerate(decided.decisions.subjects):
                self._decisions[programme, one] = decided.decision(number)
        found = self._decisions[programme, subject]
        if found is None:
            raise self._not_found(subject)
        self._audit(AuditAction.READ_ADVICE, [subject])
        return found

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

    def note_subscription(self, detail: str) -> None:
        """Put on the trail that the caller asked to be told of changes."""
        draft = self._service.audit_draft(
            self._principal.actor, AuditAction.SUBSCRIBED, purpose=self.purpose.name, detail=detail
        )
        self._trail.record([draft])

    def note(self, action: AuditAction, subjects: Iterable[SubjectRef]) -> None:
        """Put reads on the trail, each once a request."""
        self._audit(action, subjects)

    def explanation(self, subject: SubjectRef, programme: str | None = None) -> Explanation:
        """Return why a subject has its score in the run that this request reads.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
            RunNotFoundError: no run is published.
        """
        run = self.scores_of(programme).run
        key = (run.run_id, subject)
        if key not in self._explanations:
            try:
                self._explanations[key] = self._explainer(run).explain(subject)
            except SubjectNotFoundError:
                raise self._not_found(subject) from None
        self._audit(AuditAction.READ_EXPLANATION, [subject])
        return self._explanations[key]

    def runs(self, limit: int) -> list[ScoreRun]:
        """Return the purpose's published runs, the latest first."""
        return self._service.runs(self.purpose.name, limit)

    def run(self, run_id: str) -> ScoreRun:
        """Return one of the purpose's published runs.

        Raises:
            RunNotFoundError: it has no such run, whatever other purposes have.
        """
        run = self._service.store.run(run_id)
        if run is None or run.purpose != self.purpose.name:
            raise RunNotFoundError(f"purpose {self.purpose.name} has no run {run_id[:64]!r}")
        return run

    # Records

    def links(self, subject: SubjectRef, wanted: Wanted, after: int, limit: int) -> Page[SeenLink]:
        """Return a subject's standing links of the kinds that the purpose permits.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
        """

        def seen(purpose: str, stored: Stored, may_name: bool) -> SeenLink:
            return SeenLink(purpose, stored, may_name, subject)

        return self._page(subject, RecordType.LINK, wanted, after, limit, seen)

    def events(
        self, subject: SubjectRef, wanted: Wanted, after: int, limit: int
    ) -> Page[SeenEvent]:
        """Return a subject's standing events, like `links`."""
        return self._page(subject, RecordType.EVENT, wanted, after, limit, SeenEvent)

    def reports(
        self, subject: SubjectRef, wanted: Wanted, after: int, limit: int
    ) -> Page[SeenReport]:
        """Return the standing reports on a subject, like `links`."""
        return self._page(subject, RecordType.REPORT, wanted, after, limit, SeenReport)

    def listings(
        self, subject: SubjectRef, wanted: Wanted, after: int, limit: int
    ) -> Page[SeenListing]:
        """Return a subject's standing listings, like `links`."""
        return self._page(subject, RecordType.LISTING, wanted, after, limit, SeenListing)

    def records_at(self, sequences: list[int]) -> list[SeenRecord | None]:
        """Return records by sequence; None for what doesn't stand or isn't permitted."""
        found = self._reader.at(sequences)
        for stored in found:
            if stored is not None:
                _, action = _AS_SEEN[stored.record.record_type]
                self._audit(action, _concerned(stored))
        return [
            None
            if stored is None
            else _AS_SEEN[stored.record.record_type][0](
                self.purpose.name, stored, self.may_name_reporters
            )
            for stored in found
        ]

    def expect(self, subjects: Iterable[SubjectRef]) -> None:
        """Take note that these subjects are resolved beside each other: see `RecordReader`."""
        self._reader.expect(subjects)

    def _page(
        self,
        subject: SubjectRef,
        record_type: RecordType,
        wanted: Wanted,
        after: int,
        limit: int,
        seen: Callable[[str, Stored, bool], SeenT],
    ) -> Page[SeenT]:
        found = self._reader.records(subject, record_type, wanted, after, limit + 1)
        if not found and not self._knows(subject):
            raise self._not_found(subject)
        self._audit(_AS_SEEN[record_type][1], [subject])
        items = [
            seen(self.purpose.name, stored, self.may_name_reporters) for stored in found[:limit]
        ]
        return Page(items, after > 0, len(found) > limit)

    def _knows(self, subject: SubjectRef) -> bool:
        """Say whether the current run or a standing permitted record mentions the subject."""
        try:
            self.scores_of().rank_of(subject)
        except (SubjectNotFoundError, RunNotFoundError):
            return self._reader.is_mentioned(subject)
        return True

    def _scores_at(self, scores: PublishedScores, ranks: Iterable[int]) -> list[ReadScore]:
        found = [ReadScore(scores.at_rank(rank), scores.run) for rank in ranks]
        subjects = [score.values.subject for score in found]
        self.expect(subjects)
        self._audit(AuditAction.READ_SCORE, subjects)
        return found

    def _decided(self, subjects: list[SubjectRef], programme: str | None) -> Decided:
        scores = self.scores_of(programme)
        judge = self._service.judge(self.purpose.name, scores.run)
        ranks = scores.ranks_of(subjects)
        places = np.flatnonzero(ranks != NOT_FOUND).tolist()
        found = [subjects[place] for place in places]
        return Decided(subjects, judge.judge(scores, ranks[places], found), places)

    def _explainer(self, run: ScoreRun) -> Explainer:
        if run.run_id not in self._explainers:
            name, programme = self.purpose.name, run.programme
            explainer = self._service.explainer(name, programme=programme)
            if explainer.run.run_id != run.run_id:  # another was published during this request
                explainer = self._service.explainer(name, run_id=run.run_id)
            self._explainers[run.run_id] = explainer
        return self._explainers[run.run_id]

    def _not_found(self, subject: SubjectRef) -> SubjectNotFoundError:
        return SubjectNotFoundError(f"{subject}: not known for purpose {self.purpose.name}")

    def _audit(self, action: AuditAction, subjects: Iterable[SubjectRef]) -> None:
        """Put reads on the trail, each once a request."""
        seen = self._audited[action]
        unseen = [subject for subject in dict.fromkeys(subjects) if subject not in seen]
        if not unseen:
            return
        self._trail.record(
            self._service.audit_drafts(
                self._principal.actor, action, unseen, purpose=self.purpose.name
            )
        )
        seen.update(unseen)


_AS_SEEN: dict[RecordType, tuple[type[SeenRecord], AuditAction]] = {
    RecordType.LINK: (SeenLink, AuditAction.READ_LINKS),
    RecordType.EVENT: (SeenEvent, AuditAction.READ_EVENTS),
    RecordType.REPORT: (SeenReport, AuditAction.READ_REPORTS),
    RecordType.LISTING: (SeenListing, AuditAction.READ_LISTINGS),
}


def _concerned(stored: Stored) -> list[SubjectRef]:
    record = stored.record
    return [
        subject
        for name in ("src", "dst", "subject")
        if (subject := getattr(record, name, None)) is not None
    ]
