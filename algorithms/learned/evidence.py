"""What was known at a time. Features and networks see ``Evidence`` and nothing else.

``History`` holds past and future; ``History.known_at`` is the only way from it to evidence, and it
cuts links and labels by the same time. So no feature can read what came later: it is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from algorithms.arguments import Floats, Int64s, float_vector, whole_number
from algorithms.csr import CSRGraph
from algorithms.errors import InvalidArgumentError
from algorithms.ratings import Ratings, subject_ids
from algorithms.signed_graph import SignedGraph

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Links and labels that are known at one time.

    Attributes:
        n: number of subjects.
        src, dst: int64 (m,), links as they lead.
        weight: float64 (m,), signed where links are ratings; only its sign and its rank count.
        time: float64 (m,), when each link began, in any one unit; None where nobody knows.
        bad, good: int64, subjects with a known label, ascending.

    Raises:
        InvalidArgumentError: lengths differ, or an id is out of range.

    >>> Evidence(3, [0], [1], [1.0], None, [2], []).is_signed
    False
    """

    n: int
    src: Int64s
    dst: Int64s
    weight: Floats
    time: Floats | None
    bad: Int64s
    good: Int64s

    def __post_init__(self) -> None:
        n = whole_number("n", self.n, low=0, high=2**31)
        for name in ("src", "dst", "bad", "good"):
            ids = subject_ids(name, getattr(self, name), n).astype(np.int64)
            object.__setattr__(self, name, ids)
        size = self.src.size
        if self.dst.size != size:
            raise InvalidArgumentError("dst", f"has {self.dst.size} links, src has {size}")
        for name in ("weight", "time"):
            if getattr(self, name) is not None:
                checked = float_vector(name, getattr(self, name), size, low=-np.inf, high=np.inf)
                object.__setattr__(self, name, np.asarray(checked))

    @property
    def m(self) -> int:
        """Number of links.

        >>> Evidence(3, [0], [1], [1.0], None, [2], []).m
        1
        """
        return int(self.src.size)

    @cached_property
    def is_signed(self) -> bool:
        """Whether any link says distrust."""
        return bool((self.weight < 0.0).any())

    @cached_property
    def ratings(self) -> Ratings:
        """Every link as a rating in [-1, 1]: weights over their largest magnitude."""
        largest = float(np.abs(self.weight).max(initial=0.0)) or 1.0
        return Ratings(
            self.src.astype(np.int32), self.dst.astype(np.int32), self.weight / largest, self.n
        )

    @cached_property
    def signed(self) -> SignedGraph:
        """Trust and distrust."""
        return SignedGraph.from_edges(self.src, self.dst, self.weight, self.n)

    @cached_property
    def trust(self) -> CSRGraph:
        """Links of positive weight, each weighing 1."""
        keep = self.weight > 0.0
        return CSRGraph.from_edges(self.src[keep], self.dst[keep], n=self.n).without_weights()

    @cached_property
    def contacts(self) -> CSRGraph:
        """Links of positive weight in both directions, weighing 1, without links to oneself."""
        keep = (self.weight > 0.0) & (self.src != self.dst)
        src, dst = self.src[keep], self.dst[keep]
        ends = np.concatenate([src, dst]), np.concatenate([dst, src])
        return CSRGraph.from_edges(*ends, n=self.n).without_weights()

    def marks(self, subjects: Int64s) -> Floats:
        """Return 1 at the subjects and 0 elsewhere, float64 (n,)."""
        found = np.zeros(self.n)
        found[subjects] = 1.0
        return found

    def with_labels(self, bad: ArrayLike, good: ArrayLike) -> Evidence:
        """Return the same links with other labels."""
        return Evidence(
            self.n, self.src, self.dst, self.weight, self.time, np.sort(bad), np.sort(good)
        )

    def only(self, chosen: Bools) -> Evidence:
        """Return the links at which ``chosen`` (m,) is true, with the same labels."""
        time = None if self.time is None else self.time[chosen]
        return Evidence(
            self.n, self.src[chosen], self.dst[chosen], self.weight[chosen], time,
            self.bad, self.good,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class History:
    """Links with times, and when each subject became known to be bad or good.

    Attributes:
        n: number of subjects.
        src, dst, weight, time: links, as in ``Evidence``; every one has its time.
        bad_known_at: float64 (n,), when a subject was known to be bad; inf for never.
        good_known_at: likewise; None where nobody is ever known to be good.
    """

    n: int
    src: Int64s
    dst: Int64s
    weight: Floats
    time: Floats
    bad_known_at: Floats
    good_known_at: Floats | None = None

    def known_at(self, now: float) -> Evidence:
        """Return what was known at ``now``: links that had begun, labels that had been given.

        >>> history = History(2, [0, 1], [1, 0], [1.0, 1.0], [1.0, 5.0], [9.0, np.inf])
        >>> history.known_at(2.0).m
        1
        """
        begun = np.asarray(self.time) <= now
        good = np.empty(0, np.int64)
        if self.good_known_at is not None:
            good = np.flatnonzero(np.asarray(self.good_known_at) <= now)
        return Evidence(
            self.n,
            np.asarray(self.src)[begun],
            np.asarray(self.dst)[begun],
            np.asarray(self.weight)[begun],
            np.asarray(self.time)[begun],
            np.flatnonzero(np.asarray(self.bad_known_at) <= now),
            good,
        )
