"""EigenTrust: a global reputation, the stationary vector of everybody's normalised local trust.

Kamvar, Schlosser & Garcia-Molina, The EigenTrust algorithm for reputation management in P2P
networks, WWW 2003, algorithm 2: t = (1 − a) Cᵀ t + a p, C the row-normalised local trust, a row
without trust replaced by p.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from algorithms.arguments import CheckedVector, Floats, checked_mass, real_number, tolerance_value
from algorithms.certificate import Certificate, upward
from algorithms.csr import CSRGraph
from algorithms.errors import ConvergenceError, InvalidArgumentError
from algorithms.trust_mass import trust_mass


@dataclass(frozen=True, eq=False)
class EigenTrust:
    """Reputation of every subject: ``values`` float64 (n,), Σ = 1, and what they are worth."""

    values: Floats
    certificate: Certificate


def eigentrust(
    graph: CSRGraph,
    pretrusted: ArrayLike | CheckedVector,
    a: float,
    tolerance: float,
    *,
    max_sweeps: int | None = None,
    transposed: CSRGraph | None = None,
) -> EigenTrust:
    """Return the global trust vector, Σ of its errors within ``tolerance``.

    A subject that trusts nobody trusts the pre-trusted. That is trust mass, which lets such
    subjects' mass go, divided by its sum s: with y within b of trust mass in the 1-norm, y/s is
    within 2 b/s of t, and s is at least a for pre-trust of sum 1.

    Args:
        graph: local trust, row i what i trusts; negative experience is no link (their max(s, 0)).
        pretrusted: p, float (n,), each >= 0, one positive at least; divided by its sum.
        a: share of trust that is always given to the pre-trusted, in (0, 1).
        tolerance: largest acceptable sum of errors, > 0.
        max_sweeps: give up after so many passes; None for as many as 1 − a can need.
        transposed: ``graph.transpose()`` where it is at hand.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: the tolerance was not certified.

    >>> eigentrust(CSRGraph.from_edges([0], [1]), [1.0, 0.0], 0.5, 1e-9).values.round(6)
    array([0.666667, 0.333333])
    """
    supply = checked_mass("pretrusted", pretrusted, graph.n)
    if supply.total <= 0.0:
        raise InvalidArgumentError("pretrusted", "is 0 everywhere; one subject must be trusted")
    share = real_number("a", a, low=0.0, high=1.0)
    if share == 0.0:
        raise InvalidArgumentError("a", "is 0; it must be in (0, 1)")
    tolerance = tolerance_value(tolerance)
    result = trust_mass(
        graph,
        supply.values / supply.total,
        1.0 - share,
        # One part in 64 is left for the division and for s, which is measured, not exact.
        tolerance * share * (0.5 - 1.0 / 64.0),
        max_sweeps=max_sweeps,
        transposed=transposed,
    )
    s = float(result.values.sum())
    # Division and the sum itself: a few roundings of values that sum to 1.
    hidden = (graph.n + 4) * 2.0**-53
    bound = upward(2.0 * result.certificate.bound_1 / s + hidden)
    if bound > tolerance:
        raise ConvergenceError(
            tolerance, bound, result.certificate.sweeps, "float64 rounding alone is larger"
        )
    certificate = replace(result.certificate, bound_1=bound, bound_inf=bound, tolerance=tolerance)
    return EigenTrust(np.asarray(result.values / s), certificate)
