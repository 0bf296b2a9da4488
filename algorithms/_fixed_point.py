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
    # Residuals and steps, newest first; in float32, as they only choose a direction.
    f = [np.zeros(operator.n, np.float32) for _ in range(3)]
    d = [np.zeros(operator.n, np.float32) for _ in range(2)]
    limit = math.inf if max_sweeps is None else max_sweeps
    best = first = last = mixed_until = math.inf
    sweeps = 0
    while sweeps < min(limit, mixed_until):
        norms = operator.measure(z, *f)
        sweeps += 1
        certificate, bound = judge(norms, sweeps)
        if bound <= tolerance:
            return operator.values_at(z), certificate
        if sweeps == 1:
            # Plain sweeps would be done by then.
            first = bound
            mixed_until = enough(bound, tolerance, operator.damping)
        best, last = min(best, bound), bound
        g1, g2 = mixing.weights(norms)
        operator.mix(g1, g2, z, (*f, *d))
        f, d = [f[2], f[0], f[1]], [d[1], d[0]]
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
        # Inner products of f with itself and its two elders, for this point and the last two.
        self._products: list[tuple[float, float, float]] = []

    def weights(self, norms: Norms) -> tuple[float, float]:
        """Return g that minimises ‖f − g1 (f − f1) − g2 (f1 − f2)‖, as far as it is determined."""
        self._products = [norms.products, *self._products][:3]
        if len(self._products) == 1:
            return 0.0, 0.0
        (a, b, c), (d, e, _), (h, _, _) = (*self._products, (0.0, 0.0, 0.0))[:3]
        # Gram matrix and right side of the differences u = f − f1, v = f1 − f2.
        u_u, u_f = a - 2.0 * b + d, a - b
        if len(self._products) == 3:
            v_v, u_v, v_f = d - 2.0 * e + h, b - d - c + e, b - c
            det = u_u * v_v - u_v * u_v
            if det > 1e-8 * u_u * v_v:
                return (u_f * v_v - v_f * u_v) / det, (v_f * u_u - u_f * u_v) / det
        return (u_f / u_u if u_u > 1e-12 * a else 0.0), 0.0


def enough(bound: float, tolerance: float, damping: float) -> int:
    """Return how many plain sweeps bring the bound down to the tolerance, and some."""
    # The residual falls by the damping at least, in exact arithmetic; 32 more for rounding.
    if damping == 0.0 or bound <= tolerance:
        return 32
    return 32 + math.ceil(math.log(tolerance / bound) / math.log(damping))
