"""Several vectors over one graph in one pass: programmes, purposes or scenarios side by side.

The links are read once for all. Each vector is mixed and certified by itself and comes out as it
would alone, to the bit; those that are done wait for the others of their group.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from algorithms import _many_kernels as kernels
from algorithms._fixed_point import Judge, Mixing, enough, solve
from algorithms._operator import Operator
from algorithms.accelerate import threads_worth
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

# A subject's values in one group are one cache line; what is not used of it stays zero.
GROUP = kernels.WIDTH


def exposure_many(
    graph: CSRGraph,
    own: ArrayLike,
    beta: float,
    tolerance: float,
    *,
    max_sweeps: int | None = None,
) -> tuple[Exposure, ...]:
    """Return ``exposure(graph, row, beta, tolerance)`` for each row of ``own``, to the bit.

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
    worths = [ExposureWorth(graph, beta, tolerance, risk.largest) for risk in risks]
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
    """Return ``trust_mass(graph, row, alpha, tolerance)`` for each row of ``seeds``, to the bit.

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
    worths = [TrustWorth(reverse, alpha, tolerance, mass.total) for mass in masses]
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
    for first in range(0, len(judges), GROUP):
        group = range(first, min(first + GROUP, len(judges)))
        begin = operator(first)
        done: dict[int, tuple[Floats, Certificate]] = {}
        # Weights that had to be rescaled are a copy for each operator: one at a time then.
        if begin.weights is weights and len(group) > 1:
            members = [begin, *(operator(v) for v in group[1:])]
            some = _Group(members).solve(judges[first:], tolerance, max_sweeps)
            done = {first + v: each for v, each in some.items()}
        for v in group:
            if v not in done:
                alone = operator(v)
                done[v] = solve(
                    alone,
                    judges[v],
                    alone.point_of(alone.own),
                    tolerance=tolerance,
                    max_sweeps=max_sweeps,
                )
            found.append(done[v])
    return found


class _Group:
    """Vectors that are swept together; the last axis of every array runs over them."""

    def __init__(self, members: Sequence[Operator]) -> None:
        self.members = members
        self.shared = members[0]
        shape = (self.shared.n, GROUP)
        self.own, self.z = np.zeros(shape), np.zeros(shape)
        for v, member in enumerate(members):
            self.own[:, v] = member.own
            self.z[:, v] = member.point_of(member.own)
        self.keep = np.zeros(GROUP)
        self.keep[: len(members)] = [member.keep for member in members]
        self.low = np.zeros(GROUP)
        self.low[: len(members)] = [member.low for member in members]
        self.high = np.zeros(GROUP)
        self.high[: len(members)] = [member.high for member in members]

    def solve(
        self, judges: Sequence[Judge], tolerance: float, max_sweeps: int | None
    ) -> dict[int, tuple[Floats, Certificate]]:
        """Return what mixing certified, by place in the group; the rest is for plain sweeps."""
        shape = self.own.shape
        mixings = [Mixing() for _ in self.members]
        f = [np.zeros(shape, np.float32) for _ in range(3)]
        d = [np.zeros(shape, np.float32) for _ in range(2)]
        until = [math.inf] * len(self.members)
        done: dict[int, tuple[Floats, Certificate]] = {}
        sweeps = 0
        while len(done) < len(self.members) and sweeps < min(max(until), max_sweeps or math.inf):
            table = self._measure(f)
            sweeps += 1
            g = np.zeros((2, shape[1]))
            for v, member in enumerate(self.members):
                norms = member.norms(table[:, :, v])
                certificate, bound = judges[v](norms, sweeps)
                if sweeps == 1:
                    until[v] = enough(bound, tolerance, member.damping)
                if v not in done and bound <= tolerance and sweeps <= until[v]:
                    done[v] = member.values_at(self.z[:, v].copy()), certificate
                g[:, v] = mixings[v].weights(norms)
            with threads_worth(self.z.size):
                kernels.mix(g[0], g[1], self.low, self.high, self.z, *f, *d)
            f, d = [f[2], f[0], f[1]], [d[1], d[0]]
        return done

    def _measure(self, f: Sequence[np.ndarray]) -> Floats:
        shared = self.shared
        table = np.zeros((shared.blocks.size - 1, 6, GROUP))
        with threads_worth(shared.work):
            kernels.residuals(
                shared.blocks, shared.indptr, shared.indices, shared.weights, shared.sums,
                shared.by_column, self.own, self.keep, shared.damping, self.z,
                f[0], f[1], f[2], table,
            )  # fmt: skip
        return table
