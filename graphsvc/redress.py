"""Contest, correct, export, erase: each call is audited, and says which scores it moved.

After every step the scores of the programmes that may see the record are made anew and published;
what is reported is the effect of this step alone (see `changes`).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from graphsvc import disputes, erasure, retention, rights
from graphsvc.changes import ScoreChange, Scored, mentioned, permits, score_changes
from graphsvc.disputes import DisputeStep
from graphsvc.errors import ConflictError, InvalidInputError, NotFoundError
from graphsvc.model import (
    AuditAction,
    AuditDraft,
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

Reviews = tuple[float, int, frozenset[tuple[str | None, SubjectRef]]]
"""Which scores wait for a person: when that was asked, at which sequence, and the answer."""

NO_REVIEWS: Reviews = (-math.inf, -1, frozenset())
REVIEW_SECONDS = 1.0
"""For how long an answer holds, so that not every record that is added costs a look."""

RECOMPUTE_ATTEMPTS = 5

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
        self._reviews = NO_REVIEWS

    def open(
        self,
        subject: SubjectRef,
        contested: tuple[str, str] | str,
        *,
        grounds: str,
        actor: str,
        suspend: bool = False,
        as_of: datetime | None = None,
        dispute_id: str | None = None,
        purpose: str | None = None,
    ) -> tuple[DisputeStep, Changes]:
        """Open a dispute of a record (source, external id), or of the score for a purpose.

        `as_of` is the time that is scored, here and in the other steps; now where it is not given.
        `purpose` is what the audit names.

        Raises:
            NotFoundError, ConflictError, InvalidInputError: see `disputes.open_dispute`.
        """
        if isinstance(contested, str):
            self._service.library.purpose(contested)
        step = disputes.open_dispute(
            self._store,
            subject,
            contested,
            grounds=grounds,
            opened_by=actor,
            suspend=suspend,
            dispute_id=dispute_id,
            note_of=self._note_of(AuditAction.DISPUTE_OPENED, actor, purpose),
        )
        return step, self._after(step, actor, as_of)

    def suspend(
        self,
        dispute_id: str,
        *,
        actor: str,
        as_of: datetime | None = None,
        purpose: str | None = None,
    ) -> tuple[DisputeStep, Changes]:
        """Switch the contested record's effect off, on every subject that it reached."""
        note_of = self._note_of(AuditAction.DISPUTE_SUSPENDED, actor, purpose)
        step = disputes.suspend_dispute(self._store, dispute_id, note_of=note_of)
        return step, self._after(step, actor, as_of)

    def decide(
        self,
        dispute_id: str,
        outcome: DisputeStatus,
        *,
        decision: str,
        actor: str,
        correction: Record | None = None,
        as_of: datetime | None = None,
        purpose: str | None = None,
    ) -> tuple[DisputeStep, Changes]:
        """Close a dispute: the record is corrected, removed or kept."""
        step = disputes.decide_dispute(
            self._store,
            dispute_id,
            outcome,
            decided_by=actor,
            decision=decision,
            correction=correction,
            note_of=self._note_of(_DECIDED.get(outcome), actor, purpose),
        )
        return step, self._after(step, actor, as_of)

    def is_under_review(self, purpose: str, subject: SubjectRef) -> bool:
        """Say whether the subject's score for a purpose waits for human review.

        What another server was told is known here after a second at most.
        """
        return (purpose, subject) in self._waiting()

    def under_review(self, purpose: str) -> frozenset[SubjectRef]:
        """Return all subjects whose score for a purpose waits for human review, as above."""
        return frozenset(subject for name, subject in self._waiting() if name == purpose)

    def _waiting(self) -> frozenset[tuple[str | None, SubjectRef]]:
        now = time.monotonic()
        with self._lock:
            asked_at, known, reviews = self._reviews
        if now - asked_at < REVIEW_SECONDS:
            return reviews
        sequence = self._store.last_sequence()
        if known != sequence:
            reviews = frozenset(
                (step.dispute.purpose, step.dispute.subject)
                for step in disputes.all_disputes(self._store)
                if step.dispute.purpose is not None
            )
        with self._lock:
            self._reviews = (now, sequence, reviews)
        return reviews

    def correct(self, correction: Record, *, actor: str, as_of: datetime | None = None) -> Changes:
        """Store a correction of an earlier record (GDPR Art. 16).

        Raises:
            InvalidInputError: it names no record that it supersedes.
            ConflictError: that record can't be superseded.
        """
        if correction.supersedes is None or isinstance(correction, Dispute | Retraction):
            raise InvalidInputError("correction: must supersede an event, link, report or listing")
        earlier = self._store.record(correction.source, correction.supersedes)
        (outcome,) = self._store.append([correction], whole=True)
        sequence = outcome.sequence or 0
        affected = [correction] if earlier is None else [correction, earlier.record]
        service = self._service
        self._store.append_audit(
            [
                service.audit_draft(
                    actor,
                    AuditAction.RECORD_CORRECTED,
                    subject=subject,
                    detail=f"sequence {sequence}",
                )
                for subject in sorted(set().union(*map(mentioned, affected)))
            ]
        )
        return self._recomputed(affected, (sequence, sequence), actor, as_of)

    def export(self, subject: SubjectRef, *, actor: str) -> Held:
        """Return all that is held on a subject, this very read included (GDPR Art. 15)."""
        self._service.note(actor, AuditAction.EXPORT, subject=subject)
        return rights.held_on(self._store, self._service.pseudonyms, subject)

    def erase(self, subject: SubjectRef, *, actor: str, even_if_blacklisted: bool = False) -> int:
        """Erase a subject (GDPR Art. 17), and make the scores of all others anew.

        One that was cut short is brought to its end. Returns how many records went.

        Raises:
            NotFoundError: nothing is known of it.
            ConflictError: it is on a blacklist, or others kept adding records on it.
        """
        service, store = self._service, self._store
        is_known = rights.is_known(store, subject)
        if not is_known and not self._was_cut_short(subject):
            raise NotFoundError(f"{subject}: nothing is held on it")
        erased = 0
        if is_known:
            if not even_if_blacklisted:
                erasure.require_no_blacklisting(store, subject, datetime.now(UTC))
            # Noted first: should it be cut short, it is known that there is an end to be made.
            service.note(actor, AuditAction.ERASURE_BEGUN, subject=subject)
            service.forget_local_copies()
            erased = erasure.erase_subject(store, service.pseudonyms, subject)
        else:
            erasure.remove_from_runs(store, {subject})
        service.forget_local_copies()
        service.note(actor, AuditAction.ERASED, subject=subject, detail=f"{erased} records")
        self._recompute_outdated(actor)
        return erased

    def retire(self, *, actor: str, now: datetime | None = None, dry_run: bool = False) -> Retired:
        """Remove what is past retention from the store, and make the scores anew."""
        service, store = self._service, self._store
        moment = now or datetime.now(UTC)
        if dry_run:
            return retention.preview(store, service.library, moment)

        def begin() -> None:
            service.note(actor, AuditAction.RETENTION_BEGUN)
            store.discard_staged_runs()

        retired = retention.retire(store, service.library, service.pseudonyms, moment, begin=begin)
        count = retired.records.total()
        if count or retired.subjects:
            store.discard_staged_runs()
            service.forget_local_copies()
            detail = f"{count} records, {retired.subjects} subjects"
            service.note(actor, AuditAction.RETENTION, detail=detail)
        self._recompute_outdated(actor)
        return retired

    def _was_cut_short(self, subject: SubjectRef) -> bool:
        """Say whether an erasure of the subject was begun and never came to its end."""
        steps = [
            entry.draft.action
            for entry in rights.audit_of(self._store, self._service.pseudonyms, subject)
            if entry.draft.action in (AuditAction.ERASURE_BEGUN, AuditAction.ERASED)
        ]
        return bool(steps) and steps[-1] == AuditAction.ERASURE_BEGUN

    def _note_of(
        self, action: AuditAction | None, actor: str, purpose: str | None
    ) -> disputes.NoteOf | None:
        """Return what makes the audit's entry on a step; an outcome that is none has no action."""
        if action is None:
            return None

        def note(dispute_id: str, step: Dispute) -> AuditDraft:
            return self._service.audit_draft(
                actor, action, purpose=purpose, subject=step.subject, detail=dispute_id
            )

        return note

    def _after(self, step: DisputeStep, actor: str, as_of: datetime | None) -> Changes:
        with self._lock:
            self._reviews = NO_REVIEWS
        if step.contested is None or step.dispute.status is DisputeStatus.OPEN:
            return ()
        return self._recomputed(
            [step.contested, *step.effects], (step.first_sequence, step.sequence), actor, as_of
        )

    def _recomputed(
        self,
        records: Sequence[Record],
        span: tuple[int, int],
        actor: str,
        as_of: datetime | None,
    ) -> Changes:
        """Publish anew what may see the records; return what those of `span` moved."""
        moment = as_of or datetime.now(UTC)
        changes: list[ScoreChange] = []
        for purpose, programme in self._published():
            if permits(purpose, records):
                changes += self._moved(purpose, programme, span, moment, actor)
        return tuple(changes)

    def _moved(
        self,
        purpose: Purpose,
        programme: Programme,
        span: tuple[int, int],
        moment: datetime,
        actor: str,
    ) -> Changes:
        first, last = span
        before = self._scored(purpose, programme, first - 1, moment)
        run = self._service.recompute(
            purpose.name, as_of=moment, programme=programme.name, actor=actor, gated=False
        )
        if run.snapshot_sequence == last:
            published = self._service.scores(purpose.name, run_id=run.run_id)
            snapshot = self._service.snapshots.at(purpose, last, as_of=moment)
            return score_changes(
                run, before, Scored(snapshot, published.column("score"), run.score_bound)
            )
        # What others added meanwhile is published too, but is not the effect of this step.
        return score_changes(run, before, self._scored(purpose, programme, last, moment))

    def _scored(
        self, purpose: Purpose, programme: Programme, sequence: int, moment: datetime
    ) -> Scored:
        snapshot = self._service.snapshots.at(purpose, sequence, as_of=moment)
        _, values = propagate_snapshot(snapshot, programme, purpose, moment, programme.tolerance)
        by_rank = values.points.score[snapshot.subjects.index_of_rank]
        return Scored(snapshot, by_rank, values.score_bound)

    def _recompute_outdated(self, actor: str) -> None:
        """Publish anew every programme whose current run was made before the last erasure."""
        for purpose, programme in self._published():
            for attempt in range(1, RECOMPUTE_ATTEMPTS + 1):
                current = self._store.current_run(programme.name)
                if current is not None and current.erasures == self._store.erasures():
                    break
                try:
                    self._service.recompute(
                        purpose.name, programme=programme.name, actor=actor, gated=False
                    )
                except ConflictError:
                    # Something else was erased meanwhile.
                    if attempt == RECOMPUTE_ATTEMPTS:
                        raise

    def _published(self) -> list[tuple[Purpose, Programme]]:
        """Return every programme that has a published run, with its purpose."""
        library = self._service.library
        return [
            (purpose, programme)
            for name in library.purpose_names()
            for purpose in [library.purpose(name)]
            for programme in library.programmes_of(name)
            if self._store.current_run(programme.name) is not None
        ]
