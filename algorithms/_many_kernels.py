"""``_sweep_kernels`` for sixteen vectors at once: a link is read once, its z_j are neighbours.

The last axis of every table runs over the vectors. Sixteen float32 are one cache line and one
register, so a link costs one load and one addition for all of them. Sums are kept as tuples of
scalars, which the compiler packs into registers; an array would go through memory each time.
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

import re
from typing import Any, TypeAlias

import numpy as np
from numba import prange

from algorithms._sweep_kernels import ONE, Singles, Unsigned
from algorithms.accelerate import inlined, inlined_kernel, kernel, parallel_kernel
from algorithms.arguments import Floats, Int64s

Sixteen: TypeAlias = Any
"""A tuple of sixteen scalars of one dtype."""

WIDTH = 16
ZERO = np.uint64(0)
# Terms that one lane adds up before the sums are joined with compensation.
SUM_BLOCK = np.uint64(128)


def _sixteen(arguments: str, lane: str) -> Any:
    """Return the inlined kernel that gives ``lane`` for v = 0 … 15.

    Written out, as Numba builds no tuple in a loop.

    >>> _sixteen("s", "2 * s[v]").py_func(range(16))[:3]
    (0, 2, 4)
    """
    lanes = ", ".join(re.sub(r"\bv\b", str(v), lane) for v in range(WIDTH))
    return inlined(eval(f"lambda {arguments}: ({lanes})"))


nothing = _sixteen("zero", "zero")
plus = _sixteen("s, z, j", "s[v] + z[j, v]")
plus_times = _sixteen("s, a, z, j", "s[v] + a * z[j, v]")
entries = _sixteen("s", "s[v]")
scaled = _sixteen("z, i, c", "c * z[i, v]")
moved = _sixteen(
    "keep, own, i, damping, s, divisor", "keep[v] * own[i, v] + damping * (s[v] / divisor)"
)
minus = _sixteen("s, t", "s[v] - t[v]")
added = _sixteen("s, t", "s[v] + t[v]")
added_to = _sixteen("r, i, share, s", "r[i, v] + share * s[v]")
gap = _sixteen("y, z, i", "y[v] - z[i, v]")
largest = _sixteen("top, f", "max(top[v], abs(f[v]))")
weighted = _sixteen("total, weight, f", "total[v] + weight * abs(f[v])")
squared = _sixteen("square, weight, f", "square[v] + weight * f[v] * f[v]")


@inlined_kernel
def block_sum(z: Any, indices: Unsigned, A: Floats | None, k: Any, last: Any) -> Sixteen:
    """Σ A_ij z_j over one block of links, in the dtype of z."""
    s = nothing(z.dtype.type(0.0))
    # s is the sum over the links before k.
    while k < last:
        if A is None:
            s = plus(s, z, indices[k])
        else:
            s = plus_times(s, z.dtype.type(A[k]), z, indices[k])
        k += ONE
    return s


@kernel
def hub_sum(z: Floats, indices: Unsigned, A: Floats | None, at: Any, last: Any) -> Sixteen:
    """The blocks of a long row, added with compensation (Neumaier, 1974)."""
    total = np.zeros(WIDTH)
    lost = np.zeros(WIDTH)
    # total + lost is the sum of the blocks before `at`.
    while at < last:
        parts = block_sum(z, indices, A, at, min(at + SUM_BLOCK, last))
        for v, part in enumerate(parts):
            grown = total[v] + part
            if abs(total[v]) >= abs(part):
                lost[v] += (total[v] - grown) + part
            else:
                lost[v] += (part - grown) + total[v]
            total[v] = grown
        at += SUM_BLOCK
    return entries(total + lost)


@inlined_kernel
def exceeds(f: Sixteen, goal: Singles) -> bool:
    """Whether any |f| is above its goal."""
    excess = False
    for v, off in enumerate(f):
        excess |= abs(off) > goal[v]
    return excess


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
    r: Singles,
    norms: Floats,
) -> None:
    """r = (residual at z) / c in float64, kept as float32; norms[b]: max |r|, Σ |r|, Σ |c z|."""
    for b in prange(blocks.size - 1):
        top = nothing(0.0)
        total = nothing(0.0)
        mass = nothing(0.0)
        i = np.uint64(blocks[b])
        # The sums are those over the block's rows before i.
        while i < np.uint64(blocks[b + 1]):
            c = sums[i] if sums[i] > 0.0 else 1.0
            first, last = indptr[i], indptr[i + ONE]
            if last - first <= SUM_BLOCK:
                s = block_sum(z, indices, A, first, last)
            else:
                s = hub_sum(z, indices, A, first, last)
            divisor = 1.0 if by_column else c
            if not by_column:
                c = 1.0
            x = scaled(z, i, c)
            if first == last and not by_column:
                # Without contacts exposure is one's own risk.
                t = scaled(own, i, 1.0)
            else:
                t = moved(keep, own, i, damping, s, divisor)
            off = minus(t, x)
            top = largest(top, off)
            total = weighted(total, 1.0, off)
            mass = added(mass, x)
            for v, value in enumerate(off):
                r[i, v] = value / c
            i += ONE
        for v in range(WIDTH):
            norms[b, 0, v] = top[v]
            norms[b, 1, v] = total[v]
            norms[b, 2, v] = mass[v]


@parallel_kernel
def sweep(
    blocks: Int64s,
    indptr: Unsigned,
    indices: Unsigned,
    A: Floats | None,
    sums: Floats,
    by_column: bool,
    damping: float,
    core: Any,
    goal: Singles,
    r: Singles,
    z: Singles,
    y: Singles,
    norms: Singles,
) -> None:
    """y = r + damping A z / c, all in float32; f = y − z says how far z is from solving that.

    norms[b]: max |f| (averaging) or Σ c |f|, Σ w f², and the links of rows where |f| > goal. They
    only steer, so float32 sums will do.
    """
    for b in prange(blocks.size - 1):
        off = nothing(np.float32(0.0))
        square = nothing(np.float32(0.0))
        busy = ZERO
        i = np.uint64(blocks[b])
        # The sums are those over the block's rows before i.
        while i < np.uint64(blocks[b + 1]):
            c = sums[i] if sums[i] > 0.0 else 1.0
            first, last = indptr[i], indptr[i + ONE]
            s = added_to(r, i, np.float32(damping / c), block_sum(z, indices, A, first, last))
            f = gap(s, z, i)
            if by_column:
                off = weighted(off, np.float32(c), f)
            else:
                off = largest(off, f)
                if exceeds(f, goal):
                    busy += last - first
            if last - first >= core:
                square = squared(square, np.float32(c), f)
            for v, value in enumerate(s):
                y[i, v] = value
            i += ONE
        for v in range(WIDTH):
            norms[b, 0, v] = off[v]
            norms[b, 1, v] = square[v]
        norms[b, 2, 0] = busy


@parallel_kernel
def stretch(gain: Singles, z: Singles, y: Singles) -> None:
    """y += gain (y − z)."""
    for i in prange(z.shape[0]):
        k = np.uint64(i)
        for v in range(WIDTH):
            y[k, v] += gain[v] * (y[k, v] - z[k, v])


@parallel_kernel
def correct(low: Floats, high: Floats, e: Singles, z: Floats) -> None:
    """z += e, kept in [low, high]."""
    for i in prange(z.shape[0]):
        k = np.uint64(i)
        for v in range(WIDTH):
            z[k, v] = min(max(z[k, v] + e[k, v], low[v]), high[v])


@kernel
def unsettled(
    indptr: Unsigned, r: Singles, settled: float, queue: Unsigned, is_queued: Any
) -> tuple[Any, Any]:
    """Queue and mark the rows where any |r| > settled; return how many, and their links."""
    count = links = ZERO
    for i in range(r.shape[0]):
        k = np.uint64(i)
        off = np.float32(0.0)
        for v in range(WIDTH):
            off = max(off, abs(r[k, v]))
        is_queued[k] = off > settled
        if off > settled:
            queue[count] = k
            count += ONE
            links += indptr[k + ONE] - indptr[k]
    return count, links


@kernel
def push(
    indptr: Unsigned,
    indices: Unsigned,
    A: Floats | None,
    sums: Floats,
    damping: float,
    low: Floats,
    high: Floats,
    x: Floats,
    r: Singles,
    queue: Unsigned,
    is_queued: Any,
    count: Any,
    settled: float,
) -> None:
    """``_corner_kernels.push`` for all vectors: a row is relaxed when any of them needs it."""
    head = ZERO
    size = np.uint64(queue.size)
    visits = ZERO
    step = np.zeros(WIDTH, np.float32)
    # The queue holds every row with |r| > settled, each once, and r is the residual at x.
    while count > ZERO and visits < np.uint64(indices.size):
        i = np.uint64(queue[head])
        head = head + ONE if head + ONE < size else ZERO
        count -= ONE
        is_queued[i] = False
        for v in range(WIDTH):
            y = min(max(x[i, v] + r[i, v], low[v]), high[v])
            step[v] = y - x[i, v]
            x[i, v] = y
            r[i, v] -= step[v]
        k, last = indptr[i], indptr[i + ONE]
        visits += last - k
        while k < last:
            j = np.uint64(indices[k])
            if sums[j] > 0.0:
                a = 1.0 if A is None else A[k]
                share = np.float32(damping * a / sums[j])
                off = np.float32(0.0)
                for v in range(WIDTH):
                    r[j, v] += share * step[v]
                    off = max(off, abs(r[j, v]))
                if off > settled and not is_queued[j]:
                    is_queued[j] = True
                    at = head + count
                    queue[at if at < size else at - size] = j
                    count += ONE
            k += ONE


@parallel_kernel
def interleave(rows: Floats, table: Floats) -> None:
    """table[i, v] = rows[v, i]."""
    for i in prange(table.shape[0]):
        k = np.uint64(i)
        for v in range(rows.shape[0]):
            table[k, v] = rows[v, k]


@parallel_kernel
def separate(table: Floats, rows: Floats) -> None:
    """rows[v, i] = table[i, v]."""
    for i in prange(table.shape[0]):
        k = np.uint64(i)
        for v in range(rows.shape[0]):
            rows[v, k] = table[k, v]
