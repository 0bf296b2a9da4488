"""The check that methods for undirected graphs make before they start."""

import numpy as np

from algorithms.csr import CSRGraph
from algorithms.errors import InvalidArgumentError


def require_symmetric(graph: CSRGraph) -> None:
    """Refuse a graph in which a link lacks its equal in the other direction."""
    reverse = graph.transpose()
    same = np.array_equal(graph.indptr, reverse.indptr)
    same = same and np.array_equal(graph.indices, reverse.indices)
    if same and graph.weights is not None and reverse.weights is not None:
        same = np.array_equal(graph.weights, reverse.weights)
    if not same:
        raise InvalidArgumentError(
            "graph", "is directed; it must have every link in both directions, weighing the same"
        )
