"""Bisection of sorted byte strings that lie in one buffer, many at once."""

import numpy as np

from algorithms.accelerate import inlined, kernel
from algorithms.arguments import Int64s, UInt8s


@inlined
def _compared(
    held: UInt8s, begin: int, end: int, wanted: UInt8s, wanted_begin: int, wanted_end: int
) -> int:
    """Below, at or above zero: how a held string stands to a wanted one, byte by byte."""
    shorter = min(end - begin, wanted_end - wanted_begin)
    for i in range(shorter):
        difference = np.int64(held[begin + i]) - np.int64(wanted[wanted_begin + i])
        if difference != 0:
            return int(difference)
    return (end - begin) - (wanted_end - wanted_begin)


@kernel
def key_places(
    offsets: Int64s,
    held: UInt8s,
    wanted_offsets: Int64s,
    wanted: UInt8s,
    low: Int64s,
    high: Int64s,
    places: Int64s,
) -> None:
    """places[k] is where the k-th wanted string stands between low[k] and high[k], or -1."""
    for k in range(places.size):
        begin, end = wanted_offsets[k], wanted_offsets[k + 1]
        first, last = low[k], high[k]
        places[k] = -1
        # All before first are smaller, all from last on are larger.
        while first < last:
            middle = (first + last) >> 1
            order = _compared(held, offsets[middle], offsets[middle + 1], wanted, begin, end)
            if order == 0:
                places[k] = middle
                break
            if order < 0:
                first = middle + 1
            else:
                last = middle
