"""Graphs from and to networkx; it is imported only when one of these is called."""

from collections.abc import Hashable
from typing import Any

import numpy as np

from algorithms import _csr_kernels as kernels
from algorithms.arguments import Floats, Int64s
from algorithms.csr import CSRGraph
from algorithms.errors import InvalidArgumentError
from algorithms.ratings import Ratings
from algorithms.signed_graph import SignedGraph
from algorithms.taint import Payments


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
    nodes, src, dst, loads = _edges(network, weight)
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


def signed_from_networkx(
    network: Any, weight: str = "weight"
) -> tuple[SignedGraph, list[Hashable]]:
    """Return the signed graph of a networkx graph, and the node that each subject stands for.

    Undirected edges become links both ways, a self-loop becomes one; parallel edges of one sign
    are summed, edges of weight 0 are dropped.

    Args:
        network: Graph, DiGraph, MultiGraph or MultiDiGraph.
        weight: edge attribute that holds the signed weight, 1 where it is missing.

    Raises:
        InvalidArgumentError: a weight is infinite or NaN.

    >>> import networkx
    >>> network = networkx.DiGraph([("a", "b", {"weight": -2.0})])
    >>> signed_from_networkx(network)[0].negative.weights
    array([2.])
    """
    nodes, src, dst, loads = _edges(network, weight)
    return SignedGraph.from_edges(src, dst, loads, len(nodes)), nodes


def signed_to_networkx(graph: SignedGraph) -> Any:
    """Return a networkx MultiDiGraph on nodes 0 … n-1, edge attribute ``weight`` a signed float.

    >>> network = signed_to_networkx(SignedGraph.from_edges([0], [1], [-2.0]))
    >>> network.edges[0, 1, 0]["weight"]
    -2.0
    """
    import networkx as nx

    network = nx.MultiDiGraph()
    network.add_nodes_from(range(graph.n))
    for part, sign in ((graph.positive, 1.0), (graph.negative, -1.0)):
        for i, j, data in to_networkx(part).edges(data=True):
            network.add_edge(i, j, weight=sign * data["weight"])
    return network


def ratings_from_networkx(
    network: Any, weight: str = "weight", *, largest: float = 1.0
) -> tuple[Ratings, list[Hashable]]:
    """Return the ratings of a networkx graph, and the node that each subject stands for.

    Args:
        network: DiGraph or MultiDiGraph; each edge is one rating. Undirected edges rate both ways.
        weight: edge attribute that holds the score, 1 where it is missing.
        largest: what scores are divided by, such as 10 for ratings from -10 to 10.

    Raises:
        InvalidArgumentError: a divided score is not in [-1, 1].

    >>> import networkx
    >>> network = networkx.DiGraph([("a", "b", {"weight": -5})])
    >>> ratings_from_networkx(network, largest=10.0)[0].score
    array([-0.5])
    """
    nodes, src, dst, loads = _edges(network, weight)
    source, target = src.astype(np.int32), dst.astype(np.int32)
    return Ratings(source, target, loads / largest, len(nodes)), nodes


def ratings_to_networkx(ratings: Ratings) -> Any:
    """Return a networkx MultiDiGraph on nodes 0 … n-1, edge attribute ``weight`` the score.

    >>> ratings_to_networkx(Ratings([0], [1], [0.5], 2)).edges[0, 1, 0]["weight"]
    0.5
    """
    import networkx as nx

    network = nx.MultiDiGraph()
    network.add_nodes_from(range(ratings.n))
    network.add_weighted_edges_from(
        zip(ratings.source.tolist(), ratings.target.tolist(), ratings.score.tolist(), strict=True)
    )
    return network


def payments_from_networkx(
    network: Any, amount: str = "amount", time: str = "time"
) -> tuple[Payments, list[Hashable]]:
    """Return the payments of a networkx graph in time order, and the node of each account.

    Args:
        network: DiGraph or MultiDiGraph; each edge is one payment.
        amount: edge attribute that holds a whole number of the smallest unit.
        time: edge attribute that orders them; equal times keep the order of the edges.

    Raises:
        InvalidArgumentError: an edge lacks one of the two, or an amount is out of its domain.

    >>> import networkx
    >>> network = networkx.MultiDiGraph([("a", "b", {"amount": 5, "time": 2.0})])
    >>> payments_from_networkx(network)[0].amount
    array([5])
    """
    nodes = list(network)
    number = {node: at for at, node in enumerate(nodes)}
    rows = list(network.edges(data=True))
    for position, (_, _, data) in enumerate(rows):
        for name in (amount, time):
            if name not in data:
                raise InvalidArgumentError(
                    "network", f"lacks {name!r} at its edge", position=position
                )
    rows.sort(key=lambda row: row[2][time])
    payer = np.array([number[row[0]] for row in rows], np.int32)
    payee = np.array([number[row[1]] for row in rows], np.int32)
    # Without a dtype, so that amounts that are no whole numbers are seen as such.
    money = np.array([row[2][amount] for row in rows]) if rows else np.empty(0, np.int64)
    return Payments(payer, payee, money, len(nodes)), nodes


def _edges(network: Any, weight: str | None) -> tuple[list[Hashable], Int64s, Int64s, Floats]:
    nodes = list(network)
    number = {node: at for at, node in enumerate(nodes)}
    directed = network.to_directed(as_view=True)
    rows = [
        (number[u], number[v], data.get(weight, 1.0)) for u, v, data in directed.edges(data=True)
    ]
    src = np.array([row[0] for row in rows], np.int64)
    dst = np.array([row[1] for row in rows], np.int64)
    return nodes, src, dst, np.array([row[2] for row in rows], np.float64)
