"""Residual pushes from one subject: the adjoint y = e_i + damping Aᵀ y, solved where it is large.

Forward push (exposure: mass walks along out-links) and backward push (trust: mass walks against
them) keep y = e_i + damping Aᵀ y − rho at every step. One queue, first in first out, one thread.
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.accelerate import kernel
from algorithms.arguments import Floats, Int32s, Int64s


class Scratch(NamedTuple):
    """Zeroed working space for one push.

    ``counts`` is (touched, queue head, queue length); ``drift`` feeds the rounding bound: (Σ of
    every rho at the time it grew, Σ of what it grew by).
    """

    y: Floats
    y_lost: Floats
    rho: Floats
    queue: Int32s
    queued: NDArray[np.bool_]
    touched: Int32s
    seen: NDArray[np.bool_]
    counts: Int64s
    drift: Floats


def scratch(n: int) -> Scratch:
    """Zero pages come from the system on first touch, so this costs what the push reaches."""
    return Scratch(
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.empty(n, np.int32),
        np.zeros(n, np.bool_),
        np.empty(n, np.int32),
        np.zeros(n, np.bool_),
        np.zeros(3, np.int64),
        np.zeros(2),
    )


@kernel
def add(s: Scratch, k: int, amount: float) -> None:
    """rho_k += amount, noting k as touched and what rounding can have done to the sum."""
    if not s.seen[k]:
        s.seen[k] = True
        s.touched[s.counts[0]] = k
        s.counts[0] += 1
    s.rho[k] += amount
    s.drift[0] += s.rho[k]
    s.drift[1] += amount


@kernel
def enqueue(s: Scratch, k: int) -> None:
    """Append k unless it waits already; at most n wait, so the ring never overruns."""
    if not s.queued[k]:
        s.queued[k] = True
        s.queue[(s.counts[1] + s.counts[2]) % s.queue.size] = k
        s.counts[2] += 1


@kernel
def dequeue(s: Scratch) -> int:
    """Take the one that waited longest, and move its residual into y + y_lost (compensated)."""
    j = int(s.queue[s.counts[1]])
    s.counts[1] = (s.counts[1] + 1) % s.queue.size
    s.counts[2] -= 1
    s.queued[j] = False
    grown = s.y[j] + s.rho[j]
    s.y_lost[j] += (
        (s.y[j] - grown) + s.rho[j] if s.y[j] >= s.rho[j] else (s.rho[j] - grown) + s.y[j]
    )
    s.y[j] = grown
    return j


@kernel
def left_over(s: Scratch) -> tuple[float, float]:
    """(Σ rho, max rho) over everything touched."""
    total = 0.0
    top = 0.0
    for at in range(s.counts[0]):
        rho = s.rho[s.touched[at]]
        total += rho
        top = max(top, rho)
    return total, top


@kernel
def push_forward(
    s: Scratch,
    indptr: Int64s,
    indices: Int32s,
    weights: Floats | None,
    sums: Floats,
    subject: int,
    damping: float,
    target: float,
    max_links: int,
) -> tuple[float, int]:
    """Push rho_j along the out-links of j until Σ rho <= target; return (Σ rho, links walked)."""
    add(s, subject, 1.0)
    enqueue(s, subject)
    links = 0
    threshold = 0.0
    while True:
        # Between rounds no residual above the threshold is left behind.
        while s.counts[2] > 0 and links <= max_links:
            j = dequeue(s)
            share = damping * s.rho[j]
            s.rho[j] = 0.0
            first, last = indptr[j], indptr[j + 1]
            links += last - first + 1
            for at in range(first, last):
                k = indices[at]
                if weights is None:
                    add(s, k, share / sums[j])
                else:
                    add(s, k, share * (weights[at] / sums[j]))
                if s.rho[k] > threshold > 0.0:
                    enqueue(s, k)
        mass, _ = left_over(s)
        if mass <= target or links > max_links:
            return mass, links
        # What exceeds half the average residual carries half of the mass at least.
        threshold = mass / (2.0 * s.counts[0])
        for at in range(s.counts[0]):
            if s.rho[s.touched[at]] > threshold:
                enqueue(s, s.touched[at])


@kernel
def push_backward(
    s: Scratch,
    indptr: Int64s,
    indices: Int32s,
    weights: Floats | None,
    sums: Floats,
    subject: int,
    damping: float,
    target: float,
    max_links: int,
) -> tuple[float, int]:
    """Push rho_i to the in-links of i until max rho <= target; return (max rho, links walked)."""
    add(s, subject, 1.0)
    enqueue(s, subject)
    links = 0
    threshold = 1.0
    while True:
        # Between rounds no residual above the threshold is left behind.
        while s.counts[2] > 0 and links <= max_links:
            i = dequeue(s)
            share = damping * s.rho[i]
            s.rho[i] = 0.0
            first, last = indptr[i], indptr[i + 1]
            links += last - first + 1
            for at in range(first, last):
                j = indices[at]
                if weights is None:
                    add(s, j, share / sums[j])
                else:
                    add(s, j, share * (weights[at] / sums[j]))
                if s.rho[j] > threshold:
                    enqueue(s, j)
        _, top = left_over(s)
        if top <= target or links > max_links:
            return top, links
        # Falling thresholds let large residuals gather before they are pushed on.
        threshold = max(target, top / 8.0)
        for at in range(s.counts[0]):
            if s.rho[s.touched[at]] > threshold:
                enqueue(s, s.touched[at])


@kernel
def push_levels(
    s: Scratch,
    indptr: Int64s,
    indices: Int32s,
    weights: Floats | None,
    sums: Floats,
    by_column: bool,
    subject: int,
    damping: float,
    hops: int,
    max_links: int,
) -> int:
    """y = Σ_{k≤hops} (damping Aᵀ)^k e_i, one level after the other; return links walked."""
    add(s, subject, 1.0)
    enqueue(s, subject)
    links = 0
    for level in range(hops + 1):
        waiting = s.counts[2]
        # s.queue holds exactly the residuals of this level; those of the next go behind them.
        amounts = np.empty(waiting)
        members = np.empty(waiting, np.int32)
        for at in range(waiting):
            members[at] = dequeue(s)
            amounts[at] = damping * s.rho[members[at]]
            s.rho[members[at]] = 0.0
        if level == hops:
            return int(links)
        for at in range(waiting):
            if amounts[at] == 0.0:
                continue
            j = members[at]
            links += indptr[j + 1] - indptr[j] + 1
            if links > max_links:
                return int(links)
            for link in range(indptr[j], indptr[j + 1]):
                k = indices[link]
                total = sums[k] if by_column else sums[j]
                if weights is None:
                    add(s, k, amounts[at] / total)
                else:
                    add(s, k, amounts[at] * (weights[link] / total))
                enqueue(s, k)
    return int(links)
