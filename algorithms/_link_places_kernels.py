"""Bisection of sorted rows, many at once."""

import numpy as np

from algorithms.accelerate import kernel
from algorithms.arguments import Int32s, Int64s


@kernel
def link_places(
    indptr: Int64s, indices: Int32s, src: Int64s, dst: Int64s, first: Int64s, last: Int64s
) -> None:
    """first[k] and last[k] frame the links from src[k] to dst[k] in the row of src[k]."""
    for k in range(src.size):
        low, end = indptr[src[k]], indptr[src[k] + 1]
        high = end
        # All before low lead below dst[k], all from high on do not.
        while low < high:
            middle = (low + high) >> 1
            if indices[middle] < dst[k]:
                low = middle + 1
            else:
                high = middle
        first[k] = low
        # Parallel links are few.
        while low < end and indices[low] == np.int32(dst[k]):
            low += 1
        last[k] = low
