"""What-ifs of live operators: pushed privately, or played through on a copy where that is dear."""

from copy import copy
from threading import Lock

import numpy as np
from numpy.typing import ArrayLike

from algorithms._live import Live
from algorithms._live_state import copied
from algorithms._push_kernels import Extra, State
from algorithms._what_if import Changes, WhatIf
from algorithms._what_if_kernels import chain, differences, outcome
from algorithms.arguments import Floats, Int32s, tolerance_value
from algorithms.dynamic_graph import checked_links

SWEEPING = Lock()


class Imagining(Live):
    """A live operator that can say what would be."""

    def what_if(
        self,
        *,
        own: tuple[ArrayLike, ArrayLike] = ((), ()),
        links: tuple[ArrayLike, ArrayLike, ArrayLike] = ((), (), ()),
        tolerance: float | None = None,
    ) -> WhatIf:
        """Return what values would be after these changes; nothing that is published moves.

        Calls may run at the same time as each other, in threads, but not at the same time as
        anything that changes the graph or these values.

        Args:
            own: (subjects, own risks or seeds), as for ``set_own`` and ``set_seeds``.
            links: (src, dst, weight), as for ``DynamicGraph.set_links``.
            tolerance: as for ``settle``; None for that of the construction.

        Raises:
            InvalidArgumentError: own is out of its domain.
            InvalidGraphError: links are out of theirs.
            ConvergenceError: float64 rounding alone exceeds the tolerance.
        """
        tolerance = self.tolerance if tolerance is None else tolerance_value(tolerance)
        changes = self._checked_changes(own, links)
        found = self._imagined(changes, tolerance) if changes.are_gentle else None
        # Sweeps of several threads at once would only wait for each other.
        if found is None:
            with SWEEPING:
                found = self._played(changes, tolerance)
        return found

    def _checked_changes(
        self,
        own: tuple[ArrayLike, ArrayLike],
        links: tuple[ArrayLike, ArrayLike, ArrayLike],
    ) -> Changes:
        subjects, values = self._checked_own(*own)
        order = np.lexsort((np.arange(subjects.size), subjects))
        order = order[np.append(np.diff(subjects[order]) != 0, True)[: order.size]]
        src, dst, weight = checked_links(*links, self.n)
        change, sums_after = np.empty(src.size), np.empty(src.size)
        are_gentle = differences(
            self.graph.forward.rows, src, dst, weight, self.graph.all_sums, change, sums_after
        )
        return Changes(
            subjects[order], values[order], src, dst, weight, change, sums_after, are_gentle
        )

    def _imagined(self, changes: Changes, tolerance: float) -> WhatIf | None:
        """Pushed on private scratch; None where that is too dear."""
        scratch = self._scratches.take(self._room, self._levels)
        state, extra = scratch.over(self._state), scratch.extra(changes.src.size)
        key, other = (changes.src, changes.dst) if self.by_column else (changes.dst, changes.src)
        chain(extra, key, other, changes.change, changes.sums_after)
        try:
            links, bound = self._imagine(state, extra, changes, tolerance)
            if bound > tolerance:
                return None
            return WhatIf(*outcome(state, self._top), bound, links, 0)
        finally:
            scratch.clear(state, extra, key)
            self._scratches.give_back(scratch)

    def _played(self, changes: Changes, tolerance: float) -> WhatIf:
        """Played through on a copy of everything but the base of the graph."""
        twin = copy(self)
        twin.graph = self.graph.fork()
        twin._own, twin._reported = self._own.copy(), self._reported.copy()
        twin._state = copied(self._state)
        twin._forget_moves()
        twin._reported[: self.n] = self._values()
        twin._threshold = 0.0
        twin.graph.follow(twin)
        twin._set_own(changes.subjects, changes.values)
        twin.graph.set_links(changes.src, changes.dst, changes.weight)
        settled = twin.settle(tolerance, threshold=0.0)
        before, after = self._values()[settled.changed], twin._values()[settled.changed]
        worth = settled.certificate
        bound = worth.bound_1 if self.by_column else worth.bound_inf
        return WhatIf(settled.changed, before, after, bound, settled.links, settled.sweeps)

    def _checked_own(self, subjects: ArrayLike, values: ArrayLike) -> tuple[Int32s, Floats]:
        raise NotImplementedError

    def _imagine(
        self, state: State, extra: Extra, c: Changes, tolerance: float
    ) -> tuple[int, float]:
        """Push the changes through ``state``; return links walked and the bound reached."""
        raise NotImplementedError
