"""Passes over all links: residuals measured, the next point mixed, the plain step.

Exposure and trust mass are one loop. Both gather z over a row: exposure has z = x and divides the
sum by its row's weight, trust has z_j = t_j / (weight that j hands out) and does not. So neither
needs normalised weights beside the graph. With c_j = 1 or that weight, values are c_j z_j.

Rows are cut into fixed blocks and every sum has a fixed order, so the number of threads moves
no bit. Indices are unsigned: Numba tests each signed one for wraparound, which costs more than
the gather itself.
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

from typing import Any, TypeAlias

import numpy as np
from numba import prange
from numpy.typing import NDArray

from algorithms.accelerate import GRAIN, inlined_kernel, kernel, parallel_kernel
from algorithms.arguments import Floats, Int64s

Unsigned: TypeAlias = NDArray[Any]
"""uint64 row pointers or uint32 column indices: views of those of the graph."""
Singles: TypeAlias = NDArray[np.float32]

# A sum of d terms has rounding depth min(d / 4, 128) and a little: certificate.sum_depth.
SUM_BLOCK = np.uint64(512)
ONE, TWO, THREE, FOUR = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)


@inlined_kernel
def block_sum(z: Floats, indices: Unsigned, A: Floats | None, first: Any, last: Any) -> float:
    """Σ A_ij z_j over one block of links, in four lanes; A is None where every weight is 1."""
    s0 = s1 = s2 = s3 = 0.0
    k = first
    # Lane l holds the links first + l, first + l + 4, …
    while k + FOUR <= last:
        if A is None:
            s0 += z[indices[k]]
            s1 += z[indices[k + ONE]]
            s2 += z[indices[k + TWO]]
            s3 += z[indices[k + THREE]]
        else:
            s0 += A[k] * z[indices[k]]
            s1 += A[k + ONE] * z[indices[k + ONE]]
            s2 += A[k + TWO] * z[indices[k + TWO]]
            s3 += A[k + THREE] * z[indices[k + THREE]]
        k += FOUR
    while k < last:
        if A is None:
            s0 += z[indices[k]]
        else:
            s0 += A[k] * z[indices[k]]
        k += ONE
    return (s0 + s1) + (s2 + s3)


@kernel
def hub_sum(z: Floats, indices: Unsigned, A: Floats | None, first: Any, last: Any) -> float:
    """The blocks of a long row, added with compensation (Neumaier, 1974)."""
    total = 0.0
    lost = 0.0
    at = first
    # total + lost is the sum of the blocks before `at`.
    while at < last:
        part = block_sum(z, indices, A, at, min(at + SUM_BLOCK, last))
        grown = total + part
        if abs(total) >= abs(part):
            lost += (total - grown) + part
        else:
            lost += (part - grown) + total
        total = grown
        at += SUM_BLOCK
    return total + lost


@inlined_kernel
def row_value(
    indptr: Unsigned,
    indices: Unsigned,
    A: Floats | None,
    by_column: bool,
    c: float,
    base: float,
    keep: float,
    damping: float,
    z: Floats,
    i: Any,
) -> float:
    """base_i + damping Σ_j A_ij z_j, divided by the row's weight c in case of exposure."""
    first, last = indptr[i], indptr[i + ONE]
    if first == last:
        # Without contacts exposure is one's own risk; trust is what the seed keeps.
        return keep * base if by_column else base
    if last - first <= SUM_BLOCK:
        total = block_sum(z, indices, A, first, last)
    else:
        total = hub_sum(z, indices, A, first, last)
    return keep * base + damping * (total if by_column else total / c)


@parallel_kernel
def residuals(
    blocks: Int64s,
    indptr: Unsigned,
    indices: Unsigned,
    A: Floats | None,
    sums: Floats,
    by_column: bool,
    own: Floats,
    keep: float,
    damping: float,
    z: Floats,
    f: Singles,
    u: Singles,
    core: Any,
    settled: float,
    norms: Floats,
) -> None:
    """f = r / c, r the residual at z, and u = f − f before; v is u before, w weighs a row.

    norms: max |r|, Σ |r|, Σ |c z|, links of rows with |r| > settled, Σ w (f², f u, f v, u², u v).
    Rows of fewer than ``core`` links weigh nothing; the others what they hand out or average over.
    """
    for b in prange(blocks.size - 1):
        top = total = mass = busy = f_f = f_u = f_v = u_u = u_v = 0.0
        i = np.uint64(blocks[b])
        # The sums are those over the block's rows before i.
        while i < np.uint64(blocks[b + 1]):
            c = sums[i] if sums[i] > 0.0 else 1.0
            w = c
            t = row_value(indptr, indices, A, by_column, c, own[i], keep, damping, z, i)
            if not by_column:
                c = 1.0
            x = c * z[i]
            r = t - x
            top = max(top, abs(r))
            total += abs(r)
            mass += x
            links = indptr[i + ONE] - indptr[i]
            if abs(r) > settled:
                busy += links
            v = u[i]
            before = f[i]
            f[i] = r / c if by_column else r
            u[i] = f[i] - before
            if links >= core:
                weighted = w * np.float64(f[i])
                f_f += weighted * f[i]
                f_u += weighted * u[i]
                f_v += weighted * v
                weighted = w * np.float64(u[i])
                u_u += weighted * u[i]
                u_v += weighted * v
            i += ONE
        norms[b, 0] = top
        norms[b, 1] = total
        norms[b, 2] = mass
        norms[b, 3] = busy
        norms[b, 4] = f_f
        norms[b, 5] = f_u
        norms[b, 6] = f_v
        norms[b, 7] = u_u
        norms[b, 8] = u_v


@parallel_kernel
def plain_step(
    blocks: Int64s,
    indptr: Unsigned,
    indices: Unsigned,
    A: Floats | None,
    sums: Floats,
    by_column: bool,
    own: Floats,
    keep: float,
    damping: float,
    low: float,
    high: float,
    z: Floats,
    y: Floats,
    norms: Floats,
) -> None:
    """y is the operator at z, values kept in [low, high]; norms: max |r|, Σ |r|, Σ |c z|."""
    for b in prange(blocks.size - 1):
        top = total = mass = 0.0
        i = np.uint64(blocks[b])
        # The sums are those over the block's rows before i.
        while i < np.uint64(blocks[b + 1]):
            c = sums[i] if sums[i] > 0.0 else 1.0
            t = row_value(indptr, indices, A, by_column, c, own[i], keep, damping, z, i)
            if not by_column:
                c = 1.0
            x = c * z[i]
            top = max(top, abs(t - x))
            total += abs(t - x)
            mass += x
            y[i] = min(max(t, low), high) / c
            i += ONE
        norms[b, 0] = top
        norms[b, 1] = total
        norms[b, 2] = mass


@parallel_kernel
def mix(
    g1: float,
    g2: float,
    low: float,
    high: float,
    z: Floats,
    f: Singles,
    u: Singles,
    d: Singles,
    e: Singles,
) -> None:
    """z += f − g1 (d + u) − g2 e, kept in [low, high]; the step goes to d, d + u to e."""
    for i in prange(z.size):
        k = np.uint64(i)
        moved = d[k] + u[k]
        step = f[k] - g1 * moved - g2 * e[k]
        y = min(max(z[k] + step, low), high)
        e[k] = moved
        d[k] = y - z[k]
        z[k] = y


@kernel
def weighted_mean(weights: Floats, values: Floats) -> float:
    """Σ w v / Σ w in the order of the subjects, as no library sums on several threads; or 0."""
    total = summed = 0.0
    for i in range(values.size):
        total += weights[i]
        summed += weights[i] * values[i]
    return summed / total if total > 0.0 else 0.0


@kernel
def row_blocks(indptr: Unsigned, cost: int = GRAIN) -> Int64s:
    """Cut the rows where every ``cost`` rows and links are full: a function of the graph alone."""
    n = indptr.size - 1
    marks = (int(indptr[n]) + n) // cost + 1
    blocks = np.empty(marks + 2, np.int64)
    blocks[0] = 0
    kept = 1
    for mark in range(1, marks):
        low, high = blocks[kept - 1], n
        # The first row that begins at or behind the mark is in [low, high].
        while low < high:
            middle = (low + high) // 2
            if int(indptr[middle]) + middle < mark * cost:
                low = middle + 1
            else:
                high = middle
        if low > blocks[kept - 1]:
            blocks[kept] = low
            kept += 1
    if blocks[kept - 1] < n:
        blocks[kept] = n
        kept += 1
    return blocks[:kept]
