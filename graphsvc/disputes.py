"""Disputes: opened by or for a subject, suspended, decided. Each step is a record of its own.

What a decision does to the contested record is stored with it in one transaction: there is no
moment in which a record is gone without a decision, or decided upon and still there.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

from graphsvc.errors import ConflictError, InvalidInputError, NotFoundError
from graphsvc.model import (
    AuditDraft,
    Dispute,
    DisputeStatus,
    Event,
    Link,
    Listing,
    Record,
    RecordType,
    Report,
    Retraction,
    StoredRecord,
    SubjectRef,
)
from graphsvc.rights import is_known, records_of_type
from graphsvc.snapshot.versions import onward
from graphsvc.store.ports import AppendOutcome, Reader, Store

SOURCE = "disputes"
"""The source of every dispute record."""

NoteOf = Callable[[str, Dispute], AuditDraft]
"""Makes the audit's entry on a step, from the dispute's id and the step."""


@dataclass(frozen=True, slots=True)
class DisputeStep:
    """One step of a dispute as it was stored, and the record it is about.

    `contested` is the version that stands, or stood until this step; None where a score is.
    `effects` are what was stored with it: the correction or the withdrawal.
    """

    dispute_id: str
    dispute: Dispute
    sequence: int
    contested: Record | None
    effects: tuple[Record, ...] = ()

    @property
    def first_sequence(self) -> int:
        """The sequence of the first record of this step; its effects stand right before it."""
        return self.sequence - len(self.effects)


def open_dispute(
    store: Store,
    subject: SubjectRef,
    contested: tuple[str, str] | str,
    *,
    grounds: str,
    opened_by: str,
    suspend: bool = False,
    dispute_id: str | None = None,
    note_of: NoteOf | None = None,
) -> DisputeStep:
    """Open a dispute; with `suspend`, the record's effect is off from now until the decision.

    Args:
        store: where the records are.
        subject: who contests.
        contested: source and external id of a record, or the purpose of a score.
        grounds: what is wrong, in the subject's words.
        opened_by: who enters it, for the audit.
        suspend: whether the record counts for nobody meanwhile.
        dispute_id: what it is to be called; a new id where none is given.
        note_of: makes the audit's entry, which is stored with the step, here and below.

    Raises:
        NotFoundError: there is no such record or subject.
        ConflictError: the record is no longer in force, or is in dispute already.
        InvalidInputError: the record does not concern the subject, or can't be contested.
    """
    if not is_known(store, subject):
        raise NotFoundError(f"{subject}: is not known")
    dispute_id = dispute_id or f"D-{secrets.token_hex(6)}"
    opened = Dispute(
        source=SOURCE,
        external_id=f"{dispute_id}.1",
        subject=subject,
        contested_source=None if isinstance(contested, str) else contested[0],
        contested_id=None if isinstance(contested, str) else contested[1],
        purpose=contested if isinstance(contested, str) else None,
        grounds=grounds,
        status=DisputeStatus.SUSPENDED if suspend else DisputeStatus.OPEN,
        opened_at=datetime.now(UTC),
        opened_by=opened_by,
    )
    record = None
    if opened.contested is not None:
        record = _standing(store, opened.contested)
        _require_concerned(record, subject)
    for other in disputes_of(store, subject):
        if other.dispute.contested == opened.contested and other.dispute.purpose == opened.purpose:
            raise ConflictError(f"dispute {other.dispute_id} is open on the same matter already")
    return _store(store, dispute_id, opened, record, [], note_of)


def suspend_dispute(store: Store, dispute_id: str, *, note_of: NoteOf | None = None) -> DisputeStep:
    """Switch the contested record's effect off until the decision.

    Raises:
        NotFoundError: there is no such dispute.
        ConflictError: it is decided, or suspended already.
    """
    current = find_dispute(store, dispute_id)
    if current.dispute.status is DisputeStatus.SUSPENDED:
        raise ConflictError(f"dispute {dispute_id}: the record's effect is suspended already")
    step = next_step(current.dispute, status=DisputeStatus.SUSPENDED)
    return _store(store, dispute_id, step, current.contested, [], note_of)


def decide_dispute(
    store: Store,
    dispute_id: str,
    outcome: DisputeStatus,
    *,
    decided_by: str,
    decision: str,
    correction: Record | None = None,
    note_of: NoteOf | None = None,
) -> DisputeStep:
    """Close a dispute.

    Args:
        store: where the records are.
        dispute_id: which dispute.
        outcome: `CORRECTED`, `REMOVED` or `KEPT`.
        decided_by: who decided.
        decision: why, in plain words.
        correction: with `CORRECTED` on a record, what takes its place; its source and `supersedes`
            are set here.
        note_of: makes the audit's entry.

    Raises:
        NotFoundError: there is no such dispute.
        ConflictError: it is decided already, or the record was withdrawn meanwhile.
        InvalidInputError: outcome and correction don't go together.
    """
    if not outcome.is_decided:
        raise InvalidInputError(f"outcome: is {outcome}; corrected, removed or kept is right")
    current = find_dispute(store, dispute_id)
    is_correcting = outcome is DisputeStatus.CORRECTED and current.dispute.contested is not None
    if is_correcting and current.contested is None:
        raise ConflictError(f"dispute {dispute_id}: the record was withdrawn; close it as removed")
    if is_correcting != (correction is not None):
        raise InvalidInputError(
            "correction: is needed where a record is corrected, and means nothing otherwise"
        )
    step = next_step(
        current.dispute,
        status=outcome,
        decided_at=datetime.now(UTC),
        decided_by=decided_by,
        decision=decision,
    )
    effects: list[Record] = []
    contested = current.contested
    if contested is not None and correction is not None:
        effects = [replace(correction, source=contested.source, supersedes=contested.external_id)]
    elif contested is not None and outcome is DisputeStatus.REMOVED:
        effects = [
            Retraction(
                source=contested.source,
                external_id=f"{dispute_id}.removal",
                supersedes=contested.external_id,
                reason=f"removed by dispute {dispute_id}",
            )
        ]
    return _store(store, dispute_id, step, contested, effects, note_of)


def find_dispute(store: Store, dispute_id: str) -> DisputeStep:
    """Return an open dispute as it stands.

    Raises:
        NotFoundError: there is no such dispute.
        ConflictError: it is decided already.
    """
    found = read_dispute(store, dispute_id)
    if found is None:
        raise NotFoundError(f"there is no dispute {dispute_id!r}; graphsvc disputes list shows all")
    if found.dispute.status.is_decided:
        raise ConflictError(f"dispute {dispute_id} was decided: {found.dispute.status}")
    return found


def read_dispute(store: Store, dispute_id: str) -> DisputeStep | None:
    """Return a dispute as it stands, decided or not; None where there is none."""
    stored = _last_step(store, dispute_id)
    if stored is None:
        return None
    dispute = cast(Dispute, stored.record)
    contested = None
    if dispute.contested is not None:
        # Its source may have withdrawn it meanwhile: then there is nothing left but to close.
        with contextlib.suppress(NotFoundError, ConflictError):
            contested = _standing(store, dispute.contested)
    return DisputeStep(dispute_id, dispute, stored.sequence, contested)


def disputes_of(
    store: Store, subject: SubjectRef, *, with_decided: bool = False
) -> list[DisputeStep]:
    """Return a subject's disputes as they stand, the oldest first."""
    found = records_of_type(store, subject, RecordType.DISPUTE)
    standing = [stored for stored in found if stored.superseded_by is None]
    return [step for stored in standing if (step := _listed(stored, with_decided=with_decided))]


def undecided_sequences(store: Reader) -> frozenset[int]:
    """Return the sequences of all versions of records that are under an undecided dispute."""
    return frozenset(
        version.sequence
        for step in all_disputes(store)
        if step.dispute.contested is not None
        for version in onward(store, *step.dispute.contested)
    )


def all_disputes(store: Reader, *, with_decided: bool = False) -> list[DisputeStep]:
    """Return every dispute as it stands, the one that changed longest ago first."""
    found = store.records(RecordType.DISPUTE)
    return [step for stored in found if (step := _listed(stored, with_decided=with_decided))]


def _last_step(store: Store, dispute_id: str) -> StoredRecord[Record] | None:
    steps = list(onward(store, SOURCE, f"{dispute_id}.1"))
    if steps and steps[-1].superseded_by is None:
        return steps[-1]
    # Its first steps were erased with what they contested.
    standing = store.records(RecordType.DISPUTE)
    return next(
        (step for step in standing if cast(Dispute, step.record).dispute_id == dispute_id), None
    )


def _listed(stored: StoredRecord[Record], *, with_decided: bool) -> DisputeStep | None:
    dispute = cast(Dispute, stored.record)
    if dispute.status.is_decided and not with_decided:
        return None
    return DisputeStep(dispute.dispute_id, dispute, stored.sequence, None)


def next_step(former: Dispute, **changes: object) -> Dispute:
    """Return the step that follows, with some fields changed."""
    dispute_id, _, number = former.external_id.rpartition(".")
    values: dict[str, object] = {
        "external_id": f"{dispute_id}.{int(number) + 1}",
        "supersedes": former.external_id,
    }
    return replace(former, **(values | changes))  # type: ignore[arg-type]


def _store(
    store: Store,
    dispute_id: str,
    step: Dispute,
    contested: Record | None,
    effects: Sequence[Record],
    note_of: NoteOf | None,
) -> DisputeStep:
    def drafts(_: Sequence[AppendOutcome]) -> list[AuditDraft]:
        return [] if note_of is None else [note_of(dispute_id, step)]

    outcomes = store.append([*effects, step], whole=True, audit_of=drafts)
    return DisputeStep(dispute_id, step, outcomes[-1].sequence or 0, contested, tuple(effects))


def _standing(store: Store, identity: tuple[str, str]) -> Record:
    """Return the record, or the last correction of it, that is in force."""
    source, external_id = identity
    versions = list(onward(store, source, external_id))
    if not versions:
        raise NotFoundError(f"there is no record {external_id!r} of source {source!r}")
    last = versions[-1]
    is_withdrawn = len(versions) > 1 and isinstance(last.record, Retraction)
    if last.superseded_by is not None or is_withdrawn:
        raise ConflictError(f"record {external_id!r} of {source!r} was withdrawn already")
    return last.record


def _require_concerned(record: Record, subject: SubjectRef) -> None:
    match record:
        case Link():
            concerned = {record.src, record.dst}
        case Event() | Report() | Listing():
            concerned = {record.subject}
        case _:
            raise InvalidInputError(
                f"contested: is a {record.record_type}; an event, link, report or listing is right"
            )
    if subject not in concerned:
        raise InvalidInputError(
            f"contested: does not concern {subject}; a subject contests what is said of itself"
        )
