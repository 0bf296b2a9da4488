"""The job that removes from the store what no purpose may keep any longer.

A record is kept for as long as the most patient of the purposes that permit it. What no purpose
permits is held for nothing that this service knows of: it is counted, and left to the operator.
What a dispute is about is kept until that is decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from graphsvc.access import Pseudonyms
from graphsvc.changes import permits
from graphsvc.definitions import DefinitionLibrary
from graphsvc.disputes import undecided_sequences
from graphsvc.erasure import erase_records, remove_from_runs
from graphsvc.errors import ConflictError
from graphsvc.model import (
    CaseEntry,
    CaseStep,
    Dispute,
    Link,
    Purpose,
    Record,
    RecordType,
    Retraction,
    Subject,
    SubjectRef,
)
from graphsvc.model.link import TRANSACTION_LINK_KINDS
from graphsvc.snapshot.retention import over_at
from graphsvc.snapshot.versions import Stored, backward
from graphsvc.store.ports import Reader, Store

BATCH = 2_000
SUBJECTS_AT_ONCE = 10_000
CASES_AT_ONCE = 500
_OTHER_TYPES = [kind for kind in RecordType if kind is not RecordType.SUBJECT]
_EVIDENCE_TYPES = [kind for kind in _OTHER_TYPES if kind is not RecordType.CASE_ENTRY]


@dataclass(slots=True)
class Retired:
    """What the job removed, or would remove: records by type, subjects; and what it left.

    A dry run doesn't count subjects: who is left without a record shows only when it goes.
    """

    records: Counter[RecordType] = field(default_factory=Counter)
    subjects: int = 0
    without_purpose: Counter[RecordType] = field(default_factory=Counter)
    under_dispute: Counter[RecordType] = field(default_factory=Counter)

    def count(self, versions: Sequence[Stored]) -> None:
        """Count all versions of a record that goes."""
        self.records.update(version.record.record_type for version in versions)


def preview(store: Reader, library: DefinitionLibrary, now: datetime) -> Retired:
    """Say which records the job would erase at a time; arguments as of `retire`."""
    retired = Retired()
    purposes = _purposes(library)
    for find in _FINDERS:
        for stored in find(store, purposes, now, retired):
            retired.count(list(backward(store, stored)))
    return retired


def retire(
    store: Store,
    library: DefinitionLibrary,
    pseudonyms: Pseudonyms,
    now: datetime,
    *,
    begin: Callable[[], None],
) -> Retired:
    """Erase the records past retention, then the subjects that no record mentions any more.

    Each batch is erased whole, so that the job can be stopped and started again at any moment.

    Args:
        store: where the records are.
        library: the purposes as declared now.
        pseudonyms: make what takes the place of names.
        now: the time that ages are counted to.
        begin: called once before anything is erased; not at all where nothing is.
    """
    retired = Retired()
    purposes = _purposes(library)
    job = _Job(store, pseudonyms, begin)
    for find in _FINDERS:
        for stored in find(store, purposes, now, retired):
            versions = list(backward(store, stored))
            retired.count(versions)
            job.erase_with_others(versions)
        job.erase_waiting()
    retired.subjects = job.erase_subjects()
    return retired


class _Job:
    """Erases records, some at a time, and says before the first that it begins."""

    def __init__(self, store: Store, pseudonyms: Pseudonyms, begin: Callable[[], None]) -> None:
        self._store = store
        self._pseudonyms = pseudonyms
        self._begin = begin
        self._has_begun = False
        self._waiting: dict[int, Stored] = {}

    def erase_with_others(self, versions: Sequence[Stored]) -> None:
        self._waiting |= {version.sequence: version for version in versions}
        if len(self._waiting) >= BATCH:
            self.erase_waiting()

    def erase_waiting(self) -> None:
        if self._waiting:
            self._begin_once()
            erase_records(self._store, self._pseudonyms, self._waiting)
            self._waiting = {}

    def erase_subjects(self) -> int:
        count = 0
        while subjects := self._store.subjects_without_records(SUBJECTS_AT_ONCE):
            self._begin_once()
            remove_from_runs(self._store, subjects)
            count += self._erase_unmentioned(subjects)
            # Again: a run may have been published meanwhile.
            remove_from_runs(self._store, subjects)
        return count

    def _erase_unmentioned(self, subjects: Sequence[SubjectRef]) -> int:
        traces = {subject: self._pseudonyms.trace_of_subject(subject) for subject in subjects}
        try:
            self._store.erase({}, traces)
        except ConflictError:
            # A record mentions one of them again; who still has none is asked for anew.
            return 0
        return len(subjects)

    def _begin_once(self) -> None:
        if not self._has_begun:
            self._begin()
            self._has_begun = True


def _purposes(library: DefinitionLibrary) -> list[Purpose]:
    return [library.purpose(name) for name in library.purpose_names()]


def _past_retention(
    store: Reader, purposes: Sequence[Purpose], now: datetime, retired: Retired
) -> Iterator[Stored]:
    disputed = undecided_sequences(store)
    for record_type in _EVIDENCE_TYPES:
        for stored in store.records(record_type):
            target = _withdrawn(store, stored)
            over = _over_at(target or stored, stored.recorded_at if target else None)
            if over is None:
                continue
            permitting = _permitting(purposes, (target or stored).record)
            if not permitting:
                retired.without_purpose[record_type] += 1
                continue
            if over >= now - _longest(permitting):
                continue
            if any(version.sequence in disputed for version in backward(store, stored)):
                retired.under_dispute[record_type] += 1
                continue
            yield stored


def _past_cases(
    store: Reader, purposes: Sequence[Purpose], now: datetime, retired: Retired
) -> Iterator[Stored]:
    """Return the entries of cases that were closed longer ago than their purpose keeps records."""
    kept_for = {purpose.name: timedelta(days=purpose.retention_days) for purpose in purposes}
    past = []
    for stored in store.records(RecordType.CASE_ENTRY):
        entry = cast(CaseEntry, stored.record)
        if entry.step is not CaseStep.CLOSED:
            continue
        if entry.purpose not in kept_for:
            retired.without_purpose[RecordType.CASE_ENTRY] += 1
        elif entry.entered_at < now - kept_for[entry.purpose]:
            past.append(entry.case_id)
    for first in range(0, len(past), CASES_AT_ONCE):
        yield from store.case_entries(past[first : first + CASES_AT_ONCE])


def _past_registrations(
    store: Reader, purposes: Sequence[Purpose], now: datetime, retired: Retired
) -> Iterator[Stored]:
    """Return registrations of subjects of whom nothing else is held, once they are old enough."""
    for stored in store.records(RecordType.SUBJECT):
        if not purposes or stored.recorded_at >= now - _longest(purposes):
            return
        if not _has_other_record(store, cast(Subject, stored.record).subject):
            yield stored


# Registrations last: who has nothing else left is known only when all else is gone.
_FINDERS = (_past_retention, _past_cases, _past_registrations)


def _over_at(stored: Stored, withdrawn_at: datetime | None) -> datetime | None:
    """Return when what a record tells of was over, as far as the store knows; None if it goes on.

    What was withdrawn was over then at the latest; a payment without a date when it was recorded.
    """
    record = stored.record
    over = over_at(record)
    if over is None and isinstance(record, Link) and record.kind in TRANSACTION_LINK_KINDS:
        over = stored.recorded_at
    known = [time for time in (over, withdrawn_at) if time is not None]
    return min(known, default=None)


def _withdrawn(store: Reader, stored: Stored) -> Stored | None:
    record = stored.record
    if not isinstance(record, Retraction):
        return None
    return store.record(record.source, record.supersedes or "")


def _permitting(purposes: Sequence[Purpose], record: Record) -> list[Purpose]:
    is_of_all = isinstance(record, Dispute | Subject)
    return [purpose for purpose in purposes if is_of_all or permits(purpose, [record])]


def _longest(purposes: Sequence[Purpose]) -> timedelta:
    return timedelta(days=max(purpose.retention_days for purpose in purposes))


def _has_other_record(store: Reader, subject: SubjectRef) -> bool:
    return bool(store.reports_by(subject, limit=1)) or any(
        store.records_of(subject, record_type, limit=1) for record_type in _OTHER_TYPES
    )
