"""One propagation problem, made ready for the kernels: exposure and trust mass differ only here.

It knows nothing of tolerances or bounds; those are ``_fixed_point`` and the public modules.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from algorithms import _sweep_kernels as kernels
from algorithms.accelerate import threads_worth
from algorithms.arguments import Floats, Int64s
from algorithms.csr import CSRGraph

# Between these, products of weights and values neither overflow nor vanish into subnormals.
LIGHTEST_ROW, HEAVIEST_ROW = 2.0**-40, 2.0**60


@dataclass(frozen=True)
class Norms:
    """What one pass measured: of the residual r, of the values x, and how f and its changes go.

    ``busy`` counts the links of rows whose residual is not settled; ``products`` are weighted
    inner products f f, f u, f v, u u, u v, as in ``_sweep_kernels.residuals``.
    """

    residual_inf: float
    residual_1: float
    mass: float
    busy: float = 0.0
    products: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Operator:
    """x = keep · own + damping · A x with x_j = c_j z_j · unit, A averaging or handing on.

    Attributes:
        indptr: uint64 (n + 1,); row i holds what i gathers from.
        indices: uint32 (m,).
        weights: float64 (m,) or None; divided by ``sums`` on the fly, never stored normalised.
        sums: float64 (n,), the weight of a row (averaging) or what a subject hands out.
        by_column: whether A hands on (trust) instead of averaging (exposure).
        own: float64 (n,), own risk or seeds.
        keep: what is kept of own, in units of ``unit``.
        damping: β or α.
        low: least value, highest next.
        high: values are kept in [low, high].
        unit: a power of two; values are z · c · unit.
        blocks: row blocks of like cost.
    """

    indptr: kernels.Unsigned
    indices: kernels.Unsigned
    weights: Floats | None
    sums: Floats
    by_column: bool
    own: Floats
    keep: float
    damping: float
    low: float
    high: float
    unit: float
    blocks: Int64s

    @classmethod
    def averaging(
        cls, graph: CSRGraph, own: Floats, beta: float, limits: tuple[float, float]
    ) -> "Operator":
        """Return exposure's: row i gathers from the contacts of i."""
        weights, sums = graph.weights, graph.weight_sum
        if weights is not None and not _is_tame(sums):
            scale = _powers_of_two(sums)
            weights, sums = weights * np.repeat(scale, graph.out_degree), sums * scale
        return cls(
            *_unsigned(graph), weights, sums, False, own, 1.0 - beta, beta, *limits, 1.0,
            kernels.row_blocks(graph.indptr.view(np.uint64)),
        )  # fmt: skip

    @classmethod
    def handing_on(
        cls, graph: CSRGraph, transposed: CSRGraph, seeds: Floats, alpha: float, supply: float
    ) -> "Operator":
        """Return trust's: row i gathers from those that link to i."""
        weights, sums = transposed.weights, graph.weight_sum
        if weights is not None and not _is_tame(sums):
            scale = _powers_of_two(sums)
            weights, sums = weights * scale[transposed.indices], sums * scale
        # Seeds of any unit become a mass near 1, so that the float32 history holds them.
        unit = 2.0 ** (max(math.frexp(supply)[1], -900) if supply > 0.0 else 0)
        return cls(
            *_unsigned(transposed), weights, sums, True, seeds, (1.0 - alpha) / unit, alpha,
            0.0, math.inf, unit, kernels.row_blocks(transposed.indptr.view(np.uint64)),
        )  # fmt: skip

    @property
    def n(self) -> int:
        return int(self.own.size)

    @property
    def is_static(self) -> bool:
        """Whether all links are in ``indptr`` and ``indices``: then single rows can be settled."""
        return True

    @property
    def core(self) -> np.uint64:
        """Fewest links of a row that has a say in mixing."""
        # Slow modes of exposure that matter to many live where links are dense; what is slow in
        # small and sparse corners is settled there.
        return np.uint64(0 if self.by_column else self.indices.size // max(self.n, 1))

    @property
    def work(self) -> int:
        return int(self.own.size + self.indices.size)

    def point_of(self, x: Floats) -> Floats:
        """Return z with x = c z unit, a new array."""
        if not self.by_column:
            clipped: Floats = np.clip(x, self.low, self.high)
            return clipped
        return x / (np.where(self.sums > 0.0, self.sums, 1.0) * self.unit)

    def first_guess(self) -> Floats:
        """Return a start: seeds for trust, for exposure that everybody's contacts are average."""
        if self.by_column:
            return self.own
        # Where links go both ways this is what all exposures average to, so nothing has to spread.
        spread = self.damping * self.mean_own()
        return np.where(self.sums > 0.0, self.keep * self.own + spread, self.own)

    def mean_own(self) -> float:
        """Return the mean of own risk, each weighing what its row does."""
        return float(kernels.weighted_mean(self.sums, self.own))

    def values_at(self, z: Floats) -> Floats:
        """Return c z unit, in place of z."""
        if self.by_column:
            np.multiply(z, self.sums, out=z, where=self.sums > 0.0)
            z *= self.unit
        return z

    def measure(self, z: Floats, f: Any, u: Any, settled: float) -> Norms:
        """Write f = r / c at z, and its change to u; return what was measured."""
        table = np.zeros((self.blocks.size - 1, 9))
        with threads_worth(self.work):
            kernels.residuals(
                self.blocks, self.indptr, self.indices, self.weights, self.sums, self.by_column,
                self.own, self.keep, self.damping, z, f, u, self.core, settled, table,
            )  # fmt: skip
        return self.norms(table)

    def step(self, z: Floats, y: Floats) -> Norms:
        """Write the operator at z to y; return what was measured at z."""
        table = np.zeros((self.blocks.size - 1, 3))
        with threads_worth(self.work):
            kernels.plain_step(
                self.blocks, self.indptr, self.indices, self.weights, self.sums, self.by_column,
                self.own, self.keep, self.damping, self.low, self.high, z, y, table,
            )  # fmt: skip
        return self.norms(table)

    def mix(self, g1: float, g2: float, z: Floats, history: tuple[Any, Any, Any, Any]) -> None:
        """Move z to the next point; ``history`` is (f, u, d, e), the step goes to d."""
        with threads_worth(self.n):
            kernels.mix(g1, g2, self.low, self.high, z, *history)

    def norms(self, table: Floats) -> Norms:
        """Join what the row blocks measured."""
        # fsum is exact, so no order can matter.
        residual_1, mass, busy, *products = [math.fsum(column) for column in table.T[1:]] + [
            0.0
        ] * (9 - table.shape[1])
        f_f, f_u, f_v, u_u, u_v = products
        return Norms(
            float(table[:, 0].max(initial=0.0)) * self.unit,
            residual_1 * self.unit,
            mass * self.unit,
            busy,
            (f_f, f_u, f_v, u_u, u_v),
        )


def _unsigned(graph: CSRGraph) -> tuple[kernels.Unsigned, kernels.Unsigned]:
    return graph.indptr.view(np.uint64), graph.indices.view(np.uint32)


def _is_tame(sums: Floats) -> bool:
    lightest = sums.min(initial=1.0, where=sums > 0.0)
    return bool(lightest >= LIGHTEST_ROW and sums.max(initial=1.0) <= HEAVIEST_ROW)


def _powers_of_two(sums: Floats) -> Floats:
    """Exact scales that bring every sum into [0.5, 1), as far as float64 has them."""
    scale: Floats = np.ldexp(1.0, -np.clip(np.frexp(sums)[1], -1000, 1000))
    return scale
