"""Short ways to write records, and what every case asks of a store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from graphsvc.model import (
    CaseEntry,
    CaseStep,
    Dispute,
    Event,
    EventKind,
    Link,
    LinkKind,
    Listing,
    ListKind,
    Record,
    RecordType,
    Report,
    ReportCategory,
    Retraction,
    StoredRecord,
    Subject,
    SubjectKind,
    SubjectRef,
)
from graphsvc.store.ports import AppendOutcome, AppendStatus, Store

DAY = datetime(2024, 5, 1, tzinfo=UTC)
LATER = datetime(2025, 5, 1, tzinfo=UTC)
ALL_KINDS = tuple(LinkKind)


def person(key: str) -> SubjectRef:
    return SubjectRef(SubjectKind.PERSON, key)


ANN, BOB, CAY, DAN = (person(key) for key in ("ann", "bob", "cay", "dan"))


def link(external_id: str, src: SubjectRef = ANN, dst: SubjectRef = BOB, **fields: Any) -> Link:
    values: dict[str, Any] = {"source": "s", "kind": LinkKind.KNOWS} | fields
    return Link(external_id=external_id, src=src, dst=dst, **values)


def event(external_id: str, subject: SubjectRef = ANN, **fields: Any) -> Event:
    values: dict[str, Any] = {
        "source": "s",
        "kind": next(iter(EventKind)),
        "occurred_at": DAY,
    } | fields
    return Event(external_id=external_id, subject=subject, **values)


def report(external_id: str, subject: SubjectRef = ANN, **fields: Any) -> Report:
    values: dict[str, Any] = {
        "source": "s",
        "category": ReportCategory.FRAUD,
        "severity": 0.5,
        "reported_at": DAY,
    } | fields
    return Report(external_id=external_id, subject=subject, **values)


def listing(external_id: str, subject: SubjectRef = ANN, **fields: Any) -> Listing:
    values: dict[str, Any] = {
        "source": "s",
        "list_name": "sanctions",
        "list_kind": ListKind.BLACKLIST,
        "reason_code": "R1",
        "authority": "court",
        "effective_from": DAY,
        "until": LATER,
    } | fields
    return Listing(external_id=external_id, subject=subject, **values)


def registration(external_id: str, subject: SubjectRef = ANN, **fields: Any) -> Subject:
    return Subject(**({"source": "s"} | fields), external_id=external_id, subject=subject)


def retraction(external_id: str, supersedes: str, **fields: Any) -> Retraction:
    values: dict[str, Any] = {"source": "s", "reason": "sent by mistake"} | fields
    return Retraction(external_id=external_id, supersedes=supersedes, **values)


def dispute(external_id: str, subject: SubjectRef = ANN, **fields: Any) -> Dispute:
    values: dict[str, Any] = {
        "source": "s",
        "contested_source": "s",
        "contested_id": "report",
        "grounds": "it was somebody else",
        "opened_at": DAY,
        "opened_by": "ann",
    } | fields
    return Dispute(external_id=external_id, subject=subject, **values)


def case_entry(external_id: str, subject: SubjectRef | None = ANN, **fields: Any) -> CaseEntry:
    values: dict[str, Any] = {
        "source": "s",
        "case_id": "C-1",
        "purpose": "lending",
        "step": CaseStep.NOTE,
        "text": "looked at it",
        "entered_at": DAY,
        "entered_by": "ann",
    } | fields
    return CaseEntry(external_id=external_id, subject=subject, **values)


def one_of_each() -> list[Record]:
    """Return one record of each type, in the order of RecordType."""
    return [
        registration("registration"),
        link("link"),
        event("event"),
        report("report", reporter=BOB),
        listing("listing"),
        dispute("dispute"),
        case_entry("case"),
        retraction("retraction", "event"),
    ]


def statuses(outcomes: Sequence[AppendOutcome]) -> list[AppendStatus]:
    return [outcome.status for outcome in outcomes]


def append_all(store: Store, *records: Record) -> list[int]:
    """Append records that must all be accepted; return their sequences."""
    outcomes = store.append(records)
    assert statuses(outcomes) == [AppendStatus.ACCEPTED] * len(records), outcomes
    return [outcome.sequence or 0 for outcome in outcomes]


def append_one(store: Store, record: Record) -> AppendOutcome:
    (outcome,) = store.append([record])
    return outcome


def every_record(store: Store) -> list[StoredRecord[Record]]:
    """Return all records that stand, by sequence."""
    found = [stored for record_type in RecordType for stored in store.records(record_type)]
    return sorted(found, key=lambda stored: stored.sequence)


def standing_ids(
    store: Store, record_type: RecordType = RecordType.LINK, known_at: int | None = None
) -> list[str]:
    found = store.records(record_type, known_at=known_at)
    return [stored.record.external_id for stored in found]


def subject_keys(store: Store) -> list[str]:
    return [key for batch in store.iter_subjects() for key in batch.key]


def contents(store: Store) -> tuple[object, ...]:
    """Return all that a refused write must leave as it is."""
    return (
        store.last_sequence(),
        store.count_records(),
        subject_keys(store),
        every_record(store),
        store.superseded_between(0, 1_000_000).tolist(),
    )
