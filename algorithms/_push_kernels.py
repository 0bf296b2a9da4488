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

from algorithms._rows_kernels import ONE, Rows, Unsigned, base_weight, span
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
    the published state these are ``fc`` and ``x``. ``queue`` is a ring, ``hits`` scratch;
    ``moved`` and ``touched`` list what to report and, for a what-if, to clear. ``counts`` is
    (head of the queue, its length, links of those in it, moved, touched); ``meter`` is (what
    rounding can have moved the residual by since it was measured, Σ |f|, largest |x|).
    """

    x: Floats
    fc: Floats
    x_of: Floats
    fc_of: Floats
    flags: NDArray[np.uint8]
    queue: Unsigned
    hits: Unsigned
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
    target: Unsigned
    weight: Floats
    sums: Floats


@inlined_kernel
def enqueue(flags: NDArray[np.uint8], queue: Unsigned, counts: Int64s, v: Any, degree: Any) -> None:
    """Append v, whose push will walk so many links; at most all wait, so the ring is enough."""
    flags[v] |= QUEUED
    at = counts[HEAD] + counts[WAITING]
    if at >= queue.size:
        at -= queue.size
    queue[at] = v
    counts[WAITING] += 1
    counts[PENDING] += degree


@inlined_kernel
def dequeue(flags: NDArray[np.uint8], queue: Unsigned, counts: Int64s) -> Any:
    """Take the one that waited longest."""
    u = np.uint64(queue[counts[HEAD]])
    following = counts[HEAD] + 1
    counts[HEAD] = following if following < queue.size else 0
    counts[WAITING] -= 1
    flags[u] &= ~QUEUED
    return u


@inlined_kernel
def degree_of(indptr: Unsigned, slot_of: Int32s, slots: Int64s, j: Any) -> Any:
    """Links that a push of j walks."""
    first, end, begin, last = span(indptr, slot_of, slots, j)
    return np.int64((end - first) + (last - begin))


@inlined_kernel
def wait(rows: Rows, state: State, u: Any, i: Any) -> None:
    """Enqueue u, a level of subject i, unless it waits already."""
    if not state.flags[u] & QUEUED:
        degree = degree_of(rows.indptr, rows.slot_of, rows.slots, i)
        enqueue(state.flags, state.queue, state.counts, u, degree)


@kernel
def scatter(
    fc: Floats,
    fc_of: Floats,
    flags: NDArray[np.uint8],
    touched: Unsigned,
    hits: Unsigned,
    counts: Int64s,
    indices: Unsigned,
    weights: Floats | None,
    k: Any,
    end: Any,
    to: Any,
    m: float,
    theta: float,
    by_column: bool,
) -> tuple[int, float, float]:
    """f_i += m · w_i for the links from k to end; ``hits`` takes those that shall be enqueued.

    Return how many these are, the change of Σ |f|, and the largest |f| / c above theta.
    """
    count = 0
    norm = 0.0
    peak = theta
    # Every link before k has had its part.
    while k < end:
        v = to + np.uint64(indices[k])
        c = fc[v, 1]
        if c == 0.0:
            fc[v, 0] = fc_of[v, 0]
            c = fc_of[v, 1]
            fc[v, 1] = c
            touched[counts[TOUCHED]] = v
            counts[TOUCHED] += 1
        old = fc[v, 0]
        f = old + m * base_weight(weights, k)
        fc[v, 0] = f
        if by_column:
            norm += abs(f) - abs(old)
        if abs(f) > theta * c:
            peak = max(peak, abs(f) / c)
            if not flags[v] & QUEUED:
                flags[v] |= QUEUED
                hits[count] = indices[k]
                count += 1
        k += ONE
    return count, norm, peak


@kernel
def drain(  # noqa: PLR0915 - one loop, whose locals would cost more than links to pass on
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
    pause: int,
) -> int:
    """Push, first in first out, until nobody waits or Σ |f| <= stop; return links walked.

    Ends early once links walked and links of those that wait exceed the budget, and pauses after
    so many links. ``stride`` is
    the distance of two levels, 0 without a hop limit; the last level begins at ``top``.
    """
    # Fields are taken out once: reading one from its record costs more than a link.
    x, fc, fc_of, flags = state.x, state.fc, state.fc_of, state.flags
    queue, hits, touched, counts = state.queue, state.hits, state.touched, state.counts
    indptr, slot_of, slots = rows.indptr, rows.slot_of, rows.slots
    norm, drift, largest = state.meter[NORM_1], state.meter[DRIFT], state.meter[LARGEST]
    links = np.int64(0)
    # Between two pushes f is the residual, up to drift; all above theta · c wait.
    while counts[WAITING] > 0 and norm > stop and links < pause:
        if links + (0 if by_column else counts[PENDING]) > budget:
            break
        u = dequeue(flags, queue, counts)
        level = u // np.uint64(stride) if stride > 0 else np.uint64(0)
        j = u - level * np.uint64(stride)
        first, end, begin, last = span(indptr, slot_of, slots, j)
        degree = np.int64((end - first) + (last - begin))
        counts[PENDING] -= degree
        f, c = fc[u, 0], fc[u, 1]
        # Exposure without contacts is one's own risk to the last bit, so that is always pushed.
        is_own = not by_column and sums[j] == 0.0 and touched.size == 0
        if not abs(f) > theta * c and not (is_own and f != 0.0):
            continue
        is_last = u >= np.uint64(top)
        if not flags[u] & MOVED:
            flags[u] |= MOVED
            x[u] = state.x_of[u]
            if is_last:
                state.moved[counts[MOVES]] = j
                counts[MOVES] += 1
        before = x[u]
        x[u] = own[j] if is_own else before + (f if by_column else f / c)
        rho = x[u] - before
        fc[u, 0] = 0.0 if is_own else f - (rho if by_column else c * rho)
        norm += abs(fc[u, 0]) - abs(f)
        largest = max(largest, abs(x[u]))
        # Rounding of rho, of the product and of the difference, each against c |rho| at most.
        drift += 8.0 * U * abs(rho)
        links += 1
        link = extra.head[j] if extra.head.size > 0 else np.int32(-1)
        total = 1.0
        if by_column:
            total = extra.sums[link] if link >= 0 else sums[j]
        if (is_last and stride > 0) or total == 0.0:
            continue
        m = damping * rho / total
        links += degree
        was = norm
        to = u - j + np.uint64(stride)
        count, change, peak = scatter(
            fc, fc_of, flags, touched, hits, counts, rows.indices, rows.weights, first, end,
            to, m, theta, by_column,
        )  # fmt: skip
        norm += change
        # First the links of the base, then those of the pool, then the extra ones one by one.
        while True:
            for at in range(count):
                i = np.uint64(hits[at])
                enqueue(flags, queue, counts, to + i, degree_of(indptr, slot_of, slots, i))
            if begin < last:
                count, change, above = scatter(
                    fc, fc_of, flags, touched, hits, counts, rows.pool, rows.loads, begin, last,
                    to, m, theta, by_column,
                )  # fmt: skip
                begin = last
            elif link >= 0:
                at_link = np.uint64(link)
                count, change, above = scatter(
                    fc, fc_of, flags, touched, hits, counts, extra.target, extra.weight, at_link,
                    at_link + ONE, to, m, theta, by_column,
                )  # fmt: skip
                link = extra.following[link]
            else:
                break
            norm += change
            peak = max(peak, above)
        if by_column:
            # Every |f| is at most their sum, which itself rounds twice for each link.
            peak = max(was, norm) * (2.0 * degree + 8.0)
        # One rounding for each f as it grows, and those of amounts; over extra links two, of
        # weights that can exceed that of the row 1024 times.
        drift += U * (4.0 * peak + (8192.0 if extra.head.size > 0 else 8.0) * abs(rho))
    if counts[WAITING] == 0:
        counts[PENDING] = 0
    state.meter[NORM_1], state.meter[DRIFT], state.meter[LARGEST] = norm, drift, largest
    return int(links)


@kernel
def scan(rows: Rows, state: State, n: int, levels: int, stride: int, theta: float) -> None:
    """Enqueue everybody above a threshold that was lowered."""
    for level in range(levels):
        for i in range(n):
            u = np.uint64(level * stride + i)
            if abs(state.fc[u, 0]) > theta * state.fc[u, 1]:
                wait(rows, state, u, np.uint64(i))


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
