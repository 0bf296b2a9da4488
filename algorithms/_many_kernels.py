"""``_sweep_kernels`` for many vectors at once: a link is read once, its z_j are neighbours.

The last axis runs over the vectors, and every sum has the order that it has for one vector, so
each vector comes out as it would alone, to the bit.
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

from typing import Any

import numpy as np
from numba import prange

from algorithms._sweep_kernels import (
    FOUR,
    ONE,
    SUM_BLOCK,
    THREE,
    TWO,
    Singles,
    Unsigned,
)
from algorithms.accelerate import inlined_kernel, parallel_kernel
from algorithms.arguments import Floats, Int64s

# One cache line of float64: the vectors that one kernel takes, known when it is compiled.
WIDTH = 8
ZERO = np.uint64(0)


@inlined_kernel
def add_link(s: Floats, lane: Any, a: float, z: Floats, j: Any) -> None:
    """s[lane] += a · z_j, all reads before all writes: so it becomes two vector instructions."""
    t0 = s[lane, 0] + a * z[j, 0]
    t1 = s[lane, 1] + a * z[j, 1]
    t2 = s[lane, 2] + a * z[j, 2]
    t3 = s[lane, 3] + a * z[j, 3]
    t4 = s[lane, 4] + a * z[j, 4]
    t5 = s[lane, 5] + a * z[j, 5]
    t6 = s[lane, 6] + a * z[j, 6]
    t7 = s[lane, 7] + a * z[j, 7]
    s[lane, 0] = t0
    s[lane, 1] = t1
    s[lane, 2] = t2
    s[lane, 3] = t3
    s[lane, 4] = t4
    s[lane, 5] = t5
    s[lane, 6] = t6
    s[lane, 7] = t7


@inlined_kernel
def add_block(
    z: Floats, indices: Unsigned, A: Floats | None, first: Any, last: Any, s: Floats
) -> None:
    """s[0] = Σ A_ij z_j over one block of links, by way of four lanes s."""
    s[:] = 0.0
    k = first
    # Lane l holds the links first + l, first + l + 4, …
    while k + FOUR <= last:
        add_link(s, ZERO, 1.0 if A is None else A[k], z, indices[k])
        add_link(s, ONE, 1.0 if A is None else A[k + ONE], z, indices[k + ONE])
        add_link(s, TWO, 1.0 if A is None else A[k + TWO], z, indices[k + TWO])
        add_link(s, THREE, 1.0 if A is None else A[k + THREE], z, indices[k + THREE])
        k += FOUR
    while k < last:
        add_link(s, ZERO, 1.0 if A is None else A[k], z, indices[k])
        k += ONE
    for v in range(WIDTH):
        s[0, v] = (s[0, v] + s[1, v]) + (s[2, v] + s[3, v])


@inlined_kernel
def add_row(
    z: Floats, indices: Unsigned, A: Floats | None, first: Any, last: Any, s: Floats
) -> None:
    """s[0] = Σ A_ij z_j over a row; the blocks of a hub are added with compensation."""
    if last - first <= SUM_BLOCK:
        add_block(z, indices, A, first, last, s)
        return
    total = np.zeros(WIDTH)
    lost = np.zeros(WIDTH)
    at = first
    # total + lost is the sum of the blocks before `at`.
    while at < last:
        add_block(z, indices, A, at, min(at + SUM_BLOCK, last), s)
        for v in range(WIDTH):
            part = s[0, v]
            grown = total[v] + part
            if abs(total[v]) >= abs(part):
                lost[v] += (total[v] - grown) + part
            else:
                lost[v] += (part - grown) + total[v]
            total[v] = grown
        at += SUM_BLOCK
    for v in range(WIDTH):
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
        s = np.zeros((4, WIDTH))
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
            for v in range(WIDTH):
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
        for v in range(WIDTH):
            step = f[k, v] - g1[v] * (d1[k, v] + (f[k, v] - f1[k, v]))
            step = step - g2[v] * (d2[k, v] + (f1[k, v] - f2[k, v]))
            y = min(max(z[k, v] + step, low[v]), high[v])
            d2[k, v] = y - z[k, v]
            z[k, v] = y
