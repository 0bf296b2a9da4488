"""Sweeps until a certificate holds, or refuses: the loop that exposure and trust mass share."""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from algorithms.accelerate import threads_worth
from algorithms.arguments import Floats
from algorithms.certificate import Certificate
from algorithms.errors import ConvergenceError

Sweep: TypeAlias = Callable[[Floats, Floats], tuple[float, float]]
"""Write y = base + damping · A x; return (‖y − x‖∞, ‖y − x‖₁) as they were measured."""

Judge: TypeAlias = Callable[[float, float, Floats, int], tuple[Certificate, float]]
"""Certify x from its measured residual; return the certificate and the bound that counts."""


def norms(worst: Floats, mass: Floats) -> tuple[float, float]:
    """Join the norms of the row blocks; fsum is exact, so no order can matter."""
    return float(worst.max(initial=0.0)), math.fsum(mass)


def solve(
    sweep: Sweep,
    judge: Judge,
    x: Floats,
    *,
    damping: float,
    tolerance: float,
    max_sweeps: int | None,
    work: int,
) -> tuple[Floats, Certificate]:
    """Iterate from x; return the vector at which the residual was measured, and its worth.

    ``work`` counts the rows and links of one sweep.
    """
    y = np.empty_like(x)
    limit = max_sweeps
    best = last = math.inf
    sweeps = 0
    is_averaging = False
    while limit is None or sweeps < limit:
        with threads_worth(work):
            residual_inf, residual_1 = sweep(x, y)
        sweeps += 1
        certificate, bound = judge(residual_inf, residual_1, x, sweeps)
        if bound <= tolerance:
            return x, certificate
        # Exact sweeps shrink the residual by the damping. Less means that rounding goes round in
        # a cycle, up to 1/(1 − damping) too high; the mean of x and y breaks every such cycle.
        if not is_averaging and bound > last * 0.5 * (1.0 + damping):
            is_averaging = True
        if limit is None:
            limit = sweeps + 2 * _enough(bound, tolerance, damping)
        best, last = min(best, bound), bound
        if is_averaging:
            np.add(x, y, out=y)
            y *= 0.5
        x, y = y, x
    raise ConvergenceError(
        tolerance,
        best,
        sweeps,
        "raise max_sweeps or the tolerance"
        if max_sweeps is not None
        else "rounding keeps the residual up; raise the tolerance",
    )


def repeat(sweep: Sweep, x: Floats, hops: int, *, work: int) -> tuple[Floats, int]:
    """Apply the sweep ``hops`` times; stop early where it no longer moves a bit."""
    y = np.empty_like(x)
    for done in range(hops):
        with threads_worth(work):
            residual_inf, _ = sweep(x, y)
        x, y = y, x
        if residual_inf == 0.0:
            return x, done + 1
    return x, hops


def _enough(bound: float, tolerance: float, damping: float) -> int:
    # The residual falls by the damping at least, in exact arithmetic; 32 more for rounding.
    if damping == 0.0:
        return 32
    return 32 + math.ceil(math.log(tolerance / bound) / math.log(damping))
