"""What is to be solved: trust mass from everyone, or exposure to a few listed, and the truth."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

import algorithms

Floats = NDArray[np.float64]
DAMPING = 0.85
NEARLY_EXACT = 1e-12


@dataclass(frozen=True, eq=False)
class Problem:
    """One operator on one graph; errors are measured in the norm that the operator certifies."""

    operator: str
    graph: algorithms.CSRGraph

    @property
    def is_trust(self) -> bool:
        return self.operator == "trust"

    @cached_property
    def transposed(self) -> algorithms.CSRGraph:
        return self.graph.transpose()

    @cached_property
    def rows(self) -> algorithms.CSRGraph:
        """Row i holds what i gathers from."""
        return self.transposed if self.is_trust else self.graph

    @cached_property
    def own(self) -> Floats:
        n = self.graph.n
        if self.is_trust:
            return np.full(n, 1.0 / n)
        return np.where(np.random.default_rng(0).random(n) < 0.01, 0.8, 0.0)

    @cached_property
    def base(self) -> Floats:
        keep = np.where(self.is_trust | (self.graph.weight_sum > 0.0), 1.0 - DAMPING, 1.0)
        return keep * self.own

    @cached_property
    def exact(self) -> Floats:
        return self.ours(NEARLY_EXACT)

    def ours(self, tolerance: float) -> Floats:
        if self.is_trust:
            return algorithms.trust_mass(
                self.graph, self.own, DAMPING, tolerance, transposed=self.transposed
            ).values
        return algorithms.exposure(self.graph, self.own, DAMPING, tolerance).values

    def error(self, values: Floats) -> float:
        wrong = np.abs(values - self.exact)
        return float(wrong.sum() if self.is_trust else wrong.max())

    def scaled(self, values: Floats) -> Floats:
        """A distribution, with the mass that dead ends let go put back: ours, but for its sum."""
        return np.asarray(values) * (self.exact.sum() / np.sum(values))
