"""Whole sweeps over a dynamic graph, for ``_fixed_point.solve`` and to measure residuals anew."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from algorithms._live_sweep_kernels import applied
from algorithms._operator import Norms, Operator
from algorithms._rows_kernels import Rows
from algorithms._sweep_kernels import row_blocks
from algorithms.accelerate import threads_worth
from algorithms.arguments import Floats, Int64s
from algorithms.dynamic_graph import DynamicGraph


@dataclass(frozen=True, eq=False)
class LiveOperator(Operator):
    """An ``Operator`` whose rows are those of a dynamic graph as it stands.

    Attributes:
        rows: what each subject gathers from, with the changed rows.
        t: float64 (n,), what the last pass found the operator to be, in units of ``unit``.
    """

    rows: Rows
    t: Floats = field(repr=False)

    @classmethod
    def of(
        cls, graph: DynamicGraph, own: Floats, damping: float, by_column: bool, largest: float
    ) -> "LiveOperator":
        """Exposure's operator, or trust's where ``by_column``; ``largest``: of own, or Σ seeds."""
        overlay = graph.reverse if by_column else graph.forward
        rows = overlay.rows
        unit = 1.0
        if by_column and largest > 0.0:
            unit = 2.0 ** max(math.frexp(largest)[1], -900)
        return cls(
            indptr=rows.indptr,
            indices=rows.indices,
            weights=rows.weights,
            sums=graph.weight_sum,
            by_column=by_column,
            own=own,
            keep=(1.0 - damping) / unit,
            damping=damping,
            low=0.0,
            high=math.inf if by_column else largest,
            unit=unit,
            blocks=_blocks(rows, graph.n),
            rows=rows,
            t=np.empty(graph.n),
        )

    @property
    def is_static(self) -> bool:
        """Its links are not all in ``indptr`` and ``indices``."""
        return False

    def measure(self, z: Floats, f: Any, u: Any, settled: float) -> Norms:
        """As ``Operator.measure``; the operator at z goes to ``t``."""
        table = np.zeros((self.blocks.size - 1, 9))
        with threads_worth(self.work):
            applied(
                self.blocks, self.rows, self.sums, self.by_column, self.own, self.keep,
                self.damping, z, self.t, f, u, self.core, settled, table,
            )  # fmt: skip
        return self.norms(table)

    def evaluate(self, z: Floats) -> Norms:
        """Write the operator at z to ``t``; return what was measured at z."""
        f, u = (np.zeros(self.n, np.float32) for _ in range(2))
        return self.measure(z, f, u, 0.0)

    def step(self, z: Floats, y: Floats) -> Norms:
        """Write the operator at z to y; return what was measured at z."""
        norms = self.evaluate(z)
        np.clip(self.t, self.low, self.high, out=y)
        if self.by_column:
            y /= np.where(self.sums > 0.0, self.sums, 1.0)
        return norms


def _blocks(rows: Rows, n: int) -> Int64s:
    blocks = row_blocks(rows.indptr)
    return blocks if blocks[-1] == n else np.append(blocks, n)
