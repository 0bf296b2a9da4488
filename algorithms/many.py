"""Several vectors over one graph in one pass: programmes, purposes or scenarios side by side.

The links are read once for all. Each vector has its own certificate, from its own residual in
float64. Equal tables give equal bits on any number of threads; the bits of one vector depend on
those beside it, within its bound.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from algorithms._fixed_point import Judge, solve
from algorithms._operator import Operator
from algorithms._refinement import WIDTH, refine
from algorithms.arguments import (
    Floats,
    checked,
    checked_mass,
    real_number,
    tolerance_value,
    whole_number,
)
from algorithms.certificate import Certificate
from algorithms.csr import CSRGraph
from algorithms.errors import InvalidArgumentError
from algorithms.exposure import Exposure, ExposureWorth
from algorithms.normalize import require_transpose
from algorithms.trust_mass import TrustMass, TrustWorth


def exposure_many(
    graph: CSRGraph,
    own: ArrayLike,
    beta: float,
    tolerance: float,
    *,
    max_sweeps: int | None = None,
) -> tuple[Exposure, ...]:
    """Return the exposure to each row of ``own``, each within ``tolerance``.

    Args:
        graph: as for ``exposure``.
        own: o, float (k, n), each in [0, 1].
        beta: weight of the contacts, in [0, 1).
        tolerance: largest acceptable error of any value, > 0.
        max_sweeps: as for ``exposure``, for each vector.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: the tolerance was not certified for one of the vectors.

    >>> g = CSRGraph.from_edges([0], [1])
    >>> [each.values.tolist() for each in exposure_many(g, [[0.0, 1.0], [1.0, 0.0]], 0.5, 1e-9)]
    [[0.5, 1.0], [0.5, 0.0]]
    """
    risks = [checked("own", row, graph.n, low=0.0, high=1.0) for row in _rows("own", own)]
    beta = real_number("beta", beta, low=0.0, high=1.0)
    tolerance = tolerance_value(tolerance)
    worths = [ExposureWorth(graph, beta, tolerance, risk.largest, lanes=1) for risk in risks]
    for worth in worths:
        worth.require_reachable()

    def operator(v: int) -> Operator:
        limits = (min(risks[v].smallest, 1.0), risks[v].largest)
        return Operator.averaging(graph, risks[v].values, beta, limits)

    judges = [worth.of_fixed_point for worth in worths]
    found = _solved(operator, judges, tolerance, max_sweeps, graph.weights)
    return tuple(Exposure(*each) for each in found)


def trust_mass_many(
    graph: CSRGraph,
    seeds: ArrayLike,
    alpha: float,
    tolerance: float,
    *,
    max_sweeps: int | None = None,
    transposed: CSRGraph | None = None,
) -> tuple[TrustMass, ...]:
    """Return the trust mass of each row of ``seeds``, each within ``tolerance``.

    Args:
        graph: as for ``trust_mass``.
        seeds: s, float (k, n), each >= 0, the sum of each row < 1e300.
        alpha: share of the mass that is handed on, in [0, 1).
        tolerance: largest acceptable sum of errors of any vector, > 0, in the unit of the seeds.
        max_sweeps: as for ``trust_mass``, for each vector.
        transposed: ``graph.transpose()`` where it is at hand; saves building it.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: the tolerance was not certified for one of the vectors.

    >>> g = CSRGraph.from_edges([0], [1])
    >>> one, two = trust_mass_many(g, [[1.0, 0.0], [0.0, 1.0]], 0.5, 1e-9)
    >>> one.values.round(8).tolist(), two.values.round(8).tolist()
    ([0.5, 0.25], [0.0, 0.5])
    """
    masses = [checked_mass("seeds", row, graph.n) for row in _rows("seeds", seeds)]
    alpha = real_number("alpha", alpha, low=0.0, high=1.0)
    tolerance = tolerance_value(tolerance)
    reverse = graph.transpose() if transposed is None else transposed
    require_transpose(graph, reverse)
    worths = [TrustWorth(reverse, alpha, tolerance, mass.total, lanes=1) for mass in masses]
    for worth in worths:
        worth.require_reachable()

    def operator(v: int) -> Operator:
        return Operator.handing_on(graph, reverse, masses[v].values, alpha, masses[v].total)

    judges = [worth.of_fixed_point for worth in worths]
    found = _solved(operator, judges, tolerance, max_sweeps, reverse.weights)
    return tuple(TrustMass(*each) for each in found)


def _rows(name: str, values: ArrayLike) -> Sequence[Floats]:
    table = np.ascontiguousarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise InvalidArgumentError(name, f"has shape {table.shape}; it must be (vectors, subjects)")
    return list(table)


def _solved(
    operator: Callable[[int], Operator],
    judges: Sequence[Judge],
    tolerance: float,
    max_sweeps: int | None,
    weights: Floats | None,
) -> list[tuple[Floats, Certificate]]:
    if max_sweeps is not None:
        max_sweeps = whole_number("max_sweeps", max_sweeps, low=1)
    found: list[tuple[Floats, Certificate]] = []
    for first in range(0, len(judges), WIDTH):
        group = range(first, min(first + WIDTH, len(judges)))
        begin = operator(first)
        done: list[tuple[Floats, Certificate] | Floats] = []
        # Weights that had to be rescaled are a copy for each operator: one at a time then.
        if begin.weights is weights and len(group) > 1 and max_sweeps is None:
            members = [begin, *(operator(v) for v in group[1:])]
            done = refine(members, judges[first : group.stop], tolerance)
        for place, v in enumerate(group):
            begun = done[place] if done else None
            if isinstance(begun, tuple):
                found.append(begun)
                continue
            alone = operator(v)
            z = alone.point_of(alone.first_guess()) if begun is None else begun
            found.append(solve(alone, judges[v], z, tolerance=tolerance, max_sweeps=max_sweeps))
    return found
