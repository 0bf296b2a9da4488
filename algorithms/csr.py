"""The graph that every algorithm here reads: compressed sparse rows, canonical and read-only.

Row ``i`` holds the out-links of subject ``i``, columns strictly ascending: equal sets of links
are equal arrays. It knows nothing of kinds, times or purposes; conductances come in as weights.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from algorithms import _csr_kernels as kernels
from algorithms.arguments import Floats, Int32s, Int64s
from algorithms.errors import InvalidArgumentError, InvalidGraphError

MOST_SUBJECTS = 2**31 - 1


@dataclass(frozen=True, eq=False)
class CSRGraph:
    """A directed graph on subjects 0 … n-1, with positive link weights.

    Attributes:
        indptr: int64 (n + 1,); row i is ``indices[indptr[i]:indptr[i + 1]]``.
        indices: int32 (m,); strictly ascending within a row. A self-link is an ordinary link.
        weights: float64 (m,), positive and finite; None when each link weighs 1.

    The arrays are held as read-only views, never copied when they already have these dtypes,
    so memory-mapped files serve as they are.

    Raises:
        InvalidGraphError: the arrays break one of these promises; says at which position.

    >>> CSRGraph(np.array([0, 1, 1]), np.array([1], np.int32)).n
    2
    """

    indptr: Int64s
    indices: Int32s
    weights: Floats | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "indptr", _read_only("indptr", self.indptr, np.int64))
        object.__setattr__(self, "indices", _read_only("indices", self.indices, np.int32))
        if self.weights is not None:
            object.__setattr__(self, "weights", _read_only("weights", self.weights, np.float64))
        _require_sound(self)

    @property
    def n(self) -> int:
        """Number of subjects.

        >>> CSRGraph.from_edges([0], [1], n=5).n
        5
        """
        return self.indptr.size - 1

    @property
    def m(self) -> int:
        """Number of links, after duplicates were summed.

        >>> CSRGraph.from_edges([0, 0], [1, 1]).m
        1
        """
        return self.indices.size

    @property
    def out_degree(self) -> Int64s:
        """Out-links of every subject, int64 (n,).

        >>> CSRGraph.from_edges([0, 0], [1, 2]).out_degree
        array([2, 0, 0])
        """
        return np.diff(self.indptr)

    @cached_property
    def longest_row(self) -> int:
        """Largest number of out-links that any subject has; kept once computed.

        >>> CSRGraph.from_edges([0, 0], [1, 2]).longest_row
        2
        """
        return int(self.out_degree.max(initial=0))

    @cached_property
    def linking(self) -> int:
        """Number of subjects that have an out-link; kept once computed.

        >>> CSRGraph.from_edges([0, 0], [1, 2]).linking
        1
        """
        return int(np.count_nonzero(self.out_degree))

    @cached_property
    def is_symmetric(self) -> bool:
        """Whether every link has its equal in the other direction; kept once computed.

        >>> CSRGraph.from_edges([0, 1], [1, 0], [2.0, 2.0]).is_symmetric
        True
        >>> CSRGraph.from_edges([0, 1], [1, 0], [2.0, 3.0]).is_symmetric
        False
        """
        reverse = self.transpose()
        if not np.array_equal(self.indptr, reverse.indptr):
            return False
        if not np.array_equal(self.indices, reverse.indices):
            return False
        if self.weights is None or reverse.weights is None:
            return True
        return np.array_equal(self.weights, reverse.weights)

    @cached_property
    def weight_sum(self) -> Floats:
        """Sum of every subject's out-link weights, float64 (n,), read-only; kept once computed.

        Summed with compensation (Neumaier, 1974), so within two units in the last place.

        >>> CSRGraph.from_edges([0, 0], [1, 2], [0.5, 2.0]).weight_sum
        array([2.5, 0. , 0. ])
        """
        if self.weights is None:
            sums = self.out_degree.astype(np.float64)
        else:
            sums = kernels.row_sums(self.indptr, self.weights, self.n)
        sums.flags.writeable = False
        return sums

    @classmethod
    def from_edges(
        cls,
        src: ArrayLike,
        dst: ArrayLike,
        weight: ArrayLike | None = None,
        n: int | None = None,
    ) -> "CSRGraph":
        """Return the graph of the links ``src[e] -> dst[e]``, whatever the order of the rows.

        Duplicate links are summed from the smallest weight to the largest, so the order of the
        input moves no bit; links of weight 0 are dropped; self-links are kept and count as a
        contact of their own subject.

        Args:
            src: whole numbers (m,), the subject that a link leaves.
            dst: whole numbers (m,), the subject that it reaches.
            weight: numbers (m,), finite and >= 0; None for 1 each.
            n: number of subjects; None for the largest id + 1.

        Raises:
            InvalidGraphError: lengths differ, an id is out of range, or a weight is negative,
                infinite or NaN; says at which input row.

        >>> CSRGraph.from_edges([1, 0, 1], [0, 1, 0], [0.5, 1.0, 2.0]).weights
        array([1. , 2.5])
        """
        sources, targets = _ids("src", src), _ids("dst", dst)
        if sources.shape != targets.shape:
            raise InvalidGraphError(f"src has {sources.size} rows, dst has {targets.size}")
        if n is None:
            n = 1 + max(int(sources.max()), int(targets.max())) if sources.size else 0
        if not 0 <= n <= MOST_SUBJECTS:
            raise InvalidArgumentError("n", f"is {n}; it must be in [0, {MOST_SUBJECTS}]")
        sources, targets = _in_range("src", sources, n), _in_range("dst", targets, n)
        loads = None if weight is None else _link_weights(weight, sources.size)
        # Counting sort by target, then transposed: rows by source, columns ascending.
        indptr, indices, loads = kernels.bucket(targets, sources, loads, n)
        indptr, indices, loads = kernels.transposed(indptr, indices, loads, n)
        indptr, indices, merged, all_one = kernels.merged(indptr, indices, loads, n)
        return cls(indptr, indices, None if all_one else merged)

    def transpose(self) -> "CSRGraph":
        """Return the graph with every link reversed.

        >>> CSRGraph.from_edges([0, 0], [1, 2]).transpose().out_degree
        array([0, 1, 1])
        """
        return CSRGraph(*kernels.transposed(self.indptr, self.indices, self.weights, self.n))

    def without_weights(self) -> "CSRGraph":
        """Return the same links, each weighing 1.

        >>> CSRGraph.from_edges([0], [1], [3.0]).without_weights().weights is None
        True
        """
        return CSRGraph(self.indptr, self.indices)

    def relabel(self, permutation: ArrayLike) -> "CSRGraph":
        """Return the graph in which subject ``i`` is called ``permutation[i]``.

        Args:
            permutation: whole numbers (n,), each of 0 … n-1 once.

        Raises:
            InvalidArgumentError: not a permutation; says at which position.

        >>> CSRGraph.from_edges([0], [1]).relabel([1, 0]).out_degree
        array([0, 1])
        """
        names = _permutation(permutation, self.n)
        rows = kernels.row_numbers(self.indptr, self.indices, self.n)
        return CSRGraph.from_edges(names[rows], names[self.indices], self.weights, self.n)


def _read_only(
    name: str, values: NDArray[np.generic], dtype: type[np.generic]
) -> NDArray[np.generic]:
    array = np.asarray(values)
    if array.ndim != 1 or not np.can_cast(array.dtype, dtype, "same_kind"):
        wanted = np.dtype(dtype).name
        raise InvalidGraphError(
            f"{name} is {array.ndim}-dimensional {array.dtype}; it must be a vector of {wanted}"
        )
    # A plain ndarray view, always read-only: one Numba signature for memory and mapped files.
    view = np.require(array, dtype, ["C", "A"]).view(np.ndarray)
    view = view[:]
    view.flags.writeable = False
    return view


def _require_sound(graph: CSRGraph) -> None:
    indptr, indices, weights = graph.indptr, graph.indices, graph.weights
    if indptr.size == 0 or indptr[0] != 0 or indptr[-1] != indices.size:
        raise InvalidGraphError(f"indptr must run from 0 to the number of links, {indices.size}")
    if graph.n > MOST_SUBJECTS:
        raise InvalidGraphError(f"{graph.n} subjects; at most {MOST_SUBJECTS} fit int32 indices")
    if weights is not None and weights.shape != indices.shape:
        raise InvalidGraphError(f"{weights.size} weights for {indices.size} links")
    code, position = kernels.first_flaw(indptr, indices, weights, graph.n)
    if code == kernels.SOUND:
        return
    raise InvalidGraphError(
        {
            kernels.BAD_POINTER: f"indptr[{position}] must not fall or pass the last link",
            kernels.BAD_COLUMN: f"indices[{position}] must be in [0, {graph.n})",
            kernels.UNSORTED: f"indices[{position}] must be larger than the one before in its row",
            kernels.BAD_WEIGHT: f"weights[{position}] must be positive and finite",
            kernels.HEAVY_ROW: f"weights of row {position} must sum to at most "
            f"{kernels.HEAVIEST_ROW:g}; rescale them",
        }[code]
    )


def _ids(name: str, values: ArrayLike) -> NDArray[np.integer]:
    array = np.asarray(values)
    if array.size == 0:
        return np.empty(0, np.int32)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise InvalidGraphError(
            f"{name} is {array.ndim}-dimensional {array.dtype}; it must hold whole numbers"
        )
    return array


def _in_range(name: str, ids: NDArray[np.integer], n: int) -> Int32s:
    if ids.size and (int(ids.min()) < 0 or int(ids.max()) >= n):
        position = int(np.argmax((ids < 0) | (ids >= n)))
        raise InvalidGraphError(f"{name}[{position}] is {ids[position]}; it must be in [0, {n})")
    return np.ascontiguousarray(ids, np.int32)


def _link_weights(weight: ArrayLike, m: int) -> Floats:
    loads = np.ascontiguousarray(weight, np.float64)
    if loads.shape != (m,):
        raise InvalidGraphError(f"weight has shape {loads.shape}; it must be ({m},)")
    sound = np.isfinite(loads) & (loads >= 0.0)
    if not sound.all():
        position = int(np.argmin(sound))
        raise InvalidGraphError(
            f"weight[{position}] is {loads[position]}; it must be finite and at least 0"
        )
    return loads


def _permutation(permutation: ArrayLike, n: int) -> Int32s:
    names = np.asarray(permutation)
    if names.shape != (n,) or (n and not np.issubdtype(names.dtype, np.integer)):
        raise InvalidArgumentError("permutation", f"must be {n} whole numbers")
    seen = np.zeros(n, np.bool_)
    in_range = (names >= 0) & (names < n)
    if not in_range.all():
        position = int(np.argmin(in_range))
        raise InvalidArgumentError(
            "permutation", f"is {names[position]}; it must be in [0, {n})", position=position
        )
    seen[names.astype(np.int64)] = True
    if not seen.all():
        raise InvalidArgumentError("permutation", f"must name {int(np.argmin(seen))} once")
    return names.astype(np.int32)
