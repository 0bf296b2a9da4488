"""What was known at a past time, and nothing that came to be known later.

Two guards stand here. The snapshot is made of what was recorded by then, and refused if a record of
it has a later sequence; and what a programme derives from it ends at the as-of time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graphsvc.errors import SnapshotError
from graphsvc.model import ReportStatus
from graphsvc.snapshot import Snapshot
from graphsvc.snapshot.snapshot import (
    NO_REPORTER,
    REPORT_STATUSES,
    SnapshotEvents,
    SnapshotListings,
    SnapshotReports,
)

Flags = NDArray[np.bool_]
Int64s = NDArray[np.int64]
TableT = TypeVar("TableT", SnapshotEvents, SnapshotListings, SnapshotReports)

THIN_RECORDS = 2
"""At most so many own records make a thin file."""


@dataclass(frozen=True, slots=True, eq=False)
class Acquainted:
    """Who was known at a time: bool (n,), and how many own records each had, int64 (n,)."""

    is_known: Flags
    own_records: Int64s

    @property
    def has_thin_file(self) -> Flags:
        """Who had hardly any record of its own."""
        thin: Flags = self.own_records <= THIN_RECORDS
        return thin


def require_no_later_record(snapshot: Snapshot, known_at: int) -> None:
    """Refuse a snapshot that knows more than was recorded at a sequence.

    Raises:
        SnapshotError: it does; a backtest on it would be worth nothing.
    """
    for table in (snapshot.links, snapshot.events, snapshot.reports, snapshot.listings):
        latest = int(table.sequence.max(initial=0))
        if latest > known_at:
            raise SnapshotError(
                f"record {latest} is in what was known at {known_at}: the future has leaked"
            )


def by_dates(snapshot: Snapshot, as_of_us: int) -> Snapshot:
    """Return the snapshot without what tells of later, for history that was imported at once.

    When a report was decided is not dated, so that every report counts as open; whoever wants the
    decisions needs a store that recorded them when they were made.
    """
    reports = _rows(snapshot.reports, snapshot.reports.reported_at_us <= as_of_us)
    is_open = np.full(reports.status.size, REPORT_STATUSES.index(ReportStatus.OPEN))
    return replace(
        snapshot,
        events=_rows(snapshot.events, snapshot.events.occurred_at_us <= as_of_us),
        listings=_rows(snapshot.listings, snapshot.listings.effective_from_us <= as_of_us),
        reports=replace(reports, status=is_open.astype(reports.status.dtype)),
    )


def acquainted(snapshot: Snapshot, as_of_us: int) -> Acquainted:
    """Return who is mentioned by what tells of a time or earlier, and how often by own records."""
    links = snapshot.links
    begun = links.valid_from_us <= as_of_us
    row = np.repeat(np.arange(snapshot.n), np.diff(links.indptr))
    events, reports, listings = snapshot.events, snapshot.reports, snapshot.listings
    reported = reports.reported_at_us <= as_of_us
    own = np.concatenate(
        [
            events.subject[events.occurred_at_us <= as_of_us],
            reports.subject[reported],
            listings.subject[listings.effective_from_us <= as_of_us],
        ]
    )
    own_records = np.bincount(own, minlength=snapshot.n).astype(np.int64)
    is_known = own_records > 0
    is_known[row[begun]] = True
    is_known[links.dst[begun]] = True
    reporters = reports.reporter[reported]
    is_known[reporters[reporters != NO_REPORTER]] = True
    return Acquainted(is_known, own_records)


def _rows(table: TableT, chosen: NDArray[Any]) -> TableT:
    kept = {field.name: getattr(table, field.name)[chosen] for field in fields(table)}
    return replace(table, **kept)
