"""Linearised belief propagation: classes that neighbours share or avoid, solved as a linear system.

Gatterbauer, Günnemann, Koutra & Faloutsos, Linearized and single-pass belief propagation, PVLDB 8
(2015), eq. 4 and 5: B̂ = Ê + A B̂ Ĥ − D B̂ Ĥ² (LinBP), and without the echo term D B̂ Ĥ² (LinBP*).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms._contraction import amplification, contract_inf
from algorithms._gather_kernels import gather
from algorithms._symmetry import require_symmetric
from algorithms.arguments import Floats, tolerance_value
from algorithms.certificate import Certificate, gamma
from algorithms.csr import CSRGraph
from algorithms.errors import InvalidArgumentError


@dataclass(frozen=True, eq=False)
class Beliefs:
    """Residual beliefs: ``values`` float64 (n, k), rows sum to 0, and what they are worth.

    The largest entry of a row is the class that its subject most likely has.
    """

    values: Floats
    certificate: Certificate


def linear_beliefs(
    graph: CSRGraph,
    explicit: ArrayLike,
    coupling: ArrayLike,
    tolerance: float,
    *,
    echo_cancelled: bool = True,
    max_sweeps: int | None = None,
) -> Beliefs:
    """Return the solution of B̂ = Ê + A B̂ Ĥ − D B̂ Ĥ², each entry within ``tolerance``.

    D holds Σ_j A_ij², the degree where links weigh 1. It converges exactly when the spectral
    radius of the linear map is below 1 (Lemma 8). Shown here by a v > 0 that exceeds
    (A‖Ĥ‖ + D‖Ĥ²‖) v by s > 0 in every row, ‖·‖ the largest column sum of magnitudes: then entries
    are within max v / s · ‖r‖∞, r the residual measured at them.

    Args:
        graph: undirected: every link in both directions, weighing the same.
        explicit: Ê, float (n, k): known residual beliefs, 0 where nothing is known.
        coupling: Ĥ, float (k, k), symmetric: residual coupling of the classes, rows sum to 0.
        tolerance: largest acceptable error of any entry, > 0.
        echo_cancelled: False for LinBP*, without D B̂ Ĥ².
        max_sweeps: give up after so many sweeps; None for as many as may help.

    Raises:
        InvalidArgumentError: an argument out of its domain, or the graph is directed.
        ConvergenceError: the tolerance was not certified; also where no such v was found,
            and a weaker coupling is needed.

    >>> pair = CSRGraph.from_edges([0, 1], [1, 0])
    >>> H = [[0.1, -0.1], [-0.1, 0.1]]
    >>> linear_beliefs(pair, [[0.1, -0.1], [0, 0]], H, 1e-9).values.round(4)
    array([[ 0.0998, -0.0998],
           [ 0.0192, -0.0192]])
    """
    tolerance = tolerance_value(tolerance)
    H = _coupling(coupling)
    k = H.shape[0]
    E = np.ascontiguousarray(explicit, np.float64)
    if E.shape != (graph.n, k) or not np.isfinite(E).all():
        raise InvalidArgumentError("explicit", f"must be finite and have shape ({graph.n}, {k})")
    require_symmetric(graph)
    squares = graph.weight_sum if graph.weights is None else _square_sums(graph)
    echo = H @ H if echo_cancelled else np.zeros_like(H)

    E_by_class = np.ascontiguousarray(E.T)

    def step(x: Floats) -> Floats:
        B = x.reshape(k, graph.n)
        spread = np.stack([gather(graph, row) for row in B]) if k else B
        after: Floats = E_by_class + _mixed(spread, H) - squares * _mixed(B, echo)
        return after.reshape(-1)

    H_norm, echo_norm = (float(np.abs(M).sum(axis=0).max(initial=0.0)) for M in (H, echo))
    depth = graph.longest_row + 2 * k + 8
    amplified = amplification(
        lambda v: H_norm * gather(graph, v) + echo_norm * squares * v, graph.n, depth
    )
    # No sweep from 0 exceeds the solution for |Ê| everywhere at its largest.
    largest = float(np.abs(E).max(initial=0.0)) * amplified if np.isfinite(amplified) else 0.0
    heaviest = float((H_norm * graph.weight_sum + echo_norm * squares).max(initial=0.0))
    values, certificate = contract_inf(
        step,
        np.zeros(graph.n * k),
        amplified=amplified,
        rounding=gamma(depth) * largest * (1.0 + heaviest),
        tolerance=tolerance,
        max_sweeps=max_sweeps,
    )
    return Beliefs(np.ascontiguousarray(values.reshape(k, graph.n).T), certificate)


def _mixed(by_class: Floats, coupling: Floats) -> Floats:
    """Return what each class gets of the others, (k, n)."""
    # By BLAS, a product of so few classes costs ten times as much as the links.
    mixed: Floats = np.einsum("cn,cd->dn", by_class, coupling)
    return mixed


def _coupling(coupling: ArrayLike) -> Floats:
    H = np.ascontiguousarray(coupling, np.float64)
    if H.ndim != 2 or H.shape[0] != H.shape[1] or not np.isfinite(H).all():
        raise InvalidArgumentError("coupling", "must be a finite square matrix")
    if not np.allclose(H, H.T, rtol=1e-12, atol=1e-15):
        raise InvalidArgumentError("coupling", "must be symmetric")
    if np.abs(H.sum(axis=1)).max(initial=0.0) > 1e-9:
        raise InvalidArgumentError("coupling", "must be residual: every row sums to 0")
    return H


def _square_sums(graph: CSRGraph) -> Floats:
    assert graph.weights is not None
    squared = CSRGraph(graph.indptr, graph.indices, graph.weights**2)
    return squared.weight_sum
