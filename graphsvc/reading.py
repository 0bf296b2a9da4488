"""Reads records of subjects for one purpose, those of all siblings at once.

A query language resolves one subject after the other. Whoever resolves a list announces its
subjects; the first of them that asks for records then reads those of all, with the same arguments,
and the others find theirs. So a query costs one store read for each list field on each level, not
for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from graphsvc.changes import permits
from graphsvc.model import Link, Purpose, Record, RecordType, StoredRecord, SubjectRef
from graphsvc.snapshot.retention import over_at
from graphsvc.store.ports import EVERYTHING, Reader, Wanted
from graphsvc.tracing import span

__all__ = ["RecordReader", "Stored", "Wanted"]

MOST_AT_ONCE = 1000
EVIDENCE = (RecordType.LINK, RecordType.EVENT, RecordType.REPORT, RecordType.LISTING)

Stored = StoredRecord[Record]
_Question = tuple[RecordType, Wanted, int, int]


class RecordReader:
    """One request's reads of records, within what one purpose permits."""

    def __init__(self, store: Callable[[], Reader], purpose: Purpose) -> None:
        """Take the store as a call, made when something must be read of it."""
        self._store = store
        self._purpose = purpose
        self._siblings: dict[SubjectRef, tuple[SubjectRef, ...]] = {}
        self._found: dict[_Question, dict[SubjectRef, list[Stored]]] = {}
        self._mentioned: dict[SubjectRef, bool] = {}
        self._permitted: dict[RecordType, tuple[str, ...]] = {
            RecordType.LINK: tuple(sorted(purpose.link_kinds)),
            RecordType.EVENT: tuple(sorted(purpose.event_kinds)),
            RecordType.REPORT: tuple(sorted(purpose.report_categories)),
            RecordType.LISTING: tuple(sorted(purpose.list_names)),
        }

    def expect(self, subjects: Iterable[SubjectRef]) -> None:
        """Take note that all of these are about to be asked the same things."""
        siblings = tuple(dict.fromkeys(subjects))
        for begin in range(0, len(siblings), MOST_AT_ONCE):
            block = siblings[begin : begin + MOST_AT_ONCE]
            self._siblings.update(dict.fromkeys(block, block))

    def siblings_of(self, subject: SubjectRef) -> tuple[SubjectRef, ...]:
        """Return those who are asked the same as a subject, itself included."""
        return self._siblings.get(subject, (subject,))

    def records(
        self, subject: SubjectRef, record_type: RecordType, wanted: Wanted, after: int, limit: int
    ) -> list[Stored]:
        """Return a subject's next standing records that the purpose permits, by sequence.

        `wanted.kinds` names one kind or none; what the purpose forbids is not there.
        """
        narrowed = self._permissible(record_type, wanted)
        held = self._found.setdefault((record_type, narrowed, after, limit), {})
        if subject not in held:
            asked = [other for other in self.siblings_of(subject) if other not in held]
            with span("service.records", subjects=len(asked), record_type=record_type.value):
                found = self._store().standing_of(
                    asked, record_type, narrowed, after_sequence=after, limit=limit
                )
            held.update(zip(asked, found, strict=True))
            if record_type is RecordType.LINK:
                self.expect(_others(asked, found))
        return held[subject]

    def is_mentioned(self, subject: SubjectRef) -> bool:
        """Say whether any standing record that the purpose permits concerns a subject."""
        if subject not in self._mentioned:
            unknown = [one for one in self.siblings_of(subject) if one not in self._mentioned]
            self._mentioned.update(dict.fromkeys(unknown, False))
            for record_type in EVIDENCE:
                asked = [one for one in unknown if not self._mentioned[one]]
                narrowed = self._permissible(record_type, EVERYTHING)
                found = self._store().standing_of(asked, record_type, narrowed, limit=1)
                self._mentioned.update(
                    (one, True) for one, records in zip(asked, found, strict=True) if records
                )
        return self._mentioned[subject]

    def at(self, sequences: list[int]) -> list[Stored | None]:
        """Return records by sequence, None for each that doesn't stand or isn't permitted."""
        found = self._store().records_at(sequences)
        return [stored if stored and self._permits(stored) else None for stored in found]

    @cached_property
    def _cutoff(self) -> datetime:
        # Fixed for the request, so that equal questions are equal.
        return datetime.now(UTC) - timedelta(days=self._purpose.retention_days)

    def _permissible(self, record_type: RecordType, wanted: Wanted) -> Wanted:
        permitted = self._permitted[record_type]
        if wanted.kinds is not None:
            permitted = tuple(kind for kind in permitted if kind in wanted.kinds)
        return replace(wanted, kinds=permitted, not_over_before=self._cutoff)

    def _permits(self, stored: Stored) -> bool:
        over = over_at(stored.record)
        is_kept = over is None or over >= self._cutoff
        return stored.superseded_by is None and is_kept and permits(self._purpose, [stored.record])


def _others(asked: list[SubjectRef], found: list[list[Stored]]) -> Iterable[SubjectRef]:
    for subject, records in zip(asked, found, strict=True):
        for stored in records:
            if isinstance(stored.record, Link):
                yield stored.record.dst if stored.record.src == subject else stored.record.src
