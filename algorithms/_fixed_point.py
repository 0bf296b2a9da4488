"""Sweeps until a certificate holds, or refuses: the loop that exposure and trust mass share.

Anderson mixing of the last three points: Anderson, Iterative procedures for nonlinear integral
equations, J. ACM 12 (1965), §4, with the normal equations of Walker & Ni, SIAM J. Numer. Anal. 49
(2011), eq. 2.2. Mixing only chooses where to look next; what is returned is the point at which
the residual was measured, so no bound depends on it.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from algorithms._corners import Corners
from algorithms._operator import Norms, Operator
from algorithms.arguments import Floats
from algorithms.certificate import Certificate
from algorithms.errors import ConvergenceError

Judge: TypeAlias = Callable[[Norms, int], tuple[Certificate, float]]
"""Certify the point whose norms were measured; return the certificate and the bound that counts."""


def solve(
    operator: Operator,
    judge: Judge,
    z: Floats,
    *,
    tolerance: float,
    max_sweeps: int | None,
) -> tuple[Floats, Certificate]:
    """Iterate from z; return the values at which the residual was measured, and their worth."""
    mixing = Mixing()
    # Residual, its change, the last step and the last d + u; in float32, as they only choose a
    # direction.
    f, u, d, e = (np.zeros(operator.n, np.float32) for _ in range(4))
    # A row whose residual is below half of what counts is settled.
    settled = 0.5 * tolerance * (1.0 - operator.damping)
    corners = Corners.of(operator, settled)
    limit = math.inf if max_sweeps is None else max_sweeps
    best = first = last = mixed_until = math.inf
    sweeps = 0
    while sweeps < min(limit, mixed_until):
        norms = operator.measure(z, f, u, settled)
        sweeps += 1
        certificate, bound = judge(norms, sweeps)
        if bound <= tolerance:
            return operator.values_at(z), certificate
        if sweeps == 1:
            # Plain sweeps would be done by then.
            first = bound
            mixed_until = enough(bound, tolerance, operator.damping)
        best, last = min(best, bound), bound
        if corners is not None and corners.are_all_that_is_left(norms):
            corners.settle(z, f, u)
            mixing = Mixing()
            continue
        g1, g2 = mixing.weights(norms)
        operator.mix(g1, g2, z, (f, u, d, e))
    if not last <= first:
        z = operator.point_of(operator.own)
    return _plainly(operator, judge, z, tolerance, max_sweeps, sweeps, best)


def _plainly(
    operator: Operator,
    judge: Judge,
    z: Floats,
    tolerance: float,
    max_sweeps: int | None,
    sweeps: int,
    best: float,
) -> tuple[Floats, Certificate]:
    """Plain sweeps, which cannot but converge until rounding stops them."""
    y = np.empty_like(z)
    limit = max_sweeps
    is_averaging = False
    last = math.inf
    while limit is None or sweeps < limit:
        norms = operator.step(z, y)
        sweeps += 1
        certificate, bound = judge(norms, sweeps)
        if bound <= tolerance:
            return operator.values_at(z), certificate
        # Exact sweeps shrink the residual by the damping. Less means that rounding goes round in
        # a cycle, up to 1/(1 − damping) too high; the mean of z and y breaks every such cycle.
        if not is_averaging and bound > last * 0.5 * (1.0 + operator.damping):
            is_averaging = True
        if limit is None:
            limit = sweeps + 2 * enough(bound, tolerance, operator.damping)
        best, last = min(best, bound), bound
        if is_averaging:
            np.add(z, y, out=y)
            y *= 0.5
        z, y = y, z
    raise ConvergenceError(
        tolerance,
        best,
        sweeps,
        "raise max_sweeps or the tolerance"
        if max_sweeps is not None
        else "rounding keeps the residual up; raise the tolerance",
    )


def repeat(operator: Operator, z: Floats, hops: int) -> tuple[Floats, int]:
    """Apply the operator ``hops`` times; stop early where it no longer moves a bit."""
    y = np.empty_like(z)
    for done in range(hops):
        norms = operator.step(z, y)
        z, y = y, z
        if norms.residual_inf == 0.0:
            return operator.values_at(z), done + 1
    return operator.values_at(z), hops


class Mixing:
    """The weights of the last three points: they choose a direction, they carry no value."""

    def __init__(self) -> None:
        self._points = 0
        # Inner product of the last change of f with itself.
        self._v_v = 0.0

    def weights(self, norms: Norms) -> tuple[float, float]:
        """Return g that minimises ‖f − g1 u − g2 v‖, as far as it is determined."""
        f_f, f_u, f_v, u_u, u_v = norms.products
        v_v, self._v_v = self._v_v, u_u
        self._points += 1
        if self._points == 1:
            return 0.0, 0.0
        if self._points > 2:
            det = u_u * v_v - u_v * u_v
            if det > 1e-8 * u_u * v_v:
                return (f_u * v_v - f_v * u_v) / det, (f_v * u_u - f_u * u_v) / det
        return (f_u / u_u if u_u > 1e-12 * f_f else 0.0), 0.0


def enough(bound: float, tolerance: float, damping: float) -> int:
    """Return how many plain sweeps bring the bound down to the tolerance, and some."""
    # The residual falls by the damping at least, in exact arithmetic; 32 more for rounding.
    if damping == 0.0 or bound <= tolerance:
        return 32
    return 32 + math.ceil(math.log(tolerance / bound) / math.log(damping))
