"""The changes of one engine's life, in steps, for readers who each go at their own pace.

Nothing is queued for a reader: it keeps its place, and reads on from there. So any number of slow
readers costs no memory, and one that falls behind what is kept is told so.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from graphsvc.live.change_batch import PublishedChange
from graphsvc.live.cursor import Moment
from graphsvc.model import SubjectRef

KEPT = 100_000
"""So many changes are kept, in whole steps."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader is: after `number`; at `settled`, it knew every score that there was."""

    number: int
    settled: Moment


@dataclass(frozen=True, slots=True)
class Page:
    """Some changes in order, and the place after them."""

    changes: tuple[PublishedChange, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class _Step:
    """What one step of the engine moved, up to number `last`, but for what was forgotten."""

    last: int
    moment: Moment
    changes: Sequence[PublishedChange]


class ChangeLog:
    """The latest changes of one engine; safe to share by threads."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._kept = kept
        self._steps: deque[_Step] = deque()
        self._size = 0
        self._gone = 0
        self._lock = threading.Lock()

    @property
    def last(self) -> int:
        """The number of the last change, 0 before the first."""
        with self._lock:
            return self._steps[-1].last if self._steps else self._gone

    def append(self, changes: Sequence[PublishedChange], erasures: int) -> None:
        """Add what one step moved; numbers follow on those of the step before.

        Args:
            changes: in order.
            erasures: how many there had been in the store.
        """
        if not changes:
            return
        last = changes[-1]
        step = _Step(
            last.number,
            Moment(last.sequence, last.at, erasures),
            changes,
        )
        with self._lock:
            self._steps.append(step)
            self._size += len(step.changes)
            while self._size > self._kept:
                oldest = self._steps.popleft()
                self._size -= len(oldest.changes)
                self._gone = oldest.last

    def forget(self, is_known: Callable[[SubjectRef], bool]) -> None:
        """Remove the changes of subjects that are not known any more; numbers stay."""
        with self._lock:
            self._steps = deque(
                replace(
                    step,
                    changes=tuple(one for one in step.changes if is_known(one.change.subject)),
                )
                for step in self._steps
            )
            self._size = sum(len(step.changes) for step in self._steps)

    def read(self, place: Place, limit: int) -> Page | None:
        """Return at most `limit` changes after a place, None where some of them are gone.

        A place within a step keeps the moment before that step: whoever goes on from there at
        another server must not miss the rest of it.
        """
        found: list[PublishedChange] = []
        known = place.number
        with self._lock:
            if known < self._gone:
                return None
            # From the end, as most readers are there.
            later = list(takewhile(lambda step: step.last > known, reversed(self._steps)))
            for step in reversed(later):
                begin = bisect_right(step.changes, known, key=_number)
                room = limit - len(found)
                found += step.changes[begin : begin + room]
                if len(step.changes) > begin + room:
                    return Page(tuple(found), replace(place, number=found[-1].number))
                place = Place(step.last, step.moment)
                if len(found) == limit:
                    break
        return Page(tuple(found), place)


def _number(change: PublishedChange) -> int:
    return change.number
