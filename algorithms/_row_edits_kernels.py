"""Changing the rows of a DynamicGraph, and keeping their sums.

Up to ``INSERTION`` links, the pool's part of a row is kept in order; longer ones take newcomers at
their end, and are merged when that tail outgrows the square root of the row.
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

import numpy as np

from algorithms._rows_kernels import (
    ALIVE,
    EDITS,
    INSERTION,
    IS_BASED,
    LENGTH,
    ROOM,
    SHORT,
    SORTED,
    START,
    Rows,
    base_length,
    base_weight,
    place_in_base,
    place_in_pool,
    row_length,
    row_sum,
    weight_of,
)
from algorithms.accelerate import kernel
from algorithms.arguments import Floats, Int32s, Int64s


@kernel
def room_needed(rows: Rows, source: Int32s, target: Int32s, weight: Floats) -> tuple[int, int]:
    """(slots, pool places) that these links can need at most, ``source`` ascending."""
    slots = 0
    places = 0
    e = 0
    while e < source.size:
        i = source[e]
        length = base_length(rows, i)
        copies = 0 < length <= SHORT
        if rows.slot_of[i] >= 0:
            places += 4 * rows.slots[rows.slot_of[i], LENGTH]
        else:
            slots += 1
        while e < source.size and source[e] == i:
            at = place_in_base(rows, i, target[e])
            copies = copies or (at >= 0 and base_weight(rows.weights, at) != weight[e])
            places += 4
            e += 1
        places += 16 + (4 * length if copies else 0)
    return slots, places


@kernel
def tidy(rows: Rows, slot: int, to: int, room: int) -> None:
    """Bring a pool row into order, without its removed links, at ``to`` with this room."""
    first, length = rows.slots[slot, START], rows.slots[slot, LENGTH]
    ordered = rows.slots[slot, SORTED]
    head = rows.pool[first : first + ordered].copy()
    head_loads = rows.loads[first : first + ordered].copy()
    tail = rows.pool[first + ordered : first + length].copy()
    tail_loads = rows.loads[first + ordered : first + length].copy()
    order = np.argsort(tail)
    a = b = kept = 0
    # Everything before a of the head and before b of the ordered tail is written or was removed.
    while a < head.size or b < tail.size:
        if b == tail.size or (a < head.size and head[a] < tail[order[b]]):
            j, w = head[a], head_loads[a]
            a += 1
        else:
            j, w = tail[order[b]], tail_loads[order[b]]
            b += 1
        if w != 0.0:
            rows.pool[to + kept] = j
            rows.loads[to + kept] = w
            kept += 1
    rows.slots[slot, START] = to
    rows.slots[slot, LENGTH] = kept
    rows.slots[slot, SORTED] = kept
    rows.slots[slot, ROOM] = room


@kernel
def open_row(rows: Rows, used: Int64s, i: int) -> int:
    """Give row i a slot, with nothing in the pool; ``used`` is (slots, places) taken so far."""
    slot = used[0]
    used[0] += 1
    rows.slots[slot, :] = 0
    rows.slots[slot, START] = used[1]
    rows.slots[slot, ALIVE] = base_length(rows, i)
    rows.slots[slot, IS_BASED] = 1
    rows.slot_of[i] = slot
    return int(slot)


@kernel
def adopt(rows: Rows, used: Int64s, i: int) -> None:
    """Copy what row i has in the base to the pool, before the rest of it."""
    slot = rows.slot_of[i]
    base, length, to = rows.indptr[i], base_length(rows, i), used[1]
    begin, rest = rows.slots[slot, START], rows.slots[slot, LENGTH]
    for k in range(length):
        rows.pool[to + k] = rows.indices[base + np.uint64(k)]
        rows.loads[to + k] = base_weight(rows.weights, base + np.uint64(k))
    rows.pool[to + length : to + length + rest] = rows.pool[begin : begin + rest]
    rows.loads[to + length : to + length + rest] = rows.loads[begin : begin + rest]
    room = length + rest + (length + rest) // 4 + 8
    used[1] += room
    rows.slots[slot, START] = to
    rows.slots[slot, LENGTH] = length + rest
    rows.slots[slot, SORTED] = length
    rows.slots[slot, ROOM] = room
    rows.slots[slot, IS_BASED] = 0
    if rest > 0:
        tidy(rows, slot, to, room)


@kernel
def put_all(
    rows: Rows, used: Int64s, source: Int32s, target: Int32s, weight: Floats, before: Floats
) -> None:
    """Give distinct links new weights, ``source`` ascending; ``before`` takes the old ones."""
    e = 0
    while e < source.size:
        first = e
        while e < source.size and source[e] == source[first]:
            before[e] = weight_of(rows, source[e], target[e])
            e += 1
        put_row(rows, used, source[first], target, weight, before, first, e)


@kernel
def put_row(
    rows: Rows,
    used: Int64s,
    i: int,
    target: Int32s,
    weight: Floats,
    before: Floats,
    first: int,
    end: int,
) -> None:
    """Give the links ``first`` to ``end``, all of row i, new weights."""
    is_new = np.zeros(end - first, np.bool_)
    copies = 0 < base_length(rows, i) <= SHORT
    edits = alive = 0
    for e in range(first, end):
        if weight[e] != before[e]:
            edits += 1
            alive += (1 if weight[e] != 0.0 else 0) - (1 if before[e] != 0.0 else 0)
            copies = copies or place_in_base(rows, i, target[e]) >= 0
    if edits == 0:
        return
    slot = rows.slot_of[i]
    if slot < 0:
        slot = open_row(rows, used, i)
    if copies:
        adopt(rows, used, i)
    rows.slots[slot, EDITS] += edits
    rows.slots[slot, ALIVE] += alive
    for e in range(first, end):
        at = place_in_pool(rows, i, target[e]) if weight[e] != before[e] else 0
        is_new[e - first] = at < 0
        if at >= 0 and weight[e] != before[e]:
            rows.loads[at] = weight[e]
    count = np.count_nonzero(is_new)
    if rows.slots[slot, LENGTH] + count > rows.slots[slot, ROOM]:
        room = 2 * (rows.slots[slot, LENGTH] + count) + 8
        tidy(rows, slot, used[1], room)
        used[1] += room
    begin, length = rows.slots[slot, START], rows.slots[slot, LENGTH]
    in_order = rows.slots[slot, SORTED] == length and length + count <= INSERTION
    for e in range(first, end):
        if not is_new[e - first]:
            continue
        at = begin + length
        # Everything from ``at`` on has moved up by one.
        while in_order and at > begin and rows.pool[at - 1] > target[e]:
            rows.pool[at] = rows.pool[at - 1]
            rows.loads[at] = rows.loads[at - 1]
            at -= 1
        rows.pool[at] = target[e]
        rows.loads[at] = weight[e]
        length += 1
    rows.slots[slot, LENGTH] = length
    if in_order:
        rows.slots[slot, SORTED] = length
    tail = length - rows.slots[slot, SORTED]
    if tail * tail > length:
        tidy(rows, slot, begin, rows.slots[slot, ROOM])


@kernel
def arranged(
    source: Int64s, target: Int64s, weight: Floats
) -> tuple[Int32s, Int32s, Floats, Int32s, Int64s]:
    """(source, target, weight) by source and target, of equal links the last; (rows, first).

    The links of ``rows[a]`` are ``first[a]`` to ``first[a + 1]``.
    """
    order = np.argsort(source * 2**32 + target, kind="mergesort")
    sources, targets = np.empty(order.size, np.int32), np.empty(order.size, np.int32)
    weights = np.empty(order.size)
    rows, first = np.empty(order.size, np.int32), np.empty(order.size + 1, np.int64)
    kept = groups = 0
    for at in range(order.size):
        e = order[at]
        if kept > 0 and sources[kept - 1] == source[e] and targets[kept - 1] == target[e]:
            kept -= 1
        elif kept == 0 or sources[kept - 1] != source[e]:
            rows[groups] = source[e]
            first[groups] = kept
            groups += 1
        sources[kept], targets[kept], weights[kept] = source[e], target[e], weight[e]
        kept += 1
    first[groups] = kept
    return sources[:kept], targets[:kept], weights[:kept], rows[:groups], first[: groups + 1]


@kernel
def first_wrong(
    source: Int64s, target: Int64s, weight: Floats, n: int, least: float, most: float
) -> tuple[int, int]:
    """(which of the three, at which position) is out of range first, or (-1, 0)."""
    for e in range(source.size):
        if not 0 <= source[e] < n:
            return 0, e
        if not 0 <= target[e] < n:
            return 1, e
        if not (weight[e] == 0.0 or least <= weight[e] <= most):
            return 2, e
    return -1, 0


@kernel
def new_sums(
    rows: Rows, changed: Int32s, first: Int64s, before: Floats, after: Floats, sums: Floats,
    lost: Floats, old: Floats,
) -> tuple[int, int]:  # fmt: skip
    """Bring the sums of the changed rows up to date; ``old`` takes what they were.

    ``first[a]`` to ``first[a + 1]`` are the changes of row ``changed[a]``. A long row is added
    up anew only now and then: between, sum and ``lost`` are one number of twice the precision.
    Return how many links there are more than before, and how many rows with links.
    """
    links = linking = 0
    for a in range(changed.size):
        i = changed[a]
        old[a] = sums[i]
        slot = rows.slot_of[i]
        if slot < 0:
            continue
        for e in range(first[a], first[a + 1]):
            links += (1 if after[e] != 0.0 else 0) - (1 if before[e] != 0.0 else 0)
        linking += (1 if rows.slots[slot, ALIVE] > 0 else 0) - (1 if old[a] > 0.0 else 0)
        if rows.slots[slot, ALIVE] == 0:
            sums[i] = lost[i] = 0.0
            continue
        is_long = row_length(rows, i) > 4 * INSERTION and rows.slots[slot, EDITS] < 64
        total, rest = sums[i], lost[i]
        for e in range(first[a], first[a + 1]):
            for w in (after[e], -before[e]):
                grown = total + w
                rest += (total - grown) + w if total >= abs(w) else (w - grown) + total
                total = grown
        # While the sum hardly falls, the errors of second order cannot outgrow it.
        if is_long and total >= 0.99 * old[a] and old[a] > 0.0:
            sums[i] = total + rest
            lost[i] = (total - sums[i]) + rest
            continue
        rows.slots[slot, EDITS] = 0
        sums[i] = row_sum(rows, i)
        lost[i] = 0.0
    return links, linking
