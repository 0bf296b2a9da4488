"""Who a value comes from: exact, additive shares of all seeds in one subject's value.

Exposure and trust mass are linear in their seeds: with y = e_i + β Wᵀ y, seed j gives subject i
(1 − β) y_j o_j. y is found by local residual pushes: Andersen, Chung & Lang, Local graph
partitioning using PageRank vectors, FOCS 2006, §3 (along links, exposure); Andersen et al., Local
computation of PageRank contributions, WAW 2007, §3 (against links, trust). Published values say
what a residual can still bring, so that only walks which lead to a seed are followed: the target
set of Lofgren, Banerjee & Goel, Personalized PageRank estimation and search, WSDM 2016, §3. Where
the walk gets to be dearer than sweeps over the whole graph, those take over: the adjoint of
exposure is trust mass from the subject alone, and the other way round.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from algorithms._contributions_kernels import (
    Scratch,
    Worth,
    push,
    push_levels,
    scratch,
)
from algorithms.arguments import (
    CheckedVector,
    Floats,
    Int32s,
    Int64s,
    checked,
    checked_mass,
    real_number,
    tolerance_value,
    whole_number,
)
from algorithms.certificate import UNDERFLOW, UNIT_ROUNDOFF, gamma, norm_1_upward, upward
from algorithms.csr import CSRGraph
from algorithms.errors import ConvergenceError
from algorithms.exposure import exposure
from algorithms.known_values import KnownValues
from algorithms.normalize import require_transpose
from algorithms.trust_mass import trust_mass

MOST_LINKS = 2**62
FEWEST_LINKS = 20_000
# A link of a walk costs as much as some 80 of a sweep, and sweeps need about 20.
WALKED_SHARE = 1 / 16


@dataclass(frozen=True, eq=False)
class Contributions:
    """Where the value of one subject comes from.

    Attributes:
        subjects: int64 (k,), the seeds that contribute, largest share first, ties by index.
        shares: float64 (k,), > 0, in the unit of the value.
        total: Σ shares, correctly rounded.
        remainder: |value − total| is at most this; rounding included.
        links: how many links were walked.
        sweeps: passes over all links; 0 where the walk was enough.
    """

    subjects: Int64s
    shares: Floats
    total: float
    remainder: float
    links: int
    sweeps: int = 0


def exposure_contributions(
    graph: CSRGraph,
    own: ArrayLike | CheckedVector,
    beta: float,
    subject: int,
    tolerance: float,
    *,
    hop_limit: int | None = None,
    max_links: int | None = None,
    transposed: CSRGraph | None = None,
    values: ArrayLike | CheckedVector | None = None,
    values_bound: float | None = None,
) -> Contributions:
    """Return what every subject's own risk adds to the exposure of ``subject``.

    The share of j is y_j D_j o_j, where y = e_i + β W₀ᵀ y counts damped visits of walks from i,
    and D_j is 1 − β, or 1 where j has no contacts and the walk ends. Mass rho that has arrived
    but was not walked on leaves x_i = Σ shares + Σ rho_j (x_j − D_j o_j). So the shares miss at
    most ‖rho‖₁ · β max o, or, where x is known, what these terms can come to: with few listings
    nearly all of the mass is worthless and stays. The walk stops within ``tolerance``.

    Args:
        graph: as for ``exposure``.
        own: o, float (n,), each in [0, 1]; ``checked_vector`` saves a pass over it in every call.
        beta: weight of the contacts, in [0, 1).
        subject: whose exposure is explained.
        tolerance: largest acceptable remainder, > 0.
        hop_limit: explain the operator of ``exposure`` with this limit.
        max_links: from so many links on, sweeps take over; None for a sixteenth of all.
        transposed: ``graph.transpose()`` where it is at hand; only sweeps need it.
        values: x, float (n,), each >= 0, as ``exposure`` with the same arguments returned it.
        values_bound: no value of x is further than this from the exact one, >= 0.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: rounding alone is larger than the tolerance.

    >>> exposure_contributions(CSRGraph.from_edges([0], [1]), [0.0, 1.0], 0.5, 0, 1e-9).shares
    array([0.5])
    """
    risk = checked("own", own, graph.n, low=0.0, high=1.0)
    problem = _Problem(
        whole_number("subject", subject, low=0, high=graph.n),
        real_number("beta", beta, low=0.0, high=1.0),
        tolerance_value(tolerance),
        risk.largest,
        None if hop_limit is None else whole_number("hop_limit", hop_limit, low=0),
        _budget(graph, max_links),
        KnownValues.checked(values, values_bound, graph.n),
    )
    # What comes through the contacts of j: x_j − D_j o_j <= β max o.
    worth = Worth(np.empty(0), np.empty(0), 0.0, problem.damping * problem.largest, 0.0)
    if problem.published is not None:
        known = problem.published
        worth = Worth(known.values, risk.values, 1.0 - problem.damping, known.bound, 0.0)
    rows = (graph.indptr, graph.indices, graph.weights, graph.weight_sum)
    s = scratch(graph.n)
    walked = problem.walk(s, rows, worth, by_column=False)
    if not problem.is_answered_by(walked):
        try:
            return problem.swept_exposure(graph, risk.values, transposed, walked[1])
        except ConvergenceError:
            # Shares alone round less than whole vectors do.
            s = scratch(graph.n)
            walked = replace(problem, max_links=MOST_LINKS).walk(s, rows, worth, by_column=False)
    reached = s.touched[: s.counts[0]]
    ends = graph.indptr[reached + 1] == graph.indptr[reached]
    factor = np.where(ends, 1.0, 1.0 - problem.damping)
    return problem.answer(s, factor * risk.values[reached], *walked)


def trust_contributions(
    graph: CSRGraph,
    seeds: ArrayLike | CheckedVector,
    alpha: float,
    subject: int,
    tolerance: float,
    *,
    hop_limit: int | None = None,
    max_links: int | None = None,
    transposed: CSRGraph | None = None,
    values: ArrayLike | CheckedVector | None = None,
    values_bound: float | None = None,
) -> Contributions:
    """Return what every seed adds to the trust mass of ``subject``.

    The share of j is (1 − α) y_j s_j with y = e_i + α Pᵀ y, pushed against the links. Residuals
    rho that were not pushed on leave t_i = Σ shares + Σ rho_j (t_j − (1 − α) s_j). So the shares
    miss at most max rho · α Σ s, or, where t is known, Σ rho_j (t_j − (1 − α) s_j) + max rho ·
    (the sum of its errors). The push stops where that is within ``tolerance``.

    For distrust mass pass ``graph.transpose()``, and ``graph`` as ``transposed``.

    Args:
        graph: as for ``trust_mass``.
        seeds: s, float (n,), each >= 0, Σ s < 1e300; ``checked_vector`` saves a pass over it.
        alpha: share of the mass that is handed on, in [0, 1).
        subject: whose mass is explained.
        tolerance: largest acceptable remainder, > 0, in the unit of the seeds.
        hop_limit: explain the operator of ``trust_mass`` with this limit.
        max_links: from so many links on, sweeps take over; None for a sixteenth of all.
        transposed: ``graph.transpose()``; pass it, or every call builds it.
        values: t, float (n,), each >= 0, as ``trust_mass`` with the same arguments returned it.
        values_bound: the errors of t sum to at most this (``bound_1``), >= 0.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: rounding alone is larger than the tolerance.

    >>> trust_contributions(CSRGraph.from_edges([0], [1]), [1.0, 0.0], 0.5, 1, 1e-9).shares
    array([0.25])
    """
    mass = checked_mass("seeds", seeds, graph.n)
    if transposed is None:
        transposed = graph.transpose()
    require_transpose(graph, transposed)
    problem = _Problem(
        whole_number("subject", subject, low=0, high=graph.n),
        real_number("alpha", alpha, low=0.0, high=1.0),
        tolerance_value(tolerance),
        norm_1_upward(mass.total, graph.n),
        None if hop_limit is None else whole_number("hop_limit", hop_limit, low=0),
        _budget(graph, max_links),
        KnownValues.checked(values, values_bound, graph.n),
    )
    # What comes in over links: Σ (t_j − (1 − α) s_j) = α Σ P t <= α Σ s.
    worth = Worth(np.empty(0), np.empty(0), 0.0, 0.0, problem.damping * problem.largest)
    if problem.published is not None:
        known = problem.published
        worth = Worth(known.values, mass.values, 1.0 - problem.damping, 0.0, known.bound)
    rows = (transposed.indptr, transposed.indices, transposed.weights, graph.weight_sum)
    s = scratch(graph.n)
    walked = problem.walk(s, rows, worth, by_column=True)
    if not problem.is_answered_by(walked):
        try:
            return problem.swept_trust(graph, mass.values, walked[1])
        except ConvergenceError:
            s = scratch(graph.n)
            walked = replace(problem, max_links=MOST_LINKS).walk(s, rows, worth, by_column=True)
    reached = s.touched[: s.counts[0]]
    return problem.answer(s, (1.0 - problem.damping) * mass.values[reached], *walked)


def _budget(graph: CSRGraph, max_links: int | None) -> int:
    if max_links is not None:
        return whole_number("max_links", max_links, low=1)
    return max(FEWEST_LINKS, int(WALKED_SHARE * (graph.n + graph.m)))


@dataclass(frozen=True)
class _Problem:
    """One explanation: ``largest`` turns residual mass into error."""

    subject: int
    damping: float
    tolerance: float
    largest: float
    hop_limit: int | None
    max_links: int
    published: KnownValues | None

    def walk(
        self,
        s: Scratch,
        rows: tuple[Int64s, Int32s, Floats | None, Floats],
        worth: Worth,
        *,
        by_column: bool,
    ) -> tuple[float, int]:
        """Return what the shares can miss, rounding apart, and how many links were walked."""
        if self.largest == 0.0:
            return 0.0, 0
        # A tenth of the tolerance is kept for rounding.
        target = 0.9 * self.tolerance
        ask = (*rows, by_column, self.subject, self.damping)
        if self.hop_limit is None:
            total, top, links = push(s, *ask, worth, target, self.max_links)
        else:
            total, top, links = push_levels(s, *ask, self.hop_limit, worth, target, self.max_links)
        return norm_1_upward(total, int(s.counts[0]) + 4) + upward(worth.peak * top), links

    def is_answered_by(self, walked: tuple[float, int]) -> bool:
        """Whether the walk went as far as it had to."""
        return walked[0] <= 0.9 * self.tolerance * (1.0 + 1e-9) or walked[1] <= self.max_links

    def swept_exposure(
        self, graph: CSRGraph, own: Floats, transposed: CSRGraph | None, links: int
    ) -> Contributions:
        """Return all shares: (1 − β) y is the trust mass that the subject hands to its contacts."""
        keeps = 1.0 - self.damping
        mass = trust_mass(
            graph,
            self._unit_vector(graph.n),
            self.damping,
            0.9 * self.tolerance * keeps / self.largest,
            hop_limit=self.hop_limit,
            transposed=transposed,
        )
        # A walk that ends at somebody without contacts ends with weight 1.
        gain = np.where(graph.weight_sum > 0.0, 1.0, 1.0 / keeps) * own
        missing = mass.certificate.bound_1 * self.largest / keeps
        return self._swept(mass.values * gain, missing, links, mass.certificate.sweeps)

    def swept_trust(self, graph: CSRGraph, seeds: Floats, links: int) -> Contributions:
        """Return all shares: (1 − α) y is how exposed everybody is to the subject alone.

        If the subject has no links, exposure leaves it all of its own risk: then it is y itself.
        """
        found = exposure(
            graph,
            self._unit_vector(graph.n),
            self.damping,
            0.9 * self.tolerance / self.largest,
            hop_limit=self.hop_limit,
        )
        gain = seeds if graph.weight_sum[self.subject] > 0.0 else (1.0 - self.damping) * seeds
        missing = found.certificate.bound_inf * self.largest
        return self._swept(found.values * gain, missing, links, found.certificate.sweeps)

    def _unit_vector(self, n: int) -> Floats:
        vector = np.zeros(n)
        vector[self.subject] = 1.0
        return vector

    def _swept(self, shares: Floats, missing: float, links: int, sweeps: int) -> Contributions:
        reached = np.flatnonzero(shares)
        found = shares[reached]
        total = math.fsum(found)
        remainder = float(upward(missing + gamma(8) * total + UNDERFLOW * reached.size))
        remainder = self._at_most_the_gap(remainder, total)
        if remainder > self.tolerance:
            raise ConvergenceError(
                self.tolerance, remainder, sweeps, "rounding is larger than the tolerance"
            )
        order = np.lexsort((reached, -found))
        return Contributions(reached[order], found[order], total, remainder, links, sweeps)

    def _at_most_the_gap(self, remainder: float, total: float) -> float:
        """What the value leaves to be explained cannot be more than this either."""
        if self.published is None:
            return remainder
        gap = abs(float(self.published.values[self.subject]) - total)
        return min(remainder, float(upward(gap + self.published.bound)))

    def answer(self, s: Scratch, gain: Floats, missing: float, links: int) -> Contributions:
        reached = s.touched[: s.counts[0]].astype(np.int64)
        shares = (s.y[reached] + (s.y_lost[reached] + s.rho[reached])) * gain
        total = math.fsum(shares)
        rounding = self._rounding(s, total, links)
        remainder = self._at_most_the_gap(float(upward(missing + rounding)), total)
        if self.largest == 0.0:
            remainder = 0.0
        if remainder > self.tolerance:
            raise ConvergenceError(
                self.tolerance, remainder, 0, "rounding is larger than the tolerance"
            )
        order = np.lexsort((reached, -shares))
        order = order[shares[order] > 0.0]
        return Contributions(reached[order], shares[order], total, remainder, links)

    def _rounding(self, s: Scratch, total: float, links: int) -> float:
        terms = int(s.counts[0])
        steps = links + terms
        grown, fed = norm_1_upward(s.drift[0], steps), norm_1_upward(s.drift[1], steps)
        # rho rounds once as it grows, by what was rounded six times before (sums of weights: 2);
        # y takes in no more than was fed, compensated (Neumaier, 1974); prices round four times.
        u = UNIT_ROUNDOFF
        off = upward(u * grown + (16.0 * u + 2.0 * (steps * u) ** 2) * fed)
        return upward(off * self.largest + gamma(8) * total + UNDERFLOW * terms)
