"""Some rows of a graph with all that a sweep over them reads: what one of many machines holds.

A block knows the graph's other subjects by number only, so that the graph may have more of them
than one machine could count. Its rows come to the same bits as in a sweep over the whole graph.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms import _row_block_kernels as kernels
from algorithms.arguments import Floats, Int64s
from algorithms.csr import CSRGraph
from algorithms.errors import InvalidGraphError
from algorithms.exact_sum import exact_sum

FAINTEST_SUM = 2.0**-900


@dataclass(frozen=True)
class SweepRule:
    """The operator's numbers: x = keep · own + damping · A x, and x_j = c_j z_j · unit.

    `by_column` says that A hands on (trust: c_j is what j hands out) instead of averaging
    (exposure: c_j = 1). Values are kept in [0, high].
    """

    by_column: bool
    keep: float
    damping: float
    high: float
    unit: float


@dataclass(frozen=True, eq=False)
class Swept:
    """One sweep over a block: the rows' next z, and exact norms of what was measured at z.

    `residual_1` and `mass` are in units of 2^−1074 (`exact_sum`), both before `unit`.
    """

    after: Floats
    residual_inf: float
    residual_1: int
    mass: int


@dataclass(frozen=True, eq=False)
class RowBlock:
    """Rows `first` … `first + rows - 1` of a weighted graph.

    Attributes:
        first: number of the first subject.
        indptr: uint64 (rows + 1,).
        places: uint32 (m,), where a link's value is among those gathered: first the block's own
            rows, then `outside`; the order of a row's links is that of the columns.
        weights: float64 (m,).
        sums: float64 (rows,), the row's weight (averaging) or what the subject hands out.
        outside: int64 (k,), ascending, the columns that are no rows of the block.
    """

    first: int
    indptr: NDArray[Any]
    places: NDArray[Any]
    weights: Floats
    sums: Floats
    outside: Int64s

    @property
    def rows(self) -> int:
        """How many rows."""
        return self.indptr.size - 1

    @property
    def longest_row(self) -> int:
        """Most links of a row, duplicates summed."""
        return int(np.diff(self.indptr.astype(np.int64)).max(initial=0))

    @property
    def linking(self) -> int:
        """How many rows have links."""
        return int(np.count_nonzero(np.diff(self.indptr)))

    @classmethod
    def of_links(
        cls, first: int, rows: int, row: Int64s, column: Int64s, weight: Floats
    ) -> "RowBlock":
        """Return the block of these links, whatever their order; `sums` are its rows' weights.

        Args:
            first: number of the first subject.
            rows: how many rows.
            row: int64 (m,), in [first, first + rows).
            column: int64 (m,), any numbers.
            weight: float64 (m,), finite and >= 0.

        Raises:
            InvalidGraphError: a row is not of the block, or weights that can't be divided by.

        >>> block = RowBlock.of_links(5, 2, np.array([5, 5]), np.array([9, 6]), np.ones(2))
        >>> block.places, block.outside
        (array([1, 2], dtype=uint32), array([9]))
        """
        if row.size and not first <= row.min() <= row.max() < first + rows:
            raise InvalidGraphError(f"rows must be in [{first}, {first + rows})")
        known, place = np.unique(column, return_inverse=True)
        graph = CSRGraph.from_edges(row - first, place, weight, max(rows, known.size))
        is_own = (known >= first) & (known < first + rows)
        place_of = np.where(is_own, known - first, rows + np.cumsum(~is_own) - 1)
        sums = graph.weight_sum[:rows].copy()
        _require_dividable(sums, first)
        return cls(
            first=first,
            indptr=graph.indptr[: rows + 1].astype(np.uint64),
            places=place_of[graph.indices].astype(np.uint32),
            weights=np.ones(graph.m) if graph.weights is None else np.array(graph.weights),
            sums=sums,
            outside=known[~is_own],
        )

    @classmethod
    def of_graph(cls, graph: CSRGraph, sums: Floats) -> "RowBlock":
        """Return all rows of a graph as one block."""
        return cls(
            first=0,
            indptr=graph.indptr.view(np.uint64),
            places=graph.indices.view(np.uint32),
            weights=np.ones(graph.m) if graph.weights is None else graph.weights,
            sums=sums,
            outside=np.zeros(0, np.int64),
        )

    def sweep(self, rule: SweepRule, own: Floats, z: Floats) -> Swept:
        """Apply the operator to the block's rows.

        Args:
            rule: the operator.
            own: float64 (rows,), own risk or seeds.
            z: float64 (rows + k,), the rows' values and those of `outside`.
        """
        t = np.empty(self.rows)
        kernels.row_values(
            self.indptr, self.places, self.weights, rule.by_column, self.sums, own, rule.keep,
            rule.damping, z, t,
        )  # fmt: skip
        x = self._scaled(rule, z[: self.rows])
        residual = t - x
        return Swept(
            after=self.point_of(rule, np.minimum(np.maximum(t, 0.0), rule.high), 1.0),
            residual_inf=float(np.abs(residual).max(initial=0.0)),
            residual_1=exact_sum(residual),
            mass=exact_sum(x),
        )

    def point_of(self, rule: SweepRule, x: Floats, unit: float) -> Floats:
        """Return the rows' z for values x in this unit."""
        if not rule.by_column:
            return x / unit
        return x / (np.where(self.sums > 0.0, self.sums, 1.0) * unit)

    def values_at(self, rule: SweepRule, z: Floats) -> Floats:
        """Return the rows' values x for their z."""
        return self._scaled(rule, z) * rule.unit

    def _scaled(self, rule: SweepRule, z: Floats) -> Floats:
        return z * np.where(self.sums > 0.0, self.sums, 1.0) if rule.by_column else z


def handed_out(first: int, rows: int, row: Int64s, column: Int64s, weight: Floats) -> Floats:
    """Return the summed weight of each row's links, float64 (rows,), in an order of content.

    Arguments and errors are those of `RowBlock.of_links`.
    """
    return RowBlock.of_links(first, rows, row, column, weight).sums


def _require_dividable(sums: Floats, first: int) -> None:
    faint = (sums > 0.0) & (sums < FAINTEST_SUM)
    if faint.any():
        row = first + int(np.argmax(faint))
        raise InvalidGraphError(
            f"weights of row {row} sum to {sums[row - first]:g}; they must sum to 0 or to at least "
            f"{FAINTEST_SUM:g}"
        )
