"""Settling corners: rows that are slow for themselves, when all others are done.

Plain sweeps of exposure converge fast wherever links are dense. What is left after a few of them
lives in pairs, chains and small groups at the rim: few links, but as many sweeps as the damping
asks for. Those rows are relaxed one by one instead, as in forward push (Andersen, Chung & Lang,
Local graph partitioning using PageRank vectors, FOCS 2006). The next sweep measures what it was
worth; no bound depends on it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from algorithms import _corner_kernels as kernels
from algorithms._operator import Norms, Operator
from algorithms.arguments import Floats

# Sweeps are cheaper a link than relaxing: this share of the links is a corner, at most.
LARGEST_SHARE = 0.1
PROBES = 64


@dataclass
class Corners:
    """The rows of one exposure problem that are not settled.

    Attributes:
        operator: averaging.
        settled: a residual that needs no more work.
        is_mutual: whether contacts have each other as contacts, by what a few probes say.
    """

    operator: Operator
    settled: float
    is_mutual: bool

    @classmethod
    def of(cls, operator: Operator, settled: float) -> "Corners | None":
        """Return the corners of exposure; trust mass, whose bound is a sum, has none."""
        if operator.by_column or operator.damping == 0.0 or not operator.is_static:
            return None
        is_mutual = kernels.seems_mutual(
            operator.indptr, operator.indices, operator.weights, PROBES
        )
        return cls(operator, settled, is_mutual)

    def are_all_that_is_left(self, norms: Norms) -> bool:
        """Say whether the rows that are not settled have few of the links."""
        return norms.busy <= LARGEST_SHARE * self.operator.indices.size

    def settle(self, z: Floats, f: Any, spare: Any) -> None:
        """Relax the rows that are not settled; f is the residual at z and is used up, as spare."""
        operator, queue = self.operator, spare.view(np.uint32)
        if self.is_mutual:
            count = kernels.unsettled(operator.indptr, f, self.settled, queue)[0]
            kernels.push(
                operator.indptr, operator.indices, operator.weights, operator.sums,
                operator.damping, operator.low, operator.high, z, f, queue, count, self.settled,
            )  # fmt: skip
            return
        # Who depends on a row is not known here: take in rows that may have to move with it.
        finest = self.settled
        for halvings in (2, 1, 0):
            finest = self.settled * 0.5**halvings
            count, links = kernels.unsettled(operator.indptr, f, finest, queue)
            if links <= LARGEST_SHARE * operator.indices.size:
                break
        kernels.pull(
            operator.indptr, operator.indices, operator.weights, operator.sums, operator.own,
            operator.keep, operator.damping, operator.low, operator.high, z, f, queue, count,
            finest,
        )  # fmt: skip
