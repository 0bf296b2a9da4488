"""A graph of trust and distrust: two graphs on the same subjects, kept apart.

A link may be in both: who first trusted and then distrusted has said both.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from algorithms.arguments import Floats, float_vector
from algorithms.csr import CSRGraph
from algorithms.errors import InvalidArgumentError


@dataclass(frozen=True, eq=False)
class SignedGraph:
    """Positive links and negative links, the latter by their magnitude.

    Attributes:
        positive: trust.
        negative: distrust; weights are magnitudes, positive.

    Raises:
        InvalidArgumentError: the two have different numbers of subjects.

    >>> SignedGraph.from_edges([0, 0], [1, 2], [1.0, -2.0]).negative.weights
    array([2.])
    """

    positive: CSRGraph
    negative: CSRGraph

    def __post_init__(self) -> None:
        if self.positive.n != self.negative.n:
            raise InvalidArgumentError(
                "negative", f"has {self.negative.n} subjects, positive has {self.positive.n}"
            )

    @property
    def n(self) -> int:
        """Number of subjects.

        >>> SignedGraph.from_edges([0], [1], [-1.0], n=4).n
        4
        """
        return self.positive.n

    @cached_property
    def magnitude_sum(self) -> Floats:
        """Sum of the magnitudes of every subject's out-links, float64 (n,).

        >>> SignedGraph.from_edges([0, 0], [1, 2], [1.0, -2.0]).magnitude_sum
        array([3., 0., 0.])
        """
        return self.positive.weight_sum + self.negative.weight_sum

    @classmethod
    def from_edges(
        cls, src: ArrayLike, dst: ArrayLike, weight: ArrayLike, n: int | None = None
    ) -> "SignedGraph":
        """Return the signed graph of the links ``src[e] -> dst[e]``.

        Links of one pair and sign are summed; a weight of 0 is no link.

        Args:
            src: whole numbers (m,), who trusts or distrusts.
            dst: whole numbers (m,), whom.
            weight: finite numbers (m,), > 0 for trust, < 0 for distrust.
            n: number of subjects; None for the largest id + 1.

        Raises:
            InvalidGraphError, InvalidArgumentError: as for ``CSRGraph.from_edges``.

        >>> SignedGraph.from_edges([0, 0], [1, 1], [1.0, -1.0]).positive.m
        1
        """
        sources, targets = np.asarray(src), np.asarray(dst)
        loads = float_vector("weight", weight, sources.size)
        if n is None:
            n = 1 + max(int(sources.max()), int(targets.max())) if sources.size else 0
        trusts = loads > 0.0
        if sources.shape != targets.shape:
            raise InvalidArgumentError("dst", f"has {targets.size} rows, src has {sources.size}")
        return cls(
            CSRGraph.from_edges(sources[trusts], targets[trusts], loads[trusts], n),
            CSRGraph.from_edges(sources[~trusts], targets[~trusts], -loads[~trusts], n),
        )

    def transpose(self) -> "SignedGraph":
        """Return the graph with every link reversed.

        >>> SignedGraph.from_edges([0], [1], [-1.0]).transpose().negative.out_degree
        array([0, 1])
        """
        return SignedGraph(self.positive.transpose(), self.negative.transpose())
