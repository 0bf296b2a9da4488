"""The check that methods for undirected graphs make before they start."""

from algorithms.csr import CSRGraph
from algorithms.errors import InvalidArgumentError


def require_symmetric(graph: CSRGraph) -> None:
    """Refuse a graph in which a link lacks its equal in the other direction."""
    if not graph.is_symmetric:
        raise InvalidArgumentError(
            "graph", "is directed; it must have every link in both directions, weighing the same"
        )
