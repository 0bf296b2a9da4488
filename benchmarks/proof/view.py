"""What a method may see, and the graphs that methods make of it.

A view holds links and known labels, nothing else: no test label, no hidden link, no later link is
in it, so no method can use one. Only ``protocol`` makes views, and ``attacks`` of them others that
hold nothing more about what is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from algorithms import CSRGraph, Payments, Ratings, SignedGraph

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
CENTS = 100


@dataclass(frozen=True, eq=False)
class Links:
    """Links in the order of time where there is time; ``weight`` signed for ratings, in [-1, 1]."""

    src: Ids
    dst: Ids
    weight: Floats
    time: Floats | None = None

    def only(self, mask: NDArray[np.bool_]) -> Links:
        """Return the links at which ``mask`` is true."""
        time = None if self.time is None else self.time[mask]
        return Links(self.src[mask], self.dst[mask], self.weight[mask], time)


@dataclass(frozen=True, eq=False)
class Past:
    """When each subject became known to be bad, (n,), inf where it is not known at ``now``; the
    period that is asked about."""

    known_at: Floats
    now: float
    period: float


@dataclass(frozen=True, eq=False)
class View:
    """n subjects, visible links, and the subjects known to be bad or good.

    ``groups`` (n,) says which of the known belong together, everybody else being alone; ``past``
    when they became known. Either is None where nobody knows.
    """

    n: int
    links: Links
    bad: Ids
    good: Ids
    groups: Ids | None = None
    past: Past | None = None

    @cached_property
    def ratings(self) -> Ratings:
        """Every link as a rating."""
        src, dst = self.links.src.astype(np.int32), self.links.dst.astype(np.int32)
        return Ratings(src, dst, self.links.weight, self.n)

    @cached_property
    def signed(self) -> SignedGraph:
        """Trust and distrust."""
        return SignedGraph.from_edges(self.links.src, self.links.dst, self.links.weight, self.n)

    @cached_property
    def trust(self) -> CSRGraph:
        """Positive links, directed; of payments and friendships, all, each weighing 1."""
        is_positive = self.links.weight > 0.0
        src, dst = self.links.src[is_positive], self.links.dst[is_positive]
        graph = CSRGraph.from_edges(src, dst, n=self.n)
        if (self.links.weight < 0.0).any():
            return CSRGraph.from_edges(src, dst, self.links.weight[is_positive], self.n)
        return graph.without_weights()

    @cached_property
    def backwards(self) -> CSRGraph:
        """``trust``, reversed."""
        return self.trust.transpose()

    @cached_property
    def contacts(self) -> CSRGraph:
        """Positive links in both directions, weighing 1, without links to oneself."""
        src, dst = self.links.src, self.links.dst
        keep = (self.links.weight > 0.0) & (src != dst)
        ends = np.concatenate([src[keep], dst[keep]]), np.concatenate([dst[keep], src[keep]])
        return CSRGraph.from_edges(*ends, n=self.n).without_weights()

    @cached_property
    def payments(self) -> Payments:
        """Amounts in whole cents, or the like, in the order of time."""
        order = np.arange(self.links.src.size)
        if self.links.time is not None:
            order = np.argsort(self.links.time, kind="stable")
        amount = np.maximum(np.rint(self.links.weight[order] * CENTS), 1.0).astype(np.int64)
        src, dst = self.links.src[order].astype(np.int32), self.links.dst[order].astype(np.int32)
        return Payments(src, dst, amount, self.n)

    def marks(self, subjects: Ids) -> Floats:
        """Return 1 at the subjects and 0 elsewhere."""
        found = np.zeros(self.n)
        found[subjects] = 1.0
        return found
