"""One pass over all links of a dynamic graph: the operator's value everywhere, and its residual.

The same sums in the same order as ``_sweep_kernels``, for rows of which some lie in the pool.
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

from typing import Any

import numpy as np
from numba import prange

from algorithms._rows_kernels import IS_BASED, LENGTH, ONE, START, Rows
from algorithms._sweep_kernels import SUM_BLOCK, Singles, block_sum, hub_sum
from algorithms.accelerate import parallel_kernel
from algorithms.arguments import Floats, Int64s


@parallel_kernel
def applied(  # noqa: PLR0915 - one loop over the rows and all that is measured there
    blocks: Int64s,
    rows: Rows,
    sums: Floats,
    by_column: bool,
    own: Floats,
    keep: float,
    damping: float,
    z: Floats,
    t: Floats,
    f: Singles,
    u: Singles,
    core: Any,
    settled: float,
    norms: Floats,
) -> None:
    """t is the operator at z; f, u and norms are those of ``_sweep_kernels.residuals``."""
    # Fields are taken out once: reading one from its record costs more than a link.
    indptr, indices, weights = rows.indptr, rows.indices, rows.weights
    slot_of, slots, pool, loads = rows.slot_of, rows.slots, rows.pool, rows.loads
    for b in prange(blocks.size - 1):
        top = total = mass = busy = f_f = f_u = f_v = u_u = u_v = 0.0
        i = np.uint64(blocks[b])
        # The sums are those over the block's rows before i.
        while i < np.uint64(blocks[b + 1]):
            c = sums[i] if sums[i] > 0.0 else 1.0
            w = c
            links = np.uint64(0)
            slot = slot_of[i]
            dot = 0.0
            if slot < 0 or slots[slot, IS_BASED] != 0:
                first, end = indptr[i], indptr[i + ONE]
                links += end - first
                if end - first <= SUM_BLOCK:
                    dot = block_sum(z, indices, weights, first, end)
                else:
                    dot = hub_sum(z, indices, weights, first, end)
            if slot >= 0 and slots[slot, LENGTH] > 0:
                begin = np.uint64(slots[slot, START])
                last = begin + np.uint64(slots[slot, LENGTH])
                links += last - begin
                dot += hub_sum(z, pool, loads, begin, last)
            if by_column:
                value = keep * own[i] + damping * dot
            elif sums[i] == 0.0:
                value = own[i]
            else:
                value = keep * own[i] + damping * (dot / c)
            if not by_column:
                c = 1.0
            x = c * z[i]
            r = value - x
            t[i] = value
            top = max(top, abs(r))
            total += abs(r)
            mass += x
            if abs(r) > settled:
                busy += links
            v = u[i]
            before = f[i]
            f[i] = r / c
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
