"""Links and subjects read once for the snapshots of several purposes; each gets its own kinds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import cast

import numpy as np

from graphsvc.model import LinkKind
from graphsvc.store.ports import LINK_KIND_CODES, LinkColumns, Reader, SubjectColumns


class _LinksReadOnce:
    """A store whose links up to a sequence, and subjects, are in memory; it asks for all else."""

    def __init__(self, store: Reader, kinds: frozenset[LinkKind], sequence: int) -> None:
        self._store = store
        self._kinds = kinds
        self._sequence = sequence
        # Before the links: one that is erased after this makes every snapshot out of date.
        self._erasures = store.erasures()
        self._parts = list(store.iter_links(sorted(kinds), 0, sequence))
        self._subjects: list[SubjectColumns] | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def erasures(self) -> int:
        """Return how many erasures there were before the links were read."""
        return self._erasures

    def iter_links(
        self, kinds: Sequence[LinkKind], after_sequence: int = 0, up_to_sequence: int | None = None
    ) -> Iterator[LinkColumns]:
        """Yield the links of these kinds; see `Reader.iter_links`."""
        asked = (after_sequence, up_to_sequence)
        if asked != (0, self._sequence) or not self._kinds.issuperset(kinds):
            return self._store.iter_links(kinds, after_sequence, up_to_sequence)
        if self._kinds == frozenset(kinds):
            return iter(self._parts)
        codes = [LINK_KIND_CODES[kind] for kind in kinds]
        return (_of_kinds(part, codes) for part in self._parts)

    def iter_subjects(self, after_number: int = -1) -> Iterator[SubjectColumns]:
        """Yield the subjects, read once as well; see `Reader.iter_subjects`."""
        if after_number != -1:
            return self._store.iter_subjects(after_number)
        if self._subjects is None:
            self._subjects = list(self._store.iter_subjects())
        return iter(self._subjects)


def links_read_once(store: Reader, kinds: frozenset[LinkKind], sequence: int) -> Reader:
    """Return the store with its links of some kinds read into memory, 65 bytes each.

    Args:
        store: where the records are.
        kinds: the kinds that the snapshots will ask for, all purposes together.
        sequence: up to which they will ask.
    """
    return cast(Reader, _LinksReadOnce(store, kinds, sequence))


def _of_kinds(part: LinkColumns, codes: Sequence[int]) -> LinkColumns:
    chosen = np.isin(part.kind, codes)
    return LinkColumns(**{field.name: getattr(part, field.name)[chosen] for field in fields(part)})
