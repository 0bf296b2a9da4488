"""What live exposure and live trust mass share: values, residuals, pushes or sweeps.

Zhang, Lofgren & Goel, Approximate personalized PageRank on dynamic graphs, KDD 2016, §3 (values
and residuals are kept, a change moves residuals, pushes repair them); Wu, Wei et al., Unifying the
global and local approaches, SIGMOD 2021, §4 (beyond a share of the links, sweeps are cheaper).
"""

import math
from dataclasses import dataclass

import numpy as np

from algorithms import _push_kernels as kernels
from algorithms._fixed_point import solve
from algorithms._live_sweep import LiveOperator
from algorithms._operator import Norms
from algorithms._push_kernels import DRIFT, LARGEST, MOVED, NORM_1, Extra, State
from algorithms.arguments import Floats, Int64s, tolerance_value, whole_number
from algorithms.certificate import Certificate, norm_1_upward, upward
from algorithms.dynamic_graph import DynamicGraph, RowChanges, grown
from algorithms.errors import ConvergenceError, InvalidArgumentError

# One link of a push costs as much as so many of a sweep: what it reads is not in order.
PUSH_COST = 8
# Pushes may spend this share of what a whole solution costs before sweeps take over.
PUSH_SHARE = 0.1
FEWEST_LINKS = 1000
# Shares of the tolerance: for the residual after pushes, and for rounding.
RESIDUAL_SHARE, ROUNDING_SHARE = 0.9, 0.1
# Rounding of a row sum (see ``certificate.sum_depth``: at most 136) and what is done with it.
DEPTH = 160
TINY = 2.0**-100
NO_EXTRA = Extra(
    np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), np.empty(0)
)


@dataclass(frozen=True, eq=False)
class Settled:
    """What it took to bring the values within the tolerance again.

    Attributes:
        changed: int64 (k,), ascending, subjects whose value is further than the threshold from
            what the last report of it said.
        links: how many links pushes walked.
        sweeps: passes over all links; 0 where pushes were enough.
        certificate: what the values are worth now.
    """

    changed: Int64s
    links: int
    sweeps: int
    certificate: Certificate


@dataclass(frozen=True)
class Bounds:
    """How a residual becomes an error: ``gain`` times it, ``off`` of it unseen for rounding."""

    gain: float
    off: float


class Live:
    """Values and residuals of one operator on a dynamic graph. Not safe for threads to change."""

    by_column: bool

    def __init__(
        self,
        graph: DynamicGraph,
        own: Floats,
        damping: float,
        tolerance: float,
        hop_limit: int | None,
        values: Floats | None,
    ) -> None:
        self.graph = graph
        self.damping = damping
        self.tolerance = tolerance_value(tolerance)
        self.hop_limit = None if hop_limit is None else whole_number("hop_limit", hop_limit, low=0)
        if hop_limit is not None and values is not None:
            raise InvalidArgumentError("values", "mean nothing under a hop_limit; leave them out")
        self._own = own.copy()
        # All whose |f| > theta · c wait; no |r| was above ``residual`` before what has changed.
        self._theta = self._residual = self._measured_off = 0.0
        self._is_changed = False
        self._allocate(graph.n)
        if values is None:
            self._solve(self.tolerance * 0.1)
        else:
            self._state.x[: graph.n] = values
            self._state.x[: graph.n] = self._start()
            self.refresh()
        self._reported, self._threshold = self._values().copy(), 0.0
        self._forget_moves()
        graph.follow(self)

    # What differs between the two operators.

    def rows_changed(self, changes: RowChanges) -> None:
        """Take changed rows of the graph into the residuals; the graph calls this itself."""
        raise NotImplementedError

    def _largest_own(self) -> float:
        raise NotImplementedError

    def _set_scales(self) -> None:
        raise NotImplementedError

    def _rounding(self) -> float:
        raise NotImplementedError

    def _usual_theta(self) -> float:
        raise NotImplementedError

    def _start(self) -> Floats:
        raise NotImplementedError

    def _first_level(self) -> Floats:
        raise NotImplementedError

    # Reading.

    @property
    def n(self) -> int:
        """Number of subjects."""
        return self.graph.n

    @property
    def values(self) -> Floats:
        """Values as they stand, float64 (n,), a read-only view that later calls move."""
        view = self._values()
        view.flags.writeable = False
        return view

    @property
    def own(self) -> Floats:
        """Own risk or seeds as they stand, float64 (n,), a read-only view."""
        view = self._own[: self.n]
        view.flags.writeable = False
        return view

    # Layout.

    @property
    def _levels(self) -> int:
        return 1 if self.hop_limit is None else self.hop_limit + 1

    @property
    def _stride(self) -> int:
        return 0 if self.hop_limit is None else self._room

    @property
    def _top(self) -> int:
        return self._stride * (self._levels - 1)

    def _values(self) -> Floats:
        return self._state.x[self._top : self._top + self.n]

    def _allocate(self, room: int) -> None:
        size = room * self._levels
        if size >= 2**31:
            raise InvalidArgumentError("hop_limit", "needs more than 2^31 values in all")
        self._room = room
        x, fc = np.zeros(size), np.zeros((size, 2))
        fc[:, 1] = 1.0
        self._state = State(
            x,
            fc,
            x,
            fc,
            np.zeros(size, np.uint8),
            np.zeros(size, np.uint32),
            np.zeros(room, np.uint32),
            np.zeros(0, np.uint32),
            np.zeros(5, np.int64),
            np.zeros(3),
        )

    def subjects_added(self, n: int) -> None:
        """Make room for new subjects; they have no own risk, no seed and no links."""
        if n > self._own.size:
            old, levels = self._state, self._levels
            before = self._room
            self._own, self._reported = grown(self._own, n), grown(self._reported, n)
            waiting = self._waiting()
            self._allocate(self._own.size)
            for level in range(levels):
                here, there = level * self._room, level * before
                for new, last in (
                    (self._state.x, old.x),
                    (self._state.fc, old.fc),
                    (self._state.flags, old.flags),
                ):
                    new[here : here + before] = last[there : there + before]
            self._state.meter[:] = old.meter
            self._state.counts[:] = old.counts
            self._state.moved[:before] = old.moved
            # The ring is laid out anew, and levels moved apart.
            self._state.counts[kernels.HEAD] = 0
            if waiting.size:
                apart = waiting // before * (self._room - before)
                self._state.queue[: waiting.size] = waiting + apart
        self._after_growth()

    def _after_growth(self) -> None:
        """For operators whose c depends on links alone there is nothing to do."""

    def _waiting(self) -> Int64s:
        head, count = self._state.counts[:2]
        places = (head + np.arange(count)) % max(self._state.queue.size, 1)
        waiting: Int64s = self._state.queue[places].astype(np.int64)
        return waiting

    # Settling.

    def refresh(self) -> Certificate:
        """Measure the residual anew over all links; return what the values are worth.

        Done by ``settle`` itself when the rounding of many updates eats a tenth of the tolerance.
        """
        n, x, fc = self.n, self._state.x, self._state.fc
        self._set_scales()
        norm = 0.0
        self._residual = 0.0
        for level in range(self._levels):
            here = slice(level * self._stride, level * self._stride + n)
            if self.hop_limit is not None and level == 0:
                r = self._first_level() - x[here]
            else:
                first = here.start - self._stride
                r = self._applied(x[first : first + n]) - x[here]
            fc[here, 0] = r if self.by_column else r * fc[here, 1]
            norm += float(np.abs(r).sum())
            self._residual = max(self._residual, float(np.abs(r).max(initial=0.0)))
        self._measured(norm)
        self._scan(self._usual_theta())
        return self.certificate()

    def _applied(self, x: Floats) -> Floats:
        operator = self._operator()
        z = x.copy()
        if self.by_column:
            z /= np.where(operator.sums > 0.0, operator.sums, 1.0) * operator.unit
        f = np.zeros(self.n, np.float32)
        operator.measure(z, f, f, f)
        operator.t[:] *= operator.unit
        return operator.t

    def _operator(self) -> LiveOperator:
        return LiveOperator.of(
            self.graph, self._own[: self.n], self.damping, self.by_column, self._largest_own()
        )

    def _measured(self, norm: float) -> None:
        """The residual was measured just now: there is no drift, and nobody waits."""
        kernels.forget_queue(self._state)
        self._state.meter[DRIFT] = 0.0
        self._state.meter[NORM_1] = norm_1_upward(norm, self.n * self._levels)
        top = np.abs(self._state.x[: self._room * self._levels])
        self._state.meter[LARGEST] = float(top.max(initial=0.0))
        self._measured_off = self._rounding()
        self._theta = max(self._residual, self._usual_theta())
        self._is_changed = False

    def _scan(self, theta: float) -> None:
        self._theta = theta
        rows = (self.graph.forward if self.by_column else self.graph.reverse).rows
        kernels.scan(rows, self._state, self.n, self._levels, self._stride, theta)

    def settle(
        self,
        tolerance: float | None = None,
        *,
        threshold: float | None = None,
        max_links: int | None = None,
    ) -> Settled:
        """Bring every value within ``tolerance``, by pushes or, where those are dearer, sweeps.

        The same sequence of calls gives the same bits.

        Args:
            tolerance: > 0; None for that of the construction.
            threshold: report who moved by more than this since the last report of it, >= 0;
                None for the tolerance.
            max_links: pushes that would walk more links give way to sweeps, >= 0; None for a
                tenth of what a whole solution costs.

        Raises:
            InvalidArgumentError: an argument out of its domain.
            ConvergenceError: float64 rounding alone exceeds the tolerance.
        """
        tolerance = self.tolerance if tolerance is None else tolerance_value(tolerance)
        threshold = tolerance if threshold is None else float(threshold)
        if max_links is None:
            budget = self._budget(tolerance)
        else:
            budget = whole_number("max_links", max_links, low=0)
        links = sweeps = 0
        if not self._rounding_fits(tolerance):
            if self._state.meter[DRIFT] > 0.0:
                self.refresh()
                sweeps += self._levels
            if not self._rounding_fits(tolerance):
                budget = -1
        if budget >= 0:
            links = self._push(tolerance, budget)
        if budget < 0 or not self._is_settled(tolerance):
            sweeps += self._solve(tolerance)
            changed = self._report_all(threshold)
        elif threshold < self._threshold:
            # Whoever did not move now can still have moved by more than a lower threshold.
            changed = self._report_all(threshold)
        else:
            changed = kernels.report(self._state, self._top, self._reported, threshold)
        self._threshold = threshold
        return Settled(changed, links, sweeps, self.certificate(tolerance, sweeps))

    def _rounding_fits(self, tolerance: float) -> bool:
        bounds = self._bounds()
        return bounds.off * bounds.gain <= ROUNDING_SHARE * tolerance

    def _budget(self, tolerance: float) -> int:
        if self.hop_limit is not None:
            sweeps = self.hop_limit
        elif self.damping == 0.0 or tolerance >= 1.0:
            sweeps = 4
        else:
            # Mixed sweeps need 0.35 to 0.7 of what plain ones do.
            sweeps = max(4, math.ceil(0.35 * math.log(tolerance) / math.log(self.damping)))
        whole = sweeps * (self.graph.n + self.graph.m)
        return max(FEWEST_LINKS, int(PUSH_SHARE * whole / PUSH_COST))

    def _drain(self, theta: float, stop: float, budget: int) -> int:
        rows = (self.graph.forward if self.by_column else self.graph.reverse).rows
        links = kernels.drain(
            rows, self.graph.all_sums, self._own, NO_EXTRA, self._state, self.by_column,
            self.damping, self._stride, self._top, theta, stop, budget,
        )  # fmt: skip
        return int(links)

    def _push(self, tolerance: float, budget: int) -> int:
        raise NotImplementedError

    def _bounds(self) -> Bounds:
        raise NotImplementedError

    def _is_settled(self, tolerance: float) -> bool:
        raise NotImplementedError

    def certificate(self, tolerance: float | None = None, sweeps: int = 0) -> Certificate:
        raise NotImplementedError

    def _judge(self, norms: Norms, sweeps: int) -> tuple[Certificate, float]:
        raise NotImplementedError

    def _solve(self, tolerance: float) -> int:
        """Sweep until the values are within the tolerance; return how often."""
        n, x = self.n, self._state.x
        self._set_scales()
        operator = self._operator()
        if self.hop_limit is None:
            start = operator.point_of(self._start())
            try:
                values, certificate = solve(
                    operator, self._judge, start.copy(), tolerance=tolerance * RESIDUAL_SHARE,
                    max_sweeps=None,
                )  # fmt: skip
            except ConvergenceError:
                values, certificate = solve(
                    operator, self._judge, start, tolerance=tolerance, max_sweeps=None
                )
            x[:n] = values
            r = operator.t * operator.unit - values
            self._state.fc[:n, 0] = r if self.by_column else r * self._state.fc[:n, 1]
            self._residual = float(np.abs(r).max(initial=0.0))
            self._measured(float(np.abs(r).sum()))
            return certificate.sweeps
        z = operator.point_of(self._first_level())
        y = np.empty_like(z)
        for level in range(self._levels):
            here = slice(level * self._stride, level * self._stride + n)
            x[here] = operator.values_at(z.copy())
            self._state.fc[here, 0] = 0.0
            if level < self.hop_limit:
                operator.step(z, y)
                z, y = y, z
        self._residual = 0.0
        self._measured(0.0)
        return self.hop_limit

    def _report_all(self, threshold: float) -> Int64s:
        moved = np.abs(self._values() - self._reported[: self.n]) > threshold
        changed = np.flatnonzero(moved)
        self._reported[changed] = self._values()[changed]
        self._forget_moves()
        return changed

    def _forget_moves(self) -> None:
        self._state.flags[:] &= ~MOVED
        self._state.counts[kernels.MOVES] = 0


def geometric(damping: float, terms: int | None) -> float:
    """Σ damping^k over so many terms, upward; None for all."""
    if terms is None:
        return upward(1.0 / (1.0 - damping))
    return upward(math.fsum(damping**k for k in range(terms)))


def off_of(rounding: float, drift: float) -> float:
    """What of a residual can be unseen."""
    return upward(rounding + drift + TINY)
