"""The rows of a dynamic graph in one direction: those of its base, and a pool of changed ones."""

from copy import copy
from typing import Any

import numpy as np

from algorithms import _row_edits_kernels as kernels
from algorithms._rows_kernels import BASE, Rows
from algorithms.arguments import Floats, Int32s
from algorithms.csr import CSRGraph


class Overlay:
    """The rows of one direction: those of the base, and a growing pool of changed ones."""

    def __init__(self, base: CSRGraph) -> None:
        self._base = (base.indptr.view(np.uint64), base.indices.view(np.uint32), base.weights)
        self._slot_of = np.full(base.n, BASE, np.int32)
        self._slots = np.zeros((16, 7), np.int64)
        self._pool = np.zeros(256, np.uint32)
        self._loads = np.zeros(256)
        self._used = np.zeros(2, np.int64)
        self.n = base.n
        self._bind()

    def _bind(self) -> None:
        self.rows = Rows(*self._base, self._slot_of, self._slots, self._pool, self._loads)

    def put(self, source: Int32s, target: Int32s, weight: Floats) -> Floats:
        """Set links, ``source`` ascending; return their weights before."""
        before = np.empty(source.size)
        self._reserve(*kernels.room_needed(self.rows, source, target, weight))
        kernels.put_all(self.rows, self._used, source, target, weight, before)
        return before

    def extend(self, n: int) -> None:
        """Empty rows for new subjects, up to n in all."""
        added = n - self.n
        if n > self._slot_of.size:
            self._slot_of = grown(self._slot_of, n)
        self._reserve(added, 0)
        slots = np.arange(self._used[0], self._used[0] + added)
        self._slot_of[self.n : n] = slots
        # Without room, the first link moves such a row to the end of the pool.
        self._slots[slots] = 0
        self._used[0] += added
        self.n = n
        self._bind()

    def copy(self) -> "Overlay":
        """Return an overlay of the same base whose changes are its own."""
        twin = copy(self)
        slots, places = self._used
        twin._slot_of, twin._slots = self._slot_of.copy(), self._slots[:slots].copy()
        twin._pool, twin._loads = self._pool[:places].copy(), self._loads[:places].copy()
        twin._used = self._used.copy()
        twin._bind()
        return twin

    def _reserve(self, slots: int, places: int) -> None:
        lines, room = int(self._used[0]) + slots, int(self._used[1]) + places
        if lines <= self._slots.shape[0] and room <= self._pool.size:
            return
        if lines > self._slots.shape[0]:
            self._slots = grown(self._slots, 2 * lines)
        if room > self._pool.size:
            self._pool, self._loads = grown(self._pool, 2 * room), grown(self._loads, 2 * room)
        self._bind()


def grown(array: Any, least: int) -> Any:
    """A copy with room for at least so many, and an eighth more; zeros behind."""
    # Zero pages come from the system on first touch: room that is not used costs nothing.
    larger = np.zeros((max(least, array.shape[0]) * 9 // 8 + 16, *array.shape[1:]), array.dtype)
    larger[: array.shape[0]] = array
    return larger
