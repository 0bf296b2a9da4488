"""Published changes of live scores: kept as columns, made into records when somebody reads them.

One link in a large network moves thousands of scores; most of those changes nobody asks for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import overload

import numpy as np
from numpy.typing import NDArray

from graphsvc.changes import ScoreChange
from graphsvc.live.evidence import LiveEvidence

CHANGES_KEPT = 1_000_000


@dataclass(frozen=True, slots=True)
class PublishedChange:
    """A change as subscribers see it; `number` counts them without gaps."""

    number: int
    at: datetime
    sequence: int
    change: ScoreChange


@dataclass(frozen=True, slots=True, eq=False)
class ChangeBatch(Sequence[PublishedChange]):
    """What one step moved in one programme, numbered from `first` on.

    `subjects` (k,) are indices in the evidence; `before` (k,) is NaN for a new subject, `after` for
    one that has no score any more.
    """

    first: int
    at: datetime
    sequence: int
    purpose: str
    programme: str
    bound: float
    evidence: LiveEvidence
    subjects: NDArray[np.int64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]

    @property
    def last(self) -> int:
        """Number of the last change."""
        return self.first + self.subjects.size - 1

    def __len__(self) -> int:
        return self.subjects.size

    @overload
    def __getitem__(self, place: int) -> PublishedChange: ...
    @overload
    def __getitem__(self, place: slice) -> list[PublishedChange]: ...
    def __getitem__(self, place: int | slice) -> PublishedChange | list[PublishedChange]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        at = range(len(self))[place]
        before, after = float(self.before[at]), float(self.after[at])
        change = ScoreChange(
            self.purpose,
            self.programme,
            self.evidence.ref_of(int(self.subjects[at])),
            None if np.isnan(before) else before,
            None if np.isnan(after) else after,
            self.bound,
        )
        return PublishedChange(self.first + at, self.at, self.sequence, change)


class Changes(Sequence[PublishedChange]):
    """Some batches in order, one after the other."""

    def __init__(self, batches: Iterable[ChangeBatch] = (), after: int = 0) -> None:
        """Join batches, but for changes up to a number."""
        found = [(batch, max(after + 1 - batch.first, 0)) for batch in batches]
        self._parts = [(batch, skipped) for batch, skipped in found if skipped < len(batch)]
        sizes = [len(batch) - skipped for batch, skipped in self._parts]
        self._ends = list(accumulate(sizes))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, place: int) -> PublishedChange: ...
    @overload
    def __getitem__(self, place: slice) -> list[PublishedChange]: ...
    def __getitem__(self, place: int | slice) -> PublishedChange | list[PublishedChange]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        at = range(len(self))[place]
        part = bisect_right(self._ends, at)
        batch, skipped = self._parts[part]
        return batch[skipped + at - (self._ends[part - 1] if part else 0)]


class RecentChanges:
    """The latest changes of an engine. Not safe for threads; the engine holds a lock."""

    def __init__(self, kept: int = CHANGES_KEPT) -> None:
        self._kept = kept
        self._batches: deque[ChangeBatch] = deque()
        self._size = 0
        self.last = 0

    def add(self, batch: ChangeBatch) -> None:
        """Take a batch that begins after `last`; let go of old ones where there are too many."""
        self._batches.append(batch)
        self._size += len(batch)
        self.last = batch.last
        while self._size > self._kept and len(self._batches) > 1:
            self._size -= len(self._batches.popleft())

    def forget(self) -> None:
        """Let go of all changes, those of an erased subject among them; numbers go on."""
        self._batches.clear()
        self._size = 0

    def after(self, number: int) -> Changes:
        """Return the changes after a number, the oldest first.

        Raises:
            LookupError: some of them are no longer kept.
        """
        gone = self._batches[0].first - 1 if self._batches else self.last
        if number < gone:
            raise LookupError(f"changes up to {gone} are gone")
        return Changes((batch for batch in self._batches if batch.last > number), number)
