"""Link weights turned into the two stochastic matrices: W averages, P hands on."""

import numpy as np

from algorithms._normalize_kernels import divided_by_column, divided_by_row
from algorithms.accelerate import threads_worth
from algorithms.arguments import Floats
from algorithms.csr import CSRGraph
from algorithms.errors import InvalidArgumentError


def row_stochastic(graph: CSRGraph) -> Floats:
    """Return the entries of W, float64 (m,): W_ij = w_ij / Σ_k w_ik, in the order of the links.

    Each row with a link sums to 1; a row without links stays empty.

    >>> row_stochastic(CSRGraph.from_edges([0, 0], [1, 2], [1.0, 3.0]))
    array([0.25, 0.75])
    """
    if graph.weights is None:
        return np.repeat(1.0 / np.maximum(graph.out_degree, 1), graph.out_degree)
    with threads_worth(graph.n + graph.m):
        return divided_by_row(graph.indptr, graph.weights, graph.weight_sum, graph.n)


def column_stochastic(graph: CSRGraph, transposed: CSRGraph) -> Floats:
    """Return the entries of P, float64 (m,), in the order of the links of ``transposed``.

    P_ij = w_ji / Σ_k w_jk: what j hands to i. Columns sum to 1, or to 0 where j has no out-link.

    Args:
        graph: the links.
        transposed: ``graph.transpose()``; row i holds the in-links of i.

    Raises:
        InvalidArgumentError: ``transposed`` has another number of subjects or links.

    >>> g = CSRGraph.from_edges([0, 0], [1, 2], [1.0, 3.0])
    >>> column_stochastic(g, g.transpose())
    array([0.25, 0.75])
    """
    require_transpose(graph, transposed)
    if transposed.weights is None:
        return 1.0 / graph.weight_sum[transposed.indices]
    with threads_worth(graph.m):
        return divided_by_column(transposed.indices, transposed.weights, graph.weight_sum)


def require_transpose(graph: CSRGraph, transposed: CSRGraph) -> None:
    """Refuse a ``transposed`` that cannot be the transpose of ``graph`` (sizes and kind only).

    Raises:
        InvalidArgumentError: sizes differ, or only one of the two is weighted.

    >>> g = CSRGraph.from_edges([0], [1])
    >>> require_transpose(g, g.transpose())
    """
    same_kind = (graph.weights is None) == (transposed.weights is None)
    if (transposed.n, transposed.m) != (graph.n, graph.m) or not same_kind:
        raise InvalidArgumentError(
            "transposed",
            f"has {transposed.n} subjects and {transposed.m} links; "
            f"it must be graph.transpose(), with {graph.n} and {graph.m}",
        )
