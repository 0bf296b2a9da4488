"""Passes over all subjects, fused: beside sweeps even these count."""

# Kernels take plain arrays, one by one; their wrappers hold the records.

import numpy as np

from algorithms.accelerate import kernel
from algorithms.arguments import Floats, Int64s


@kernel
def take_residual(
    fc: Floats, x: Floats, t: Floats, unit: float, by_column: bool
) -> tuple[float, float]:
    """f of r = t · unit − x, t what the operator makes of x; return (max |r|, Σ |r|)."""
    top = total = 0.0
    for i in range(x.size):
        r = t[i] * unit - x[i]
        fc[i, 0] = r if by_column else r * fc[i, 1]
        top = max(top, abs(r))
        total += abs(r)
    return top, total


@kernel
def largest_of(x: Floats) -> float:
    """max |x|."""
    top = 0.0
    for i in range(x.size):
        top = max(top, abs(x[i]))
    return top


@kernel
def report_all(x: Floats, reported: Floats, threshold: float) -> Int64s:
    """Whose value is further than the threshold from what was reported, which it then is."""
    found = np.empty(x.size, np.int64)
    count = 0
    for i in range(x.size):
        if abs(x[i] - reported[i]) > threshold:
            reported[i] = x[i]
            found[count] = i
            count += 1
    return found[:count].copy()
