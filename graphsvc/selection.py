"""Some subjects of a published run in the order of (kind, key): pages that no other run can shift.

A page begins after a subject, not after so many rows: whatever a later run adds or drops, nobody is
told twice and nobody who was there all the time is left out.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from graphsvc.lookup import KeyColumn
from graphsvc.model import SubjectKind, SubjectRef
from graphsvc.snapshot.snapshot import SUBJECT_KINDS

_ABOVE_ALL_KEYS = b"\xff"
"""No UTF-8 text has this byte, so that it ends whatever begins with the same prefix."""

_BLOCK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which subjects of a run; what is None does not narrow."""

    after: SubjectRef | None = None
    kind: SubjectKind | None = None
    band: str | None = None
    key_prefix: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """The columns of a run that a selection looks at, in the order of (kind, key)."""

    kinds: NDArray[np.uint8]
    keys: KeyColumn
    bands: NDArray[np.uint8]
    band_names: list[str]

    def selected(self, selection: Selection, limit: int) -> list[int]:
        """Return the places of the first `limit` subjects that are selected, ascending."""
        return list(islice(self._selected(selection), limit))

    def _selected(self, selection: Selection) -> Iterator[int]:
        if selection.band is not None and selection.band not in self.band_names:
            return
        kinds = SUBJECT_KINDS if selection.kind is None else [selection.kind]
        for code in sorted(SUBJECT_KINDS.index(kind) for kind in kinds):
            low, high = self._range(code, selection)
            if selection.band is None:
                yield from range(low, high)
            else:
                yield from self._of_band(self.band_names.index(selection.band), low, high)

    def _of_band(self, band: int, low: int, high: int) -> Iterator[int]:
        # In blocks: the first page of a large run must not look at all of it.
        for begin in range(low, high, _BLOCK):
            found = np.flatnonzero(self.bands[begin : min(begin + _BLOCK, high)] == band)
            yield from (begin + found).tolist()

    def _range(self, code: int, selection: Selection) -> tuple[int, int]:
        """Return where the subjects of one kind lie that come after the one, with the prefix."""
        wanted = self.kinds.dtype.type(code)
        low = int(np.searchsorted(self.kinds, wanted, "left"))
        high = int(np.searchsorted(self.kinds, wanted, "right"))
        every = range(high)
        if selection.key_prefix:
            prefix = selection.key_prefix.encode(errors="surrogatepass")
            low = bisect_left(every, prefix, low, high, key=self.keys.key_at)
            high = bisect_left(every, prefix + _ABOVE_ALL_KEYS, low, high, key=self.keys.key_at)
        if selection.after is not None:
            after = SUBJECT_KINDS.index(selection.after.kind)
            if code < after:
                return high, high
            if code == after:
                key = selection.after.key.encode(errors="surrogatepass")
                low = bisect_right(every, key, low, high, key=self.keys.key_at)
        return low, high
