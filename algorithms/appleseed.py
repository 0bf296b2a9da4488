"""Appleseed: trust as energy that spreads from one subject and stays where it is not passed on.

Ziegler & Lausen, Propagation models for trust and distrust in social networks, Information Systems
Frontiers 7 (2005), algorithm 1, with linear normalisation of link weights and backward propagation
to the source.
"""

from dataclasses import dataclass

import numpy as np

from algorithms import _csr_kernels
from algorithms._reach import hops_from
from algorithms.arguments import Floats, whole_number
from algorithms.certificate import Certificate
from algorithms.csr import CSRGraph
from algorithms.trust_mass import trust_mass


@dataclass(frozen=True, eq=False)
class Appleseed:
    """Trust rank as the source sees it: ``values`` float64 (n,), Σ = the energy, their worth.

    The source's own entry is what came back to it; subjects out of reach have 0.
    """

    values: Floats
    certificate: Certificate


def appleseed(
    graph: CSRGraph,
    source: int,
    energy: float,
    spreading: float,
    tolerance: float,
    *,
    max_hops: int | None = None,
) -> Appleseed:
    """Return what the algorithm converges to, Σ of the errors within ``tolerance``.

    Each subject keeps (1 − d) of the energy that reaches it and passes d on, over its links and
    over one link of weight 1 back to the source that every subject gets when it is discovered.
    Its limit is trust mass with seed ``energy`` at the source on the graph of those links; so the
    result is solved and certified as that is, ‖x − x*‖₁ <= ‖r‖₁/(1 − d), in place of the paper's
    stop rule, which bounds the last change only.

    Args:
        graph: row i whom i trusts and how much; self-links are ignored.
        source: in whose eyes trust is asked for.
        energy: > 0, how much is injected.
        spreading: d in [0, 1), 0.85 in the paper.
        tolerance: largest acceptable sum of errors, > 0, in the unit of the energy.
        max_hops: subjects further from the source are not discovered; None for no limit.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which.
        ConvergenceError: the tolerance was not certified.

    >>> appleseed(CSRGraph.from_edges([0], [1]), 0, 200.0, 0.85, 1e-6).values.round(2)
    array([108.11,  91.89])
    """
    start = whole_number("source", source, low=0, high=graph.n)
    hops = hops_from(graph, start, max_hops)
    known = hops >= 0
    rows = _csr_kernels.row_numbers(graph.indptr, graph.indices, graph.n)
    loads = np.ones(graph.m) if graph.weights is None else graph.weights
    # The link back replaces one that is there: the paper sets its weight to 1.
    keep = known[rows] & known[graph.indices] & (rows != graph.indices) & (graph.indices != start)
    others = np.flatnonzero(known & (np.arange(graph.n) != start)).astype(np.int32)
    spread = CSRGraph.from_edges(
        np.concatenate([rows[keep], others]),
        np.concatenate([graph.indices[keep], np.full(others.size, start, np.int32)]),
        np.concatenate([loads[keep], np.ones(others.size)]),
        graph.n,
    )
    seeds = np.zeros(graph.n)
    seeds[start] = energy
    result = trust_mass(spread, seeds, spreading, tolerance)
    return Appleseed(result.values, result.certificate)
