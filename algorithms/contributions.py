"""Who a value comes from: exact, additive shares of all seeds in one subject's value.

Exposure and trust mass are linear in their seeds: with y = e_i + β Wᵀ y, seed j gives subject i
(1 − β) y_j o_j. y is found by local residual pushes: Andersen, Chung & Lang, Local graph
partitioning using PageRank vectors, FOCS 2006, §3 (along links, exposure); Andersen et al., Local
computation of PageRank contributions, WAW 2007, §3 (against links, trust).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms._contributions_kernels import (
    Scratch,
    push_backward,
    push_forward,
    push_levels,
    scratch,
)
from algorithms.arguments import (
    Floats,
    Int32s,
    Int64s,
    float_vector,
    mass_vector,
    real_number,
    tolerance_value,
    whole_number,
)
from algorithms.certificate import UNDERFLOW, UNIT_ROUNDOFF, gamma, norm_1_upward, upward
from algorithms.csr import CSRGraph
from algorithms.errors import ConvergenceError
from algorithms.normalize import require_transpose

MOST_LINKS = 2**62


@dataclass(frozen=True, eq=False)
class Contributions:
    """Where the value of one subject comes from.

    Attributes:
        subjects: int64 (k,), the seeds that contribute, largest share first, ties by index.
        shares: float64 (k,), > 0, in the unit of the value.
        total: Σ shares, correctly rounded.
        remainder: |value − total| is at most this; rounding included.
        links: how many links were walked.
    """

    subjects: Int64s
    shares: Floats
    total: float
    remainder: float
    links: int


def exposure_contributions(
    graph: CSRGraph,
    own: ArrayLike,
    beta: float,
    subject: int,
    tolerance: float,
    *,
    hop_limit: int | None = None,
    max_links: int | None = None,
) -> Contributions:
    """Return what every subject's own risk adds to the exposure of ``subject``.

    The share of j is y_j D_j o_j, where y = e_i + β W₀ᵀ y counts damped visits of walks from i,
    and D_j is 1 − β, or 1 where j has no contacts and the walk ends. While mass rho is not yet
    walked, x_i = Σ shares + Σ rho_j x_j, so the shares miss at most ‖rho‖₁ · max o. The walk
    stops where that is within ``tolerance``; it touches only what it needs.

    Args:
        graph: as for ``exposure``.
        own: o, float (n,), each in [0, 1].
        beta: weight of the contacts, in [0, 1).
        subject: whose exposure is explained.
        tolerance: largest acceptable remainder, > 0.
        hop_limit: explain the operator of ``exposure`` with this limit: all its walks are taken.
        max_links: give up after walking so many links; None for no limit.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: the remainder is above the tolerance, for ``max_links`` or rounding.

    >>> exposure_contributions(CSRGraph.from_edges([0], [1]), [0.0, 1.0], 0.5, 0, 1e-9).shares
    array([0.5])
    """
    o = float_vector("own", own, graph.n, low=0.0, high=1.0)
    problem = _Problem(
        whole_number("subject", subject, low=0, high=graph.n),
        real_number("beta", beta, low=0.0, high=1.0),
        tolerance_value(tolerance),
        float(o.max(initial=0.0)),
        MOST_LINKS if max_links is None else whole_number("max_links", max_links, low=1),
    )
    s = scratch(graph.n)
    rows = (graph.indptr, graph.indices, graph.weights, graph.weight_sum)
    if problem.largest == 0.0:
        mass, links = 0.0, 0
    elif hop_limit is None:
        i, target = problem.subject, problem.target
        mass, links = push_forward(s, *rows, i, problem.damping, target, problem.max_links)
    else:
        hops = whole_number("hop_limit", hop_limit, low=0)
        mass, links = problem.walk_levels(s, rows, hops, by_column=False)
    reached = s.touched[: s.counts[0]]
    ends = graph.indptr[reached + 1] == graph.indptr[reached]
    factor = np.where(ends, 1.0, 1.0 - problem.damping)
    return problem.answer(s, factor * o[reached], mass, links)


def trust_contributions(
    graph: CSRGraph,
    seeds: ArrayLike,
    alpha: float,
    subject: int,
    tolerance: float,
    *,
    hop_limit: int | None = None,
    max_links: int | None = None,
    transposed: CSRGraph | None = None,
) -> Contributions:
    """Return what every seed adds to the trust mass of ``subject``.

    The share of j is (1 − α) y_j s_j with y = e_i + α Pᵀ y, pushed against the links. While
    residuals rho are left, t_i = Σ shares + Σ rho_j t_j, and Σ t <= Σ s, so the shares miss at
    most max rho · Σ s. The push stops where that is within ``tolerance``.

    For distrust mass pass ``graph.transpose()``, and ``graph`` as ``transposed``.

    Args:
        graph: as for ``trust_mass``.
        seeds: s, float (n,), each >= 0, Σ s < 1e300.
        alpha: share of the mass that is handed on, in [0, 1).
        subject: whose mass is explained.
        tolerance: largest acceptable remainder, > 0, in the unit of the seeds.
        hop_limit: explain the operator of ``trust_mass`` with this limit.
        max_links: give up after walking so many links; None for no limit.
        transposed: ``graph.transpose()``; pass it, or every call builds it.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: the remainder is above the tolerance, for ``max_links`` or rounding.

    >>> trust_contributions(CSRGraph.from_edges([0], [1]), [1.0, 0.0], 0.5, 1, 1e-9).shares
    array([0.25])
    """
    mass_of = mass_vector("seeds", seeds, graph.n)
    if transposed is None:
        transposed = graph.transpose()
    require_transpose(graph, transposed)
    problem = _Problem(
        whole_number("subject", subject, low=0, high=graph.n),
        real_number("alpha", alpha, low=0.0, high=1.0),
        tolerance_value(tolerance),
        norm_1_upward(float(mass_of.sum()), graph.n),
        MOST_LINKS if max_links is None else whole_number("max_links", max_links, low=1),
    )
    s = scratch(graph.n)
    rows = (transposed.indptr, transposed.indices, transposed.weights, graph.weight_sum)
    if problem.largest == 0.0:
        top, links = 0.0, 0
    elif hop_limit is None:
        i, target = problem.subject, problem.target
        top, links = push_backward(s, *rows, i, problem.damping, target, problem.max_links)
    else:
        hops = whole_number("hop_limit", hop_limit, low=0)
        top, links = problem.walk_levels(s, rows, hops, by_column=True)
    reached = s.touched[: s.counts[0]]
    return problem.answer(s, (1.0 - problem.damping) * mass_of[reached], top, links)


@dataclass(frozen=True)
class _Problem:
    """One explanation: ``largest`` turns residual mass into error."""

    subject: int
    damping: float
    tolerance: float
    largest: float
    max_links: int

    @property
    def target(self) -> float:
        # A tenth of the tolerance is kept for rounding.
        return 0.9 * self.tolerance / self.largest

    def walk_levels(
        self,
        s: Scratch,
        rows: tuple[Int64s, Int32s, Floats | None, Floats],
        hops: int,
        *,
        by_column: bool,
    ) -> tuple[float, int]:
        links = push_levels(s, *rows, by_column, self.subject, self.damping, hops, self.max_links)
        return (math.inf if links > self.max_links else 0.0), links

    def answer(self, s: Scratch, gain: Floats, left: float, links: int) -> Contributions:
        reached = s.touched[: s.counts[0]].astype(np.int64)
        shares = (s.y[reached] + s.y_lost[reached]) * gain
        total = math.fsum(shares)
        terms = int(s.counts[0])
        steps = links + terms
        grown, fed = norm_1_upward(s.drift[0], steps), norm_1_upward(s.drift[1], steps)
        # rho rounds once as it grows, by what was rounded six times before (sums of weights: 2);
        # y takes in no more than was fed, compensated (Neumaier, 1974).
        u = UNIT_ROUNDOFF
        off = upward(u * grown + (9.0 * u + 2.0 * (steps * u) ** 2) * fed)
        missing = norm_1_upward(left, terms) * self.largest
        remainder = upward(missing + off * self.largest + gamma(8) * total + UNDERFLOW * terms)
        if self.largest == 0.0:
            remainder = 0.0
        if not remainder <= self.tolerance:
            reason = "rounding is larger than the tolerance"
            if links > self.max_links:
                reason = f"max_links={self.max_links} were walked; raise it or the tolerance"
            raise ConvergenceError(self.tolerance, remainder, 0, reason)
        order = np.lexsort((reached, -shares))
        order = order[shares[order] > 0.0]
        return Contributions(reached[order], shares[order], total, remainder, links)
