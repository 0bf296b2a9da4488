"""A sweep over a block of rows, and sums of magnitudes that no order can change.

Every row is summed by the code of the full sweeps, so that a block of rows comes to the same bits
as these rows in the whole graph.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms._sweep_kernels import ONE, Unsigned, row_value
from algorithms.accelerate import kernel
from algorithms.arguments import Floats, Int64s

# A float64 is m · 2^(e − 1075), m < 2^53, e its biased exponent (1 for subnormal numbers).
EXPONENTS = 2048
HALF_BITS = 26


@kernel
def row_values(
    indptr: Unsigned,
    places: Unsigned,
    A: Floats,
    by_column: bool,
    sums: Floats,
    own: Floats,
    keep: float,
    damping: float,
    z: Floats,
    t: Floats,
) -> None:
    """t is the operator at z, one value for each row of the block."""
    i = np.uint64(0)
    while i < np.uint64(t.size):
        c = sums[i] if sums[i] > 0.0 else 1.0
        t[i] = row_value(indptr, places, A, by_column, c, own[i], keep, damping, z, i)
        i += ONE


@kernel
def count_by_exponent(bits: NDArray[Any], high: Int64s, low: Int64s) -> None:
    """Add the two halves of each mantissa to what its exponent has; exact below 2^36 values."""
    half = np.uint64((1 << HALF_BITS) - 1)
    for k in range(bits.size):
        exponent = np.int64((bits[k] >> np.uint64(52)) & np.uint64(EXPONENTS - 1))
        mantissa = bits[k] & np.uint64((1 << 52) - 1)
        if exponent > 0:
            mantissa |= np.uint64(1 << 52)
        else:
            exponent = np.int64(1)
        high[exponent] += np.int64(mantissa >> np.uint64(HALF_BITS))
        low[exponent] += np.int64(mantissa & half)
