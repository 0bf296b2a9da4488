"""What a change of links, own risk or seeds does to the residuals of a live operator."""

# Kernels take plain arrays, one by one; their wrappers hold the records.

from typing import Any

import numpy as np

from algorithms._push_kernels import (
    DRIFT,
    LARGEST,
    MOVED,
    MOVES,
    NORM_1,
    State,
    U,
    wait,
)
from algorithms._rows_kernels import (
    INSERTION,
    ONE,
    Rows,
    Unsigned,
    base_weight,
    link_at,
    place_in_pool,
    row_length,
    span,
)
from algorithms.accelerate import inlined_kernel, kernel
from algorithms.arguments import Floats, Int32s, Int64s


@kernel
def dot_on(
    indices: Unsigned,
    weights: Floats | None,
    x: Floats,
    offset: Any,
    first: Any,
    end: Any,
    total: float,
    lost: float,
) -> tuple[float, float]:
    """Go on with a compensated sum of w_j x_j (Neumaier, 1974): it is total + lost."""
    k = first
    while k < end:
        part = base_weight(weights, k) * x[offset + np.uint64(indices[k])]
        grown = total + part
        lost += (total - grown) + part if abs(total) >= abs(part) else (part - grown) + total
        total = grown
        k += ONE
    return total, lost


@kernel
def row_dot(rows: Rows, i: int, x: Floats, offset: int) -> float:
    """Σ_j w_ij x_j over row i, x from an offset on."""
    first, end, begin, last = span(rows.indptr, rows.slot_of, rows.slots, np.uint64(i))
    at = np.uint64(offset)
    total, lost = dot_on(rows.indices, rows.weights, x, at, first, end, 0.0, 0.0)
    total, lost = dot_on(rows.pool, rows.loads, x, at, begin, last, total, lost)
    return total + lost


@kernel
def note_move(state: State, u: Any, j: int, stride: int) -> None:
    """Remember for the next report that x_u moved."""
    if not state.flags[u] & MOVED:
        state.flags[u] |= MOVED
        if stride == 0:
            state.moved[state.counts[MOVES]] = j
            state.counts[MOVES] += 1


@inlined_kernel
def add_to(
    push_rows: Rows, state: State, by_column: bool, u: Any, i: int, amount: float, theta: float
) -> None:
    """f_u += amount, u a level of subject i; enqueue it where that is above the threshold."""
    old = state.fc[u, 0]
    f = old + amount
    state.fc[u, 0] = f
    state.meter[NORM_1] += abs(f) - abs(old)
    if by_column:
        state.meter[DRIFT] += U * (abs(f) + 3.0 * abs(amount) + 4.0 * state.meter[NORM_1])
    if abs(f) > theta * state.fc[u, 1]:
        wait(push_rows, state, u, np.uint64(i))


@kernel
def own_changed(
    push_rows: Rows,
    sums: Floats,
    state: State,
    by_column: bool,
    keep: float,
    levels: int,
    stride: int,
    theta: float,
    subjects: Int32s,
    values: Floats,
    own: Floats,
) -> None:
    """Take new own risks or seeds into ``own`` and the residuals."""
    for a in range(subjects.size):
        i = subjects[a]
        change = values[a] - own[i]
        own[i] = values[a]
        if change == 0.0:
            continue
        for level in range(levels):
            u = np.uint64(level * stride + i)
            if by_column:
                add_to(push_rows, state, by_column, u, i, keep * change, theta)
            elif sums[i] > 0.0:
                add_to(push_rows, state, by_column, u, i, sums[i] * (keep * change), theta)
            else:
                # Taken anew: sums of changes could end at 0 while x is not o to the last bit.
                state.fc[u, 0] = 0.0
                add_to(push_rows, state, by_column, u, i, own[i] - state.x[u], -1.0)
        if not by_column:
            state.meter[DRIFT] += 8.0 * U * (2.0 + state.meter[LARGEST])


@kernel
def exposure_rows_changed(
    forward: Rows,
    reverse: Rows,
    sums: Floats,
    own: Floats,
    state: State,
    beta: float,
    levels: int,
    stride: int,
    theta: float,
    rows: Int32s,
    first: Int64s,
    targets: Int32s,
    before: Floats,
    after: Floats,
    sums_before: Floats,
) -> None:
    """Row i of W moved: f_i and c_i are taken anew, for a long row by the difference alone."""
    for a in range(rows.size):
        i = rows[a]
        s, was = sums[i], sums_before[a]
        changes = first[a + 1] - first[a]
        length = row_length(forward, i)
        by_difference = length > INSERTION + 8 * changes and 0.5 * was <= s <= 2.0 * was
        for level in range(levels):
            u = np.uint64(level * stride + i)
            source = max(level - 1, 0) * stride
            x = state.x[u]
            if s == 0.0:
                f = own[i] - x
            elif by_difference:
                f = state.fc[u, 0] + (s - was) * ((1.0 - beta) * own[i] - x)
                if level > 0 or stride == 0:
                    for e in range(first[a], first[a + 1]):
                        f += beta * ((after[e] - before[e]) * state.x[source + targets[e]])
            else:
                total = row_dot(forward, i, state.x, source) if level > 0 or stride == 0 else 0.0
                f = s * ((1.0 - beta) * own[i]) + beta * total - s * x
            state.fc[u, 0] = f
            state.fc[u, 1] = s if s > 0.0 else 1.0
            if abs(f) > (theta * s if s > 0.0 else 0.0):
                wait(reverse, state, u, np.uint64(i))
        if by_difference:
            # Weights of both sums are at most twice s, sums are within 2 U of them.
            state.meter[DRIFT] += 64.0 * U * (changes + 2) * (2.0 + state.meter[LARGEST])


@kernel
def trust_rows_changed(
    forward: Rows,
    sums: Floats,
    state: State,
    alpha: float,
    levels: int,
    stride: int,
    theta: float,
    rows: Int32s,
    first: Int64s,
    targets: Int32s,
    before: Floats,
    after: Floats,
    sums_before: Floats,
) -> None:
    """Column j of P moved: so do the residuals of all that j hands to.

    For a long row the mass of a unit of weight is kept and t_j moves with the sum of the row:
    then only the changed links and j itself notice.
    """
    for a in range(rows.size):
        j = rows[a]
        s, was = sums[j], sums_before[a]
        changes = first[a + 1] - first[a]
        length = row_length(forward, j)
        by_difference = length > INSERTION + 8 * changes and 0.5 * was <= s <= 2.0 * was
        for level in range(levels):
            u = np.uint64(level * stride + j)
            is_last = stride > 0 and level == levels - 1
            state.fc[u, 1] = 1.0 if is_last else length + 1.0
            t = state.x[u]
            if is_last or t == 0.0:
                continue
            to = np.uint64((level if stride == 0 else level + 1) * stride)
            if by_difference:
                for e in range(first[a], first[a + 1]):
                    part = (alpha * t) * ((after[e] - before[e]) / was)
                    i = int(targets[e])
                    add_to(forward, state, True, to + np.uint64(i), i, part, theta)
                state.x[u] = t * (s / was)
                add_to(forward, state, True, u, j, t - state.x[u], theta)
                note_move(state, u, j, stride)
            else:
                for e in range(first[a], first[a + 1]):
                    # Out of the way of the loop over the links that stayed as they were.
                    if after[e] != before[e]:
                        forward.loads[place_in_pool(forward, j, targets[e])] = 0.0
                share = (alpha * t / s if s > 0.0 else 0.0) - (
                    alpha * t / was if was > 0.0 else 0.0
                )
                for k in range(length):
                    i, w = link_at(forward, j, k)
                    if w > 0.0:
                        add_to(forward, state, True, to + np.uint64(i), i, share * w, theta)
                for e in range(first[a], first[a + 1]):
                    if after[e] != before[e]:
                        i = int(targets[e])
                        gained = after[e] / s if s > 0.0 else 0.0
                        lost = before[e] / was if was > 0.0 else 0.0
                        part = (alpha * t) * (gained - lost)
                        add_to(forward, state, True, to + np.uint64(i), i, part, theta)
                        # A removed link may be gone from the pool already.
                        at = place_in_pool(forward, j, targets[e])
                        if at >= 0:
                            forward.loads[at] = after[e]
            state.meter[DRIFT] += 32.0 * U * alpha * abs(t)
