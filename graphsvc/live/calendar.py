"""When records begin and end by themselves, so that nothing has to be asked for at every moment."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import numpy as np

from graphsvc.model import Event, Link, Listing, Record, Report
from graphsvc.model.checks import to_microseconds
from graphsvc.scoring.own import MICROSECONDS_PER_DAY
from graphsvc.snapshot import Snapshot
from graphsvc.store.ports import NO_END_US, NO_START_US


class Calendar:
    """Times (microseconds since 1970-01-01 UTC) at which a record's effect begins or ends."""

    def __init__(self, snapshot: Snapshot, after_us: int, retention_days: int) -> None:
        # The first moment at which a record that was over at 0 is past its retention.
        self._kept_us = retention_days * MICROSECONDS_PER_DAY + 1
        self._due: list[tuple[int, int]] = []
        self._enter(snapshot, after_us, 0)
        self._enter(snapshot, after_us, self._kept_us)
        heapq.heapify(self._due)

    def _enter(self, snapshot: Snapshot, after_us: int, later_us: int) -> None:
        for column, sequence in (
            (snapshot.links.valid_from_us, snapshot.links.sequence),
            (snapshot.links.valid_to_us, snapshot.links.sequence),
            (snapshot.listings.effective_from_us, snapshot.listings.sequence),
            (snapshot.listings.until_us, snapshot.listings.sequence),
            (snapshot.events.occurred_at_us, snapshot.events.sequence),
            (snapshot.reports.reported_at_us, snapshot.reports.sequence),
        ):
            is_time = (column != NO_END_US) & (column != NO_START_US)
            ahead = np.flatnonzero(is_time & (column > after_us - later_us))
            times = column[ahead] + later_us
            self._due += zip(times.tolist(), sequence[ahead].tolist(), strict=True)

    def add(self, sequence: int, record: Record, after_us: int) -> None:
        """Enter what a new record will do by itself."""
        for time_us in _times_us(record):
            for due_us in (time_us, time_us + self._kept_us):
                if due_us > after_us:
                    heapq.heappush(self._due, (due_us, sequence))

    def due(self, now_us: int) -> list[int]:
        """Return, once, the sequences of records that began or ended up to now."""
        found = []
        while self._due and self._due[0][0] <= now_us:
            found.append(heapq.heappop(self._due)[1])
        return found


def _times_us(record: Record) -> Iterable[int]:
    match record:
        case Link():
            times = [record.valid_from, record.valid_to]
        case Listing():
            times = [record.effective_from, record.until]
        case Event():
            times = [record.occurred_at]
        case Report():
            times = [record.reported_at]
        case _:
            times = []
    return [to_microseconds(time) for time in times if time is not None]
