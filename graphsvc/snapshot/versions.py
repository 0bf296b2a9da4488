"""The versions of a record: what it superseded, and what superseded it, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from graphsvc.model import Record, StoredRecord
from graphsvc.store.ports import Reader

Stored = StoredRecord[Record]


def onward(
    store: Reader, source: str, external_id: str, *, known_at: int | None = None
) -> Iterator[Stored]:
    """Return a record and its corrections, the one in force last, or else its withdrawal.

    Args:
        store: where the records are.
        source: of the record to begin with.
        external_id: of the record to begin with; nothing is returned where it was erased.
        known_at: sequence number up to which records are followed; all where it is not given.
    """
    stored = store.record(source, external_id)
    while stored is not None and (known_at is None or stored.sequence <= known_at):
        yield stored
        later = stored.superseded_by
        stored = None if later is None else store.record_at(later)


def backward(store: Reader, stored: Stored) -> Iterator[Stored]:
    """Return a record and all that it superseded, the oldest last."""
    current: Stored | None = stored
    while current is not None:
        yield current
        earlier = current.record.supersedes
        current = None if earlier is None else store.record(current.record.source, earlier)
