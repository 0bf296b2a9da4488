"""Residual pushes that keep values and residuals of a whole graph up to date.

Exposure and trust mass are one loop. For exposure the residual r_i is held as f_i = c_i r_i with
c_i the weight of row i: pushing x_j += rho then adds damping · w_ij · rho to each f_i, without a
division, and a link that changes moves f_i alone. For trust f = r, and c_j, what a push of j
costs, weighs the threshold: one pushes where |f| > theta · c. Each level of a hop limit is a copy
of the subjects, ``stride`` apart, that pushes on to the next; without a limit there is one level
that pushes on to itself.
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms._dynamic_graph_kernels import ONE, Rows, Unsigned, base_weight, span
from algorithms.accelerate import inlined_kernel, kernel
from algorithms.arguments import Floats, Int32s, Int64s

QUEUED, MOVED = np.uint8(1), np.uint8(2)
# Places in State.counts and State.meter.
HEAD, WAITING, PENDING, MOVES, TOUCHED = range(5)
DRIFT, NORM_1, LARGEST = range(3)
U = 2.0**-53


class State(NamedTuple):
    """Values and residuals, and who waits to be pushed.

    ``fc`` is (f, c) for each subject and level, side by side as they are read together; c = 0
    marks what a what-if has not yet taken over from the published ``fc_of`` and ``x_of``. For
    the published state these are ``fc`` and ``x``. ``queue`` is a ring; ``moved`` and
    ``touched`` list what to report and, for a what-if, to clear. ``counts`` is (head of the
    queue, its length, links of those in it, moved, touched); ``meter`` is (what rounding can
    have moved the residual by since it was measured, Σ |f|, largest |x|).
    """

    x: Floats
    fc: Floats
    x_of: Floats
    fc_of: Floats
    flags: NDArray[np.uint8]
    queue: Unsigned
    moved: Unsigned
    touched: Unsigned
    counts: Int64s
    meter: Floats


class Extra(NamedTuple):
    """Links that only a what-if has: for j = the one that pushes, a chain from ``head[j]``.

    ``sums`` is the weight that j hands out in the what-if, for the first link of each chain.
    """

    head: Int32s
    following: Int32s
    target: Int32s
    weight: Floats
    sums: Floats


@inlined_kernel
def enqueue(state: State, v: Any, degree: Any) -> None:
    """Append v, whose push will walk so many links; at most all wait, so the ring is enough."""
    state.flags[v] |= QUEUED
    at = state.counts[HEAD] + state.counts[WAITING]
    if at >= state.queue.size:
        at -= state.queue.size
    state.queue[at] = v
    state.counts[WAITING] += 1
    state.counts[PENDING] += degree


@inlined_kernel
def take_over(state: State, v: Any) -> None:
    """Give a what-if its own f and c of v."""
    state.fc[v, 0] = state.fc_of[v, 0]
    state.fc[v, 1] = state.fc_of[v, 1]
    state.touched[state.counts[TOUCHED]] = v
    state.counts[TOUCHED] += 1


@inlined_kernel
def degree_of(rows: Rows, j: Any) -> Any:
    """Links that a push of j walks."""
    _, first, end = span(rows.indptr, rows.slot_of, rows.slots, j)
    return np.int64(end - first)


@inlined_kernel
def receive(
    rows: Rows,
    state: State,
    by_column: bool,
    v: Any,
    i: Any,
    amount: float,
    theta: float,
    norm: float,
    peak: float,
) -> tuple[float, float]:
    """f_v += amount, v a level of subject i; return Σ |f| and the largest |f| / c above theta."""
    c = state.fc[v, 1]
    if c == 0.0:
        take_over(state, v)
        c = state.fc[v, 1]
    old = state.fc[v, 0]
    f = old + amount
    state.fc[v, 0] = f
    if by_column:
        norm += abs(f) - abs(old)
    if abs(f) > theta * c:
        peak = max(peak, abs(f) / c)
        if not state.flags[v] & QUEUED:
            enqueue(state, v, degree_of(rows, i))
    return norm, peak


@inlined_kernel
def dequeue(state: State) -> Any:
    """Take the one that waited longest."""
    u = np.uint64(state.queue[state.counts[HEAD]])
    following = state.counts[HEAD] + 1
    state.counts[HEAD] = following if following < state.queue.size else 0
    state.counts[WAITING] -= 1
    state.flags[u] &= ~QUEUED
    return u


@inlined_kernel
def move(
    state: State, by_column: bool, u: Any, j: Any, is_last: bool, is_own: bool, own: Floats
) -> float:
    """Move the residual of u into its value, as far as float64 can hold it; return by how much."""
    if not state.flags[u] & MOVED:
        state.flags[u] |= MOVED
        state.x[u] = state.x_of[u]
        if is_last:
            state.moved[state.counts[MOVES]] = j
            state.counts[MOVES] += 1
    f, c = state.fc[u, 0], state.fc[u, 1]
    before = state.x[u]
    x = own[j] if is_own else before + (f if by_column else f / c)
    rho = float(x - before)
    state.x[u] = x
    left = 0.0 if is_own else f - (rho if by_column else c * rho)
    state.fc[u, 0] = left
    state.meter[LARGEST] = max(state.meter[LARGEST], abs(x))
    state.meter[NORM_1] += abs(left) - abs(f)
    # Rounding of rho, of the product and of the difference, each against c |rho| at most.
    state.meter[DRIFT] += 8.0 * U * abs(rho)
    return rho


@inlined_kernel
def spread(
    rows: Rows,
    extra: Extra,
    state: State,
    by_column: bool,
    j: Any,
    to: Any,
    m: float,
    theta: float,
    link: Any,
) -> float:
    """f_i += m · w_ij over the links of j; return the largest |f| / c above theta, or theta."""
    norm, peak = state.meter[NORM_1], theta
    in_base, k, end = span(rows.indptr, rows.slot_of, rows.slots, j)
    # Every link of j before k has had its part.
    while in_base and k < end:
        i = np.uint64(rows.indices[k])
        amount = m * base_weight(rows.weights, k)
        norm, peak = receive(rows, state, by_column, to + i, i, amount, theta, norm, peak)
        k += ONE
    while k < end:
        i = np.uint64(rows.pool[k])
        amount = m * rows.loads[k]
        norm, peak = receive(rows, state, by_column, to + i, i, amount, theta, norm, peak)
        k += ONE
    while link >= 0:
        i = np.uint64(extra.target[link])
        amount = m * extra.weight[link]
        norm, peak = receive(rows, state, by_column, to + i, i, amount, theta, norm, peak)
        link = extra.following[link]
    state.meter[NORM_1] = norm
    return peak


@kernel
def drain(
    rows: Rows,
    sums: Floats,
    own: Floats,
    extra: Extra,
    state: State,
    by_column: bool,
    damping: float,
    stride: int,
    top: int,
    theta: float,
    stop: float,
    budget: int,
) -> int:
    """Push, first in first out, until nobody waits or Σ |f| <= stop; return links walked.

    Ends early once links walked and links of those that wait exceed the budget. ``stride`` is
    the distance of two levels, 0 without a hop limit; the last level begins at ``top``.
    """
    links = 0
    # Between two pushes f is the residual, up to drift; all above theta · c wait.
    while state.counts[WAITING] > 0 and state.meter[NORM_1] > stop:
        if links + (0 if by_column else state.counts[PENDING]) > budget:
            break
        u = dequeue(state)
        level = u // np.uint64(stride) if stride > 0 else np.uint64(0)
        j = u - level * np.uint64(stride)
        degree = degree_of(rows, j)
        state.counts[PENDING] -= degree
        f, c = state.fc[u, 0], state.fc[u, 1]
        # Exposure without contacts is one's own risk to the last bit, so that is always pushed.
        is_own = not by_column and sums[j] == 0.0 and state.touched.size == 0
        if not abs(f) > theta * c and not (is_own and f != 0.0):
            continue
        is_last = u >= np.uint64(top)
        rho = move(state, by_column, u, j, is_last, is_own, own)
        links += 1
        if is_last and stride > 0:
            continue
        m = damping * rho
        link = extra.head[j] if extra.head.size > 0 else np.int32(-1)
        if by_column:
            total = extra.sums[link] if link >= 0 else sums[j]
            if total == 0.0:
                continue
            m /= total
        links += degree
        was = state.meter[NORM_1]
        to = u - j + np.uint64(stride)
        peak = spread(rows, extra, state, by_column, j, to, m, theta, link)
        if by_column:
            # Every |f| is at most their sum, which itself rounds twice for each link.
            peak = max(was, state.meter[NORM_1]) * (2.0 * degree + 8.0)
        # One rounding for each f as it grows (two over extra links), those of amounts before.
        state.meter[DRIFT] += U * (2.0 * peak + 8.0 * abs(rho))
    if state.counts[WAITING] == 0:
        state.counts[PENDING] = 0
    return links


@kernel
def scan(rows: Rows, state: State, n: int, levels: int, stride: int, theta: float) -> None:
    """Enqueue everybody above a threshold that was lowered."""
    for level in range(levels):
        for i in range(n):
            u = np.uint64(level * stride + i)
            if abs(state.fc[u, 0]) > theta * state.fc[u, 1] and not state.flags[u] & QUEUED:
                enqueue(state, u, degree_of(rows, np.uint64(i)))


@kernel
def forget_queue(state: State) -> None:
    """Nobody waits any more."""
    for at in range(state.counts[WAITING]):
        place = state.counts[HEAD] + at
        u = state.queue[place if place < state.queue.size else place - state.queue.size]
        state.flags[u] &= ~QUEUED
    state.counts[HEAD] = state.counts[WAITING] = state.counts[PENDING] = 0


@kernel
def report(state: State, top: int, reported: Floats, threshold: float) -> Int64s:
    """Whose value is further than the threshold from what was reported last, ascending.

    Clears the list of moves, and takes the new values as reported.
    """
    found = np.empty(state.counts[MOVES], np.int64)
    count = 0
    for at in range(state.counts[MOVES]):
        j = state.moved[at]
        u = np.uint64(top) + np.uint64(j)
        state.flags[u] &= ~MOVED
        if abs(state.x[u] - reported[j]) > threshold:
            reported[j] = state.x[u]
            found[count] = j
            count += 1
    state.counts[MOVES] = 0
    return np.sort(found[:count])
