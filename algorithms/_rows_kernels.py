"""Reading the rows of a DynamicGraph: part in its base, part in a pool of what changed.

A short row is copied to the pool when it first changes. A long one stays where it is, and new
links follow in the pool, until one of its old links changes. A removed link stays in the pool with
weight 0 until its row is tidied, so that neither pushes nor sums have to know of removals.
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
# Rows of the base up to this length are copied at once.
SHORT = 64
# Columns of Rows.slots: the part in the pool is START to START + LENGTH; ALIVE counts the links of
# both parts, IS_BASED tells that the row begins with that of the base.
START, LENGTH, ROOM, SORTED, ALIVE, EDITS, IS_BASED = range(7)
ONE, NONE = np.uint64(1), np.uint64(0)


class Rows(NamedTuple):
    """The rows of one direction, as kernels read them.

    ``slot_of[i]`` is BASE where row i is that of the base graph (indptr, indices, weights), else
    the line of ``slots`` that says what of it lies in ``pool`` and ``loads``.
    """

    indptr: Unsigned
    indices: Unsigned
    weights: Floats | None
    slot_of: Int32s
    slots: Int64s
    pool: Unsigned
    loads: Floats


@inlined_kernel
def span(indptr: Unsigned, slot_of: Int32s, slots: Int64s, i: Any) -> tuple[Any, Any, Any, Any]:
    """(first, end) of row i in the base and in the pool, removed links included."""
    slot = slot_of[i]
    if slot < 0:
        return indptr[i], indptr[i + ONE], NONE, NONE
    first = np.uint64(slots[slot, START])
    end = first + np.uint64(slots[slot, LENGTH])
    if slots[slot, IS_BASED] == 0:
        return NONE, NONE, first, end
    return indptr[i], indptr[i + ONE], first, end


@inlined_kernel
def base_weight(weights: Floats | None, k: Any) -> float:
    """Weight of link k of the base graph."""
    if weights is None:
        return 1.0
    return float(weights[k])


@inlined_kernel
def row_length(rows: Rows, i: int) -> Any:
    """Links of row i, removed ones that still lie there included."""
    first, end, begin, last = span(rows.indptr, rows.slot_of, rows.slots, np.uint64(i))
    return np.int64((end - first) + (last - begin))


@inlined_kernel
def base_length(rows: Rows, i: int) -> Any:
    """Links that row i has in the base, and has not copied."""
    first, end, _, _ = span(rows.indptr, rows.slot_of, rows.slots, np.uint64(i))
    return np.int64(end - first)


@kernel
def link_at(rows: Rows, i: int, k: int) -> tuple[int, float]:
    """(other end, weight) of the k-th link of row i."""
    first, end, begin, _ = span(rows.indptr, rows.slot_of, rows.slots, np.uint64(i))
    if k < np.int64(end - first):
        at = first + np.uint64(k)
        return int(np.int64(rows.indices[at])), base_weight(rows.weights, at)
    at = begin + np.uint64(k) - (end - first)
    return int(np.int64(rows.pool[at])), float(rows.loads[at])


@kernel
def row_lengths(rows: Rows, n: int) -> Int64s:
    """``row_length`` of every row."""
    lengths = np.empty(n, np.int64)
    for i in range(n):
        lengths[i] = row_length(rows, i)
    return lengths


@kernel
def sum_on(
    weights: Floats | None, first: Any, end: Any, total: float, lost: float
) -> tuple[float, float]:
    """Go on with a compensated sum (Neumaier, 1974): total + lost is that of all so far."""
    k = first
    while k < end:
        w = base_weight(weights, k)
        grown = total + w
        lost += (total - grown) + w if total >= w else (w - grown) + total
        total = grown
        k += ONE
    return total, lost


@kernel
def row_sum(rows: Rows, i: int) -> float:
    """Σ of the weights of row i, compensated as in ``CSRGraph.weight_sum``."""
    first, end, begin, last = span(rows.indptr, rows.slot_of, rows.slots, np.uint64(i))
    total, lost = sum_on(rows.weights, first, end, 0.0, 0.0)
    total, lost = sum_on(rows.loads, begin, last, total, lost)
    return total + lost


@inlined_kernel
def ordered_place(indices: Unsigned, first: int, end: int, j: int) -> int:
    """Where j is among ascending indices, or -1."""
    low, high = first, end
    # The first index from j on is in [low, high].
    while low < high:
        middle = (low + high) // 2
        if indices[middle] < j:
            low = middle + 1
        else:
            high = middle
    return int(low) if low < end and indices[low] == j else -1


@inlined_kernel
def place_in_base(rows: Rows, i: Any, j: int) -> int:
    """Where link i -> j lies in the base, -1 where row i does not have it there."""
    first: Any = np.int64(rows.indptr[i]) if i + 1 < rows.indptr.size else 0
    return ordered_place(rows.indices, first, first + base_length(rows, i), j)


@inlined_kernel
def place_in_pool(rows: Rows, i: int, j: int) -> int:
    """Where link i -> j lies in the pool, removed or not, or -1."""
    slot = rows.slot_of[i]
    if slot < 0:
        return -1
    first, ordered = rows.slots[slot, START], rows.slots[slot, SORTED]
    at = ordered_place(rows.pool, first, first + ordered, j)
    if at >= 0:
        return at
    for k in range(first + ordered, first + rows.slots[slot, LENGTH]):
        if rows.pool[k] == j:
            return int(k)
    return -1


@inlined_kernel
def weight_of(rows: Rows, i: int, j: int) -> float:
    """Weight of link i -> j, 0 where there is none."""
    at = place_in_base(rows, i, j)
    if at >= 0:
        return base_weight(rows.weights, at)
    at = place_in_pool(rows, i, j)
    return float(rows.loads[at]) if at >= 0 else 0.0


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
    at = np.int64(0)
    for i in range(n):
        first, end, begin, last = span(rows.indptr, rows.slot_of, rows.slots, np.uint64(i))
        at = links_on(rows.indices, rows.weights, first, end, indices, weights, at)
        # What the pool has of a row is behind what the base has, and may be in any order.
        at = links_on(rows.pool, rows.loads, begin, last, indices, weights, at)
        is_ordered = True
        for k in range(indptr[i], at):
            all_one = all_one and weights[k] == 1.0
            is_ordered = is_ordered and (k == indptr[i] or indices[k] > indices[k - 1])
        if not is_ordered:
            order = np.argsort(indices[indptr[i] : at])
            indices[indptr[i] : at] = indices[indptr[i] : at][order]
            weights[indptr[i] : at] = weights[indptr[i] : at][order]
    return indptr, indices, weights, all_one


@kernel
def links_on(
    indices: Unsigned,
    weights: Floats | None,
    first: Any,
    end: Any,
    out: Int32s,
    out_weights: Floats,
    at: Any,
) -> Any:
    """Write links that were not removed from place ``at`` on; return the place behind them."""
    k = first
    while k < end:
        w = base_weight(weights, k)
        if w != 0.0:
            out[at] = indices[k]
            out_weights[at] = w
            at += 1
        k += ONE
    return at
