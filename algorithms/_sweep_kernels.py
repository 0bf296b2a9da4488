"""One pass y = base + damping · A x over all rows, with the norms of r = y − x measured in it.

Rows are cut into fixed blocks and every sum has a fixed order, so the number of threads moves
no bit. Shared by exposure (A = W) and trust mass (A = P).
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

import numpy as np
from numba import prange

from algorithms.accelerate import GRAIN, kernel, parallel_kernel
from algorithms.arguments import Floats, Int32s, Int64s

# A sum of d terms has rounding depth min(d / 4, 128) and a little: certificate.sum_depth.
SUM_BLOCK = 512


@kernel
def gathered_block(x: Floats, indices: Int32s, first: int, last: int) -> float:
    """Σ x_j over one block of links, in four lanes."""
    s0 = s1 = s2 = s3 = 0.0
    k = first
    # Lane l holds the links first + l, first + l + 4, …
    while k + 4 <= last:
        s0 += x[indices[k]]
        s1 += x[indices[k + 1]]
        s2 += x[indices[k + 2]]
        s3 += x[indices[k + 3]]
        k += 4
    while k < last:
        s0 += x[indices[k]]
        k += 1
    return (s0 + s1) + (s2 + s3)


@kernel
def weighted_block(x: Floats, indices: Int32s, A: Floats, first: int, last: int) -> float:
    """Σ A_ij x_j over one block of links, in four lanes."""
    s0 = s1 = s2 = s3 = 0.0
    k = first
    # Lane l holds the links first + l, first + l + 4, …
    while k + 4 <= last:
        s0 += A[k] * x[indices[k]]
        s1 += A[k + 1] * x[indices[k + 1]]
        s2 += A[k + 2] * x[indices[k + 2]]
        s3 += A[k + 3] * x[indices[k + 3]]
        k += 4
    while k < last:
        s0 += A[k] * x[indices[k]]
        k += 1
    return (s0 + s1) + (s2 + s3)


@kernel
def gathered_sum(x: Floats, indices: Int32s, first: int, last: int) -> float:
    """Σ x_j over a row; the blocks of a hub are added with compensation (Neumaier, 1974)."""
    if last - first <= SUM_BLOCK:
        return gathered_block(x, indices, first, last)
    total = 0.0
    lost = 0.0
    # total + lost is the sum of the blocks before `at`.
    for at in range(first, last, SUM_BLOCK):
        part = gathered_block(x, indices, at, min(at + SUM_BLOCK, last))
        grown = total + part
        if abs(total) >= abs(part):
            lost += (total - grown) + part
        else:
            lost += (part - grown) + total
        total = grown
    return total + lost


@kernel
def weighted_sum(x: Floats, indices: Int32s, A: Floats, first: int, last: int) -> float:
    """Σ A_ij x_j over a row; the blocks of a hub are added with compensation."""
    if last - first <= SUM_BLOCK:
        return weighted_block(x, indices, A, first, last)
    total = 0.0
    lost = 0.0
    # total + lost is the sum of the blocks before `at`.
    for at in range(first, last, SUM_BLOCK):
        part = weighted_block(x, indices, A, at, min(at + SUM_BLOCK, last))
        grown = total + part
        if abs(total) >= abs(part):
            lost += (total - grown) + part
        else:
            lost += (part - grown) + total
        total = grown
    return total + lost


@parallel_kernel
def sweep_weighted(
    blocks: Int64s,
    indptr: Int64s,
    indices: Int32s,
    A: Floats,
    base: Floats,
    damping: float,
    low: float,
    high: float,
    x: Floats,
    y: Floats,
    worst: Floats,
    mass: Floats,
) -> None:
    """y_i = base_i + damping Σ_j A_ij x_j, kept in [low, high]."""
    for b in prange(blocks.size - 1):
        top = 0.0
        total = 0.0
        # top and total are the norms of r over the block's rows before i.
        for i in range(blocks[b], blocks[b + 1]):
            t = base[i] + damping * weighted_sum(x, indices, A, indptr[i], indptr[i + 1])
            r = abs(t - x[i])
            top = max(top, r)
            total += r
            y[i] = min(max(t, low), high)
        worst[b] = top
        mass[b] = total


@parallel_kernel
def sweep_mean(
    blocks: Int64s,
    indptr: Int64s,
    indices: Int32s,
    base: Floats,
    damping: float,
    low: float,
    high: float,
    x: Floats,
    y: Floats,
    worst: Floats,
    mass: Floats,
) -> None:
    """y_i = base_i + damping · (mean of x over the row), kept in [low, high]."""
    for b in prange(blocks.size - 1):
        top = 0.0
        total = 0.0
        # top and total are the norms of r over the block's rows before i.
        for i in range(blocks[b], blocks[b + 1]):
            degree = indptr[i + 1] - indptr[i]
            t = base[i]
            if degree > 0:
                t += damping * (gathered_sum(x, indices, indptr[i], indptr[i + 1]) / degree)
            r = abs(t - x[i])
            top = max(top, r)
            total += r
            y[i] = min(max(t, low), high)
        worst[b] = top
        mass[b] = total


@parallel_kernel
def sweep_shared(
    blocks: Int64s,
    indptr: Int64s,
    indices: Int32s,
    out_degree: Floats,
    base: Floats,
    damping: float,
    z: Floats,
    x: Floats,
    y: Floats,
    worst: Floats,
    mass: Floats,
) -> None:
    """y_i = base_i + damping Σ_j z_j over in-links, where z_j = x_j / out-degree of j."""
    for i in prange(x.size):
        z[i] = x[i] / max(out_degree[i], 1.0)
    for b in prange(blocks.size - 1):
        top = 0.0
        total = 0.0
        # top and total are the norms of r over the block's rows before i.
        for i in range(blocks[b], blocks[b + 1]):
            t = base[i] + damping * gathered_sum(z, indices, indptr[i], indptr[i + 1])
            r = abs(t - x[i])
            top = max(top, r)
            total += r
            y[i] = t
        worst[b] = top
        mass[b] = total


def row_blocks(indptr: Int64s, cost: int = GRAIN) -> Int64s:
    """Cut the rows where every ``cost`` rows and links are full: a function of the graph alone."""
    n = indptr.size - 1
    filled = indptr + np.arange(n + 1)
    marks = np.searchsorted(filled, np.arange(0, int(filled[-1]), cost), side="left")
    return np.unique(np.append(marks, [0, n])).astype(np.int64)
