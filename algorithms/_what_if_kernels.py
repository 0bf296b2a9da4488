"""Changes that only a what-if knows: its own residuals over the published ones."""

# Kernels take plain arrays, one by one; their wrappers hold the records.

from typing import Any

import numpy as np

from algorithms._change_kernels import row_dot
from algorithms._push_kernels import (
    DRIFT,
    HEAD,
    LARGEST,
    MOVES,
    NORM_1,
    TOUCHED,
    WAITING,
    Extra,
    State,
    U,
    wait,
)
from algorithms._rows_kernels import ALIVE, Rows, link_at, row_length, weight_of
from algorithms.accelerate import kernel
from algorithms.arguments import Floats, Int32s, Int64s

# A row may lose so much of its weight and still be described by differences.
STEEPEST = 1024.0


@kernel
def take_over(state: State, v: Any) -> None:
    """Give a what-if its own f and c of v."""
    if state.fc[v, 1] == 0.0:
        state.fc[v, 0] = state.fc_of[v, 0]
        state.fc[v, 1] = state.fc_of[v, 1]
        state.touched[state.counts[TOUCHED]] = v
        state.counts[TOUCHED] += 1


@kernel
def add_to(
    rows: Rows, state: State, by_column: bool, u: Any, i: int, amount: float, theta: float
) -> None:
    """f_u += amount, u a level of subject i; enqueue it where that is above the threshold."""
    take_over(state, u)
    old = state.fc[u, 0]
    f = old + amount
    state.fc[u, 0] = f
    state.meter[NORM_1] += abs(f) - abs(old)
    unit = 1.0 if by_column else state.fc[u, 1]
    state.meter[DRIFT] += 8.0 * U * ((abs(f) + abs(old)) / unit)
    if by_column:
        state.meter[DRIFT] += 4.0 * U * state.meter[NORM_1]
    if abs(f) > theta * state.fc[u, 1]:
        wait(rows, state, u, np.uint64(i))


@kernel
def inherit(
    rows: Rows, state: State, published: State, by_column: bool, stride: int, theta: float
) -> None:
    """Whoever waits to be pushed in the published state waits here too."""
    for at in range(published.counts[WAITING]):
        place = published.counts[HEAD] + at
        size = published.queue.size
        u: Any = np.int64(published.queue[place if place < size else place - size])
        add_to(rows, state, by_column, np.uint64(u), u % stride if stride > 0 else u, 0.0, theta)


@kernel
def own_changed(
    rows: Rows,
    sums: Floats,
    own: Floats,
    state: State,
    by_column: bool,
    keep: float,
    levels: int,
    stride: int,
    theta: float,
    subjects: Int32s,
    values: Floats,
) -> None:
    """Other own risks or seeds, each subject once."""
    for a in range(subjects.size):
        i = int(subjects[a])
        change = values[a] - own[i]
        if not by_column:
            change *= sums[i] * keep if sums[i] > 0.0 else 1.0
            state.meter[DRIFT] += 16.0 * U * (2.0 + state.meter[LARGEST])
        else:
            change *= keep
            state.meter[DRIFT] += 16.0 * U * abs(change)
        if change == 0.0:
            continue
        for level in range(levels):
            add_to(rows, state, by_column, np.uint64(level * stride + i), i, change, theta)


@kernel
def differences(
    forward: Rows, src: Int32s, dst: Int32s, weight: Floats, sums: Floats, change: Floats,
    sums_after: Floats,
) -> bool:  # fmt: skip
    """Fill in what each link gains and what its row then sums to; ``src`` is ascending.

    Return whether no row loses all, or nearly all, of its weight.
    """
    e = 0
    while e < src.size:
        i = src[e]
        end = e
        total = sums[i]
        slot = forward.slot_of[i]
        alive = row_length(forward, i) if slot < 0 else forward.slots[slot, ALIVE]
        # total is the sum of the row after the changes before ``end``.
        while end < src.size and src[end] == i:
            before = weight_of(forward, i, dst[end])
            change[end] = weight[end] - before
            total += change[end]
            alive += (1 if weight[end] != 0.0 else 0) - (1 if before != 0.0 else 0)
            end += 1
        if sums[i] > 0.0 and (alive == 0 or not total * STEEPEST >= sums[i]):
            return False
        sums_after[e:end] = total if alive > 0 else 0.0
        e = end
    return True


@kernel
def chain(extra: Extra, key: Int32s, other: Int32s, change: Floats, sums_after: Floats) -> None:
    """Hang each changed link on the one whose push walks it."""
    for e in range(key.size):
        extra.target[e] = other[e]
        extra.weight[e] = change[e]
        extra.sums[e] = sums_after[e]
        extra.following[e] = extra.head[key[e]]
        extra.head[key[e]] = e


@kernel
def exposure_rows_changed(
    forward: Rows,
    reverse: Rows,
    sums: Floats,
    state: State,
    beta: float,
    levels: int,
    stride: int,
    theta: float,
    src: Int32s,
    dst: Int32s,
    change: Floats,
    sums_after: Floats,
    own_after: Floats,
) -> None:
    """f and c of each changed row; ``own_after`` is the own risk of each ``src`` in the what-if."""
    e = 0
    while e < src.size:
        i = int(src[e])
        end = e
        while end < src.size and src[end] == i:
            end += 1
        s = sums_after[e]
        for level in range(levels if sums[i] > 0.0 or s > 0.0 else 0):
            u = np.uint64(level * stride + i)
            source = max(level - 1, 0) * stride
            dot = 0.0
            if level > 0 or stride == 0:
                dot = row_dot(forward, i, state.x_of, source)
                for k in range(e, end):
                    dot += change[k] * state.x_of[source + dst[k]]
            f = s * ((1.0 - beta) * own_after[e]) + beta * dot - s * state.x_of[u]
            take_over(state, u)
            state.fc[u, 1] = s
            state.fc[u, 0] = 0.0
            add_to(reverse, state, False, u, i, f, theta)
        # Weights and sums before are at most STEEPEST times the sum after.
        state.meter[DRIFT] += 64.0 * STEEPEST * U * (end - e + 2) * (2.0 + state.meter[LARGEST])
        e = end


@kernel
def trust_rows_changed(
    forward: Rows,
    sums: Floats,
    state: State,
    alpha: float,
    levels: int,
    stride: int,
    theta: float,
    src: Int32s,
    dst: Int32s,
    change: Floats,
    sums_after: Floats,
) -> None:
    """Residuals of all old and new targets of each changed row."""
    e = 0
    while e < src.size:
        j = int(src[e])
        end = e
        while end < src.size and src[end] == j:
            end += 1
        s, was = sums_after[e], sums[j]
        for level in range(levels if stride == 0 else levels - 1):
            mass = alpha * state.x_of[level * stride + j]
            to = (level if stride == 0 else level + 1) * stride
            if mass == 0.0 or s == 0.0:
                continue
            share = mass / s - (mass / was if was > 0.0 else 0.0)
            for k in range(row_length(forward, j)):
                i, w = link_at(forward, j, k)
                add_to(forward, state, True, np.uint64(to + i), i, share * w, theta)
            for k in range(e, end):
                i = int(dst[k])
                add_to(forward, state, True, np.uint64(to + i), i, mass / s * change[k], theta)
            state.meter[DRIFT] += 64.0 * STEEPEST * U * (end - e + 2) * abs(mass)
        e = end


@kernel
def scan_touched(rows: Rows, state: State, by_column: bool, stride: int, theta: float) -> None:
    """Enqueue whoever the what-if knows to be above a threshold that was lowered."""
    for at in range(state.counts[TOUCHED]):
        u: Any = np.int64(state.touched[at])
        add_to(rows, state, by_column, np.uint64(u), u % stride if stride > 0 else u, 0.0, theta)


@kernel
def outcome(state: State, top: int) -> tuple[Int64s, Floats, Floats]:
    """(subjects ascending, values before, values after) of all whose value differs."""
    moved = np.sort(state.moved[: state.counts[MOVES]].astype(np.int64))
    before = np.empty(moved.size)
    after = np.empty(moved.size)
    count = 0
    for j in moved:
        u = top + j
        if state.x[u] != state.x_of[u]:
            moved[count] = j
            before[count] = state.x_of[u]
            after[count] = state.x[u]
            count += 1
    return moved[:count], before[:count], after[:count]


@kernel
def clear(state: State, extra: Extra, key: Int32s) -> None:
    """Leave the scratch as it was found."""
    for at in range(state.counts[TOUCHED]):
        v = state.touched[at]
        state.fc[v, 0] = state.fc[v, 1] = 0.0
        state.flags[v] = 0
    for j in key:
        extra.head[j] = -1
