"""What a purpose may still use at a time: records past its retention leave the snapshot.

A record's time is that of its end: when a link or listing ended, when an event took place or a
report was made. A transaction is over when it took place; any other link without an end is still
going on, and never past.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from graphsvc.model import Dispute, Event, Link, Listing, Record, Report
from graphsvc.model.checks import to_microseconds
from graphsvc.model.link import TRANSACTION_LINK_KINDS
from graphsvc.snapshot.snapshot import (
    Snapshot,
    SnapshotEvents,
    SnapshotLinks,
    SnapshotListings,
    SnapshotReports,
)
from graphsvc.store.ports import LINK_KIND_CODES, NO_END_US, NO_START_US

TableT = TypeVar("TableT", SnapshotEvents, SnapshotReports, SnapshotListings)

_TRANSACTION_CODES = [LINK_KIND_CODES[kind] for kind in sorted(TRANSACTION_LINK_KINDS)]


def over_at(record: Record) -> datetime | None:
    """Return when what a record tells of was over; None where it is not, or has no time."""
    match record:
        case Link():
            is_transaction = record.kind in TRANSACTION_LINK_KINDS
            return record.valid_to or (record.valid_from if is_transaction else None)
        case Event():
            return record.occurred_at
        case Report():
            return record.reported_at
        case Listing():
            return record.until
        case Dispute():
            return record.decided_at
    return None


def within_retention(snapshot: Snapshot, retention_days: int, as_of: datetime) -> Snapshot:
    """Return the snapshot without the records that were over `retention_days` before `as_of`."""
    cutoff_us = to_microseconds(as_of - timedelta(days=retention_days))
    links = snapshot.links
    began = np.where(links.valid_from_us == NO_START_US, NO_END_US, links.valid_from_us)
    is_transaction = np.isin(links.kind, _TRANSACTION_CODES)
    over = np.where(
        links.valid_to_us != NO_END_US,
        links.valid_to_us,
        np.where(is_transaction, began, NO_END_US),
    )
    return replace(
        snapshot,
        links=_kept_links(links, over >= cutoff_us),
        events=_kept(snapshot.events, snapshot.events.occurred_at_us >= cutoff_us),
        reports=_kept(snapshot.reports, snapshot.reports.reported_at_us >= cutoff_us),
        listings=_kept(snapshot.listings, snapshot.listings.until_us >= cutoff_us),
    )


def _kept(table: TableT, is_kept: NDArray[np.bool_]) -> TableT:
    if is_kept.all():
        return table
    return type(table)(
        **{field.name: getattr(table, field.name)[is_kept] for field in fields(table)}
    )


def _kept_links(links: SnapshotLinks, is_kept: NDArray[np.bool_]) -> SnapshotLinks:
    if is_kept.all():
        return links
    before = np.concatenate([[0], np.cumsum(is_kept)])
    columns = {
        field.name: getattr(links, field.name)[is_kept]
        for field in fields(links)
        if field.name != "indptr"
    }
    return SnapshotLinks(indptr=before[links.indptr], **columns)
