"""Rows relaxed one after the other, on one thread: few they are, and the order is what helps."""

# Kernels take plain arrays, one by one; their wrappers hold the records.

from typing import Any

import numpy as np

from algorithms._sweep_kernels import ONE, Singles, Unsigned, row_value
from algorithms.accelerate import kernel
from algorithms.arguments import Floats

ZERO = np.uint64(0)


@kernel
def seems_mutual(indptr: Unsigned, indices: Unsigned, A: Floats | None, probes: int) -> bool:
    """Look at a few links whether the way back is there and weighs the same."""
    m = np.uint64(indices.size)
    step = m // np.uint64(probes) + ONE
    k = ZERO
    # Every link that was looked at, so far, has its way back.
    while k < m:
        low, high = ZERO, np.uint64(indptr.size)
        while low < high:
            middle = (low + high) // np.uint64(2)
            if indptr[middle] <= k:
                low = middle + ONE
            else:
                high = middle
        i, j = low - ONE, np.uint64(indices[k])
        back, high = indptr[j], indptr[j + ONE]
        while back < high:
            middle = (back + high) // np.uint64(2)
            if indices[middle] < i:
                back = middle + ONE
            else:
                high = middle
        if back == indptr[j + ONE] or indices[back] != i:
            return False
        if A is not None and A[back] != A[k]:
            return False
        k += step
    return True


@kernel
def unsettled(indptr: Unsigned, f: Singles, settled: float, queue: Unsigned) -> tuple[Any, Any]:
    """Put the rows with |f| > settled into the queue; return how many, and their links."""
    count = links = ZERO
    for i in range(f.size):
        k = np.uint64(i)
        if abs(f[k]) > settled:
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
    low: float,
    high: float,
    x: Floats,
    r: Singles,
    queue: Unsigned,
    count: Any,
    settled: float,
) -> None:
    """x_i += r_i, r_j += damping A_ji / S_j r_i, first come first served, until all is settled.

    Row i is read as column i. After as many links as a sweep has, a sweep is the better way.
    """
    head = ZERO
    size = np.uint64(queue.size)
    visits = ZERO
    # The queue holds every row with |r| > settled, and r is the residual at x.
    while count > ZERO and visits < np.uint64(indices.size):
        i = np.uint64(queue[head])
        head = head + ONE if head + ONE < size else ZERO
        count -= ONE
        if abs(r[i]) <= settled:
            continue
        y = min(max(x[i] + r[i], low), high)
        step = y - x[i]
        x[i] = y
        r[i] -= step
        k, last = indptr[i], indptr[i + ONE]
        visits += last - k
        while k < last:
            j = np.uint64(indices[k])
            if sums[j] > 0.0:
                before = abs(r[j])
                a = 1.0 if A is None else A[k]
                r[j] += damping * step * a / sums[j]
                if before <= settled and abs(r[j]) > settled:
                    if count == size:
                        return
                    at = head + count
                    queue[at if at < size else at - size] = j
                    count += ONE
            k += ONE


@kernel
def pull(
    indptr: Unsigned,
    indices: Unsigned,
    A: Floats | None,
    sums: Floats,
    own: Floats,
    keep: float,
    damping: float,
    low: float,
    high: float,
    x: Floats,
    f: Singles,
    queue: Unsigned,
    count: Any,
    settled: float,
) -> None:
    """Gauss–Seidel sweeps over the queued rows, each until it moves no more; others step once."""
    for j in range(x.size):
        k = np.uint64(j)
        x[k] = min(max(x[k] + f[k], low), high)
    visits = ZERO
    queued: Any = count
    # Queued are the rows that moved when they were last relaxed.
    while queued > ZERO and visits < np.uint64(indices.size):
        kept = ZERO
        q = ZERO
        while q < queued:
            i = np.uint64(queue[q])
            c = sums[i] if sums[i] > 0.0 else 1.0
            t = row_value(indptr, indices, A, False, c, own[i], keep, damping, x, i)
            if abs(t - x[i]) > settled:
                queue[kept] = i
                kept += ONE
            x[i] = min(max(t, low), high)
            visits += ONE + indptr[i + ONE] - indptr[i]
            q += ONE
        queued = kept
