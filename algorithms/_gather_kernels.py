"""y_i = Σ_j A_ij x_j over every row: the pass that the walks and local rules of the field share.

Rows are independent and each is summed in order, so the number of threads moves no bit.
"""

import numpy as np
from numba import prange

from algorithms.accelerate import parallel_kernel, threads_worth
from algorithms.arguments import Floats, Int32s, Int64s
from algorithms.csr import CSRGraph


@parallel_kernel
def gathered(indptr: Int64s, indices: Int32s, A: Floats | None, x: Floats, y: Floats) -> None:
    """Write Σ_j A_ij x_j to y; A is None where every weight is 1."""
    for i in prange(y.size):
        total = 0.0
        # total holds the links of row i before k.
        for k in range(indptr[i], indptr[i + 1]):
            if A is None:
                total += x[indices[k]]
            else:
                total += A[k] * x[indices[k]]
        y[i] = total


def gather(graph: CSRGraph, x: Floats) -> Floats:
    """Return A x with A the graph's weights, each row summed over its out-links in order."""
    y = np.empty(graph.n)
    with threads_worth(graph.n + graph.m):
        gathered(graph.indptr, graph.indices, graph.weights, np.ascontiguousarray(x), y)
    return y
