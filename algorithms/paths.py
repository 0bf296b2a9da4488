"""The strongest single paths that a value came by, best first.

A value is a sum over walks, β^k Π w each (Neumann series of the operator); a path is a walk that
visits nobody twice. Best-first search with the bound of A*: Hart, Nilsson & Raphael, IEEE Trans.
SSC 4 (1968), §II, on products that never grow.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from algorithms.arguments import (
    Floats,
    Int32s,
    float_vector,
    mass_vector,
    real_number,
    whole_number,
)
from algorithms.csr import CSRGraph
from algorithms.normalize import require_transpose

Found: TypeAlias = tuple[float, int, tuple[int, ...], tuple[float, ...]]
"""(−strength or −share, hops, subjects, hop weights): its order is the order of ties."""

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
    own: ArrayLike,
    beta: float,
    subject: int,
    *,
    k: int = 3,
    max_hops: int = 6,
    max_links: int = 200_000,
) -> StrongestPaths:
    """Return the ``k`` strongest paths by which exposure reaches ``subject``.

    The share of a path of h hops to j is β^h Π W · D_j o_j, with D_j = 1 − β, or 1 where j has
    no contacts. The subject's own risk (no hop) is not a path, and walks that come back to a
    subject are part of the value but not shown, so shares add up to less than the value.

    Args:
        graph: as for ``exposure``.
        own: o, float (n,), each in [0, 1].
        beta: weight of the contacts, in [0, 1).
        subject: whose exposure is explained.
        k: how many paths, >= 1.
        max_hops: longest path looked at, >= 1.
        max_links: links looked at before the search stops with what it has.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.

    >>> g = CSRGraph.from_edges([0, 1], [1, 2])
    >>> strongest_exposure_paths(g, [0.0, 0.0, 1.0], 0.5, 0).paths[0].subjects
    (0, 1, 2)
    """
    o = float_vector("own", own, graph.n, low=0.0, high=1.0)
    damping = real_number("beta", beta, low=0.0, high=1.0)
    worth = np.where(graph.out_degree > 0, (1.0 - damping) * o, o)

    def step(i: int) -> tuple[Int32s, Floats]:
        first, last = graph.indptr[i], graph.indptr[i + 1]
        loads = np.ones(last - first) if graph.weights is None else graph.weights[first:last]
        return graph.indices[first:last], loads / graph.weight_sum[i]

    start = whole_number("subject", subject, low=0, high=graph.n)
    return _best_first(step, worth, damping, start, _Limits.checked(k, max_hops, max_links))


def strongest_trust_paths(
    graph: CSRGraph,
    seeds: ArrayLike,
    alpha: float,
    subject: int,
    *,
    k: int = 3,
    max_hops: int = 6,
    max_links: int = 200_000,
    transposed: CSRGraph | None = None,
) -> StrongestPaths:
    """Return the ``k`` strongest paths by which trust reaches ``subject``.

    The share of a path of h hops from seed j is (1 − α) α^h Π P · s_j. Paths are listed from the
    subject back to the seed: the links point the other way. For distrust pass
    ``graph.transpose()``, and ``graph`` as ``transposed``.

    Args:
        graph: as for ``trust_mass``.
        seeds: s, float (n,), each >= 0, Σ s < 1e300.
        alpha: share of the mass that is handed on, in [0, 1).
        subject: whose mass is explained.
        k: how many paths, >= 1.
        max_hops: longest path looked at, >= 1.
        max_links: links looked at before the search stops with what it has.
        transposed: ``graph.transpose()``; pass it, or every call builds it.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.

    >>> g = CSRGraph.from_edges([2, 1], [1, 0])
    >>> strongest_trust_paths(g, [0.0, 0.0, 1.0], 0.5, 0).paths[0].share
    0.125
    """
    s = mass_vector("seeds", seeds, graph.n)
    damping = real_number("alpha", alpha, low=0.0, high=1.0)
    reverse = graph.transpose() if transposed is None else transposed
    require_transpose(graph, reverse)

    def step(i: int) -> tuple[Int32s, Floats]:
        first, last = reverse.indptr[i], reverse.indptr[i + 1]
        sources = reverse.indices[first:last]
        loads = np.ones(last - first) if reverse.weights is None else reverse.weights[first:last]
        return sources, loads / graph.weight_sum[sources]

    start = whole_number("subject", subject, low=0, high=graph.n)
    limits = _Limits.checked(k, max_hops, max_links)
    return _best_first(step, (1.0 - damping) * s, damping, start, limits)


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


def _best_first(
    step: Step, worth: Floats, damping: float, start: int, limits: _Limits
) -> StrongestPaths:
    best = float(worth.max(initial=0.0))
    heap: list[Found] = [(-1.0, 0, (start,), ())] if best > 0.0 and damping > 0.0 else []
    found: list[Found] = []
    links = 0
    while heap and links <= limits.max_links:
        strength, hops, subjects, hop_weights = heapq.heappop(heap)
        if _beaten(-strength * damping * best, found, limits.k):
            heap = []
            break
        neighbours, entries = step(subjects[-1])
        links += neighbours.size
        reach = -strength * (damping * entries)
        # Products never grow, so no path through here can bring more than this.
        hopeful = np.flatnonzero(reach * best >= _bar(found, limits.k))
        for at in hopeful.tolist():
            j = int(neighbours[at])
            if j in subjects or reach[at] == 0.0:
                continue
            longer = (
                -float(reach[at]),
                hops + 1,
                (*subjects, j),
                (*hop_weights, float(entries[at])),
            )
            share = float(reach[at] * worth[j])
            if share > 0.0:
                found.append((-share, *longer[1:]))
            if hops + 1 < limits.max_hops:
                heapq.heappush(heap, longer)
        found = heapq.nsmallest(limits.k, found)
    unseen = -heap[0][0] * damping * best if heap else 0.0
    paths = tuple(Path(subjects, weights, -share) for share, _, subjects, weights in found)
    return StrongestPaths(paths, not heap, unseen, links)


def _bar(found: list[Found], k: int) -> float:
    return -found[-1][0] if len(found) >= k else 0.0


def _beaten(bound: float, found: list[Found], k: int) -> bool:
    return len(found) >= k and bound < _bar(found, k)
