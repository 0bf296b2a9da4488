"""The job that removes from the store what no purpose may keep any longer.

A record is kept for as long as the most patient of the purposes that permit it. What no purpose
permits is held for nothing that this service knows of: it is counted, and left to the operator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from graphsvc.access import Pseudonyms
from graphsvc.changes import permits
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import Dispute, Purpose, Record, RecordType, Retraction, StoredRecord
from graphsvc.rights import erasable, redact_runs
from graphsvc.snapshot.retention import over_at
from graphsvc.store.ports import Store

BATCH = 2_000


@dataclass(slots=True)
class Retired:
    """What the job removed, or would remove: records by type, subjects; and what it left."""

    records: dict[RecordType, int] = field(default_factory=dict)
    subjects: int = 0
    without_purpose: dict[RecordType, int] = field(default_factory=dict)


def retire(
    store: Store,
    library: DefinitionLibrary,
    pseudonyms: Pseudonyms,
    now: datetime,
    *,
    dry_run: bool = False,
) -> Retired:
    """Erase the records past retention, then the subjects that no record mentions any more.

    Each batch is erased whole, so that the job can be stopped and started again at any moment.

    Args:
        store: where the records are.
        library: the purposes as declared now.
        pseudonyms: make what takes the place of names.
        now: the time that ages are counted to.
        dry_run: only say what would go.
    """
    purposes = [library.purpose(name) for name in sorted({name for name, _ in library.purposes})]
    retired = Retired()
    batch: dict[int, StoredRecord[Record]] = {}
    for stored in _past_retention(store, purposes, now, retired):
        for version in _versions(store, stored):
            batch[version.sequence] = version
            kind = version.record.record_type
            retired.records[kind] = retired.records.get(kind, 0) + 1
        if len(batch) >= BATCH and not dry_run:
            store.erase(erasable(store, pseudonyms, batch), {})
            batch = {}
    if not dry_run:
        if batch:
            store.erase(erasable(store, pseudonyms, batch), {})
        retired.subjects = _retire_subjects(store, pseudonyms)
    return retired


def _past_retention(
    store: Store, purposes: list[Purpose], now: datetime, retired: Retired
) -> Iterator[StoredRecord[Record]]:
    for record_type in RecordType:
        for stored in store.records(record_type):
            record = stored.record
            if isinstance(record, Retraction):
                record = _withdrawn(store, record) or record
            over = over_at(record)
            if over is None:
                continue
            permitting = [
                purpose
                for purpose in purposes
                if isinstance(record, Dispute) or permits(purpose, [record])
            ]
            if not permitting:
                count = retired.without_purpose.get(record_type, 0)
                retired.without_purpose[record_type] = count + 1
                continue
            kept_days = max(purpose.retention_days for purpose in permitting)
            if over < now - timedelta(days=kept_days):
                yield stored


def _withdrawn(store: Store, retraction: Retraction) -> Record | None:
    target = store.record(retraction.source, retraction.supersedes or "")
    return None if target is None else target.record


def _versions(store: Store, stored: StoredRecord[Record]) -> Iterator[StoredRecord[Record]]:
    """Return a record and all that it superseded, one after the other."""
    current: StoredRecord[Record] | None = stored
    while current is not None:
        yield current
        earlier = current.record.supersedes
        current = None if earlier is None else store.record(current.record.source, earlier)


def _retire_subjects(store: Store, pseudonyms: Pseudonyms) -> int:
    count = 0
    while subjects := store.subjects_without_records():
        redact_runs(store, subjects)
        store.erase({}, {subject: pseudonyms.trace_of_subject(subject) for subject in subjects})
        count += len(subjects)
    return count
