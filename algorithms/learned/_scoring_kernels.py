"""Forward passes of the networks over every subject, each sum in its one order.

Rows are independent, so the number of threads moves no bit. Names follow the papers: x features,
W weights (in, out), b bias, a attention.
"""

import numpy as np
from numba import prange

from algorithms.accelerate import parallel_kernel
from algorithms.arguments import Floats, Int32s, Int64s
from algorithms.learned.messages import Singles

SLOPE = np.float32(0.2)
NOTHING = np.float32(0.0)


@parallel_kernel
def dense(x: Singles, W: Singles, y: Singles) -> None:
    """Add x W to y."""
    for i in prange(x.shape[0]):
        # y[i] holds the inputs before k.
        for k in range(x.shape[1]):
            value = x[i, k]
            for j in range(W.shape[1]):
                y[i, j] += value * W[k, j]


@parallel_kernel
def relation_means(
    indptr: Int64s, sender: Int32s, relation: np.ndarray, wanted: int, x: Singles, y: Singles
) -> None:
    """Write the mean of x over the senders of one relation; 0 where there is none."""
    for i in prange(indptr.size - 1):
        y[i, :] = NOTHING
        count = 0
        for e in range(indptr[i], indptr[i + 1]):
            if relation[e] == wanted:
                count += 1
                for j in range(x.shape[1]):
                    y[i, j] += x[sender[e], j]
        if count > 0:
            for j in range(x.shape[1]):
                y[i, j] /= np.float32(count)


@parallel_kernel
def attended(
    indptr: Int64s, sender: Int32s, z: Singles, heads: int, x_l: Singles, x_r: Singles,
    W_e: Singles, a: Singles, y: Singles,
) -> None:  # fmt: skip
    """Add Σ_e softmax(a · leaky(x_l[j] + x_r[i] + W_e z_e)) x_l[j] to y, head by head."""
    width = a.size // heads
    for i in prange(indptr.size - 1):
        first, last = indptr[i], indptr[i + 1]
        if first == last:
            continue
        told = np.empty((last - first, heads), np.float64)
        for e in range(first, last):
            j = sender[e]
            for h in range(heads):
                total = 0.0
                for c in range(h * width, (h + 1) * width):
                    s = x_l[j, c] + x_r[i, c]
                    for k in range(z.shape[1]):
                        s += z[e, k] * W_e[k, c]
                    total += a[c] * (s if s > NOTHING else SLOPE * s)
                told[e - first, h] = total
        for h in range(heads):
            # Less the largest, no exponential overflows.
            largest = told[:, h].max()
            whole = 0.0
            for e in range(last - first):
                told[e, h] = np.exp(told[e, h] - largest)
                whole += told[e, h]
            for e in range(first, last):
                share = np.float32(told[e - first, h] / whole)
                for c in range(h * width, (h + 1) * width):
                    y[i, c] += share * x_l[sender[e], c]


@parallel_kernel
def rectified(y: Singles) -> None:
    """Replace what is negative by 0."""
    for i in prange(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = max(y[i, j], NOTHING)


def mean_and_spread(logits: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation over members, from (members, n), summed in order."""
    mean, square = np.zeros(logits.shape[1]), np.zeros(logits.shape[1])
    for each in logits:
        mean += each / logits.shape[0]
    for each in logits:
        square += (each - mean) ** 2 / logits.shape[0]
    return mean, np.sqrt(square)
