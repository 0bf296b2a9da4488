"""Which scores one step moved: the same time scored with and without it.

Both sides are computed at one as-of time, so that what time itself does is not mistaken for the
step's effect.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphsvc.model import (
    CaseEntry,
    Dispute,
    Event,
    Link,
    Listing,
    Purpose,
    Record,
    RecordType,
    Report,
    ScoreRun,
    Subject,
    SubjectRef,
)
from graphsvc.snapshot import Snapshot

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """One subject's score before and after a step; None where it had or has none.

    `bound` is what the two certificates leave open of the difference, in points.
    """

    purpose: str
    programme: str
    subject: SubjectRef
    before: float | None
    after: float | None
    bound: float

    @property
    def points(self) -> float:
        """By how much the score moved; 0 where there is only one."""
        return 0.0 if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Scores in order of rank (n,), whose they are, and how far each may be off, in points."""

    snapshot: Snapshot
    score: Floats
    bound: float


def score_changes(run: ScoreRun, before: Scored, after: Scored) -> tuple[ScoreChange, ...]:
    """Return the scores that moved by more than both certificates leave open, largest first."""
    bound = before.bound + after.bound
    before_number, after_number = before.snapshot.subjects.number, after.snapshot.subjects.number
    _, in_before, in_after = np.intersect1d(before_number, after_number, return_indices=True)
    moved_by = after.score[in_after] - before.score[in_before]
    moved = np.flatnonzero(np.abs(moved_by) > bound)
    moved = moved[np.lexsort((in_after[moved], -np.abs(moved_by[moved])))]
    changes = [
        _change(
            run,
            after.snapshot.ref_at_rank(int(in_after[place])),
            float(before.score[in_before[place]]),
            float(after.score[in_after[place]]),
            bound,
        )
        for place in moved
    ]
    gone = np.setdiff1d(np.arange(before_number.size), in_before)
    new = np.setdiff1d(np.arange(after_number.size), in_after)
    changes += [
        _change(run, before.snapshot.ref_at_rank(int(rank)), float(before.score[rank]), None, bound)
        for rank in gone
    ]
    changes += [
        _change(run, after.snapshot.ref_at_rank(int(rank)), None, float(after.score[rank]), bound)
        for rank in new
    ]
    return tuple(changes)


def permits(purpose: Purpose, records: Iterable[Record]) -> bool:
    """Say whether a purpose may see any of these records."""
    return any(_permits(purpose, record) for record in records)


def permits_sort(purpose: Purpose, record_type: RecordType, sort: str) -> bool:
    """Say whether a purpose may see records of a type with that kind, category or list."""
    permitted: dict[RecordType, frozenset[str]] = {
        RecordType.LINK: frozenset(purpose.link_kinds),
        RecordType.EVENT: frozenset(purpose.event_kinds),
        RecordType.REPORT: frozenset(purpose.report_categories),
        RecordType.LISTING: purpose.list_names,
    }
    return sort in permitted.get(record_type, frozenset())


def mentioned(record: Record) -> set[SubjectRef]:
    """Return the subjects that a record names."""
    match record:
        case Link():
            return {record.src, record.dst}
        case Report():
            return {ref for ref in (record.subject, record.reporter) if ref is not None}
        case CaseEntry():
            return set() if record.subject is None else {record.subject}
        case Subject() | Event() | Listing() | Dispute():
            return {record.subject}
    return set()


def _permits(purpose: Purpose, record: Record) -> bool:
    match record:
        case Link():
            return record.kind in purpose.link_kinds
        case Event():
            return record.kind in purpose.event_kinds
        case Report():
            return record.category in purpose.report_categories
        case Listing():
            return record.list_name in purpose.list_names
    return False


def _change(
    run: ScoreRun, subject: SubjectRef, before: float | None, after: float | None, bound: float
) -> ScoreChange:
    return ScoreChange(run.purpose, run.programme, subject, before, after, bound)
