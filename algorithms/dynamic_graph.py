"""A graph that takes changes while values on it are kept up to date.

It begins with a CSRGraph, which is neither copied nor changed, and lays changed rows over it: what
nobody touched is read where it was. Rows are kept in both directions, as a push against the links
needs all rows that contain a subject. It knows nothing of the operators that follow it.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Protocol
from weakref import ref

import numpy as np
from numpy.typing import ArrayLike

from algorithms import _row_edits_kernels as kernels
from algorithms._overlay import Overlay, grown
from algorithms._rows_kernels import gathered, row_lengths, weight_of
from algorithms.arguments import Floats, Int32s, Int64s, whole_number
from algorithms.csr import MOST_SUBJECTS, CSRGraph
from algorithms.errors import InvalidGraphError
from algorithms.normalize import require_transpose

# Between these, no product of a weight, a value and a residual leaves the range of float64.
LIGHTEST, HEAVIEST = 2.0**-900, 2.0**900


@dataclass(frozen=True, eq=False)
class RowChanges:
    """What one call changed, for the operators that follow the graph.

    Attributes:
        rows: int32 (k,), ascending, the subjects whose out-links changed.
        first: int64 (k + 1,); the changes of ``rows[a]`` are ``first[a]`` to ``first[a + 1]``.
        targets: int32 (e,), where each changed link leads.
        before: float64 (e,), its weight, 0 where there was none.
        after: float64 (e,), its weight now.
        sums_before: float64 (k,), what the weights of each row summed to.
    """

    rows: Int32s
    first: Int64s
    targets: Int32s
    before: Floats
    after: Floats
    sums_before: Floats


class Follower(Protocol):
    """What keeps values on a graph hears of every change, after it was made."""

    def rows_changed(self, changes: RowChanges) -> None:
        """Out-links of these rows changed."""

    def subjects_added(self, n: int) -> None:
        """The graph now has n subjects."""


class DynamicGraph:
    """A directed graph on subjects 0 … n-1 whose links are added, re-weighted and removed.

    Args:
        base: the links to begin with; kept and read, never written, so it may be mapped.
        transposed: ``base.transpose()`` where it is at hand; saves building it.

    Raises:
        InvalidArgumentError: ``transposed`` has other sizes than ``base``.
        InvalidGraphError: a weight outside [2^-900, 2^900]; rescale them.

    >>> graph = DynamicGraph(CSRGraph.from_edges([0], [1]))
    >>> graph.set_link(1, 0, 0.5)
    >>> graph.to_csr().weights
    array([1. , 0.5])
    """

    def __init__(self, base: CSRGraph, transposed: CSRGraph | None = None) -> None:
        if transposed is None:
            transposed = base.transpose()
        require_transpose(base, transposed)
        if base.weights is not None and base.m:
            _require_range(base.weights[[base.weights.argmin(), base.weights.argmax()]])
        self.base = base
        self.forward, self.reverse = Overlay(base), Overlay(transposed)
        self.all_sums = base.weight_sum.copy()
        self._lost = np.zeros(base.n)
        self._followers: list[ref[Follower]] = []
        self._m = base.m
        self._linking = base.linking

    @property
    def n(self) -> int:
        """Number of subjects.

        >>> DynamicGraph(CSRGraph.from_edges([0], [1])).n
        2
        """
        return self.forward.n

    @property
    def m(self) -> int:
        """Number of links.

        >>> DynamicGraph(CSRGraph.from_edges([0], [1])).m
        1
        """
        return self._m

    @property
    def linking(self) -> int:
        """Number of subjects that have an out-link.

        >>> DynamicGraph(CSRGraph.from_edges([0], [1])).linking
        1
        """
        return self._linking

    @property
    def weight_sum(self) -> Floats:
        """Sum of every subject's out-link weights, float64 (n,), a read-only view.

        Each is within two units in the last place, however often its row changed.

        >>> DynamicGraph(CSRGraph.from_edges([0, 0], [1, 2])).weight_sum
        array([2., 0., 0.])
        """
        view = self.all_sums[: self.n]
        view.flags.writeable = False
        return view

    def forward_lengths(self) -> Int64s:
        """Out-links of every subject, int64 (n,), as many as a push walks.

        >>> DynamicGraph(CSRGraph.from_edges([0, 0], [1, 2])).forward_lengths()
        array([2, 0, 0])
        """
        return row_lengths(self.forward.rows, self.n)

    def weight(self, src: int, dst: int) -> float:
        """Return the weight of a link, 0.0 where there is none.

        >>> DynamicGraph(CSRGraph.from_edges([0], [1], [3.0])).weight(0, 1)
        3.0
        """
        i = whole_number("src", src, low=0, high=self.n)
        j = whole_number("dst", dst, low=0, high=self.n)
        return float(weight_of(self.forward.rows, i, j))

    def set_link(self, src: int, dst: int, weight: float) -> None:
        """Give the link ``src -> dst`` this weight; 0 removes it. See ``set_links``.

        >>> graph = DynamicGraph(CSRGraph.from_edges([0], [1]))
        >>> graph.set_link(0, 1, 0.0)
        >>> graph.m
        0
        """
        self.set_links([src], [dst], [weight])

    def set_links(self, src: ArrayLike, dst: ArrayLike, weight: ArrayLike) -> None:
        """Give each link ``src[e] -> dst[e]`` the weight ``weight[e]``, all or none of them.

        Args:
            src: whole numbers (e,) in [0, n), the subjects that the links leave.
            dst: whole numbers (e,) in [0, n), the subjects that they reach.
            weight: float (e,), the new weight, not a difference: 0 removes the link, others are
                in [2^-900, 2^900]. Where a link occurs twice, the later one stays.

        Raises:
            InvalidGraphError: lengths differ, or an entry is out of its range; says which.

        >>> graph = DynamicGraph(CSRGraph.from_edges([0], [1]))
        >>> graph.set_links([0, 1], [1, 0], [0.0, 2.0])
        >>> graph.weight_sum
        array([0., 2.])
        """
        sources, targets, weights = checked_ends(src, dst, weight, self.n)
        if weights.size == 0:
            return
        ends = kernels.arranged(targets, sources, weights)
        self.reverse.put(*ends[:3])
        self._announce(*kernels.arranged(sources, targets, weights))

    def add_subjects(self, count: int) -> int:
        """Add subjects without links; return the first new one's number.

        >>> graph = DynamicGraph(CSRGraph.from_edges([0], [1]))
        >>> graph.add_subjects(3), graph.n
        (2, 5)
        """
        first = self.n
        count = whole_number("count", count, low=0, high=MOST_SUBJECTS - first)
        if first + count > self.all_sums.size:
            self.all_sums = grown(self.all_sums, first + count)
            self._lost = grown(self._lost, first + count)
        self.forward.extend(first + count)
        self.reverse.extend(first + count)
        for follower in self._told():
            follower.subjects_added(self.n)
        return first

    def to_csr(self) -> CSRGraph:
        """Return the graph as it stands, equal to ``CSRGraph.from_edges`` of its links.

        >>> DynamicGraph(CSRGraph.from_edges([0], [1])).to_csr().indices
        array([1], dtype=int32)
        """
        indptr, indices, weights, all_one = gathered(self.forward.rows, self.n)
        return CSRGraph(indptr, indices, None if all_one else weights)

    def fork(self) -> "DynamicGraph":
        """Return the same graph, over the same base, whose changes are its own; nobody follows it.

        >>> graph = DynamicGraph(CSRGraph.from_edges([0], [1]))
        >>> graph.fork().set_link(0, 1, 0.0)
        >>> graph.m
        1
        """
        twin = copy(self)
        twin.forward, twin.reverse = self.forward.copy(), self.reverse.copy()
        twin.all_sums, twin._lost = self.all_sums.copy(), self._lost.copy()
        twin._followers = []
        return twin

    def follow(self, follower: Follower) -> None:
        """Tell ``follower`` of every change from now on, for as long as somebody else holds it."""
        self._followers = [ref(each) for each in self._told()] + [ref(follower)]

    def _announce(
        self, sources: Int32s, targets: Int32s, after: Floats, rows: Int32s, first: Int64s
    ) -> None:
        before = self.forward.put(sources, targets, after)
        sums_before = np.empty(rows.size)
        links, linking = kernels.new_sums(
            self.forward.rows, rows, first, before, after, self.all_sums, self._lost, sums_before
        )
        self._m += links
        self._linking += linking
        changes = RowChanges(rows, first, targets, before, after, sums_before)
        for follower in self._told():
            follower.rows_changed(changes)

    def _told(self) -> Iterator[Follower]:
        for reference in self._followers:
            follower = reference()
            if follower is not None:
                yield follower


def checked_links(
    src: ArrayLike, dst: ArrayLike, weight: ArrayLike, n: int
) -> tuple[Int32s, Int32s, Floats]:
    """Return the links, ascending by source and target, of equal ones the last.

    Raises:
        InvalidGraphError: lengths differ, or an entry is out of its range; says which.

    >>> checked_links([1, 0, 1], [0, 1, 0], [1.0, 2.0, 3.0], 2)[2]
    array([2., 3.])
    """
    return kernels.arranged(*checked_ends(src, dst, weight, n))[:3]


def checked_ends(
    src: ArrayLike, dst: ArrayLike, weight: ArrayLike, n: int
) -> tuple[Int64s, Int64s, Floats]:
    """Return the links as they were given, int64, int64 and float64.

    Raises:
        InvalidGraphError: lengths differ, or an entry is out of its range; says which.

    >>> checked_ends([1], [0], [1.0], 2)[0]
    array([1])
    """
    sources, targets = _ids("src", src), _ids("dst", dst)
    weights = np.ascontiguousarray(weight, np.float64).reshape(-1)
    if not sources.size == targets.size == weights.size:
        raise InvalidGraphError(
            f"src has {sources.size} entries, dst {targets.size} and weight {weights.size}"
        )
    which, position = kernels.first_wrong(sources, targets, weights, n, LIGHTEST, HEAVIEST)
    if which < 0:
        return sources, targets, weights
    if which == 2:
        raise InvalidGraphError(_weight_text(weights[position], position))
    name, value = (("src", sources), ("dst", targets))[which]
    raise InvalidGraphError(f"{name}[{position}] is {value[position]}; it must be in [0, {n})")


def _ids(name: str, values: ArrayLike) -> Int64s:
    ids = np.asarray(values).reshape(-1)
    if ids.size and ids.dtype.kind not in "iu":
        raise InvalidGraphError(f"{name} is {ids.dtype}; it must hold whole numbers")
    return np.ascontiguousarray(ids, np.int64)


def _require_range(weights: Floats) -> None:
    sound = (weights >= LIGHTEST) & (weights <= HEAVIEST)
    if not sound.all():
        position = int(np.argmin(sound))
        raise InvalidGraphError(_weight_text(weights[position], position))


def _weight_text(weight: float, position: int) -> str:
    return f"weight[{position}] is {weight}; it must be 0 or in [2^-900, 2^900]"
