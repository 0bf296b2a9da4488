"""Puts the world into a store, in order of time and in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol

from graphsvc.errors import ConflictError
from graphsvc.model import Record
from graphsvc.store.ports import AppendOutcome, AppendStatus
from graphsvc.world.world import World

BATCH_SIZE = 20_000


class RecordSink(Protocol):
    """What loading needs of a store."""

    def append(self, records: Sequence[Record]) -> list[AppendOutcome]:
        """Store the batch in one transaction; outcomes are in the order of `records`."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many records were new, and how many were there already."""

    accepted: int
    unchanged: int


def load_world(
    world: World,
    store: RecordSink,
    *,
    known_at: datetime | None = None,
    batch_size: int = BATCH_SIZE,
    progress: Callable[[int], None] | None = None,
) -> Loaded:
    """Append all records, or those known at a moment (see `World.records`); return how many.

    Loading again changes nothing, so a load that was cut off is repaired by doing it again.
    `progress` is called after each batch with the number of records sent so far.

    Raises:
        ConflictError: the store holds another world under the same source.
        StoreError: the store failed; batches before that are loaded.
    """
    records = world.records(known_at)
    accepted = unchanged = 0
    while batch := list(islice(records, batch_size)):
        for record, outcome in zip(batch, store.append(batch), strict=True):
            if outcome.status is AppendStatus.CONFLICT:
                raise ConflictError(
                    f"{record.external_id} of {record.source}: {outcome.field} {outcome.reason}; "
                    "load a world with other settings or of another moment into a store of its own"
                )
            accepted += outcome.status is AppendStatus.ACCEPTED
            unchanged += outcome.status is AppendStatus.UNCHANGED
        if progress is not None:
            progress(accepted + unchanged)
    return Loaded(accepted, unchanged)
