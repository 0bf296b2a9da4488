"""Breadth-first distances, for methods that look at a subject's surroundings only."""

import numpy as np

from algorithms.accelerate import kernel
from algorithms.arguments import Int32s, Int64s, whole_number
from algorithms.csr import CSRGraph


def hops_from(graph: CSRGraph, source: int, max_hops: int | None) -> Int32s:
    """Return the hops to each subject along links, int32 (n,); -1 where there is no way."""
    most = graph.n if max_hops is None else whole_number("max_hops", max_hops, low=0)
    hops = np.full(graph.n, -1, np.int32)
    _search(graph.indptr, graph.indices, source, most, hops)
    return hops


@kernel
def _search(indptr: Int64s, indices: Int32s, source: int, most: int, hops: Int32s) -> None:
    queue = np.empty(hops.size, np.int32)
    queue[0] = source
    hops[source] = 0
    first, last = 0, 1
    # queue[first:last] is found and not yet looked at, nearest first.
    while first < last:
        i = queue[first]
        first += 1
        if hops[i] == most:
            break
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            if hops[j] < 0:
                hops[j] = hops[i] + 1
                queue[last] = j
                last += 1
