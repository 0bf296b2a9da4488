"""Exposure that follows its graph: a change is pushed on until every value is certified again.

Andersen, Chung & Lang, Local graph partitioning using PageRank vectors, FOCS 2006, §3 (pushes);
Zhang, Lofgren & Goel, Approximate personalized PageRank on dynamic graphs, KDD 2016, §3 (what a
changed link does to residuals). The operator is that of ``exposure``.
"""

import numpy as np
from numpy.typing import ArrayLike

from algorithms import _what_if_kernels as kernels
from algorithms._change_kernels import exposure_rows_changed
from algorithms._live import DEPTH, RESIDUAL_SHARE
from algorithms._live_state import Bounds, geometric, off_of
from algorithms._live_what_if import Imagining
from algorithms._operator import Norms
from algorithms._push_kernels import DRIFT, LARGEST, WAITING, Extra, State
from algorithms._recentre_kernels import common_residual, recentre
from algorithms._what_if import Changes
from algorithms.arguments import (
    CheckedVector,
    Floats,
    Int32s,
    checked,
    float_vector,
    real_number,
    subject_ids,
)
from algorithms.certificate import Certificate, gamma, upward
from algorithms.csr import CSRGraph  # noqa: F401
from algorithms.dynamic_graph import DynamicGraph, RowChanges

NO_LIMIT = -np.inf
# Mixed sweeps need more from values whose mean error is above this than from own risks.
FAR_OFF = 0.01


class LiveExposure(Imagining):
    """Exposure of every subject of a dynamic graph, kept within a tolerance.

    With f_i = c_i r_i, c_i the weight of row i, a new own risk or a changed row i moves f_i only.
    Pushing j moves its residual into x_j and adds β w_ij r_j to f_i of all i that average over j.
    When no |r_i| exceeds theta, no error exceeds (theta + rounding) / (1 − β), or, with at most K
    hops, (theta + rounding) Σ_{k≤K} β^k: each level x_k = D o + β W₀ x_(k−1) keeps residuals.

    Args:
        graph: out-links of i lead to the contacts that i averages over; followed from now on.
        own: o, float (n,), each in [0, 1].
        beta: weight of the contacts, in [0, 1).
        tolerance: largest error of any value that ``settle`` shall leave, > 0.
        hop_limit: K >= 0, or None for no limit.
        values: x to begin with, float (n,), such as published ones; None to solve for a tenth of
            the tolerance, which leaves the first changes something to use up.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: float64 rounding alone exceeds the tolerance.

    >>> live = LiveExposure(DynamicGraph(CSRGraph.from_edges([0], [1])), [0.0, 0.0], 0.5, 1e-9)
    >>> live.set_own(1, 1.0)
    >>> live.settle().changed, live.values
    (array([0, 1]), array([0.5, 1. ]))
    """

    sweep_share = 0.9
    by_column = False

    def __init__(
        self,
        graph: DynamicGraph,
        own: ArrayLike | CheckedVector,
        beta: float,
        tolerance: float,
        *,
        hop_limit: int | None = None,
        values: ArrayLike | CheckedVector | None = None,
    ) -> None:
        risk = checked("own", own, graph.n, low=0.0, high=1.0)
        beta = real_number("beta", beta, low=0.0, high=1.0)
        start = None if values is None else float_vector("values", values, graph.n, low=0, high=1)
        super().__init__(graph, risk.values, beta, tolerance, hop_limit, start)

    def set_own(self, subjects: ArrayLike, risks: ArrayLike) -> None:
        """Give subjects a new own risk; where one occurs twice, the later value stays.

        Args:
            subjects: whole numbers (k,) in [0, n), or one.
            risks: float (k,), each in [0, 1], or one.

        Raises:
            InvalidArgumentError: an argument out of its domain; nothing was changed.

        >>> live = LiveExposure(DynamicGraph(CSRGraph.from_edges([0], [1])), [0, 0], 0.5, 1e-9)
        >>> live.set_own([0, 1], [1.0, 0.5])
        >>> live.own
        array([1. , 0.5])
        """
        self._set_own(*self._checked_own(subjects, risks, "risks"))

    def rows_changed(self, changes: RowChanges) -> None:
        """Take changed rows of the graph into the residuals; the graph calls this itself."""
        exposure_rows_changed(
            self.graph.forward.rows, self.graph.reverse.rows, self.graph.all_sums, self._own,
            self._state, self.damping, self._levels, self._stride, self._theta, changes.rows,
            changes.first, changes.targets, changes.before, changes.after, changes.sums_before,
        )  # fmt: skip
        self._is_changed = True

    def certificate(self, tolerance: float | None = None, sweeps: int = 0) -> Certificate:
        """Return what the values are worth, waiting changes included."""
        bounds = self._bounds()
        worst = self._residual
        if self._state.counts[WAITING] or self._is_changed:
            worst = max(worst, self._largest_residual())
        bound = upward((worst + bounds.off) * bounds.gain)
        sum_1, off_1 = upward(self.n * worst), upward(self.n * bounds.off)
        return Certificate(
            worst, sum_1, bounds.off, off_1, bound, upward(self.n * bound), sweeps,
            self.tolerance if tolerance is None else tolerance,
        )  # fmt: skip

    def _largest_residual(self) -> float:
        size = self._room * self._levels
        fc = self._state.fc[:size]
        return float((np.abs(fc[:, 0]) / fc[:, 1]).max(initial=0.0))

    def _largest_own(self) -> float:
        return float(self._own[: self.n].max(initial=0.0))

    def _first_level(self) -> Floats:
        links = self.graph.weight_sum > 0.0
        own = self._own[: self.n]
        level: Floats = np.where(links, (1.0 - self.damping) * own, own)
        return level

    def _start(self) -> Floats:
        # Sweeps keep those without contacts where they begin, and end as soon as all are near.
        sums, own, fc = self.graph.weight_sum, self._own[: self.n], self._state.fc[: self.n]
        error = np.abs(fc[:, 0]).sum() / fc[:, 1].sum() / (1.0 - self.damping) if self.n else 0.0
        if error > FAR_OFF:
            return own.copy()
        start: Floats = np.where(sums > 0.0, self._state.x[: self.n], own)
        return start

    def _set_scales(self) -> None:
        sums = self.graph.weight_sum
        for level in range(self._levels):
            here = slice(level * self._stride, level * self._stride + self.n)
            self._state.fc[here, 1] = np.where(sums > 0.0, sums, 1.0)

    def _rounding(self) -> float:
        return gamma(DEPTH) * max(1.0, float(self._state.meter[LARGEST]))

    def _checked_own(
        self, subjects: ArrayLike, values: ArrayLike, name: str = "own"
    ) -> tuple[Int32s, Floats]:
        ids = subject_ids("subjects", subjects, self.n)
        return ids, float_vector(name, np.reshape(values, -1), ids.size, low=0.0, high=1.0)

    def _bounds(self, state: State | None = None) -> Bounds:
        terms = None if self.hop_limit is None else self._levels
        meter = (self._state if state is None else state).meter
        # Nothing is rounded where nobody averages.
        is_exact = state is None and self.graph.linking == 0
        rounding = 0.0 if is_exact else gamma(DEPTH) * max(1.0, float(meter[LARGEST]))
        drift = 0.0 if is_exact else float(meter[DRIFT])
        return Bounds(geometric(self.damping, terms), off_of(rounding, drift))

    def _usual_theta(self) -> float:
        return max(self._residual, RESIDUAL_SHARE * self.tolerance / self._bounds().gain)

    def _push(self, tolerance: float, budget: int) -> int:
        theta = RESIDUAL_SHARE * tolerance / self._bounds().gain
        if theta < self._theta:
            self._scan(theta)
        links = 0
        while self._state.counts[WAITING]:
            # A look for what is common to all costs as much as pushes over two links for each.
            pause = 2 * self.n + 1000 - self._walked
            walked = self._drain(theta, NO_LIMIT, budget - links, pause=pause)
            links += walked
            self._walked += walked
            if walked < pause:
                break
            self._walked = 0
            self._recentre(theta)
        if not self._state.counts[WAITING]:
            self._theta = theta
            if self._is_changed or self._residual > theta:
                self._residual = theta
                self._is_changed = False
        return links

    def _recentre(self, theta: float) -> None:
        if self.hop_limit is not None:
            return
        reverse, sums = self.graph.reverse.rows, self.graph.all_sums
        mean = common_residual(reverse, sums, self._state, self.n)
        if mean != 0.0:
            recentre(reverse, sums, self._state, self.n, mean, self.damping, theta)
            self._all_moved = True

    def _is_settled(self, tolerance: float) -> bool:
        if self._state.counts[WAITING] or self._is_changed:
            return False
        bounds = self._bounds()
        return upward((self._residual + bounds.off) * bounds.gain) <= tolerance

    def _imagine(
        self, state: State, extra: Extra, c: Changes, tolerance: float
    ) -> tuple[int, float]:
        gain = self._bounds(state).gain
        theta = RESIDUAL_SHARE * tolerance / gain
        if theta < self._theta:
            return 0, np.inf
        reverse, forward = self.graph.reverse.rows, self.graph.forward.rows
        kernels.inherit(reverse, state, self._state, False, self._stride, theta)
        kernels.own_changed(
            reverse, self.graph.all_sums, self._own, state, False, 1.0 - self.damping,
            self._levels, self._stride, theta, c.subjects, c.values,
        )  # fmt: skip
        if c.src.size:
            own = self._own[c.src]
            if c.subjects.size:
                at = np.minimum(np.searchsorted(c.subjects, c.src), c.subjects.size - 1)
                own = np.where(c.subjects[at] == c.src, c.values[at], own)
            kernels.exposure_rows_changed(
                forward, reverse, self.graph.all_sums, state, self.damping, self._levels,
                self._stride, theta, c.src, c.dst, c.change, c.sums_after, own,
            )  # fmt: skip
        links = self._drain(theta, NO_LIMIT, self._budget(tolerance), state, extra)
        if state.counts[WAITING]:
            return links, np.inf
        return links, upward((theta + self._bounds(state).off) * gain)

    def _judge(self, norms: Norms, sweeps: int) -> tuple[Certificate, float]:
        bounds = Bounds(geometric(self.damping, None), off_of(gamma(DEPTH), 0.0))
        bound = upward((norms.residual_inf + bounds.off) * bounds.gain)
        certificate = Certificate(
            norms.residual_inf, norms.residual_1, bounds.off, self.n * bounds.off, bound,
            upward(self.n * bound), sweeps, self.tolerance,
        )  # fmt: skip
        return certificate, bound
