"""Finds subjects in a published run, one or many at once, by bisection.

The keys lie in one mapped buffer, ordered by their UTF-8 bytes within a kind. Nothing is indexed
beforehand, so that a run of any size is ready as soon as it is mapped; a few thousand keys are
taken out when one subject is first asked for, which saves most of the steps through the buffer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from algorithms import key_places
from graphsvc.model import SubjectKind, SubjectRef
from graphsvc.snapshot.snapshot import SUBJECT_KINDS

NOT_FOUND = -1

SAMPLED = 4096
"""So many keys of a stretch are taken out at most: a millisecond, once."""

Places = NDArray[np.int64]
Bounds = Mapping[SubjectKind, tuple[int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class KeyColumn:
    """The keys of a run: place p holds the bytes from `offsets[p]` up to `offsets[p + 1]`."""

    offsets: NDArray[np.int64]
    data: NDArray[np.uint8]
    _offsets: memoryview = field(init=False, repr=False)
    _data: memoryview = field(init=False, repr=False)
    _samples: dict[tuple[int, int], tuple[int, list[bytes]]] = field(
        init=False, repr=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        # One number or one key of an array takes three times as long.
        object.__setattr__(self, "_offsets", self.offsets.data)
        object.__setattr__(self, "_data", self.data.data)

    @classmethod
    def of(cls, keys: pa.LargeStringArray) -> KeyColumn:
        """Return a view of an Arrow column; nothing is copied."""
        _, offsets, data = keys.buffers()
        if offsets is None or data is None or len(keys) == 0:
            return cls(np.zeros(len(keys) + 1, np.int64), np.zeros(1, np.uint8))
        every = np.frombuffer(offsets, np.int64)
        held = np.frombuffer(data, np.uint8)
        return cls(every[keys.offset : keys.offset + len(keys) + 1], held)

    def key_at(self, place: int) -> bytes:
        """Return the key at a place, as UTF-8."""
        return bytes(self._data[self._offsets[place] : self._offsets[place + 1]])

    def place_of(self, key: str, low: int, high: int) -> int | None:
        """Return the place of a key within a stretch of ascending ones, None where it has none."""
        wanted = _encoded(key)
        step, sample = self._samples.get((low, high)) or self._sampled(low, high)
        begin = low + step * (bisect_right(sample, wanted) - 1)
        if begin < low:
            return None
        end = min(begin + step, high)
        place = bisect_left(range(end), wanted, begin, end, key=self.key_at)
        return place if place < end and self.key_at(place) == wanted else None

    def _sampled(self, low: int, high: int) -> tuple[int, list[bytes]]:
        """Return every so manieth key of a stretch, and how many that is; keep them."""
        step = max(1, -(-(high - low) // SAMPLED))
        found = self._samples[low, high] = (
            step,
            [self.key_at(place) for place in range(low, high, step)],
        )
        return found


def bounds_of_kinds(kinds: NDArray[np.uint8]) -> Bounds:
    """Return where each kind's subjects begin and end, from kind codes (n,) that ascend."""
    # Of the column's own type: numpy would copy the whole column to compare with another.
    codes = np.arange(len(SUBJECT_KINDS), dtype=kinds.dtype)
    begins = np.searchsorted(kinds, codes, "left").tolist()
    ends = np.searchsorted(kinds, codes, "right").tolist()
    return dict(zip(SUBJECT_KINDS, zip(begins, ends, strict=True), strict=True))


def find_ranks(bounds: Bounds, keys: KeyColumn, subjects: Sequence[SubjectRef]) -> Places:
    """Return each subject's place in the order of (kind, key), NOT_FOUND where it has none.

    Args:
        bounds: where each kind's subjects begin and end; see `bounds_of_kinds`.
        keys: the keys (n,), ascending within a kind.
        subjects: whom to find, in any order.
    """
    stretches = [bounds[subject.kind] for subject in subjects]
    low, high = np.array(stretches, np.int64).reshape(-1, 2).T.copy()
    wanted = [_encoded(subject.key) for subject in subjects]
    return key_places(keys.offsets, keys.data, wanted, low, high)


def _encoded(key: str) -> bytes:
    # Half a surrogate pair, which no key of a run holds, becomes bytes that are no UTF-8.
    return key.encode(errors="surrogatepass")
