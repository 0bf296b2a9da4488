"""Values and residuals of a live operator, and what needs a pass over all links."""

import numpy as np

from algorithms import _push_kernels as kernels
from algorithms._fixed_point import Judge, solve
from algorithms._live_kernels import largest_of, take_residual
from algorithms._live_state import Bounds, new_state, with_room
from algorithms._live_sweep import LiveOperator
from algorithms._operator import Norms
from algorithms._overlay import grown
from algorithms._push_kernels import DRIFT, LARGEST, MOVED, NORM_1, State
from algorithms._what_if import ScratchPool
from algorithms.arguments import Floats, tolerance_value, whole_number
from algorithms.certificate import Certificate, norm_1_upward
from algorithms.dynamic_graph import DynamicGraph, RowChanges
from algorithms.errors import ConvergenceError, InvalidArgumentError

# Solved for so much of the tolerance to begin with, the first changes have something to use up.
BEGIN_SHARE = 0.1
# Sweeps end when the rows that are not settled have this share of the links; pushes over them may
# walk as many links as so many sweeps.
CORNER_SHARE = 0.05
CORNER_SWEEPS = 1.0


class LiveValues:
    """Values and residuals of one operator on a dynamic graph; pushes are in ``Live``."""

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
        self._is_changed = self._all_moved = False
        # Links walked by pushes since a common residual was last looked for.
        self._walked = 0
        self._scratches = ScratchPool()
        self._room = graph.n
        self._state = new_state(self._room, self._levels)
        self._set_scales()
        if values is None:
            self._state.x[: graph.n] = own
            self._solve(self.tolerance, BEGIN_SHARE)
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

    def _bounds(self, state: State | None = None) -> Bounds:
        raise NotImplementedError

    def _push(self, tolerance: float, budget: int) -> int:
        raise NotImplementedError

    def _is_settled(self, tolerance: float) -> bool:
        raise NotImplementedError

    def _judge(self, norms: Norms, sweeps: int) -> tuple[Certificate, float]:
        raise NotImplementedError

    def certificate(self, tolerance: float | None = None, sweeps: int = 0) -> Certificate:
        """Return what the values are worth, waiting changes included."""
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

    def subjects_added(self, n: int) -> None:
        """Make room for new subjects; they have no own risk, no seed and no links."""
        if n > self._own.size:
            before = self._room
            self._own, self._reported = grown(self._own, n), grown(self._reported, n)
            self._room = self._own.size
            self._state = with_room(self._state, before, self._room, self._levels)

    def refresh(self) -> Certificate:
        """Measure the residual anew over all links; return what the values are worth.

        Done by ``settle`` itself when the rounding of many updates eats a tenth of the tolerance.
        """
        n, x, fc = self.n, self._state.x, self._state.fc
        norm = 0.0
        self._residual = 0.0
        for level in range(self._levels):
            here = slice(level * self._stride, level * self._stride + n)
            if self.hop_limit is not None and level == 0:
                t = self._first_level()
            else:
                first = here.start - self._stride
                t = self._applied(x[first : first + n])
            top, total = take_residual(fc[here], x[here], t, 1.0, self.by_column)
            norm += total
            self._residual = max(self._residual, top)
        self._measured(norm)
        self._scan(self._usual_theta())
        return self.certificate()

    def _applied(self, x: Floats) -> Floats:
        operator = self._operator()
        z = x.copy()
        if self.by_column:
            z /= np.where(operator.sums > 0.0, operator.sums, 1.0) * operator.unit
        operator.evaluate(z)
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
        self._state.meter[LARGEST] = largest_of(self._state.x)
        self._measured_off = self._rounding()
        self._theta = self._usual_theta()
        self._is_changed = False

    def _scan(self, theta: float) -> None:
        self._theta = theta
        rows = (self.graph.forward if self.by_column else self.graph.reverse).rows
        kernels.scan(rows, self._state, self.n, self._levels, self._stride, theta)

    def _solve(self, tolerance: float, share: float) -> int:
        """Sweep until the values are within a share of the tolerance; return how often."""
        sweeps = self._evaluate() if self.hop_limit is not None else self._iterate(tolerance, share)
        reached = self.certificate().bound_inf
        if reached > tolerance:
            raise ConvergenceError(
                tolerance, reached, 0, "float64 rounding alone is larger; raise the tolerance"
            )
        return sweeps

    def _iterate(self, tolerance: float, share: float) -> int:
        """Mixed sweeps from the values as they stand."""
        floor = self._judge(Norms(0.0, 0.0, self._largest_own()), 0)[1]
        if floor > tolerance:
            raise ConvergenceError(
                tolerance, floor, 0, "float64 rounding alone is larger; raise the tolerance"
            )
        # Rounding that takes half of the share leaves nothing to gain from it.
        target = tolerance * share if floor <= 0.5 * share * tolerance else tolerance
        if self.by_column:
            return self._swept(target, self._judge, self._start())
        few = CORNER_SHARE * self.graph.m

        def until_corners(norms: Norms, sweeps: int) -> tuple[Certificate, float]:
            certificate, bound = self._judge(norms, sweeps)
            return certificate, 0.0 if norms.busy <= few else bound

        sweeps = self._swept(target, until_corners, self._start())
        # What is left are rows that are slow for themselves: pushes walk only those.
        self._push(target, int(CORNER_SWEEPS * self.graph.m))
        if not self._is_settled(target):
            sweeps += self._swept(target, self._judge, self._state.x[: self.n])
        return sweeps

    def _swept(self, tolerance: float, judge: Judge, start: Floats) -> int:
        n, state, operator = self.n, self._state, self._operator()
        values, certificate = solve(
            operator, judge, operator.point_of(start), tolerance=tolerance, max_sweeps=None
        )
        state.x[:n] = values
        self._residual, norm = take_residual(
            state.fc[:n], values, operator.t, operator.unit, self.by_column
        )
        self._measured(norm)
        return certificate.sweeps

    def _evaluate(self) -> int:
        """Every level outright: nothing but rounding separates it from the one before."""
        n, operator, x = self.n, self._operator(), self._state.x
        x[:n] = self._first_level()
        for level in range(1, self._levels):
            here, last = level * self._stride, (level - 1) * self._stride
            z = x[last : last + n]
            operator.evaluate(operator.point_of(z) if self.by_column else z)
            np.clip(operator.t, operator.low, operator.high, out=x[here : here + n])
            if self.by_column:
                x[here : here + n] *= operator.unit
        self._state.fc[:, 0] = 0.0
        self._residual = 0.0
        self._measured(0.0)
        return self._levels - 1

    def _forget_moves(self) -> None:
        self._state.flags[:] &= ~MOVED
        self._state.counts[kernels.MOVES] = 0
        self._all_moved = False
