"""Ratings that subjects give each other: what fairness–goodness and REV2 read.

A rating is a link with a score in [-1, 1]; unlike the weights of a ``CSRGraph`` it may be 0 or
negative, and two ratings of the same pair are two ratings.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from algorithms.arguments import Floats, Int32s, Int64s, float_vector, whole_number
from algorithms.errors import InvalidArgumentError

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings ``source[e] -> target[e]`` among subjects 0 … n-1.

    Attributes:
        source: int32 (m,), who rates.
        target: int32 (m,), who is rated.
        score: float64 (m,), each in [-1, 1].
        n: number of subjects.

    Raises:
        InvalidArgumentError: lengths differ, or an id or score is out of range; says where.

    >>> Ratings([0, 2], [1, 1], [1.0, -0.5], 3).received
    array([0, 2, 0])
    """

    source: Int32s
    target: Int32s
    score: Floats
    n: int

    def __post_init__(self) -> None:
        n = whole_number("n", self.n, low=0, high=2**31)
        for name in ("source", "target"):
            object.__setattr__(self, name, subject_ids(name, getattr(self, name), n))
        m = self.source.size
        if self.target.size != m:
            raise InvalidArgumentError("target", f"has {self.target.size} rows, source has {m}")
        scores = np.array(float_vector("score", self.score, m, low=-1.0, high=1.0))
        scores.flags.writeable = False
        object.__setattr__(self, "score", scores)

    @property
    def m(self) -> int:
        """Number of ratings.

        >>> Ratings([0], [1], [1.0], 2).m
        1
        """
        return int(self.source.size)

    @cached_property
    def given(self) -> Int64s:
        """Ratings that each subject gave, int64 (n,).

        >>> Ratings([0, 0], [1, 2], [1.0, 0.0], 3).given
        array([2, 0, 0])
        """
        return np.bincount(self.source, minlength=self.n).astype(np.int64)

    @cached_property
    def received(self) -> Int64s:
        """Ratings that each subject received, int64 (n,).

        >>> Ratings([0, 0], [1, 2], [1.0, 0.0], 3).received
        array([0, 1, 1])
        """
        return np.bincount(self.target, minlength=self.n).astype(np.int64)

    @cached_property
    def mean_received(self) -> Floats:
        """Mean score that each subject received, float64 (n,); 0 for who received none.

        >>> Ratings([0, 2], [1, 1], [1.0, -0.5], 3).mean_received
        array([0.  , 0.25, 0.  ])
        """
        sums = np.bincount(self.target, self.score, self.n)
        return sums / np.maximum(self.received, 1)

    @cached_property
    def by_source(self) -> tuple[Int64s, Int64s]:
        """Where each subject's given ratings start, int64 (n + 1,), and their order (m,).

        >>> Ratings([1, 0], [0, 1], [1.0, 0.5], 2).by_source[1]
        array([1, 0])
        """
        return _grouped(self.given, self.source)

    @cached_property
    def by_target(self) -> tuple[Int64s, Int64s]:
        """Where each subject's received ratings start, int64 (n + 1,), and their order (m,).

        >>> Ratings([1, 0], [0, 1], [1.0, 0.5], 2).by_target[0]
        array([0, 1, 2])
        """
        return _grouped(self.received, self.target)

    def only(self, chosen: ArrayLike) -> "Ratings":
        """Return the ratings at which ``chosen`` (m,) is true, among the same subjects.

        >>> Ratings([1, 0], [0, 1], [1.0, 0.5], 2).only([True, False]).m
        1
        """
        mask = np.asarray(chosen, dtype=np.bool_)
        if mask.shape != (self.m,):
            raise InvalidArgumentError("chosen", f"has shape {mask.shape}; it must be ({self.m},)")
        return Ratings(self.source[mask], self.target[mask], self.score[mask], self.n)


def _grouped(counts: Int64s, keys: Int32s) -> tuple[Int64s, Int64s]:
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return starts, np.argsort(keys, kind="stable").astype(np.int64)


def subject_ids(name: str, values: ArrayLike, n: int) -> Int32s:
    """Return ``values`` as a read-only int32 vector of subjects in [0, n).

    Raises:
        InvalidArgumentError: no vector of whole numbers, or one is out of range.

    >>> subject_ids("source", [0, 2], 3)
    array([0, 2], dtype=int32)
    """
    array = np.asarray(values)
    if array.size == 0:
        return np.empty(0, np.int32)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise InvalidArgumentError(name, "must be a vector of whole numbers")
    wrong = (array < 0) | (array >= n)
    if wrong.any():
        position = int(np.argmax(wrong))
        raise InvalidArgumentError(
            name, f"is {array[position]}; it must be in [0, {n})", position=position
        )
    ids = np.array(array, np.int32)
    ids.flags.writeable = False
    return ids
