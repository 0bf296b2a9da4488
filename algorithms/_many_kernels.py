"""``_sweep_kernels`` for many vectors at once: a link is read once, its z_j are neighbours.

The last axis runs over the vectors, and every sum has the order that it has for one vector, so
each vector comes out as it would alone, to the bit.
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

from typing import Any

import numpy as np
from numba import prange

from algorithms._sweep_kernels import FOUR, ONE, SUM_BLOCK, THREE, TWO, Singles, Unsigned
from algorithms.accelerate import inlined_kernel, parallel_kernel
from algorithms.arguments import Floats, Int64s


@inlined_kernel
def add_block(
    z: Floats, indices: Unsigned, A: Floats | None, first: Any, last: Any, s: Floats
) -> None:
    """s[0] = Σ A_ij z_j over one block of links, by way of four lanes s."""
    s[:] = 0.0
    k = first
    # Lane l holds the links first + l, first + l + 4, …
    while k + FOUR <= last:
        j0, j1 = indices[k], indices[k + ONE]
        j2, j3 = indices[k + TWO], indices[k + THREE]
        if A is None:
            for v in range(z.shape[1]):
                s[0, v] += z[j0, v]
                s[1, v] += z[j1, v]
                s[2, v] += z[j2, v]
                s[3, v] += z[j3, v]
        else:
            a0, a1, a2, a3 = A[k], A[k + ONE], A[k + TWO], A[k + THREE]
            for v in range(z.shape[1]):
                s[0, v] += a0 * z[j0, v]
                s[1, v] += a1 * z[j1, v]
                s[2, v] += a2 * z[j2, v]
                s[3, v] += a3 * z[j3, v]
        k += FOUR
    while k < last:
        j0 = indices[k]
        a0 = 1.0 if A is None else A[k]
        for v in range(z.shape[1]):
            s[0, v] += a0 * z[j0, v]
        k += ONE
    for v in range(z.shape[1]):
        s[0, v] = (s[0, v] + s[1, v]) + (s[2, v] + s[3, v])


@inlined_kernel
def add_row(
    z: Floats, indices: Unsigned, A: Floats | None, first: Any, last: Any, s: Floats
) -> None:
    """s[0] = Σ A_ij z_j over a row; the blocks of a hub are added with compensation."""
    if last - first <= SUM_BLOCK:
        add_block(z, indices, A, first, last, s)
        return
    total = np.zeros(z.shape[1])
    lost = np.zeros(z.shape[1])
    at = first
    # total + lost is the sum of the blocks before `at`.
    while at < last:
        add_block(z, indices, A, at, min(at + SUM_BLOCK, last), s)
        for v in range(z.shape[1]):
            part = s[0, v]
            grown = total[v] + part
            if abs(total[v]) >= abs(part):
                lost[v] += (total[v] - grown) + part
            else:
                lost[v] += (part - grown) + total[v]
            total[v] = grown
        at += SUM_BLOCK
    for v in range(z.shape[1]):
        s[0, v] = total[v] + lost[v]


@parallel_kernel
def residuals(
    blocks: Int64s,
    indptr: Unsigned,
    indices: Unsigned,
    A: Floats | None,
    sums: Floats,
    by_column: bool,
    own: Floats,
    keep: Floats,
    damping: float,
    z: Floats,
    f: Singles,
    f1: Singles,
    f2: Singles,
    norms: Floats,
) -> None:
    """f = r / c; norms[b]: max |r|, Σ |r|, Σ |c z|, Σ c f (f, f1, f2), for every vector."""
    for b in prange(blocks.size - 1):
        s = np.zeros((4, z.shape[1]))
        i = np.uint64(blocks[b])
        # The sums are those over the block's rows before i.
        while i < np.uint64(blocks[b + 1]):
            c = sums[i] if sums[i] > 0.0 else 1.0
            first, last = indptr[i], indptr[i + ONE]
            if first < last:
                add_row(z, indices, A, first, last, s)
            divisor = 1.0 if by_column else c
            if not by_column:
                c = 1.0
            for v in range(z.shape[1]):
                if first == last:
                    t = keep[v] * own[i, v] if by_column else own[i, v]
                else:
                    t = keep[v] * own[i, v] + damping * (s[0, v] / divisor)
                x = c * z[i, v]
                r = t - x
                norms[b, 0, v] = max(norms[b, 0, v], abs(r))
                norms[b, 1, v] += abs(r)
                norms[b, 2, v] += x
                f[i, v] = r / c
                weighted = c * np.float64(f[i, v])
                norms[b, 3, v] += weighted * f[i, v]
                norms[b, 4, v] += weighted * f1[i, v]
                norms[b, 5, v] += weighted * f2[i, v]
            i += ONE


@parallel_kernel
def mix(
    g1: Floats,
    g2: Floats,
    low: Floats,
    high: Floats,
    z: Floats,
    f: Singles,
    f1: Singles,
    f2: Singles,
    d1: Singles,
    d2: Singles,
) -> None:
    """z += f − g1 (d1 + f − f1) − g2 (d2 + f1 − f2), kept in [low, high]; the step goes to d2."""
    for i in prange(z.shape[0]):
        k = np.uint64(i)
        for v in range(z.shape[1]):
            step = f[k, v] - g1[v] * (d1[k, v] + (f[k, v] - f1[k, v]))
            step = step - g2[v] * (d2[k, v] + (f1[k, v] - f2[k, v]))
            y = min(max(z[k, v] + step, low[v]), high[v])
            d2[k, v] = y - z[k, v]
            z[k, v] = y
