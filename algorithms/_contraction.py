"""Sweeps of a map whose contraction rate is known, until its certificate holds, or refuses.

Banach's fixed-point theorem: ‖x − x*‖ ≤ ‖Φ(x) − x‖ / (1 − rate) in the norm in which Φ contracts.
For linear maps x = c + M x a rate below 1 exists whenever ρ(|M|) < 1: Collatz (Math. Z. 48, 1942)
and Wielandt (Math. Z. 52, 1950) bound ρ(|M|) by max_i (|M| v)_i / v_i for any v > 0, and the same
number is the rate in the norm max_i |x_i| / v_i.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from algorithms.arguments import Floats
from algorithms.certificate import UNIT_ROUNDOFF, Certificate, norm_1_upward, upward
from algorithms.errors import ConvergenceError

MOST_SWEEPS = 100_000


@dataclass(frozen=True)
class Rate:
    """A rate of contraction in the norm max |x_i| / v_i; ``scale`` v, None for all 1."""

    rate: float
    scale: Floats | None = None


def collatz_wielandt(magnitudes: Callable[[Floats], Floats], n: int, depth: int) -> Rate:
    """Return the best rate that 40 power steps of x -> |M| x find; depth is the rounding of one."""
    v = np.ones(n)
    best = Rate(math.inf)
    for _ in range(40):
        if n == 0:
            return Rate(0.0)
        image = magnitudes(v)
        rate = float((image / v).max()) * (1.0 + 2.0 * depth * UNIT_ROUNDOFF)
        if rate < best.rate:
            best = Rate(upward(rate), v / v.max())
        # I + |M| keeps v positive, and converges where |M| alone would swing between two sides.
        v = np.maximum((v + image) / (v + image).max(), 2.0**-40)
    return best


def contract_inf(
    step: Callable[[Floats], Floats],
    x: Floats,
    *,
    rate: Rate,
    rounding: float,
    tolerance: float,
    max_sweeps: int | None,
) -> tuple[Floats, Certificate]:
    """Iterate until max |x − x*| is certified; ``rounding`` bounds the error of one step."""
    _require_rate(rate.rate, tolerance)
    v = rate.scale
    smallest, largest = (1.0, 1.0) if v is None else (float(v.min(initial=1.0)), 1.0)
    stopped = _Stopped(rate.rate, rounding * largest / smallest, tolerance, max_sweeps)
    sweeps = 0
    while True:
        y = step(x)
        sweeps += 1
        r = np.abs(y - x)
        residual = float((r if v is None else r / v).max(initial=0.0))
        off = upward(rounding / smallest + 4.0 * UNIT_ROUNDOFF * residual)
        bound = upward((upward(residual) + off) * largest / (1.0 - rate.rate))
        if bound <= tolerance:
            residual_1 = float(r.sum())
            return x, Certificate(
                float(r.max(initial=0.0)), residual_1, off, off * x.size, bound,
                upward(bound * x.size), sweeps, tolerance,
            )  # fmt: skip
        stopped.check(bound, sweeps)
        x = y


def contract_1(
    step: Callable[[Floats], Floats],
    x: Floats,
    *,
    rate: float,
    rounding: float,
    tolerance: float,
    max_sweeps: int | None,
) -> tuple[Floats, Certificate]:
    """Iterate until Σ |x − x*| is certified; ``rounding`` bounds the summed error of one step."""
    _require_rate(rate, tolerance)
    stopped = _Stopped(rate, rounding, tolerance, max_sweeps)
    sweeps = 0
    while True:
        y = step(x)
        sweeps += 1
        r = np.abs(y - x)
        residual = float(r.sum())
        off = upward(rounding + 4.0 * UNIT_ROUNDOFF * residual)
        bound = upward((norm_1_upward(residual, x.size) + off) / (1.0 - rate))
        if bound <= tolerance:
            largest = float(r.max(initial=0.0))
            return x, Certificate(largest, residual, off, off, bound, bound, sweeps, tolerance)
        stopped.check(bound, sweeps)
        x = y


class _Stopped:
    """Raises once the tolerance is out of reach."""

    def __init__(self, rate: float, rounding: float, tolerance: float, most: int | None) -> None:
        self.rate, self.tolerance, self.most = rate, tolerance, most
        self.best = math.inf
        self.last_gain = 0
        floor = upward(rounding / (1.0 - rate))
        if floor > tolerance:
            raise ConvergenceError(
                tolerance, floor, 0, "float64 rounding alone is larger; raise the tolerance"
            )

    def check(self, bound: float, sweeps: int) -> None:
        if bound < 0.99 * self.best:
            self.best, self.last_gain = bound, sweeps
        patience = 64 + math.ceil(1.0 / (1.0 - self.rate))
        if sweeps - self.last_gain > patience or sweeps >= MOST_SWEEPS:
            raise ConvergenceError(
                self.tolerance, self.best, sweeps, "rounding keeps the residual up"
            )
        if self.most is not None and sweeps >= self.most:
            raise ConvergenceError(
                self.tolerance, self.best, sweeps, "raise max_sweeps or the tolerance"
            )


def _require_rate(rate: float, tolerance: float) -> None:
    if rate >= 1.0:
        raise ConvergenceError(
            tolerance, math.inf, 0, f"no contraction is known: the rate is {rate:.4g}, not below 1"
        )
