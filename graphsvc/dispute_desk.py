"""Disputes as one credential may open, decide and read them for one purpose.

What a step does is in `redress` and `disputes`; here it is decided who may ask for it, that nothing
of another purpose shows, and that the same request again is no second step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, cast

from graphsvc.access import Principal
from graphsvc.changes import ScoreChange, permits, permits_sort
from graphsvc.correcting import corrected
from graphsvc.disputes import SOURCE, DisputeStep, disputes_of, read_dispute
from graphsvc.errors import (
    ConflictError,
    InvalidInputError,
    InvalidRecordError,
    NotFoundError,
    SubjectNotFoundError,
)
from graphsvc.model import (
    AuditAction,
    AuditDraft,
    Dispute,
    DisputeStatus,
    Purpose,
    Record,
    RecordType,
    StoredRecord,
    SubjectRef,
)
from graphsvc.permissions import Act, require_role
from graphsvc.store.ports import RecordHeading
from graphsvc.writing import RefusalCode, RefusedItemError, Target, Writing

if TYPE_CHECKING:
    from graphsvc.app import Service

BATCH = 500
ALL_STATUSES = frozenset(DisputeStatus)


@dataclass(frozen=True, slots=True)
class SeenDispute:
    """A dispute as it stands, and what the record that it contests is; None where a score is.

    `purpose` is the one that it is seen for.
    """

    purpose: str
    dispute_id: str
    sequence: int
    dispute: Dispute
    contested: RecordHeading | None


@dataclass(frozen=True, slots=True)
class DisputePage:
    """Some disputes, the one that changed longest ago first, and whether there are others."""

    disputes: list[SeenDispute]
    has_previous: bool
    has_next: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken now, or had been before (`was_done`), and the scores that it moved."""

    seen: SeenDispute
    changes: tuple[ScoreChange, ...]
    was_done: bool


class DisputeDesk:
    """What one credential may do about disputes for one purpose that it may read."""

    def __init__(
        self,
        service: Service,
        principal: Principal,
        purpose: Purpose,
        note_reads: Callable[[Sequence[AuditDraft]], None],
    ) -> None:
        self.purpose = purpose
        self._service = service
        self._store = service.store
        self._principal = principal
        self._note_reads = note_reads

    def open(
        self, subject: SubjectRef, target: Target, *, grounds: str, suspend: bool, key: str
    ) -> Taken:
        """Contest a record for the subject that it concerns; the same call again is the same one.

        Raises:
            NotPermittedError: no role for it; to suspend takes that of a reviewer.
            RefusedItemError: there is no such record of the subject, or it is in dispute already.
            InvalidRecordError: the grounds are empty or too long.
        """
        require_role(self._principal, Act.OPEN_DISPUTES)
        if suspend:
            require_role(self._principal, Act.DECIDE_DISPUTES)
        dispute_id = self._id_of_key(key)
        record = self._writing.find(target, of_any_source=True)
        contested = (record.source, record.external_id)
        return self._opened(dispute_id, subject, contested, grounds, suspend)

    def request_review(self, subject: SubjectRef, *, grounds: str, key: str) -> Taken:
        """Contest the subject's score for the purpose: a person is to look at it (Art. 22).

        Raises:
            NotPermittedError: no role for it.
            RefusedItemError: it has no score, or that waits for a person already.
            InvalidRecordError: the grounds are empty or too long.
        """
        require_role(self._principal, Act.OPEN_DISPUTES)
        dispute_id = self._id_of_key(key)
        try:
            self._service.scores(self.purpose.name).score(subject)
        except SubjectNotFoundError:
            reason = f"has no score for purpose {self.purpose.name}"
            raise RefusedItemError("subject", RefusalCode.NOT_FOUND, reason) from None
        return self._opened(dispute_id, subject, self.purpose.name, grounds, suspend=False)

    def suspend(self, dispute_id: str) -> Taken:
        """Switch the contested record's effect off until the decision.

        Raises:
            NotPermittedError: no role for it.
            RefusedItemError: there is no such dispute, it is decided, or it contests a score.
        """
        require_role(self._principal, Act.DECIDE_DISPUTES)
        current = self._current(dispute_id)
        if current.dispute.status is DisputeStatus.SUSPENDED:
            return self._already(current)
        with _refusing("dispute_id"):
            step, changes = self._service.redress.suspend(
                dispute_id, actor=self._principal.actor, purpose=self.purpose.name
            )
        return self._taken(step, changes)

    def decide(
        self,
        dispute_id: str,
        outcome: DisputeStatus,
        *,
        decision: str,
        assignments: Sequence[str] = (),
    ) -> Taken:
        """Close a dispute: the record is corrected (by `assignments`), removed or kept.

        Raises:
            NotPermittedError: no role for it.
            RefusedItemError: there is no such dispute, it was decided otherwise, or outcome and
                assignments don't go together.
            InvalidRecordError: a value is none for its field, or the decision says nothing.
        """
        require_role(self._principal, Act.DECIDE_DISPUTES)
        current = self._current(dispute_id)
        found = current.dispute
        said = (outcome, decision, self._principal.actor)
        if (found.status, found.decision, found.decided_by) == said:
            return self._already(current)
        with _refusing("fields"):
            correction = self._correction(current, outcome, assignments)
        with _refusing("dispute_id"):
            step, changes = self._service.redress.decide(
                dispute_id,
                outcome,
                decision=decision,
                actor=self._principal.actor,
                correction=correction,
                purpose=self.purpose.name,
            )
        return self._taken(step, changes)

    def find(self, dispute_id: str) -> SeenDispute:
        """Return a dispute as it stands; the read is audited.

        Raises:
            NotPermittedError: no role for it.
            NotFoundError: there is none of that id that the purpose may see.
        """
        (seen,) = self.find_all([dispute_id])
        if seen is None:
            raise NotFoundError(
                f"dispute {dispute_id[:64]!r}: not known for purpose {self.purpose.name}"
            )
        return seen

    def find_all(self, dispute_ids: Sequence[str]) -> list[SeenDispute | None]:
        """Return disputes by their ids, as `find` does; None where there is none to be seen.

        Raises:
            NotPermittedError: no role for it.
        """
        require_role(self._principal, Act.READ_DISPUTES)
        steps = (read_dispute(self._store, dispute_id) for dispute_id in dispute_ids)
        seen = self._visible([step for step in steps if step is not None])
        self._note(seen)
        by_id = {found.dispute_id: found for found in seen}
        return [by_id.get(dispute_id) for dispute_id in dispute_ids]

    def page(
        self,
        *,
        subject: SubjectRef | None,
        statuses: Collection[DisputeStatus] | None,
        after_sequence: int,
        limit: int,
    ) -> DisputePage:
        """Return disputes that the purpose may see, the one that changed longest ago first.

        Raises:
            NotPermittedError: no role for it.
        """
        require_role(self._principal, Act.READ_DISPUTES)
        wanted = ALL_STATUSES if statuses is None else frozenset(statuses)
        steps = (
            step for step in self._steps(subject, after_sequence) if step.dispute.status in wanted
        )
        found = list(islice(self._visible_of(steps), limit + 1))
        self._note(found[:limit])
        return DisputePage(found[:limit], after_sequence > 0, len(found) > limit)

    def note_scores(self, changes: Iterable[ScoreChange]) -> None:
        """Put it on the trail that these scores are shown."""
        self._note_reads(
            self._service.audit_drafts(
                self._principal.actor,
                AuditAction.READ_SCORE,
                [change.subject for change in changes],
                purpose=self.purpose.name,
            )
        )

    @cached_property
    def _writing(self) -> Writing:
        return Writing(self._service, self._principal, self.purpose)

    def _id_of_key(self, key: str) -> str:
        return f"D-{self._writing.id_of_key(key).removeprefix('key-')}"

    def _opened(
        self,
        dispute_id: str,
        subject: SubjectRef,
        contested: tuple[str, str] | str,
        grounds: str,
        suspend: bool,
    ) -> Taken:
        former = self._store.record(SOURCE, f"{dispute_id}.1")
        if former is None:
            try:
                with _refusing("record"):
                    step, changes = self._service.redress.open(
                        subject,
                        contested,
                        grounds=grounds,
                        actor=self._principal.actor,
                        suspend=suspend,
                        dispute_id=dispute_id,
                        purpose=self.purpose.name,
                    )
                return self._taken(step, changes)
            except RefusedItemError:
                # An equal request may have come first by a hair.
                former = self._store.record(SOURCE, f"{dispute_id}.1")
                if former is None:
                    raise
        return self._opened_before(dispute_id, former, (subject, contested, grounds, suspend))

    def _opened_before(
        self, dispute_id: str, former: StoredRecord[Record], asked: tuple[object, ...]
    ) -> Taken:
        first = cast(Dispute, former.record)
        is_suspended = first.status is DisputeStatus.SUSPENDED
        contested = first.contested or first.purpose
        if (first.subject, contested, first.grounds, is_suspended) != asked:
            raise RefusedItemError(
                "idempotency_key",
                RefusalCode.IDEMPOTENCY_CONFLICT,
                "was used for another dispute; send a new key with new content",
            )
        return self._already(self._current(dispute_id))

    def _current(self, dispute_id: str) -> DisputeStep:
        step = read_dispute(self._store, dispute_id)
        if step is None or not self._visible([step]):
            raise RefusedItemError(
                "dispute_id",
                RefusalCode.NOT_FOUND,
                f"is {dispute_id[:64]!r}, which is not known for purpose {self.purpose.name}",
            )
        return step

    def _correction(
        self, current: DisputeStep, outcome: DisputeStatus, assignments: Sequence[str]
    ) -> Record | None:
        if outcome is not DisputeStatus.CORRECTED or current.contested is None:
            if assignments:
                reason = "go with the outcome CORRECTED of a dispute of a record that stands"
                raise RefusedItemError("fields", RefusalCode.INVALID_RECORD, reason)
            return None
        external_id = f"{current.dispute_id}.correction"
        correction = corrected(current.contested, assignments, external_id)
        if not permits(self.purpose, [correction]):
            reason = f"make of it what purpose {self.purpose.name} does not permit"
            raise RefusedItemError("fields", RefusalCode.NOT_PERMITTED, reason)
        return correction

    def _taken(self, step: DisputeStep, changes: Iterable[ScoreChange]) -> Taken:
        (seen,) = self._visible([step])
        of_purpose = (change for change in changes if change.purpose == self.purpose.name)
        return Taken(seen, tuple(of_purpose), was_done=False)

    def _already(self, step: DisputeStep) -> Taken:
        (seen,) = self._visible([step])
        return Taken(seen, (), was_done=True)

    def _steps(self, subject: SubjectRef | None, after_sequence: int) -> Iterator[DisputeStep]:
        if subject is not None:
            for step in disputes_of(self._store, subject, with_decided=True):
                if step.sequence > after_sequence:
                    yield step
            return
        for stored in self._store.records(RecordType.DISPUTE, after_sequence=after_sequence):
            dispute = cast(Dispute, stored.record)
            yield DisputeStep(dispute.dispute_id, dispute, stored.sequence, None)

    def _visible_of(self, steps: Iterator[DisputeStep]) -> Iterator[SeenDispute]:
        while batch := list(islice(steps, BATCH)):
            yield from self._visible(batch)

    def _visible(self, steps: Sequence[DisputeStep]) -> list[SeenDispute]:
        """Return those of the disputes that the purpose may see."""
        identities = [step.dispute.contested for step in steps if step.dispute.contested]
        headings = iter(self._store.headings(identities) if identities else [])
        seen = []
        for step in steps:
            heading = next(headings) if step.dispute.contested else None
            if step.dispute.purpose == self.purpose.name or (
                heading is not None
                and permits_sort(self.purpose, heading.record_type, heading.sort)
            ):
                seen.append(
                    SeenDispute(
                        self.purpose.name, step.dispute_id, step.sequence, step.dispute, heading
                    )
                )
        return seen

    def _note(self, seen: Iterable[SeenDispute]) -> None:
        self._note_reads(
            self._service.audit_drafts(
                self._principal.actor,
                AuditAction.READ_DISPUTE,
                [found.dispute.subject for found in seen],
                purpose=self.purpose.name,
            )
        )


@contextmanager
def _refusing(field: str) -> Iterator[None]:
    """Turn what a caller can mend into a refusal that names a field."""
    try:
        yield
    except InvalidRecordError:
        raise
    except ConflictError as error:
        raise RefusedItemError(field, RefusalCode.CONFLICT, str(error)) from error
    except NotFoundError as error:
        raise RefusedItemError(field, RefusalCode.NOT_FOUND, str(error)) from error
    except InvalidInputError as error:
        raise RefusedItemError(field, RefusalCode.INVALID_RECORD, str(error)) from error
