"""The slow, obvious store: a list of all that was accepted, searched from end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphsvc.model import (
    CaseEntry,
    Link,
    Listing,
    Record,
    RecordType,
    Report,
    Retraction,
    SubjectRef,
)
from graphsvc.store.ports import AppendStatus

Outcome = tuple[AppendStatus, int | None, str | None]
"""Status, sequence and field."""


@dataclass
class Entry:
    """An accepted record; `superseded_by` as of now."""

    sequence: int
    record: Record
    superseded_by: int | None = None

    def stands_at(self, known_at: int) -> bool:
        is_superseded = self.superseded_by is not None and self.superseded_by <= known_at
        return self.sequence <= known_at and not is_superseded


def mentions(record: Record) -> list[SubjectRef]:
    """Return the subjects that a record mentions, in declared order of its fields."""
    match record:
        case Link():
            return [record.src, record.dst]
        case Report():
            return [record.subject] + ([record.reporter] if record.reporter else [])
        case Retraction():
            return []
        case CaseEntry():
            return [] if record.subject is None else [record.subject]
        case _:
            return [record.subject]  # type: ignore[attr-defined]


def concerned(record: Record) -> list[SubjectRef]:
    """Return the subjects that a record concerns: not who reports."""
    return mentions(record)[:1] if isinstance(record, Report) else mentions(record)


class NaiveStore:
    """Keeps the promises of the port by brute force."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.subjects: list[SubjectRef] = []

    def append(self, batch: Sequence[Record]) -> list[Outcome]:
        return [self._append_one(record) for record in batch]

    def standing(self, record_type: RecordType, known_at: int) -> list[Entry]:
        return [e for e in self._of_type(record_type) if e.stands_at(known_at)]

    def of_subject(
        self, subject: SubjectRef, record_type: RecordType, known_at: int
    ) -> list[tuple[int, int | None]]:
        """Return sequence and what was known at `known_at` to supersede it."""
        return [
            (e.sequence, e.superseded_by if (e.superseded_by or 0) <= known_at else None)
            for e in self._of_type(record_type)
            if e.sequence <= known_at and subject in concerned(e.record)
        ]

    def on_lists(self, names: Sequence[str], known_at: int) -> list[int]:
        return [
            e.sequence
            for e in self.standing(RecordType.LISTING, known_at)
            if isinstance(e.record, Listing) and e.record.list_name in names
        ]

    def superseded_between(self, after: int, up_to: int) -> list[int]:
        return [e.sequence for e in self.entries if after < (e.superseded_by or 0) <= up_to]

    def links(self, after: int, up_to: int) -> list[tuple[int, SubjectRef, SubjectRef, int]]:
        return [
            (e.sequence, e.record.src, e.record.dst, e.superseded_by or 0)
            for e in self.entries
            if isinstance(e.record, Link) and after < e.sequence <= up_to
        ]

    def _of_type(self, record_type: RecordType) -> list[Entry]:
        return [e for e in self.entries if e.record.record_type is record_type]

    def _find(self, source: str, external_id: str | None) -> Entry | None:
        for entry in self.entries:
            if (entry.record.source, entry.record.external_id) == (source, external_id):
                return entry
        return None

    def _append_one(self, record: Record) -> Outcome:
        known = self._find(record.source, record.external_id)
        if known is not None:
            if known.record == record:
                return (AppendStatus.UNCHANGED, known.sequence, None)
            return (AppendStatus.CONFLICT, None, "external_id")
        target = self._find(record.source, record.supersedes)
        if record.supersedes is not None:
            is_fit = target is not None and (
                target.record.record_type is record.record_type or isinstance(record, Retraction)
            )
            if target is None or not is_fit or target.superseded_by is not None:
                return (AppendStatus.CONFLICT, None, "supersedes")
        sequence = len(self.entries) + 1
        if target is not None:
            target.superseded_by = sequence
        self.entries.append(Entry(sequence, record))
        self.subjects += [s for s in dict.fromkeys(mentions(record)) if s not in self.subjects]
        return (AppendStatus.ACCEPTED, sequence, None)
