"""Sums of magnitudes as whole numbers: equal however the values are cut up and ordered.

Every float64 is a whole number of 2^−1074, and whole numbers have no rounding. The idea is that of
Kulisch's long accumulator (Kulisch, Computer Arithmetic and Validity, 2013, ch. 8).
"""

import numpy as np

from algorithms._row_block_kernels import EXPONENTS, HALF_BITS, count_by_exponent
from algorithms.arguments import Floats

UNITS_IN_ONE = 1 << 1074


def exact_sum(magnitudes: Floats) -> int:
    """Return Σ |v| in units of 2^−1074, exactly.

    Args:
        magnitudes: float64 (n,), finite; signs are ignored.

    >>> exact_sum(np.array([0.5, -0.25])) / UNITS_IN_ONE
    0.75
    """
    high, low = np.zeros(EXPONENTS, np.int64), np.zeros(EXPONENTS, np.int64)
    count_by_exponent(np.ascontiguousarray(np.abs(magnitudes)).view(np.uint64), high, low)
    total = 0
    for exponent in np.flatnonzero(high | low).tolist():
        total += ((int(high[exponent]) << HALF_BITS) + int(low[exponent])) << (exponent - 1)
    return total


def rounded(units: int) -> float:
    """Return a sum of `exact_sum` as the nearest float64.

    >>> rounded(exact_sum(np.full(10, 0.1)))
    1.0
    """
    return units / UNITS_IN_ONE
