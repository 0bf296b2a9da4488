"""Graphs from and to networkx; it is imported only when one of these is called."""

from collections.abc import Hashable
from typing import Any

import numpy as np

from algorithms import _csr_kernels as kernels
from algorithms.csr import CSRGraph


def from_networkx(network: Any, weight: str | None = "weight") -> tuple[CSRGraph, list[Hashable]]:
    """Return the graph of a networkx graph, and the node that each subject stands for.

    Undirected edges become links both ways, a self-loop becomes one; parallel edges are summed.

    Args:
        network: Graph, DiGraph, MultiGraph or MultiDiGraph.
        weight: edge attribute that holds the weight, 1 where it is missing; None for 1 each.

    Raises:
        InvalidGraphError: a weight is negative, infinite or NaN.

    >>> import networkx
    >>> from_networkx(networkx.DiGraph([("a", "b")]))[1]
    ['a', 'b']
    """
    nodes = list(network)
    number = {node: at for at, node in enumerate(nodes)}
    directed = network.to_directed(as_view=True)
    rows = [
        (number[u], number[v], data.get(weight, 1.0)) for u, v, data in directed.edges(data=True)
    ]
    src = np.array([row[0] for row in rows], np.int64)
    dst = np.array([row[1] for row in rows], np.int64)
    loads = np.array([row[2] for row in rows], np.float64)
    return CSRGraph.from_edges(src, dst, None if weight is None else loads, len(nodes)), nodes


def to_networkx(graph: CSRGraph) -> Any:
    """Return a networkx DiGraph on nodes 0 … n-1, edge attribute ``weight`` a float.

    >>> to_networkx(CSRGraph.from_edges([0], [1])).edges[0, 1]["weight"]
    1.0
    """
    import networkx as nx

    network = nx.DiGraph()
    network.add_nodes_from(range(graph.n))
    rows = kernels.row_numbers(graph.indptr, graph.indices, graph.n)
    loads = np.ones(graph.m) if graph.weights is None else graph.weights
    network.add_weighted_edges_from(
        zip(rows.tolist(), graph.indices.tolist(), loads.tolist(), strict=True)
    )
    return network
