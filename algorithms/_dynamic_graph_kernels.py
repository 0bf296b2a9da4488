"""Loops behind DynamicGraph: rows that were changed live in a pool, the others in the base.

A changed row is copied once, with room to grow. A removed link stays where it is with weight 0
until its row is tidied, so that neither pushes nor sums have to know of removals. Up to
``INSERTION`` links a row is kept in order; longer rows take newcomers at their end, and are
merged when that tail outgrows the square root of the row.
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from algorithms.accelerate import inlined_kernel, kernel
from algorithms.arguments import Floats, Int32s, Int64s

Unsigned: TypeAlias = NDArray[Any]
"""uint64 row pointers or uint32 indices."""

BASE = -1
INSERTION = 256
# Columns of Rows.slots.
START, LENGTH, ROOM, SORTED, ALIVE, EDITS = range(6)
ONE = np.uint64(1)


class Rows(NamedTuple):
    """The rows of one direction, as kernels read them.

    ``slot_of[i]`` is BASE where row i is that of the base graph (indptr, indices, weights), else
    the line of ``slots`` that says where in ``pool`` and ``loads`` it lies.
    """

    indptr: Unsigned
    indices: Unsigned
    weights: Floats | None
    slot_of: Int32s
    slots: Int64s
    pool: Unsigned
    loads: Floats


@inlined_kernel
def span(indptr: Unsigned, slot_of: Int32s, slots: Int64s, i: Any) -> tuple[bool, Any, Any]:
    """(in the base?, first, end) of row i, removed links included."""
    slot = slot_of[i]
    if slot < 0:
        return True, indptr[i], indptr[i + ONE]
    first = np.uint64(slots[slot, START])
    return False, first, first + np.uint64(slots[slot, LENGTH])


@inlined_kernel
def base_weight(weights: Floats | None, k: Any) -> float:
    """Weight of link k of the base graph."""
    if weights is None:
        return 1.0
    return float(weights[k])


@kernel
def row_length(rows: Rows, i: int) -> Any:
    """Links of row i, removed ones that still lie there included."""
    _, first, end = span(rows.indptr, rows.slot_of, rows.slots, np.uint64(i))
    return np.int64(end - first)


@kernel
def row_lengths(rows: Rows, n: int) -> Int64s:
    """``row_length`` of every row."""
    lengths = np.empty(n, np.int64)
    for i in range(n):
        lengths[i] = row_length(rows, i)
    return lengths


@kernel
def room_needed(rows: Rows, changed: Int32s) -> tuple[int, int]:
    """(slots, pool places) that one more link for each entry of ``changed`` can need at most."""
    slots = 0
    places = 0
    last = -1
    # ``changed`` is ascending; the row of equal entries is counted once, each entry as a link.
    for i in changed:
        if i != last:
            slots += 1 if rows.slot_of[i] < 0 else 0
            places += 2 * row_length(rows, i) + 32
        # Rooms double, so all rooms of a row together stay below four times its last length.
        places += 16
        last = i
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
def adopt(rows: Rows, used: Int64s, i: int) -> int:
    """Copy row i into the pool; ``used`` is (slots, pool places) taken so far. Return its slot."""
    slot = used[0]
    used[0] += 1
    base, first, end = rows.indptr[i], used[1], rows.indptr[i + 1]
    length = np.int64(end - base)
    for k in range(length):
        rows.pool[first + k] = rows.indices[base + np.uint64(k)]
        rows.loads[first + k] = base_weight(rows.weights, base + np.uint64(k))
    rows.slots[slot, START] = first
    rows.slots[slot, LENGTH] = length
    rows.slots[slot, SORTED] = length
    rows.slots[slot, ALIVE] = length
    rows.slots[slot, EDITS] = 0
    rows.slots[slot, ROOM] = length + length // 4 + 8
    used[1] += rows.slots[slot, ROOM]
    rows.slot_of[i] = slot
    return int(slot)


@kernel
def place_of(rows: Rows, i: int, j: int) -> int:
    """Where link i -> j lies in the pool or base arrays of row i, or -1."""
    in_base, start, end = span(rows.indptr, rows.slot_of, rows.slots, np.uint64(i))
    first, last = np.int64(start), np.int64(end)
    indices = rows.indices if in_base else rows.pool
    ordered = last if in_base else first + rows.slots[rows.slot_of[i], SORTED]
    low, high = first, ordered
    # The first of the ordered links to j or behind it is in [low, high].
    while low < high:
        middle = (low + high) // 2
        if indices[middle] < j:
            low = middle + 1
        else:
            high = middle
    if low < ordered and indices[low] == j:
        return int(low)
    for k in range(ordered, last):
        if indices[k] == j:
            return int(k)
    return -1


@kernel
def weight_of(rows: Rows, i: int, j: int) -> float:
    """Weight of link i -> j, 0 where there is none."""
    at = place_of(rows, i, j)
    if at < 0:
        return 0.0
    if rows.slot_of[i] >= 0:
        return float(rows.loads[at])
    return base_weight(rows.weights, at)


@kernel
def put(rows: Rows, used: Int64s, i: int, j: int, w: float) -> float:
    """Give link i -> j the weight w; return the weight it had."""
    before = weight_of(rows, i, j)
    if before == w:
        return before
    slot = rows.slot_of[i]
    if slot < 0:
        slot = adopt(rows, used, i)
    rows.slots[slot, EDITS] += 1
    rows.slots[slot, ALIVE] += (1 if w != 0.0 else 0) - (1 if before != 0.0 else 0)
    at = place_of(rows, i, j)
    if at >= 0:
        rows.loads[at] = w
        return before
    if rows.slots[slot, LENGTH] == rows.slots[slot, ROOM]:
        room = 2 * rows.slots[slot, LENGTH] + 8
        tidy(rows, slot, used[1], room)
        used[1] += room
    first, length = rows.slots[slot, START], rows.slots[slot, LENGTH]
    at = first + length
    if length < INSERTION and rows.slots[slot, SORTED] == length:
        # Everything from ``at`` on has moved up by one.
        while at > first and rows.pool[at - 1] > j:
            rows.pool[at] = rows.pool[at - 1]
            rows.loads[at] = rows.loads[at - 1]
            at -= 1
        rows.slots[slot, SORTED] = length + 1
    rows.pool[at] = j
    rows.loads[at] = w
    rows.slots[slot, LENGTH] = length + 1
    tail = length + 1 - rows.slots[slot, SORTED]
    if tail * tail > length:
        tidy(rows, slot, first, rows.slots[slot, ROOM])
    return before


@kernel
def put_all(
    rows: Rows, used: Int64s, source: Int32s, target: Int32s, weight: Floats, before: Floats
) -> None:
    """``put`` each link in the order given; ``before`` takes the weights that were."""
    for e in range(source.size):
        before[e] = put(rows, used, source[e], target[e], weight[e])


@kernel
def row_sum(rows: Rows, i: int) -> float:
    """Σ of the weights of row i, compensated (Neumaier, 1974) as in ``CSRGraph.weight_sum``."""
    in_base, first, end = span(rows.indptr, rows.slot_of, rows.slots, np.uint64(i))
    total = 0.0
    lost = 0.0
    k = first
    while k < end:
        w = base_weight(rows.weights, k) if in_base else rows.loads[k]
        grown = total + w
        lost += (total - grown) + w if total >= w else (w - grown) + total
        total = grown
        k += ONE
    return total + lost


@kernel
def new_sums(
    rows: Rows, changed: Int32s, first: Int64s, before: Floats, after: Floats, sums: Floats,
    lost: Floats, old: Floats,
) -> None:  # fmt: skip
    """Bring the sums of the changed rows up to date; ``old`` takes what they were.

    ``first[a]`` to ``first[a + 1]`` are the changes of row ``changed[a]``. A long row is added
    up anew only now and then: between, sum and ``lost`` are one number of twice the precision.
    """
    for a in range(changed.size):
        i = changed[a]
        old[a] = sums[i]
        slot = rows.slot_of[i]
        if slot < 0:
            continue
        if rows.slots[slot, ALIVE] == 0:
            sums[i] = lost[i] = 0.0
            continue
        is_long = rows.slots[slot, LENGTH] > 4 * INSERTION and rows.slots[slot, EDITS] < 64
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


@kernel
def gathered(rows: Rows, n: int) -> tuple[Int64s, Int32s, Floats, bool]:
    """All rows in order, without removed links: (indptr, indices, weights, is each weight 1)."""
    indptr = np.zeros(n + 1, np.int64)
    for i in range(n):
        slot = rows.slot_of[i]
        indptr[i + 1] = indptr[i] + (
            np.int64(rows.indptr[i + 1] - rows.indptr[i]) if slot < 0 else rows.slots[slot, ALIVE]
        )
    indices = np.empty(indptr[n], np.int32)
    weights = np.empty(indptr[n], np.float64)
    all_one = True
    for i in range(n):
        at = indptr[i]
        in_base, first, end = span(rows.indptr, rows.slot_of, rows.slots, np.uint64(i))
        k = first
        # Links of row i before k are written, in the order in which the row holds them.
        while k < end:
            if in_base:
                indices[at] = rows.indices[k]
                weights[at] = base_weight(rows.weights, k)
                at += 1
            elif rows.loads[k] != 0.0:
                indices[at] = rows.pool[k]
                weights[at] = rows.loads[k]
                at += 1
            k += ONE
        if not in_base and rows.slots[rows.slot_of[i], SORTED] < np.int64(end - first):
            order = np.argsort(indices[indptr[i] : at])
            indices[indptr[i] : at] = indices[indptr[i] : at][order]
            weights[indptr[i] : at] = weights[indptr[i] : at][order]
        for k in range(indptr[i], at):
            all_one = all_one and weights[k] == 1.0
    return indptr, indices, weights, all_one
