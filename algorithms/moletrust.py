"""MoleTrust: trust in a stranger, the mean over those one step nearer whom one trusts oneself.

Massa & Avesani, Controversial users demand local trust metrics, AAAI 2005, §"MoleTrust": cycles are
cut by keeping links that lead one step further from the source; then trust is walked outwards.
"""

from dataclasses import dataclass

import numpy as np

from algorithms._reach import hops_from
from algorithms.accelerate import kernel
from algorithms.arguments import Floats, Int32s, Int64s, real_number, whole_number
from algorithms.csr import CSRGraph
from algorithms.errors import InvalidArgumentError


@dataclass(frozen=True, eq=False)
class MoleTrust:
    """Trust as the source sees it: ``values`` float64 (n,) in [0, 1], NaN where nothing is known;
    ``hops`` int32 (n,) from the source, -1 beyond the horizon."""

    values: Floats
    hops: Int32s


def moletrust(
    graph: CSRGraph, source: int, *, horizon: int = 3, threshold: float = 0.6
) -> MoleTrust:
    """Return the trust of ``source`` in everybody within ``horizon`` hops.

    trust(v) = Σ trust(u) w(u, v) / Σ trust(u), over u one hop nearer with trust(u) >= threshold.
    It is a finite sum, outward hop by hop: nothing has to converge, and a value is off by
    γ(2d + 4) per hop at most, d the largest number of links to one subject.

    Args:
        graph: row i whom i trusts, weights in (0, 1].
        source: in whose eyes trust is asked for; its own value is 1.
        horizon: hops >= 1 from the source.
        threshold: trust from which on a subject is asked for its opinion, in [0, 1].

    Raises:
        InvalidArgumentError: an argument out of its domain, or a weight is above 1.

    >>> moletrust(CSRGraph.from_edges([0, 1], [1, 2], [0.8, 0.5]), 0).values
    array([1. , 0.8, 0.5])
    """
    start = whole_number("source", source, low=0, high=graph.n)
    horizon = whole_number("horizon", horizon, low=1)
    threshold = real_number("threshold", threshold, low=0.0, high=np.nextafter(1.0, 2.0))
    loads = np.ones(graph.m) if graph.weights is None else graph.weights
    if graph.m and loads.max() > 1.0:
        position = int(np.argmax(loads > 1.0))
        raise InvalidArgumentError(
            "graph.weights", f"is {loads[position]}; it must be at most 1", position=position
        )
    hops = hops_from(graph, start, horizon)
    order = np.argsort(hops, kind="stable")
    trust = np.full(graph.n, np.nan)
    trust[start] = 1.0
    _walk(graph.indptr, graph.indices, loads, order[hops[order] >= 0], hops, threshold, trust)
    return MoleTrust(trust, hops)


@kernel
def _walk(
    indptr: Int64s,
    indices: Int32s,
    w: Floats,
    order: Int64s,
    hops: Int32s,
    threshold: float,
    trust: Floats,
) -> None:
    above, below = np.zeros(hops.size), np.zeros(hops.size)
    # Whoever comes before i in the order has handed on what it says; i's own value is final.
    for i in order:
        if below[i] > 0.0:
            trust[i] = above[i] / below[i]
        if not trust[i] >= threshold or trust[i] == 0.0:
            continue
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            if hops[j] == hops[i] + 1:
                above[j] += trust[i] * w[k]
                below[j] += trust[i]
