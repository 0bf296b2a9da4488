"""Finds many subjects in a published run at once: a bisection whose every step is one for all.

The keys lie in one mapped buffer, ordered by their UTF-8 bytes within a kind. Nothing is indexed
beforehand, so that a run of any size is ready as soon as it is mapped.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphsvc.model import SubjectKind, SubjectRef
from graphsvc.model.checks import MAX_KEY_CHARACTERS
from graphsvc.snapshot.snapshot import SUBJECT_KINDS

NOT_FOUND = -1

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class KeyColumn:
    """The keys of a run: place p holds the bytes from `offsets[p]` up to `offsets[p + 1]`."""

    offsets: NDArray[np.int64]
    data: NDArray[np.uint8]
    _offsets: memoryview = field(init=False, repr=False)
    _data: memoryview = field(init=False, repr=False)

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
        try:
            wanted = key.encode()
        except UnicodeEncodeError:
            return None
        place = bisect_left(range(high), wanted, low, high, key=self.key_at)
        return place if place < high and self.key_at(place) == wanted else None

    def padded(self, places: Places, width: int) -> NDArray[np.bytes_]:
        """Return the first `width` bytes of the keys at some places, filled up with NUL."""
        starts = self.offsets[places]
        lengths = self.offsets[places + 1] - starts
        columns = np.arange(width)
        read = self.data.take(starts[:, None] + columns, mode="clip")
        read[columns >= lengths[:, None]] = 0
        return read.view(f"S{width}").ravel()


def bounds_of_kinds(kinds: NDArray[np.uint8]) -> dict[SubjectKind, tuple[int, int]]:
    """Return where each kind's subjects begin and end, from kind codes (n,) that ascend."""
    # Of the column's own type: numpy would copy the whole column to compare with another.
    codes = np.arange(len(SUBJECT_KINDS), dtype=kinds.dtype)
    begins = np.searchsorted(kinds, codes, "left").tolist()
    ends = np.searchsorted(kinds, codes, "right").tolist()
    return dict(zip(SUBJECT_KINDS, zip(begins, ends, strict=True), strict=True))


def find_ranks(kinds: NDArray[np.uint8], keys: KeyColumn, subjects: Sequence[SubjectRef]) -> Places:
    """Return each subject's place in the order of (kind, key), NOT_FOUND where it has none.

    Args:
        kinds: kind codes (n,), ascending.
        keys: the keys (n,), ascending within a kind.
        subjects: whom to find, in any order.
    """
    wanted = [_wanted(subject) for subject in subjects]
    codes = np.array([code for code, _ in wanted], kinds.dtype)
    # One byte more than the longest that is asked for: a longer key must not look equal to it.
    width = max((len(key) for _, key in wanted), default=0) + 1
    asked = np.array([key for _, key in wanted], f"S{width}")
    low = np.searchsorted(kinds, codes, "left")
    end = np.searchsorted(kinds, codes, "right")
    found = _bisected(keys, asked, low, end)
    inside = np.flatnonzero(found < end)
    is_equal = np.zeros(len(wanted), np.bool_)
    is_equal[inside] = keys.padded(found[inside], width) == asked[inside]
    is_equal &= asked != b""
    return np.where(is_equal, found, NOT_FOUND)


def _bisected(keys: KeyColumn, asked: NDArray[np.bytes_], low: Places, high: Places) -> Places:
    low, high = low.copy(), high.copy()
    width = asked.dtype.itemsize
    # Of each, all places below `low` hold smaller keys, all from `high` on hold none smaller.
    while (at_work := np.flatnonzero(low < high)).size:
        middle = (low[at_work] + high[at_work]) // 2
        is_smaller = keys.padded(middle, width) < asked[at_work]
        low[at_work[is_smaller]] = middle[is_smaller] + 1
        high[at_work[~is_smaller]] = middle[~is_smaller]
    return low


def _wanted(subject: SubjectRef) -> tuple[int, bytes]:
    """Return kind code and key; no key where no subject could have such a one."""
    code = _CODES[subject.kind]
    if len(subject.key) > MAX_KEY_CHARACTERS or "\0" in subject.key:
        return code, b""
    try:
        return code, subject.key.encode()
    except UnicodeEncodeError:
        return code, b""


_CODES = {kind: code for code, kind in enumerate(SUBJECT_KINDS)}
