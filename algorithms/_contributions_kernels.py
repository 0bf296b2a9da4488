"""Residual pushes from one subject: the adjoint y = e_i + damping Aᵀ y, solved where it matters.

Forward push (exposure: mass walks along out-links) and backward push (trust: mass walks against
them) keep y = e_i + damping Aᵀ y − rho at every step. One queue, first in first out, one thread.
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.accelerate import kernel
from algorithms.arguments import Floats, Int32s, Int64s


class Scratch(NamedTuple):
    """Zeroed working space for one push.

    ``rho`` waits to be pushed, ``behind`` never will be. ``counts`` is (touched, queue head,
    queue length); ``drift`` feeds the rounding bound: (Σ of every rho at the time it grew, Σ of
    what it grew by).
    """

    y: Floats
    y_lost: Floats
    rho: Floats
    behind: Floats
    queue: Int32s
    queued: NDArray[np.bool_]
    touched: Int32s
    seen: NDArray[np.bool_]
    counts: Int64s
    drift: Floats


class Worth(NamedTuple):
    """What residuals can still bring: at most Σ rho_j price_j + peak · max rho.

    What j itself brings is counted as soon as residual reaches it, so the price is that of what
    comes through j: flat + values_j − keeps · own_j, or ``flat`` where ``values`` is empty.
    """

    values: Floats
    own: Floats
    keeps: float
    flat: float
    peak: float


def scratch(n: int) -> Scratch:
    """Zero pages come from the system on first touch, so this costs what the push reaches."""
    return Scratch(
        np.zeros(n),
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
def price(worth: Worth, j: int) -> float:
    """What a unit of residual at j can bring, ``peak`` apart."""
    if worth.values.size == 0:
        return worth.flat
    return float(max(worth.values[j] - worth.keeps * worth.own[j], 0.0) + worth.flat)


@kernel
def urgency(s: Scratch, worth: Worth, indptr: Int64s, j: int) -> float:
    """What a push of j can bring for each link that it walks."""
    return float(s.rho[j] * price(worth, j) / (indptr[j + 1] - indptr[j] + 1))


@kernel
def left_over(s: Scratch, worth: Worth) -> tuple[float, float]:
    """(Σ r_j price_j, max r) over everything touched, r what waits or was left behind."""
    total = 0.0
    top = 0.0
    for at in range(s.counts[0]):
        j = s.touched[at]
        r = s.rho[j] + s.behind[j]
        total += r * price(worth, j)
        top = max(top, r)
    return total, top


@kernel
def most_urgent(s: Scratch, worth: Worth, indptr: Int64s) -> float:
    """max urgency over everything touched."""
    most = 0.0
    for at in range(s.counts[0]):
        most = max(most, urgency(s, worth, indptr, s.touched[at]))
    return most


@kernel
def spread(
    s: Scratch,
    indptr: Int64s,
    indices: Int32s,
    weights: Floats | None,
    sums: Floats,
    by_column: bool,
    j: int,
    mass: float,
    link: int,
) -> int:
    """rho_k += mass · A_jk over one link of j, k its other end; return k."""
    k = indices[link]
    total = sums[k] if by_column else sums[j]
    if weights is None:
        add(s, k, mass / total)
    else:
        add(s, k, mass * (weights[link] / total))
    return int(k)


@kernel
def push(
    s: Scratch,
    indptr: Int64s,
    indices: Int32s,
    weights: Floats | None,
    sums: Floats,
    by_column: bool,
    subject: int,
    damping: float,
    worth: Worth,
    target: float,
    max_links: int,
) -> tuple[float, float, int]:
    """Push until what is left is worth at most ``target``; return (*left_over, links walked)."""
    add(s, subject, 1.0)
    enqueue(s, subject)
    links = 0
    bar = top_bar = np.inf
    while True:
        # Between rounds nothing above a bar is left behind.
        while s.counts[2] > 0 and links <= max_links:
            j = dequeue(s)
            mass = damping * s.rho[j]
            s.rho[j] = 0.0
            links += indptr[j + 1] - indptr[j] + 1
            for link in range(indptr[j], indptr[j + 1]):
                k = spread(s, indptr, indices, weights, sums, by_column, j, mass, link)
                if urgency(s, worth, indptr, k) > bar or s.rho[k] > top_bar:
                    enqueue(s, k)
        total, top = left_over(s, worth)
        if total + worth.peak * top <= target or links > max_links:
            return total, top, links
        # Both parts get half of the target, or one of them all of it.
        part = target if worth.peak == 0.0 or total == 0.0 else 0.5 * target
        # Falling bars let large residuals gather before they are pushed on.
        bar = most_urgent(s, worth, indptr) / 8.0 if total > part else np.inf
        top_bar = max(part / worth.peak, top / 8.0) if worth.peak * top > part else np.inf
        for at in range(s.counts[0]):
            j = s.touched[at]
            if urgency(s, worth, indptr, j) > bar or s.rho[j] > top_bar:
                enqueue(s, j)


@kernel
def cheap_bar(amounts: Floats, members: Int32s, worth: Worth, spare: float) -> float:
    """Return a bar such that all amounts worth less than it are together worth <= ``spare``."""
    if spare == 0.0:
        return 0.0
    bins = np.zeros(64)
    for at in range(amounts.size):
        value = amounts[at] * price(worth, members[at]) / spare
        if 0.0 < value < 0.5:
            # Bin b holds what is below 2^-b of what is spare, and not below half of that.
            bins[min(-math.frexp(value)[1], 63)] += value
    behind = 0.0
    for b in range(63, 0, -1):
        behind += bins[b]
        if behind > 0.999:
            return math.ldexp(spare, -(b + 1)) if b < 63 else 0.0
    return 0.5 * spare


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
    worth: Worth,
    target: float,
    max_links: int,
) -> tuple[float, float, int]:
    """y = Σ_{k≤hops} (damping Aᵀ)^k e_i, level by level; return (*left_over, links walked).

    A level leaves behind its least valuable residuals, up to its part of ``target`` in all.
    """
    add(s, subject, 1.0)
    enqueue(s, subject)
    links = 0
    spare = target / max(hops, 1) if worth.values.size > 0 else 0.0
    for level in range(hops + 1):
        waiting = s.counts[2]
        # s.queue holds exactly the residuals of this level; those of the next go behind them.
        amounts = np.empty(waiting)
        members = np.empty(waiting, np.int32)
        for at in range(waiting):
            members[at] = dequeue(s)
            amounts[at] = s.rho[members[at]]
            s.rho[members[at]] = 0.0
        if level == hops:
            break
        bar = cheap_bar(amounts, members, worth, spare)
        for at in range(waiting):
            j = members[at]
            if links > max_links or amounts[at] * price(worth, j) < bar:
                # y has counted j itself already, so this is more than what is missed.
                s.behind[j] += amounts[at]
                continue
            links += indptr[j + 1] - indptr[j] + 1
            mass = damping * amounts[at]
            if mass == 0.0:
                continue
            for link in range(indptr[j], indptr[j + 1]):
                enqueue(s, spread(s, indptr, indices, weights, sums, by_column, j, mass, link))
    total, top = left_over(s, worth)
    return total, top, links
