"""Exposure: how much of the risk around a subject reaches it through its contacts.

Friedkin & Johnsen, Social influence and opinions, J. Math. Sociology 15 (1990), eq. 1 with
equal susceptibility β: x = (1 − β) o + β W x.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms._fixed_point import repeat, solve
from algorithms._operator import Norms, Operator
from algorithms.arguments import (
    CheckedVector,
    Floats,
    checked,
    float_vector,
    real_number,
    tolerance_value,
    whole_number,
)
from algorithms.certificate import (
    UNDERFLOW,
    UNIT_ROUNDOFF,
    Certificate,
    GraphShape,
    gamma,
    norm_1_upward,
    sum_depth,
    upward,
)
from algorithms.csr import CSRGraph
from algorithms.errors import ConvergenceError, InvalidArgumentError


@dataclass(frozen=True, eq=False)
class Exposure:
    """Exposure of every subject: ``values`` float64 (n,) in [0, 1], and what they are worth."""

    values: Floats
    certificate: Certificate


def exposure(
    graph: CSRGraph,
    own: ArrayLike | CheckedVector,
    beta: float,
    tolerance: float,
    *,
    hop_limit: int | None = None,
    start: ArrayLike | None = None,
    max_sweeps: int | None = None,
) -> Exposure:
    """Return the fixed point of x = (1 − β) o + β W x, each value within ``tolerance``.

    W averages over a subject's out-links. A subject without contacts averages over itself, so
    its exposure is its own risk. x is bounded by the extremes of ``own``, monotone and additive
    in it.

    With r the residual, (I − βW)⁻¹ ≥ 0 has row sums 1/(1 − β), hence ‖x − x*‖∞ ≤ ‖r‖∞/(1 − β).
    From e = r + βWe, and as only subjects with contacts (c of them) can err,
    ‖x − x*‖₁ ≤ ‖r‖₁ + β c ‖x − x*‖∞. Both are taken from the residual that was measured at the
    returned vector, plus all that rounding can have hidden.

    ``hop_limit`` K is an operator of its own, the walks of at most K hops:
    x = Σ_{k≤K} β^k W₀^k D o, where W₀ is W without the rows of subjects that have no contacts,
    and D is 1 for those and 1 − β for the others: a walk that ends there ends with weight 1,
    so their exposure is their own risk under any limit. It grows with K to the fixed point.
    It is evaluated outright: its certificate has residual 0 and a bound of rounding alone.

    Args:
        graph: out-links of i lead to the contacts that i averages over.
        own: o, float (n,), each in [0, 1].
        beta: weight of the contacts, in [0, 1).
        tolerance: largest error of any value that is acceptable, > 0.
        hop_limit: K >= 0, or None for no limit.
        start: a vector (n,) to start from, such as an older result; only speed depends on it.
        max_sweeps: give up after so many passes; None for as many as the rate β can need.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: the tolerance was not certified.

    >>> exposure(CSRGraph.from_edges([0], [1]), [0.0, 1.0], 0.5, 1e-9).values
    array([0.5, 1. ])
    """
    risk = checked("own", own, graph.n, low=0.0, high=1.0)
    beta = real_number("beta", beta, low=0.0, high=1.0)
    tolerance = tolerance_value(tolerance)
    if max_sweeps is not None:
        max_sweeps = whole_number("max_sweeps", max_sweeps, low=1)
    worth = ExposureWorth(graph, beta, tolerance, risk.largest)
    if hop_limit is not None:
        hops = whole_number("hop_limit", hop_limit, low=0)
        if start is not None:
            raise InvalidArgumentError("start", "means nothing under a hop_limit; leave it out")
        series = Operator.averaging(graph, risk.values, beta, (0.0, risk.largest))
        base = np.where(graph.weight_sum > 0.0, (1.0 - beta) * risk.values, risk.values)
        values, sweeps = repeat(series, base, hops)
        return Exposure(values, worth.of_series(hops, sweeps))
    worth.require_reachable()
    limits = (min(risk.smallest, 1.0), risk.largest)
    operator = Operator.averaging(graph, risk.values, beta, limits)
    z = operator.point_of(
        operator.first_guess() if start is None else float_vector("start", start, graph.n)
    )
    values, certificate = solve(
        operator,
        worth.of_fixed_point,
        z,
        tolerance=tolerance,
        max_sweeps=max_sweeps,
    )
    return Exposure(values, certificate)


class ExposureWorth:
    """Bounds for one exposure problem: rounding known beforehand, residual measured later."""

    def __init__(
        self, graph: GraphShape, beta: float, tolerance: float, largest: float, lanes: int = 4
    ) -> None:
        self.beta = beta
        self.tolerance = tolerance
        self.n = graph.n
        self.with_contacts = graph.linking
        # Row sum, its weight (weight_sum: 2) and division, products, base, the residual.
        depth = sum_depth(graph.longest_row, lanes) + 12
        # Every value lies in [0, largest], so no row's magnitudes exceed it.
        self.rounding = gamma(depth) * largest + UNDERFLOW if self.with_contacts else 0.0

    def require_reachable(self) -> None:
        """Refuse a tolerance that rounding alone exceeds, before any sweep."""
        floor = upward(self.rounding / (1.0 - self.beta))
        if floor > self.tolerance:
            raise ConvergenceError(
                self.tolerance, floor, 0, "float64 rounding alone is larger; raise the tolerance"
            )

    def of_fixed_point(self, measured: Norms, sweeps: int) -> tuple[Certificate, float]:
        """Certify the point whose norms were measured; return also the bound that counts."""
        residual_inf, residual_1 = measured.residual_inf, measured.residual_1
        off_inf = self.rounding + 2.0 * UNIT_ROUNDOFF * residual_inf
        off_1 = self.with_contacts * self.rounding + 2.0 * UNIT_ROUNDOFF * residual_1
        bound_inf = upward((residual_inf + off_inf) / (1.0 - self.beta))
        total = norm_1_upward(residual_1, self.n) + off_1
        bound_1 = upward(total + self.beta * self.with_contacts * bound_inf)
        certificate = Certificate(
            residual_inf,
            residual_1,
            upward(off_inf),
            upward(off_1),
            bound_inf,
            bound_1,
            sweeps,
            self.tolerance,
        )
        return certificate, bound_inf

    def of_series(self, hops: int, sweeps: int) -> Certificate:
        """Certify a truncated series, which nothing but rounding separates from its value."""
        # Each of the hops + 1 evaluations adds its rounding; older ones are damped by β.
        terms = min(hops + 1.0, 1.0 / (1.0 - self.beta))
        bound_inf = upward(self.rounding * terms)
        if bound_inf > self.tolerance:
            raise ConvergenceError(
                self.tolerance, bound_inf, sweeps, "float64 rounding alone is larger"
            )
        bound_1 = upward(self.with_contacts * bound_inf)
        off_1 = self.with_contacts * self.rounding
        return Certificate(
            0.0, 0.0, self.rounding, off_1, bound_inf, bound_1, sweeps, self.tolerance
        )
