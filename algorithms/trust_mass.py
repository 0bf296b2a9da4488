"""Trust that flows along links from known-good seeds, and distrust that flows against them.

Gyöngyi, Garcia-Molina & Pedersen, Combating web spam with TrustRank, VLDB 2004, eq. 1; Krishnan &
Raj, Web spam detection with Anti-Trust Rank, AIRWeb 2006 (the same on reversed links).
"""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from algorithms._fixed_point import repeat, solve
from algorithms._operator import Norms, Operator
from algorithms.arguments import (
    CheckedVector,
    Floats,
    checked_mass,
    mass_vector,
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
from algorithms.normalize import require_transpose


@dataclass(frozen=True, eq=False)
class TrustMass:
    """Mass of every subject: ``values`` float64 (n,), >= 0, and what they are worth."""

    values: Floats
    certificate: Certificate


def trust_mass(
    graph: CSRGraph,
    seeds: ArrayLike | CheckedVector,
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
    supply = checked_mass("seeds", seeds, graph.n)
    alpha = real_number("alpha", alpha, low=0.0, high=1.0)
    tolerance = tolerance_value(tolerance)
    if max_sweeps is not None:
        max_sweeps = whole_number("max_sweeps", max_sweeps, low=1)
    if transposed is None:
        transposed = graph.transpose()
    require_transpose(graph, transposed)
    worth = TrustWorth(transposed, alpha, tolerance, supply.total)
    operator = Operator.handing_on(graph, transposed, supply.values, alpha, supply.total)
    if hop_limit is not None:
        hops = whole_number("hop_limit", hop_limit, low=0)
        if start is not None:
            raise InvalidArgumentError("start", "means nothing under a hop_limit; leave it out")
        base = operator.point_of((1.0 - alpha) * supply.values)
        values, sweeps = repeat(operator, base, hops)
        return TrustMass(values, worth.of_series(hops, sweeps))
    begin = supply.values if start is None else mass_vector("start", start, graph.n)
    worth.require_reachable()
    values, certificate = solve(
        operator,
        worth.of_fixed_point,
        operator.point_of(begin),
        tolerance=tolerance,
        max_sweeps=max_sweeps,
    )
    return TrustMass(values, certificate)


def distrust_mass(
    graph: CSRGraph,
    seeds: ArrayLike | CheckedVector,
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


class TrustWorth:
    """Bounds for one trust problem: rounding known beforehand, residual measured later."""

    def __init__(
        self, transposed: GraphShape, alpha: float, tolerance: float, supply: float, lanes: int = 4
    ) -> None:
        self.alpha = alpha
        self.tolerance = tolerance
        self.n = transposed.n
        self.supply = norm_1_upward(supply, self.n)
        # Row sum, what is handed out (weight_sum: 2) and c z, products, base, the residual.
        self.gamma = gamma(sum_depth(transposed.longest_row, lanes) + 14)

    def rounding(self, mass: float) -> float:
        """All that rounding can hide in one sweep at a vector of this 1-norm."""
        return self.gamma * ((1.0 - self.alpha) * self.supply + self.alpha * mass) + (
            self.n * UNDERFLOW * max(1.0, 2.0 * self.supply) if self.supply else 0.0
        )

    def require_reachable(self) -> None:
        """Refuse a tolerance that rounding alone exceeds, before any sweep."""
        floor = upward(self.rounding(self.supply) / (1.0 - self.alpha))
        if floor > self.tolerance:
            raise ConvergenceError(
                self.tolerance, floor, 0, "float64 rounding alone is larger; raise the tolerance"
            )

    def of_fixed_point(self, measured: Norms, sweeps: int) -> tuple[Certificate, float]:
        """Certify the point whose norms were measured; return also the bound that counts."""
        residual_inf, residual_1 = measured.residual_inf, measured.residual_1
        mass = norm_1_upward(measured.mass, self.n)
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
        """Certify a truncated series, which nothing but rounding separates from its value."""
        # Each of the hops + 1 evaluations adds its rounding; older ones are damped by α.
        off = upward(self.rounding(upward(self.supply)))
        bound = upward(off * min(hops + 1.0, 1.0 / (1.0 - self.alpha)))
        if bound > self.tolerance:
            raise ConvergenceError(
                self.tolerance, bound, sweeps, "float64 rounding alone is larger"
            )
        return Certificate(0.0, 0.0, off, off, bound, bound, sweeps, self.tolerance)
