"""Contest, correct, export, erase: each call is audited, and says which scores it moved.

After every step the scores of the programmes that may see the record are made anew and published;
what is reported is the effect of this step alone (see `changes`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from graphsvc import disputes, retention, rights
from graphsvc.changes import ScoreChange, Scored, permits, score_changes
from graphsvc.disputes import DisputeStep
from graphsvc.errors import InvalidInputError
from graphsvc.model import (
    AuditAction,
    Dispute,
    DisputeStatus,
    Programme,
    Purpose,
    Record,
    Retraction,
    SubjectRef,
)
from graphsvc.retention import Retired
from graphsvc.rights import Held
from graphsvc.scoring.propagate import propagate_snapshot

if TYPE_CHECKING:
    from graphsvc.app import Service

Changes = tuple[ScoreChange, ...]

_DECIDED = {
    DisputeStatus.CORRECTED: AuditAction.DISPUTE_CORRECTED,
    DisputeStatus.REMOVED: AuditAction.DISPUTE_REMOVED,
    DisputeStatus.KEPT: AuditAction.DISPUTE_KEPT,
}


class Redress:
    """What can be done about a score, by or for the subject that it belongs to."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._store = service.store
        self._lock = threading.Lock()
        self._reviews: tuple[int, frozenset[tuple[str, SubjectRef]]] = (-1, frozenset())

    def open(
        self,
        subject: SubjectRef,
        contested: tuple[str, str] | str,
        *,
        grounds: str,
        actor: str,
        suspend: bool = False,
        as_of: datetime | None = None,
    ) -> tuple[DisputeStep, Changes]:
        """Open a dispute of a record (source, external id), or of the score for a purpose.

        `as_of` is the time that is scored, here and in the other steps; now where it is not given.

        Raises:
            NotFoundError, ConflictError, InvalidInputError: see `disputes.open_dispute`.
        """
        if isinstance(contested, str):
            self._service.library.purpose(contested)
        before = self._store.last_sequence()
        step = disputes.open_dispute(
            self._store, subject, contested, grounds=grounds, opened_by=actor, suspend=suspend
        )
        return step, self._after(step, AuditAction.DISPUTE_OPENED, actor, before, as_of)

    def suspend(
        self, dispute_id: str, *, actor: str, as_of: datetime | None = None
    ) -> tuple[DisputeStep, Changes]:
        """Switch the contested record's effect off, on every subject that it reached."""
        before = self._store.last_sequence()
        step = disputes.suspend_dispute(self._store, dispute_id)
        return step, self._after(step, AuditAction.DISPUTE_SUSPENDED, actor, before, as_of)

    def decide(
        self,
        dispute_id: str,
        outcome: DisputeStatus,
        *,
        decision: str,
        actor: str,
        correction: Record | None = None,
        as_of: datetime | None = None,
    ) -> tuple[DisputeStep, Changes]:
        """Close a dispute: the record is corrected, removed or kept."""
        before = self._store.last_sequence()
        step = disputes.decide_dispute(
            self._store,
            dispute_id,
            outcome,
            decided_by=actor,
            decision=decision,
            correction=correction,
        )
        return step, self._after(step, _DECIDED[outcome], actor, before, as_of)

    def is_under_review(self, purpose: str, subject: SubjectRef) -> bool:
        """Say whether the subject's score for a purpose waits for human review."""
        sequence = self._store.last_sequence()
        with self._lock:
            known, reviews = self._reviews
        if known != sequence:
            reviews = frozenset(
                (step.dispute.purpose, step.dispute.subject)
                for step in disputes.all_disputes(self._store)
                if step.dispute.purpose is not None
            )
            with self._lock:
                self._reviews = (sequence, reviews)
        return (purpose, subject) in reviews

    def correct(self, correction: Record, *, actor: str, as_of: datetime | None = None) -> Changes:
        """Store a correction of an earlier record (GDPR Art. 16).

        Raises:
            InvalidInputError: it names no record that it supersedes.
            ConflictError: that record can't be superseded.
        """
        if correction.supersedes is None or isinstance(correction, Dispute | Retraction):
            raise InvalidInputError("correction: must supersede an event, link, report or listing")
        before = self._store.last_sequence()
        earlier = self._store.record(correction.source, correction.supersedes)
        self._store.append([correction], whole=True)
        self._service.note(actor, AuditAction.RECORD_CORRECTED, detail=f"sequence {before + 1}")
        affected = [correction] if earlier is None else [correction, earlier.record]
        return self._recomputed(affected, before, actor, as_of)

    def export(self, subject: SubjectRef, *, actor: str) -> Held:
        """Return all that is held on a subject, this very read included (GDPR Art. 15)."""
        self._service.note(actor, AuditAction.EXPORT, subject=subject)
        return rights.held_on(self._store, self._service.pseudonyms, subject)

    def erase(self, subject: SubjectRef, *, actor: str, even_if_blacklisted: bool = False) -> int:
        """Erase a subject (GDPR Art. 17), and make the scores of all others anew.

        Returns how many records went.

        Raises:
            NotFoundError: nothing is known of it.
            ConflictError: it is on a blacklist, or an audit entry could name it.
        """
        service = self._service
        # Noted first: an erasure that is cut short leaves its trace, and can be done again.
        service.note(actor, AuditAction.ERASURE_BEGUN, subject=subject)
        service.forget_local_copies()
        erased = rights.erase_subject(
            self._store,
            service.pseudonyms,
            subject,
            now=datetime.now(UTC),
            even_if_blacklisted=even_if_blacklisted,
        )
        service.forget_local_copies()
        service.note(actor, AuditAction.ERASED, subject=subject, detail=f"{erased} records")
        self._recompute_all(actor)
        return erased

    def retire(self, *, actor: str, now: datetime | None = None, dry_run: bool = False) -> Retired:
        """Remove what is past retention from the store, and make the scores anew."""
        service = self._service
        moment = now or datetime.now(UTC)
        retired = retention.retire(
            self._store, service.library, service.pseudonyms, moment, dry_run=dry_run
        )
        count = sum(retired.records.values())
        if not dry_run and (count or retired.subjects):
            service.forget_local_copies()
            detail = f"{count} records, {retired.subjects} subjects"
            service.note(actor, AuditAction.RETENTION, detail=detail)
            self._recompute_all(actor)
        return retired

    def _after(
        self,
        step: DisputeStep,
        action: AuditAction,
        actor: str,
        before: int,
        as_of: datetime | None,
    ) -> Changes:
        self._service.note(actor, action, subject=step.dispute.subject, detail=step.dispute_id)
        if step.contested is None or step.dispute.status is DisputeStatus.OPEN:
            return ()
        return self._recomputed([step.contested], before, actor, as_of)

    def _recomputed(
        self, records: Sequence[Record], before: int, actor: str, as_of: datetime | None
    ) -> Changes:
        """Publish anew what may see the records; return what the step after `before` moved."""
        moment = as_of or datetime.now(UTC)
        changes: list[ScoreChange] = []
        for purpose, programme in self._published():
            if permits(purpose, records):
                changes += self._moved(purpose, programme, before, moment, actor)
        return tuple(changes)

    def _moved(
        self, purpose: Purpose, programme: Programme, before: int, moment: datetime, actor: str
    ) -> Changes:
        service = self._service
        earlier = service.snapshots.at(purpose, before, as_of=moment)
        tolerance = min(programme.exposure.tolerance, programme.trust.tolerance)
        _, values = propagate_snapshot(earlier, programme, purpose, moment, tolerance)
        run = service.recompute(purpose.name, as_of=moment, programme=programme.name, actor=actor)
        published = service.scores(purpose.name, run_id=run.run_id)
        later = service.snapshots.at(purpose, run.snapshot_sequence, as_of=moment)
        return score_changes(
            run,
            Scored(
                earlier, values.points.score[earlier.subjects.index_of_rank], values.score_bound
            ),
            Scored(later, published.column("score"), run.score_bound),
        )

    def _recompute_all(self, actor: str) -> None:
        for purpose, programme in self._published():
            self._service.recompute(purpose.name, programme=programme.name, actor=actor)

    def _published(self) -> list[tuple[Purpose, Programme]]:
        """Return every programme that has a published run, with its purpose."""
        library = self._service.library
        return [
            (purpose, programme)
            for name in sorted({name for name, _ in library.purposes})
            for purpose in [library.purpose(name)]
            for programme in library.programmes_of(name)
            if self._store.current_run(programme.name) is not None
        ]
