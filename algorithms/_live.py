"""What live exposure and live trust mass share: pushes, or sweeps where those are cheaper.

Zhang, Lofgren & Goel, Approximate personalized PageRank on dynamic graphs, KDD 2016, §3 (values
and residuals are kept, a change moves residuals, pushes repair them); Wu, Wei et al., Unifying the
global and local approaches, SIGMOD 2021, §4 (beyond a share of the links, sweeps are cheaper).
"""

import math
from dataclasses import dataclass

from algorithms import _push_kernels as kernels
from algorithms._change_kernels import own_changed
from algorithms._live_kernels import report_all
from algorithms._live_state import NO_EXTRA
from algorithms._live_values import LiveValues
from algorithms._push_kernels import DRIFT, Extra, State
from algorithms.arguments import Floats, Int32s, Int64s, tolerance_value, whole_number
from algorithms.certificate import Certificate

# One link of a push costs as much as so many of a sweep (decision 0030).
PUSH_COST = 6
# Pushes may spend this share of what a whole solution costs before sweeps take over.
PUSH_SHARE = 0.1
FEWEST_LINKS = 1000
MOST_LINKS = 2**62
# Shares of the tolerance: for the residual after pushes, and for rounding.
RESIDUAL_SHARE, ROUNDING_SHARE = 0.9, 0.1
# Rounding of a row sum (see ``certificate.sum_depth``: at most 136) and what is done with it.
DEPTH = 160


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


class Live(LiveValues):
    """Values of one operator, kept within a tolerance. Not safe for threads to change.

    ``sweep_share``: whole sweeps go on to this share of the tolerance, so that something is left.
    """

    sweep_share: float

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
            sweeps += self._solve(tolerance, self.sweep_share)
            changed = self._report_all(threshold)
        elif threshold < self._threshold or self._all_moved:
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
            # Mixed sweeps need about the root of what plain ones do, times 2.6 (decision 0011).
            sweeps = math.ceil(2.6 * math.sqrt(math.log(tolerance) / math.log(self.damping)))
        whole = sweeps * (self.graph.n + self.graph.m)
        return max(FEWEST_LINKS, int(PUSH_SHARE * whole / PUSH_COST))

    def _drain(
        self,
        theta: float,
        stop: float,
        budget: int,
        state: State | None = None,
        extra: Extra = NO_EXTRA,
        pause: int = MOST_LINKS,
    ) -> int:
        rows = (self.graph.forward if self.by_column else self.graph.reverse).rows
        state = self._state if state is None else state
        links = kernels.drain(
            rows, self.graph.all_sums, self._own, extra, state, self.by_column,
            self.damping, self._stride, self._top, theta, stop, budget, pause,
        )  # fmt: skip
        return int(links)

    def _set_own(self, subjects: Int32s, values: Floats) -> None:
        rows = (self.graph.forward if self.by_column else self.graph.reverse).rows
        own_changed(
            rows, self.graph.all_sums, self._state, self.by_column, 1.0 - self.damping,
            self._levels, self._stride, self._theta, subjects, values, self._own,
        )  # fmt: skip
        self._is_changed = True

    def _report_all(self, threshold: float) -> Int64s:
        changed = report_all(self._values(), self._reported, threshold)
        self._forget_moves()
        return changed
