"""Cases put together from their entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from graphsvc.model import CaseEntry, CaseStatus, CaseStep, SubjectRef
from graphsvc.snapshot.versions import Stored
from graphsvc.store.ports import Reader

SOURCE = "cases"
"""The source of every entry of a case."""


@dataclass(frozen=True, slots=True)
class CaseNote:
    """What somebody found; about one subject, or about all where `subject` is None."""

    sequence: int
    text: str
    subject: SubjectRef | None
    entered_at: datetime
    entered_by: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands; `sequence` is that of its first entry, notes are in time order."""

    case_id: str
    sequence: int
    purpose: str
    title: str
    subjects: tuple[SubjectRef, ...]
    notes: tuple[CaseNote, ...]
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None = None
    closed_by: str | None = None

    @property
    def status(self) -> CaseStatus:
        """How far it has come."""
        return CaseStatus.OPEN if self.closed_at is None else CaseStatus.CLOSED


def read_cases(store: Reader, case_ids: Sequence[str]) -> dict[str, Case]:
    """Return those of the cases that there are, by id; one store call for all."""
    entries: dict[str, list[Stored]] = {}
    for stored in store.case_entries(case_ids) if case_ids else ():
        entries.setdefault(cast(CaseEntry, stored.record).case_id, []).append(stored)
    made = ((case_id, _case(found)) for case_id, found in entries.items())
    return {case_id: case for case_id, case in made if case is not None}


def entries_left_alone(store: Reader, going: Mapping[int, Stored]) -> list[Stored]:
    """Return the entries that remain of cases whose every subject is among those that go."""
    records = (stored.record for stored in going.values())
    touched = {record.case_id for record in records if isinstance(record, CaseEntry)}
    entries = store.case_entries(sorted(touched)) if touched else []
    staying = [stored for stored in entries if stored.sequence not in going]
    kept = {
        entry.case_id
        for stored in staying
        for entry in [cast(CaseEntry, stored.record)]
        if entry.step is CaseStep.SUBJECT
    }
    return [stored for stored in staying if cast(CaseEntry, stored.record).case_id not in kept]


def _case(entries: Iterable[Stored]) -> Case | None:
    """Put a case together from its entries in order; None where the first of them was erased."""
    steps = [(stored.sequence, cast(CaseEntry, stored.record)) for stored in entries]
    first = next((step for step in steps if step[1].step is CaseStep.OPENED), None)
    if first is None:
        return None
    sequence, opened = first
    closed = next((entry for _, entry in steps if entry.step is CaseStep.CLOSED), None)
    subjects = (entry.subject for _, entry in steps if entry.step is CaseStep.SUBJECT)
    notes = (
        CaseNote(number, entry.text or "", entry.subject, entry.entered_at, entry.entered_by)
        for number, entry in steps
        if entry.step is CaseStep.NOTE
    )
    return Case(
        case_id=opened.case_id,
        sequence=sequence,
        purpose=opened.purpose,
        title=opened.text or "",
        subjects=tuple(dict.fromkeys(ref for ref in subjects if ref is not None)),
        notes=tuple(notes),
        opened_at=opened.entered_at,
        opened_by=opened.entered_by,
        closed_at=None if closed is None else closed.entered_at,
        closed_by=None if closed is None else closed.entered_by,
    )
