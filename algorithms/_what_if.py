"""What values would be after some changes: pushed on private scratch, thrown away afterwards."""

from dataclasses import dataclass
from threading import Lock

import numpy as np

from algorithms import _what_if_kernels as kernels
from algorithms._push_kernels import Extra, State
from algorithms.arguments import Floats, Int32s, Int64s

# So many scratches are kept for the next calls.
MOST_KEPT = 16


@dataclass(frozen=True, eq=False)
class WhatIf:
    """How values would differ; nothing of it was published.

    Attributes:
        subjects: int64 (k,), ascending, all whose value was moved.
        before: float64 (k,), their values as they stand.
        after: float64 (k,), their values after the changes.
        bound: no value after, moved or not, is further than this from the exact one (exposure),
            or the errors sum to at most this (trust mass); rounding included.
        links: how many links pushes walked.
        sweeps: passes over all links; 0 where pushes were enough.
    """

    subjects: Int64s
    before: Floats
    after: Floats
    bound: float
    links: int
    sweeps: int


@dataclass(frozen=True, eq=False)
class Changes:
    """Checked changes of distinct subjects, ascending, and of distinct links, by source.

    Attributes:
        subjects: int32 (k,), whose own risk or seed differs.
        values: float64 (k,), what it is.
        src: int32 (e,), whom the links leave.
        dst: int32 (e,), whom they reach.
        weight: float64 (e,), what they weigh.
        change: float64 (e,), by how much that is more than they weigh now.
        sums_after: float64 (e,), what the row of each link then sums to.
        are_gentle: whether no row loses all, or nearly all, of its weight.
    """

    subjects: Int32s
    values: Floats
    src: Int32s
    dst: Int32s
    weight: Floats
    change: Floats
    sums_after: Floats
    are_gentle: bool


@dataclass(frozen=True, eq=False)
class Scratch:
    """Private space for one what-if at a time, cleared after each."""

    x: Floats
    fc: Floats
    flags: np.ndarray[tuple[int], np.dtype[np.uint8]]
    queue: np.ndarray[tuple[int], np.dtype[np.uint32]]
    hits: np.ndarray[tuple[int], np.dtype[np.uint32]]
    moved: np.ndarray[tuple[int], np.dtype[np.uint32]]
    touched: np.ndarray[tuple[int], np.dtype[np.uint32]]
    head: Int32s

    @classmethod
    def of(cls, room: int, levels: int) -> "Scratch":
        """Zero pages come from the system on first touch, so this costs what is reached."""
        size = room * levels
        return cls(
            np.zeros(size),
            np.zeros((size, 2)),
            np.zeros(size, np.uint8),
            np.zeros(size, np.uint32),
            np.zeros(room, np.uint32),
            np.zeros(room, np.uint32),
            np.zeros(max(size, 1), np.uint32),
            np.full(room, -1, np.int32),
        )

    def over(self, published: State) -> State:
        """Return a state that reads the published one wherever it has nothing of its own."""
        return State(
            self.x, self.fc, published.x, published.fc, self.flags, self.queue, self.hits,
            self.moved, self.touched, np.zeros(5, np.int64), published.meter.copy(),
        )  # fmt: skip

    def extra(self, links: int) -> Extra:
        """Return room for the links that differ."""
        return Extra(
            self.head if links else self.head[:0],
            np.empty(links, np.int32),
            np.empty(links, np.uint32),
            np.empty(links),
            np.empty(links),
        )

    def clear(self, state: State, extra: Extra, key: Int32s) -> None:
        """Leave no trace for the next one."""
        kernels.clear(state, extra, key)


class ScratchPool:
    """Scratches at rest; as many calls as like may run at once, each has one of its own."""

    def __init__(self) -> None:
        self._free: list[Scratch] = []
        self._lock = Lock()

    def take(self, room: int, levels: int) -> Scratch:
        """Return one of this size, at rest or new."""
        with self._lock:
            while self._free:
                scratch = self._free.pop()
                if scratch.head.size == room and scratch.x.size == room * levels:
                    return scratch
        return Scratch.of(room, levels)

    def give_back(self, scratch: Scratch) -> None:
        """Keep a cleared one for the next call."""
        with self._lock:
            if len(self._free) < MOST_KEPT:
                self._free.append(scratch)
