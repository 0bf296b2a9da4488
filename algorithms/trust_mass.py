"""Trust that flows along links from known-good seeds, and distrust that flows against them.

Gyöngyi, Garcia-Molina & Pedersen, Combating web spam with TrustRank, VLDB 2004, eq. 1; Krishnan &
Raj, Web spam detection with Anti-Trust Rank, AIRWeb 2006 (the same on reversed links).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms._fixed_point import Sweep, norms, repeat, solve
from algorithms._sweep_kernels import row_blocks, sweep_shared, sweep_weighted
from algorithms.arguments import (
    Floats,
    mass_vector,
    real_number,
    tolerance_value,
    whole_number,
)
from algorithms.certificate import (
    UNDERFLOW,
    UNIT_ROUNDOFF,
    Certificate,
    gamma,
    norm_1_upward,
    sum_depth,
    upward,
)
from algorithms.csr import CSRGraph
from algorithms.errors import ConvergenceError, InvalidArgumentError
from algorithms.normalize import column_stochastic, require_transpose


@dataclass(frozen=True, eq=False)
class TrustMass:
    """Mass of every subject: ``values`` float64 (n,), >= 0, and what they are worth."""

    values: Floats
    certificate: Certificate


def trust_mass(
    graph: CSRGraph,
    seeds: ArrayLike,
    alpha: float,
    tolerance: float,
    *,
    hop_limit: int | None = None,
    start: ArrayLike | None = None,
    max_sweeps: int | None = None,
    transposed: CSRGraph | None = None,
) -> TrustMass:
    """Return the fixed point of t = (1 − α) s + α P t, Σ of errors within ``tolerance``.

    P hands a subject's mass to its out-links in proportion to their weights. A subject without
    out-links lets its mass go (a column of zeros), and Σ t <= Σ s. That keeps t linear in the
    seeds, so that it can be shared out among them; and a self-loop in place of the zeros would
    pile up to 1/(1 − α) times the mass on exactly the dead ends that fakes are. Divided by its
    sum, t is the personalised PageRank that sends such mass back to the seeds.

    With r the residual, ‖P‖₁ <= 1 gives ‖t − t*‖₁ <= ‖r‖₁ / (1 − α); bound_inf is the same
    number, as no single error exceeds their sum. Rounding of the measurement is included.

    ``hop_limit`` K is an operator of its own: t = (1 − α) Σ_{k≤K} α^k P^k s, evaluated outright.

    Args:
        graph: out-links of i lead to whom i vouches for.
        seeds: s, float (n,), each >= 0, Σ s < 1e300, in the unit that the values shall have.
        alpha: share of the mass that is handed on, in [0, 1).
        tolerance: largest acceptable sum of errors, > 0, in the unit of the seeds.
        hop_limit: K >= 0, or None for no limit.
        start: a vector (n,) >= 0 to start from; only speed depends on it.
        max_sweeps: give up after so many passes; None for as many as the rate α can need.
        transposed: ``graph.transpose()`` where it is at hand; saves building it.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: the tolerance was not certified.

    >>> trust_mass(CSRGraph.from_edges([0], [1]), [1.0, 0.0], 0.5, 1e-9).values
    array([0.5 , 0.25])
    """
    s = mass_vector("seeds", seeds, graph.n)
    alpha = real_number("alpha", alpha, low=0.0, high=1.0)
    tolerance = tolerance_value(tolerance)
    if max_sweeps is not None:
        max_sweeps = whole_number("max_sweeps", max_sweeps, low=1)
    if transposed is None:
        transposed = graph.transpose()
    require_transpose(graph, transposed)
    base = (1.0 - alpha) * s
    worth = _Worth(transposed, alpha, tolerance, float(s.sum()))
    sweep = _sweep(graph, transposed, base, alpha)
    if hop_limit is not None:
        hops = whole_number("hop_limit", hop_limit, low=0)
        if start is not None:
            raise InvalidArgumentError("start", "means nothing under a hop_limit; leave it out")
        values, sweeps = repeat(sweep, base.copy(), hops, work=graph.n + graph.m)
        return TrustMass(values, worth.of_series(hops, sweeps))
    t = s.copy() if start is None else mass_vector("start", start, graph.n).copy()
    worth.require_reachable()
    values, certificate = solve(
        sweep,
        worth.of_fixed_point,
        t,
        damping=alpha,
        tolerance=tolerance,
        max_sweeps=max_sweeps,
        work=graph.n + graph.m,
    )
    return TrustMass(values, certificate)


def distrust_mass(
    graph: CSRGraph,
    seeds: ArrayLike,
    alpha: float,
    tolerance: float,
    *,
    hop_limit: int | None = None,
    start: ArrayLike | None = None,
    max_sweeps: int | None = None,
    transposed: CSRGraph | None = None,
) -> TrustMass:
    """Return trust mass on the reversed links: who feeds the bad ``seeds``, and how much.

    A subject hands its distrust to those that link to it, in proportion to the links' weights
    (Krishnan & Raj, 2006, §4). Arguments, certificate and errors are those of ``trust_mass``;
    ``graph`` and ``transposed`` are given as they are there, not swapped.

    >>> distrust_mass(CSRGraph.from_edges([0], [1]), [0.0, 1.0], 0.5, 1e-9).values
    array([0.25, 0.5 ])
    """
    reverse = graph.transpose() if transposed is None else transposed
    return trust_mass(
        reverse,
        seeds,
        alpha,
        tolerance,
        hop_limit=hop_limit,
        start=start,
        max_sweeps=max_sweeps,
        transposed=graph,
    )


def _sweep(graph: CSRGraph, transposed: CSRGraph, base: Floats, alpha: float) -> Sweep:
    blocks = row_blocks(transposed.indptr)
    worst, mass = np.zeros(blocks.size - 1), np.zeros(blocks.size - 1)
    indptr, indices = transposed.indptr, transposed.indices
    if graph.weights is None:
        degree, z = graph.weight_sum, np.empty(graph.n)

        def shared(x: Floats, y: Floats) -> tuple[float, float]:
            sweep_shared(blocks, indptr, indices, degree, base, alpha, z, x, y, worst, mass)
            return norms(worst, mass)

        return shared
    P = column_stochastic(graph, transposed)

    def weighted(x: Floats, y: Floats) -> tuple[float, float]:
        sweep_weighted(blocks, indptr, indices, P, base, alpha, 0.0, math.inf, x, y, worst, mass)
        return norms(worst, mass)

    return weighted


class _Worth:
    """Bounds for one trust problem: rounding known beforehand, residual measured later."""

    def __init__(self, transposed: CSRGraph, alpha: float, tolerance: float, supply: float) -> None:
        self.alpha = alpha
        self.tolerance = tolerance
        self.n = transposed.n
        self.supply = norm_1_upward(supply, self.n)
        # Row sum, P's own division and sum (weight_sum: 2), the products, base, the update.
        self.gamma = gamma(sum_depth(int(transposed.out_degree.max(initial=0))) + 12)

    def rounding(self, mass: float) -> float:
        """All that rounding can hide in one sweep at a vector of this 1-norm."""
        return self.gamma * ((1.0 - self.alpha) * self.supply + self.alpha * mass) + (
            self.n * UNDERFLOW if self.supply else 0.0
        )

    def require_reachable(self) -> None:
        floor = upward(self.rounding(self.supply) / (1.0 - self.alpha))
        if floor > self.tolerance:
            raise ConvergenceError(
                self.tolerance, floor, 0, "float64 rounding alone is larger; raise the tolerance"
            )

    def of_fixed_point(
        self, residual_inf: float, residual_1: float, x: Floats, sweeps: int
    ) -> tuple[Certificate, float]:
        mass = norm_1_upward(float(x.sum()), self.n)
        off = self.rounding(mass) + 2.0 * UNIT_ROUNDOFF * residual_1
        total = norm_1_upward(residual_1, self.n) + off
        bound = upward(total / (1.0 - self.alpha))
        certificate = Certificate(
            residual_inf,
            residual_1,
            upward(off),
            upward(off),
            bound,
            bound,
            sweeps,
            self.tolerance,
        )
        return certificate, bound

    def of_series(self, hops: int, sweeps: int) -> Certificate:
        # Each of the hops + 1 evaluations adds its rounding; older ones are damped by α.
        off = upward(self.rounding(upward(self.supply)))
        bound = upward(off * min(hops + 1.0, 1.0 / (1.0 - self.alpha)))
        if bound > self.tolerance:
            raise ConvergenceError(
                self.tolerance, bound, sweeps, "float64 rounding alone is larger"
            )
        return Certificate(0.0, 0.0, off, off, bound, bound, sweeps, self.tolerance)
