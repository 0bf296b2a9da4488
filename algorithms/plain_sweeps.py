"""Exposure and trust mass by plain sweeps: slower than the core, and the same on any machines.

A sweep needs the values of the sweep before and nothing else, rows are summed in their own order
and norms exactly. So the graph may be cut into row blocks anywhere, and still every value, the
number of sweeps and the certificate have the same bits. What runs on many machines can be made
again on one.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms._fixed_point import enough
from algorithms._operator import Norms
from algorithms.arguments import Floats, checked, checked_mass
from algorithms.certificate import Certificate
from algorithms.csr import CSRGraph
from algorithms.errors import ConvergenceError
from algorithms.exact_sum import exact_sum, rounded
from algorithms.exposure import Exposure, ExposureWorth
from algorithms.row_block import RowBlock, SweepRule
from algorithms.trust_mass import TrustMass, TrustWorth


@dataclass(frozen=True)
class Shape:
    """What rounding depends on: how many subjects, how many of them link, the longest row."""

    n: int
    linking: int
    longest_row: int


@dataclass(frozen=True)
class Verdict:
    """The end of the sweeps; `is_after`: not the measured vector is meant, but the next one."""

    certificate: Certificate
    is_after: bool


class PlainSweeps:
    """One problem: its rule, where it starts, and after each sweep whether it is done."""

    def __init__(
        self,
        rule: SweepRule,
        worth: ExposureWorth | TrustWorth,
        tolerance: float,
        hop_limit: int | None,
    ) -> None:
        if hop_limit is None:
            worth.require_reachable()
        self.rule = rule
        self._worth = worth
        self._tolerance = tolerance
        self._hop_limit = hop_limit
        self._sweeps = 0
        self._limit = math.inf

    @classmethod
    def exposure(
        cls, shape: Shape, beta: float, tolerance: float, largest: float, hop_limit: int | None
    ) -> "PlainSweeps":
        """Return exposure's sweeps; `largest` is the largest own risk."""
        rule = SweepRule(False, 1.0 - beta, beta, largest, 1.0)
        worth = ExposureWorth(shape, beta, tolerance, largest)
        return cls(rule, worth, tolerance, hop_limit)

    @classmethod
    def trust_mass(
        cls, shape: Shape, alpha: float, tolerance: float, supply: float, hop_limit: int | None
    ) -> "PlainSweeps":
        """Return trust mass's sweeps; `supply` sums the seeds, `shape` is that of in-links."""
        unit = 2.0 ** (max(math.frexp(supply)[1], -900) if supply > 0.0 else 0)
        rule = SweepRule(True, (1.0 - alpha) / unit, alpha, math.inf, unit)
        return cls(rule, TrustWorth(shape, alpha, tolerance, supply), tolerance, hop_limit)

    @property
    def done(self) -> int:
        """How many sweeps were judged."""
        return self._sweeps

    def start(self, block: RowBlock, own: Floats) -> Floats:
        """Return the z that a block's rows start from."""
        rule = self.rule
        if self._hop_limit is None:
            return block.point_of(rule, own, rule.unit)
        if rule.by_column:
            return block.point_of(rule, rule.keep * rule.unit * own, rule.unit)
        return np.where(block.sums > 0.0, rule.keep * own, own)

    def is_over_before(self) -> Verdict | None:
        """Return the end where no sweep is needed at all."""
        if self._hop_limit == 0:
            return Verdict(self._worth.of_series(0, 0), is_after=False)
        return None

    def judge(self, residual_inf: float, residual_1: int, mass: int) -> Verdict | None:
        """Say whether a sweep was the last one.

        Args:
            residual_inf: largest residual of all blocks.
            residual_1: all blocks' residuals added up, exactly.
            mass: all blocks' values added up, exactly.

        Raises:
            ConvergenceError: the tolerance can't be certified.
        """
        self._sweeps += 1
        unit = self.rule.unit
        norms = Norms(residual_inf * unit, rounded(residual_1) * unit, rounded(mass) * unit)
        if self._hop_limit is not None:
            # A vector that no longer moves stays as it is under any further hop.
            if self._sweeps < self._hop_limit and norms.residual_inf > 0.0:
                return None
            return Verdict(self._worth.of_series(self._hop_limit, self._sweeps), is_after=True)
        certificate, bound = self._worth.of_fixed_point(norms, self._sweeps)
        if bound <= self._tolerance:
            return Verdict(certificate, is_after=False)
        if self._sweeps == 1:
            self._limit = 2 * enough(bound, self._tolerance, self.rule.damping)
        if self._sweeps >= self._limit:
            raise ConvergenceError(
                self._tolerance, bound, self._sweeps, "rounding keeps the residual up"
            )
        return None

    def run(self, block: RowBlock, own: Floats) -> tuple[Floats, Certificate]:
        """Sweep over a graph that is one block until it is done; return values and certificate."""
        z = self.start(block, own)
        verdict = self.is_over_before()
        while verdict is None:
            swept = block.sweep(self.rule, own, z)
            verdict = self.judge(swept.residual_inf, swept.residual_1, swept.mass)
            if verdict is None or verdict.is_after:
                z = swept.after
        return block.values_at(self.rule, z), verdict.certificate


def exposure_by_sweeps(
    graph: CSRGraph,
    own: ArrayLike,
    beta: float,
    tolerance: float,
    *,
    hop_limit: int | None = None,
) -> Exposure:
    """Return exposure by plain sweeps; operator, bound and arguments are those of `exposure`.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: the tolerance was not certified.

    >>> exposure_by_sweeps(CSRGraph.from_edges([0], [1]), [0.0, 1.0], 0.5, 1e-9).values
    array([0.5, 1. ])
    """
    risk = checked("own", own, graph.n, low=0.0, high=1.0)
    shape = Shape(graph.n, graph.linking, graph.longest_row)
    sweeps = PlainSweeps.exposure(shape, beta, tolerance, risk.largest, hop_limit)
    return Exposure(*sweeps.run(RowBlock.of_graph(graph, graph.weight_sum), risk.values))


def trust_mass_by_sweeps(
    graph: CSRGraph,
    seeds: ArrayLike,
    alpha: float,
    tolerance: float,
    *,
    hop_limit: int | None = None,
    transposed: CSRGraph | None = None,
) -> TrustMass:
    """Return trust mass by plain sweeps; operator, bound and arguments are those of `trust_mass`.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: the tolerance was not certified.

    >>> trust_mass_by_sweeps(CSRGraph.from_edges([0], [1]), [1.0, 0.0], 0.5, 1e-9).values
    array([0.5 , 0.25])
    """
    supply = checked_mass("seeds", seeds, graph.n)
    if transposed is None:
        transposed = graph.transpose()
    total = rounded(exact_sum(supply.values))
    shape = Shape(transposed.n, transposed.linking, transposed.longest_row)
    sweeps = PlainSweeps.trust_mass(shape, alpha, tolerance, total, hop_limit)
    return TrustMass(*sweeps.run(RowBlock.of_graph(transposed, graph.weight_sum), supply.values))
