"""Loops behind normalize: one division for each link."""

import numpy as np
from numba import prange

from algorithms.accelerate import parallel_kernel
from algorithms.arguments import Floats, Int32s, Int64s


@parallel_kernel
def divided_by_row(indptr: Int64s, weights: Floats, sums: Floats, n: int) -> Floats:
    """w_ij / S_i."""
    W = np.empty(weights.size, np.float64)
    for i in prange(n):
        for k in range(indptr[i], indptr[i + 1]):
            W[k] = weights[k] / sums[i]
    return W


@parallel_kernel
def divided_by_column(indices: Int32s, weights: Floats, sums: Floats) -> Floats:
    """w_ji / S_j, links grouped by i."""
    P = np.empty(weights.size, np.float64)
    for k in prange(weights.size):
        P[k] = weights[k] / sums[indices[k]]
    return P
