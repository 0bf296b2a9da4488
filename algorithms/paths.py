"""The strongest single paths that a value came by, best first.

A value is a sum over walks, β^k Π w each (Neumann series of the operator); a path is a walk that
visits nobody twice. Best-first search with the bound of A*: Hart, Nilsson & Raphael, IEEE Trans.
SSC 4 (1968), §II, on products that never grow. What lies beyond a subject brings at most what its
own value has from others: published values are the bound that lets most of a graph go unseen.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from algorithms.arguments import (
    CheckedVector,
    Floats,
    Int32s,
    checked,
    checked_mass,
    real_number,
    whole_number,
)
from algorithms.csr import CSRGraph
from algorithms.known_values import KnownValues
from algorithms.normalize import require_transpose

# Above any rounding of one product of a path's entries and of a value.
ROUNDING = 2.0**-40

Found: TypeAlias = tuple[float, int, tuple[int, ...], tuple[float, ...]]
"""(−strength or −share, hops, subjects, hop weights): its order is the order of ties."""

Open: TypeAlias = tuple[float, int, tuple[int, ...], tuple[float, ...], float]
"""(−what it can bring, hops, subjects, hop weights, strength) of a path that may go on."""

Step: TypeAlias = Callable[[int], tuple[Int32s, Floats]]
"""Neighbours of a subject, and the entry of W or P that leads to each."""


@dataclass(frozen=True)
class Path:
    """One path from the explained subject to the one whose own risk or seed it brings.

    Attributes:
        subjects: the explained subject first, the source last; nobody twice.
        hop_weights: entry of W (exposure) or P (trust) of each hop, each in (0, 1].
        share: what this path alone adds, in the unit of the value.
    """

    subjects: tuple[int, ...]
    hop_weights: tuple[float, ...]
    share: float


@dataclass(frozen=True)
class StrongestPaths:
    """The paths found, and whether any other can be stronger.

    Attributes:
        paths: largest share first; ties by fewer hops, then by subjects.
        is_complete: the search ended by itself, so these are the strongest.
        unseen_share: no path left out has a larger share than this, or the last of ``paths``.
        links: how many links were looked at.
    """

    paths: tuple[Path, ...]
    is_complete: bool
    unseen_share: float
    links: int


def strongest_exposure_paths(
    graph: CSRGraph,
    own: ArrayLike | CheckedVector,
    beta: float,
    subject: int,
    *,
    k: int = 3,
    max_hops: int = 6,
    max_links: int = 200_000,
    values: ArrayLike | CheckedVector | None = None,
    values_bound: float | None = None,
) -> StrongestPaths:
    """Return the ``k`` strongest paths by which exposure reaches ``subject``.

    The share of a path of h hops to j is β^h Π W · D_j o_j, with D_j = 1 − β, or 1 where j has
    no contacts. The subject's own risk (no hop) is not a path, and walks that come back to a
    subject are part of the value but not shown, so shares add up to less than the value.

    Args:
        graph: as for ``exposure``.
        own: o, float (n,), each in [0, 1]; ``checked_vector`` saves a pass over it in every call.
        beta: weight of the contacts, in [0, 1).
        subject: whose exposure is explained.
        k: how many paths, >= 1.
        max_hops: longest path looked at, >= 1.
        max_links: links looked at before the search stops with what it has.
        values: x, float (n,), each >= 0, as ``exposure`` returned it for these arguments, under a
            hop limit of at least ``max_hops`` or none; they shorten the search.
        values_bound: no value of x is further than this from the exact one, >= 0.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.

    >>> g = CSRGraph.from_edges([0, 1], [1, 2])
    >>> strongest_exposure_paths(g, [0.0, 0.0, 1.0], 0.5, 0).paths[0].subjects
    (0, 1, 2)
    """
    risk = checked("own", own, graph.n, low=0.0, high=1.0)
    damping = real_number("beta", beta, low=0.0, high=1.0)
    known = KnownValues.checked(values, values_bound, graph.n)

    def worth(some: Int32s) -> Floats:
        o = risk.values[some]
        ends = graph.indptr[some + 1] == graph.indptr[some]
        found: Floats = np.where(ends, o, (1.0 - damping) * o)
        return found

    def step(i: int) -> tuple[Int32s, Floats]:
        first, last = graph.indptr[i], graph.indptr[i + 1]
        loads = np.ones(last - first) if graph.weights is None else graph.weights[first:last]
        return graph.indices[first:last], loads / graph.weight_sum[i]

    start = whole_number("subject", subject, low=0, high=graph.n)
    # Whoever has no contacts keeps all of its own risk.
    view = _View(step, worth, damping, risk.largest, known)
    return _best_first(view, start, _Limits.checked(k, max_hops, max_links))


def strongest_trust_paths(
    graph: CSRGraph,
    seeds: ArrayLike | CheckedVector,
    alpha: float,
    subject: int,
    *,
    k: int = 3,
    max_hops: int = 6,
    max_links: int = 200_000,
    transposed: CSRGraph | None = None,
    values: ArrayLike | CheckedVector | None = None,
    values_bound: float | None = None,
) -> StrongestPaths:
    """Return the ``k`` strongest paths by which trust reaches ``subject``.

    The share of a path of h hops from seed j is (1 − α) α^h Π P · s_j. Paths are listed from the
    subject back to the seed: the links point the other way. For distrust pass
    ``graph.transpose()``, and ``graph`` as ``transposed``.

    Args:
        graph: as for ``trust_mass``.
        seeds: s, float (n,), each >= 0, Σ s < 1e300; ``checked_vector`` saves a pass over it.
        alpha: share of the mass that is handed on, in [0, 1).
        subject: whose mass is explained.
        k: how many paths, >= 1.
        max_hops: longest path looked at, >= 1.
        max_links: links looked at before the search stops with what it has.
        transposed: ``graph.transpose()``; pass it, or every call builds it.
        values: t, float (n,), each >= 0, as ``trust_mass`` returned it for these arguments, under
            a hop limit of at least ``max_hops`` or none; they shorten the search.
        values_bound: no value of t is further than this from the exact one, >= 0.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.

    >>> g = CSRGraph.from_edges([2, 1], [1, 0])
    >>> strongest_trust_paths(g, [0.0, 0.0, 1.0], 0.5, 0).paths[0].share
    0.125
    """
    mass = checked_mass("seeds", seeds, graph.n)
    damping = real_number("alpha", alpha, low=0.0, high=1.0)
    reverse = graph.transpose() if transposed is None else transposed
    require_transpose(graph, reverse)
    known = KnownValues.checked(values, values_bound, graph.n)

    def worth(some: Int32s) -> Floats:
        found: Floats = (1.0 - damping) * mass.values[some]
        return found

    def step(i: int) -> tuple[Int32s, Floats]:
        first, last = reverse.indptr[i], reverse.indptr[i + 1]
        sources = reverse.indices[first:last]
        loads = np.ones(last - first) if reverse.weights is None else reverse.weights[first:last]
        return sources, loads / graph.weight_sum[sources]

    start = whole_number("subject", subject, low=0, high=graph.n)
    limits = _Limits.checked(k, max_hops, max_links)
    view = _View(step, worth, damping, (1.0 - damping) * mass.largest, known)
    return _best_first(view, start, limits)


@dataclass(frozen=True)
class _Limits:
    k: int
    max_hops: int
    max_links: int

    @classmethod
    def checked(cls, k: int, max_hops: int, max_links: int) -> "_Limits":
        return cls(
            whole_number("k", k, low=1),
            whole_number("max_hops", max_hops, low=1),
            whole_number("max_links", max_links, low=1),
        )


@dataclass(frozen=True)
class _View:
    """A graph as a search sees it; no subject's own ``worth`` is larger than ``largest``."""

    step: Step
    worth: Callable[[Int32s], Floats]
    damping: float
    largest: float
    known: KnownValues | None

    def beyond(self, some: Int32s, worth: Floats) -> Floats:
        """Return the most that any path can bring which goes on from these subjects."""
        most: Floats = np.full(some.size, self.damping * self.largest * (1.0 + ROUNDING))
        if self.known is None:
            return most
        through = self.known.values[some] + self.known.bound - worth
        most = np.minimum(most, np.maximum(through, 0.0) * (1.0 + ROUNDING))
        return most


def _best_first(view: _View, start: int, limits: _Limits) -> StrongestPaths:
    # Open ends, by what they can still bring: (−that, hops, subjects, hop weights, strength).
    heap: list[Open] = []
    if view.largest > 0.0 and view.damping > 0.0:
        heap.append((-view.damping * view.largest, 0, (start,), (), 1.0))
    found: list[Found] = []
    links = 0
    while heap and links <= limits.max_links:
        if len(found) >= limits.k and -heap[0][0] < -found[-1][0]:
            heap = []
            break
        _, hops, subjects, hop_weights, strength = heapq.heappop(heap)
        neighbours, entries = view.step(subjects[-1])
        links += neighbours.size
        reach = strength * (view.damping * entries)
        fresh = (reach > 0.0) & ~np.isin(neighbours, subjects)
        neighbours, entries, reach = neighbours[fresh], entries[fresh], reach[fresh]
        worth = view.worth(neighbours)
        shares = reach * worth
        for at in _largest(shares, neighbours, limits.k):
            path = (*subjects, int(neighbours[at])), (*hop_weights, float(entries[at]))
            found.append((-float(shares[at]), hops + 1, *path))
        found = heapq.nsmallest(limits.k, found)
        if hops + 1 >= limits.max_hops:
            continue
        hopes = reach * view.beyond(neighbours, worth)
        bar = -found[-1][0] if len(found) >= limits.k else 0.0
        for at in np.flatnonzero((hopes >= bar) & (hopes > 0.0)).tolist():
            path = (*subjects, int(neighbours[at])), (*hop_weights, float(entries[at]))
            heapq.heappush(heap, (-float(hopes[at]), hops + 1, *path, float(reach[at])))
    unseen = -heap[0][0] if heap else 0.0
    paths = tuple(Path(subjects, weights, -share) for share, _, subjects, weights in found)
    return StrongestPaths(paths, not heap, unseen, links)


def _largest(shares: Floats, neighbours: Int32s, k: int) -> list[int]:
    """Return where the k largest shares above zero are; ties go to lower subjects."""
    some = np.flatnonzero(shares > 0.0)
    if some.size > k:
        bar = np.partition(shares[some], some.size - k)[some.size - k]
        some = some[shares[some] >= bar]
    order = np.lexsort((neighbours[some], -shares[some]))
    return [int(at) for at in some[order[:k]]]
