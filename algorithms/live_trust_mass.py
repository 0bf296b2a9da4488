"""Trust mass that follows its graph: a change is pushed along the links until it is certified.

Andersen, Chung & Lang, Local graph partitioning using PageRank vectors, FOCS 2006, §3 (pushes, and
the threshold by degree); Ohsaka, Maehara & Kawarabayashi, Efficient PageRank tracking in evolving
networks, KDD 2015, §4 (a changed row moves the residuals of its targets). The operator is that of
``trust_mass``.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from algorithms import _what_if_kernels as kernels
from algorithms._change_kernels import trust_rows_changed
from algorithms._live import DEPTH, RESIDUAL_SHARE
from algorithms._live_state import TINY, Bounds, geometric, off_of
from algorithms._live_what_if import Imagining
from algorithms._operator import Norms
from algorithms._push_kernels import DRIFT, NORM_1, WAITING, Extra, State
from algorithms._what_if import Changes
from algorithms.arguments import (
    CheckedVector,
    Floats,
    Int32s,
    checked_mass,
    float_vector,
    mass_vector,
    real_number,
    subject_ids,
)
from algorithms.certificate import Certificate, gamma, norm_1_upward, upward
from algorithms.csr import CSRGraph  # noqa: F401
from algorithms.dynamic_graph import DynamicGraph, RowChanges
from algorithms.errors import InvalidArgumentError

# Products of a mass and a weight of the graph stay within float64.
HEAVIEST = 2.0**60
# Once it has to push, it goes on down to this share of what is allowed: then it pushes seldom.
PUSH_DOWN = 0.5
# The first threshold, as a multiple of the one that is sure to be low enough; then quarters.
FIRST_THETA, LOWER = 16.0, 0.25
# So often, over its budget, it looks whether the rest of it can be enough.
LOOKS = 8


class LiveTrustMass(Imagining):
    """Trust mass of every subject of a dynamic graph; the sum of errors is kept in a tolerance.

    A new seed moves its own residual; a changed row j moves those of its old and new targets, or,
    where the row is long, t_j itself and the changed targets. Pushing j hands α r_j on to its
    out-links. Σ |r| is kept up to date, and Σ of errors <= (Σ |r| + rounding) / (1 − α); with at
    most K hops every level t_k = (1 − α) s + α P t_(k−1) keeps residuals, and it is their sum.

    For distrust follow a graph of the reversed links.

    Args:
        graph: out-links of i lead to whom i vouches for; followed from now on.
        seeds: s, float (n,), each >= 0, Σ s < 2^60, in the unit that the values shall have.
        alpha: share of the mass that is handed on, in [0, 1).
        tolerance: largest sum of errors that ``settle`` shall leave, > 0, in the unit of seeds.
        hop_limit: K >= 0, or None for no limit.
        values: t to begin with, float (n,), each >= 0, such as published ones; None to solve for
            a tenth of the tolerance.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: float64 rounding alone exceeds the tolerance.

    >>> live = LiveTrustMass(DynamicGraph(CSRGraph.from_edges([0], [1])), [0.0, 0.0], 0.5, 1e-9)
    >>> live.set_seeds(0, 1.0)
    >>> live.settle().changed, live.values
    (array([0, 1]), array([0.5 , 0.25]))
    """

    sweep_share = 0.5
    by_column = True

    def __init__(
        self,
        graph: DynamicGraph,
        seeds: ArrayLike | CheckedVector,
        alpha: float,
        tolerance: float,
        *,
        hop_limit: int | None = None,
        values: ArrayLike | CheckedVector | None = None,
    ) -> None:
        supply = checked_mass("seeds", seeds, graph.n)
        if supply.total >= HEAVIEST:
            raise InvalidArgumentError("seeds", f"sum to {supply.total:g}; keep it below 2^60")
        alpha = real_number("alpha", alpha, low=0.0, high=1.0)
        start = None if values is None else mass_vector("values", values, graph.n)
        super().__init__(graph, supply.values, alpha, tolerance, hop_limit, start)

    def set_seeds(self, subjects: ArrayLike, masses: ArrayLike) -> None:
        """Give subjects a new seed; where one occurs twice, the later value stays.

        Args:
            subjects: whole numbers (k,) in [0, n), or one.
            masses: float (k,), each in [0, 2^30], or one.

        Raises:
            InvalidArgumentError: an argument out of its domain; nothing was changed.

        >>> live = LiveTrustMass(DynamicGraph(CSRGraph.from_edges([0], [1])), [1, 0], 0.5, 1e-9)
        >>> live.set_seeds([0, 1], [0.5, 0.25])
        >>> live.own
        array([0.5 , 0.25])
        """
        self._set_own(*self._checked_own(subjects, masses, "masses"))

    def rows_changed(self, changes: RowChanges) -> None:
        """Take changed rows of the graph into the residuals; the graph calls this itself."""
        trust_rows_changed(
            self.graph.forward.rows, self.graph.all_sums, self._state, self.damping,
            self._levels, self._stride, self._theta, changes.rows, changes.first,
            changes.targets, changes.before, changes.after, changes.sums_before,
        )  # fmt: skip

    def certificate(self, tolerance: float | None = None, sweeps: int = 0) -> Certificate:
        """Return what the values are worth, waiting changes included."""
        bounds = self._bounds()
        residual = float(self._state.meter[NORM_1])
        bound = upward((residual + bounds.off) * bounds.gain)
        return Certificate(
            residual, residual, bounds.off, bounds.off, bound, bound, sweeps,
            self.tolerance if tolerance is None else tolerance,
        )  # fmt: skip

    def _largest_own(self) -> float:
        return norm_1_upward(float(self._own[: self.n].sum()), self.n)

    def _start(self) -> Floats:
        return np.maximum(self._state.x[: self.n], 0.0)

    def _first_level(self) -> Floats:
        level: Floats = (1.0 - self.damping) * self._own[: self.n]
        return level

    def _set_scales(self) -> None:
        cost = self.graph.forward_lengths() + 1.0
        for level in range(self._levels):
            here = slice(level * self._stride, level * self._stride + self.n)
            is_last = self.hop_limit is not None and level == self.hop_limit
            self._state.fc[here, 1] = 1.0 if is_last else cost

    def _rounding(self) -> float:
        mass = norm_1_upward(float(np.abs(self._state.x).sum()), self._state.x.size)
        supply = (1.0 - self.damping) * self._largest_own() * self._levels
        return gamma(DEPTH) * (supply + (1.0 + self.damping) * mass)

    def _checked_own(
        self, subjects: ArrayLike, values: ArrayLike, name: str = "own"
    ) -> tuple[Int32s, Floats]:
        ids = subject_ids("subjects", subjects, self.n)
        return ids, float_vector(name, np.reshape(values, -1), ids.size, low=0.0, high=2.0**30)

    def _bounds(self, state: State | None = None) -> Bounds:
        gain = geometric(self.damping, None) if self.hop_limit is None else 1.0
        meter = (self._state if state is None else state).meter
        return Bounds(gain, off_of(self._measured_off, float(meter[DRIFT])))

    def _usual_theta(self) -> float:
        allowed = RESIDUAL_SHARE * self.tolerance / self._bounds().gain
        work = self._levels * (self.graph.n + self.graph.m)
        return FIRST_THETA * allowed / max(work, 1)

    def _push(self, tolerance: float, budget: int) -> int:
        allowed = RESIDUAL_SHARE * tolerance / self._bounds().gain
        links = 0
        if self._state.meter[NORM_1] <= allowed:
            return links
        stop, began = PUSH_DOWN * allowed, float(self._state.meter[NORM_1])
        step = budget // LOOKS + 1
        while True:
            links += self._drain(self._theta, stop, budget - links, pause=step)
            left = float(self._state.meter[NORM_1])
            if left <= stop or links > budget:
                return links
            if not self._state.counts[WAITING]:
                if self._theta < TINY * allowed:
                    return links
                self._scan(LOWER * self._theta)
                continue
            # Pushes take like shares off the sum for like work: will the budget be enough?
            if links * math.log(allowed / began) < budget * math.log(min(left / began, 1.0)):
                return links

    def _is_settled(self, tolerance: float) -> bool:
        return self.certificate().bound_inf <= tolerance

    def _imagine(
        self, state: State, extra: Extra, c: Changes, tolerance: float
    ) -> tuple[int, float]:
        gain = self._bounds(state).gain
        allowed = RESIDUAL_SHARE * tolerance / gain
        rows, theta, budget = self.graph.forward.rows, self._theta, self._budget(tolerance)
        kernels.inherit(rows, state, self._state, True, self._stride, theta)
        kernels.own_changed(
            rows, self.graph.all_sums, self._own, state, True, 1.0 - self.damping,
            self._levels, self._stride, theta, c.subjects, c.values,
        )  # fmt: skip
        if c.src.size:
            kernels.trust_rows_changed(
                rows, self.graph.all_sums, state, self.damping, self._levels, self._stride,
                theta, c.src, c.dst, c.change, c.sums_after,
            )  # fmt: skip
        links = 0
        # Residuals that were published stay; what the changes added is pushed until all fits.
        while state.meter[NORM_1] > allowed:
            links += self._drain(theta, allowed, budget - links, state, extra)
            if state.counts[WAITING] == 0:
                theta *= LOWER
                kernels.scan_touched(rows, state, True, self._stride, theta)
            is_stuck = state.meter[NORM_1] > allowed and theta < TINY * allowed
            if links > budget or is_stuck:
                return links, np.inf
        bounds = self._bounds(state)
        return links, upward((float(state.meter[NORM_1]) + bounds.off) * bounds.gain)

    def _judge(self, norms: Norms, sweeps: int) -> tuple[Certificate, float]:
        mass = norm_1_upward(norms.mass, self.n)
        off = off_of(gamma(DEPTH) * ((1.0 - self.damping) * self._largest_own() + 2.0 * mass), 0.0)
        total = norm_1_upward(norms.residual_1, self.n)
        bound = upward((total + off) * geometric(self.damping, None))
        certificate = Certificate(
            norms.residual_inf, norms.residual_1, off, off, bound, bound, sweeps, self.tolerance
        )
        return certificate, bound
