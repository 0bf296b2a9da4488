"""A store that tells others in this process of what is written through it.

Whoever follows the records need not ask for them so often. What other processes write it can't see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from graphsvc.model import Record, SubjectRef
from graphsvc.store.ports import AppendOutcome, AuditOf, Store


class AnnouncingStore:
    """Does what the store behind it does; after records were added or erased, calls listeners."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._on_append: list[Callable[[], None]] = []
        self._on_erase: list[Callable[[], None]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def listen(self, on_append: Callable[[], None], on_erase: Callable[[], None]) -> None:
        """Call these, in the thread that wrote, after records were added and after an erasure."""
        self._on_append.append(on_append)
        self._on_erase.append(on_erase)

    def append(
        self, records: Sequence[Record], *, whole: bool = False, audit_of: AuditOf | None = None
    ) -> list[AppendOutcome]:
        """Append as the store does, then tell."""
        outcomes = self._store.append(records, whole=whole, audit_of=audit_of)
        for tell in self._on_append:
            tell()
        return outcomes

    def erase(self, records: Mapping[int, str], subjects: Mapping[SubjectRef, str]) -> None:
        """Erase as the store does, then tell."""
        self._store.erase(records, subjects)
        for tell in self._on_erase:
            tell()
