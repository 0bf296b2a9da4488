"""Sweeps of x -> Φ(x) until a certificate holds, or refuses: what is left of a fixed point's error.

If |Φ(x) − Φ(y)| <= |M| |x − y| entry by entry and ρ(|M|) < 1, then the error at x is at most
(I − |M|)⁻¹ |r| with r = Φ(x) − x, so ‖x − x*‖∞ <= K ‖r‖∞ with K the largest row sum of that
inverse. Any v > 0 with v − |M| v >= s > 0 shows both: K <= max v / s (Berman & Plemmons,
Nonnegative Matrices in the Mathematical Sciences, 1994, ch. 6, I27 and N38).
"""

import math
from collections.abc import Callable

import numpy as np

from algorithms.arguments import Floats
from algorithms.certificate import UNIT_ROUNDOFF, Certificate, gamma, norm_1_upward, upward
from algorithms.errors import ConvergenceError

MOST_SWEEPS = 100_000
MOST_TERMS = 500


def amplification(magnitudes: Callable[[Floats], Floats], n: int, depth: int) -> float:
    """Return a bound of ‖(I − |M|)⁻¹‖∞ for x -> |M| x, inf where none is found.

    ``depth`` is the rounding depth of one application.
    """
    if n == 0:
        return 1.0
    term, v = np.ones(n), np.ones(n)
    for _ in range(MOST_TERMS):
        # v is the sum of all |M|^j 1 up to this term.
        term = magnitudes(term)
        largest = float(term.max())
        if largest <= 0.01:
            break
        if not largest < 1e6:
            return math.inf
        v += term
    slack = v - magnitudes(v) * (1.0 + 2.0 * gamma(depth + 4)) - v * UNIT_ROUNDOFF
    smallest = float(slack.min())
    return upward(float(v.max()) / smallest) if smallest > 0.0 else math.inf


def contract_inf(
    step: Callable[[Floats], Floats],
    x: Floats,
    *,
    amplified: float,
    rounding: float,
    tolerance: float,
    max_sweeps: int | None,
) -> tuple[Floats, Certificate]:
    """Iterate until max |x − x*| is certified; ``rounding`` bounds the largest error of a step."""
    watch = _Watch(amplified, rounding, tolerance, max_sweeps)
    sweeps = 0
    while True:
        y = step(x)
        sweeps += 1
        r = np.abs(y - x)
        largest = float(r.max(initial=0.0))
        off = upward(rounding + 4.0 * UNIT_ROUNDOFF * largest)
        bound = upward((largest + off) * amplified)
        if bound <= tolerance:
            return x, Certificate(
                largest, float(r.sum()), off, upward(off * x.size), bound,
                upward(bound * x.size), sweeps, tolerance,
            )  # fmt: skip
        watch.go_on(bound, sweeps)
        x = y


def contract_1(
    step: Callable[[Floats], Floats],
    x: Floats,
    *,
    amplified: float,
    rounding: float,
    tolerance: float,
    max_sweeps: int | None,
) -> tuple[Floats, Certificate]:
    """Iterate until Σ |x − x*| is certified; ``rounding`` bounds the summed error of a step."""
    watch = _Watch(amplified, rounding, tolerance, max_sweeps)
    sweeps = 0
    while True:
        y = step(x)
        sweeps += 1
        r = np.abs(y - x)
        residual = float(r.sum())
        off = upward(rounding + 4.0 * UNIT_ROUNDOFF * residual)
        bound = upward((norm_1_upward(residual, x.size) + off) * amplified)
        if bound <= tolerance:
            largest = float(r.max(initial=0.0))
            return x, Certificate(largest, residual, off, off, bound, bound, sweeps, tolerance)
        watch.go_on(bound, sweeps)
        x = y


class _Watch:
    """Raises once the tolerance is out of reach."""

    def __init__(
        self, amplified: float, rounding: float, tolerance: float, most: int | None
    ) -> None:
        self.patience = 64 + math.ceil(amplified) if amplified < MOST_SWEEPS else MOST_SWEEPS
        self.tolerance, self.most = tolerance, most
        self.best = math.inf
        self.last_gain = 0
        if amplified == math.inf:
            raise ConvergenceError(
                tolerance, math.inf, 0, "no contraction was found; weaken the coupling"
            )
        floor = upward(rounding * amplified)
        if floor > tolerance:
            raise ConvergenceError(
                tolerance, floor, 0, "float64 rounding alone is larger; raise the tolerance"
            )

    def go_on(self, bound: float, sweeps: int) -> None:
        if bound < 0.99 * self.best:
            self.best, self.last_gain = bound, sweeps
        if sweeps - self.last_gain > self.patience or sweeps >= MOST_SWEEPS:
            raise ConvergenceError(
                self.tolerance, self.best, sweeps, "rounding keeps the residual up"
            )
        if self.most is not None and sweeps >= self.most:
            raise ConvergenceError(
                self.tolerance, self.best, sweeps, "raise max_sweeps or the tolerance"
            )
