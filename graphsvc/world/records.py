"""From columns to domain records, some thousands at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from graphsvc.model import (
    Event,
    Link,
    LinkKind,
    Listing,
    Record,
    RecordType,
    Report,
    ReportStatus,
    Subject,
    SubjectRef,
)
from graphsvc.world.columns import (
    CATEGORIES,
    EVENT_KINDS,
    LINK_KINDS,
    NEVER,
    NOBODY,
    STATUSES,
    Events,
    Ints,
    Links,
    Listings,
    Reports,
)
from graphsvc.world.lists import LISTS, REASONS
from graphsvc.world.truth import utc

CURRENCY = "EUR"
_MONEY = frozenset({LinkKind.PAID, LinkKind.REFUNDED})

TYPES = (
    RecordType.SUBJECT,
    RecordType.LINK,
    RecordType.EVENT,
    RecordType.REPORT,
    RecordType.LISTING,
)
"""Record types in the order in which those of one moment come."""


def external_id(record_type: RecordType, place: int) -> str:
    """Return the id of the record at this place among those of its type, in order of time.

    >>> external_id(RecordType.LISTING, 0)
    'listing-00000001'
    """
    return f"{record_type.value}-{place + 1:08d}"


@dataclass(frozen=True, slots=True, eq=False)
class RecordMaker:
    """Makes records of columns; each table is in order of time."""

    source: str
    refs: list[SubjectRef]
    names: list[str | None]
    subject_joined_s: Ints
    subject_order: Ints
    links: Links
    events: Events
    reports: Reports
    listings: Listings

    def times(self) -> tuple[Ints, ...]:
        """Return for each of TYPES the times of its records."""
        return (
            self.subject_joined_s[self.subject_order],
            self.links.from_s,
            self.events.at_s,
            self.reports.at_s,
            self.listings.from_s,
        )

    def make(self, record_type: RecordType, places: Ints, known_s: int) -> Iterator[Record]:
        """Return the records at these places, as known at that time."""
        makers: dict[RecordType, Callable[[Ints, int], Iterator[Record]]] = {
            RecordType.SUBJECT: self._subjects,
            RecordType.LINK: self._links,
            RecordType.EVENT: self._events,
            RecordType.REPORT: self._reports,
            RecordType.LISTING: self._listings,
        }
        return makers[record_type](places, known_s)

    def _subjects(self, places: Ints, _: int) -> Iterator[Record]:
        numbers = self.subject_order[places].tolist()
        for place, number in zip(places.tolist(), numbers, strict=True):
            yield Subject(
                source=self.source,
                external_id=external_id(RecordType.SUBJECT, place),
                subject=self.refs[number],
                display_name=self.names[number],
            )

    def _links(self, places: Ints, known_s: int) -> Iterator[Record]:
        rows, refs = self.links.take(places), self.refs
        # An end is known once it has come.
        known_to_s = np.where(rows.to_s > known_s, NEVER, rows.to_s)
        for place, from_s, code, src, dst, weight, to_s in zip(
            places.tolist(),
            rows.from_s.tolist(),
            rows.kind.tolist(),
            rows.src.tolist(),
            rows.dst.tolist(),
            rows.weight.tolist(),
            known_to_s.tolist(),
            strict=True,
        ):
            kind = LINK_KINDS[code]
            yield Link(
                source=self.source,
                external_id=external_id(RecordType.LINK, place),
                kind=kind,
                src=refs[src],
                dst=refs[dst],
                weight=weight,
                currency=CURRENCY if kind in _MONEY else None,
                valid_from=utc(from_s),
                valid_to=None if to_s == NEVER else utc(to_s),
            )

    def _events(self, places: Ints, _: int) -> Iterator[Record]:
        rows = self.events.take(places)
        for place, at_s, code, subject, value in zip(
            places.tolist(),
            rows.at_s.tolist(),
            rows.kind.tolist(),
            rows.subject.tolist(),
            rows.value.tolist(),
            strict=True,
        ):
            yield Event(
                source=self.source,
                external_id=external_id(RecordType.EVENT, place),
                kind=EVENT_KINDS[code],
                subject=self.refs[subject],
                occurred_at=utc(at_s),
                value=None if value != value else value,  # noqa: PLR0124 (NaN: no value)
            )

    def _reports(self, places: Ints, known_s: int) -> Iterator[Record]:
        rows, refs = self.reports.take(places), self.refs
        is_open = rows.decided_s > known_s
        status = np.where(is_open, STATUSES.index(ReportStatus.OPEN), rows.status)
        for place, at_s, code, subject, reporter, severity, order, outcome in zip(
            places.tolist(),
            rows.at_s.tolist(),
            rows.category.tolist(),
            rows.subject.tolist(),
            rows.reporter.tolist(),
            rows.severity.tolist(),
            rows.order.tolist(),
            status.tolist(),
            strict=True,
        ):
            yield Report(
                source=self.source,
                external_id=external_id(RecordType.REPORT, place),
                category=CATEGORIES[code],
                subject=refs[subject],
                reporter=None if reporter == NOBODY else refs[reporter],
                severity=severity,
                reported_at=utc(at_s),
                status=STATUSES[outcome],
                evidence=() if order < 0 else (f"order-{order + 1:08d}",),
            )

    def _listings(self, places: Ints, _: int) -> Iterator[Record]:
        rows = self.listings.take(places)
        for place, from_s, listed_on, subject, severity, reason, to_s in zip(
            places.tolist(),
            rows.from_s.tolist(),
            rows.list.tolist(),
            rows.subject.tolist(),
            rows.severity.tolist(),
            rows.reason.tolist(),
            rows.to_s.tolist(),
            strict=True,
        ):
            name, kind, authority = LISTS[listed_on]
            yield Listing(
                source=self.source,
                external_id=external_id(RecordType.LISTING, place),
                subject=self.refs[subject],
                list_name=name,
                list_kind=kind,
                severity=severity,
                reason_code=REASONS[reason],
                authority=authority,
                effective_from=utc(from_s),
                until=utc(to_s),
            )
