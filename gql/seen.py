"""What a request reads, as resolvers get it: values with their run, records with their purpose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar, cast

from graphsvc.advice import Advised
from graphsvc.decisions import Decisions
from graphsvc.model import (
    AuditEntry,
    Event,
    Link,
    Listing,
    Record,
    Report,
    ScoreRun,
    StoredRecord,
    SubjectRef,
)
from graphsvc.runs import SubjectScore

ItemT = TypeVar("ItemT")


class ReadScore(NamedTuple):
    """A subject's values and the run that they come from."""

    values: SubjectScore
    run: ScoreRun


@dataclass(frozen=True, slots=True)
class ReadDecision:
    """An advice on a subject and the run that it comes from."""

    advised: Advised
    run: ScoreRun


@dataclass(frozen=True, slots=True)
class Decided:
    """Who was asked for, in that order, and the decisions on those at `places`."""

    subjects: list[SubjectRef]
    decisions: Decisions
    places: list[int]

    def decision(self, number: int) -> ReadDecision:
        """Return one of the decisions, counted from 0 over those that there are."""
        return ReadDecision(self.decisions.at(number), self.decisions.run)


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A standing record as one purpose's reader sees it.

    `may_name_reporters` is whether that reader is told who reported; see `view`.
    """

    purpose: str
    stored: StoredRecord[Record]
    may_name_reporters: bool = False

    @property
    def sequence(self) -> int:
        """Its place among all records."""
        return self.stored.sequence

    @property
    def recorded_at(self) -> datetime:
        """When it was recorded."""
        return self.stored.recorded_at

    @property
    def source(self) -> str:
        """Who stated it."""
        return self.stored.record.source

    @property
    def external_id(self) -> str:
        """The source's own id of it."""
        return self.stored.record.external_id


@dataclass(frozen=True, slots=True)
class SeenLink(SeenRecord):
    """A link, as seen from the subject at one of its ends."""

    seen_from: SubjectRef | None = None

    @property
    def link(self) -> Link:
        """The link itself."""
        return cast(Link, self.stored.record)

    @property
    def is_outgoing(self) -> bool:
        """Whether the link leads from the subject to the other."""
        return self.link.src == self.seen_from

    @property
    def other(self) -> SubjectRef:
        """The subject at the other end."""
        return self.link.dst if self.is_outgoing else self.link.src


class SeenEvent(SeenRecord):
    """An event."""

    __slots__ = ()

    @property
    def event(self) -> Event:
        """The event itself."""
        return cast(Event, self.stored.record)


class SeenReport(SeenRecord):
    """A report; what would tell who made it is there only for those who may know."""

    __slots__ = ()

    @property
    def report(self) -> Report:
        """The report itself."""
        return cast(Report, self.stored.record)

    @property
    def is_told_in_full(self) -> bool:
        """Whether reporter, external id and evidence are shown: see `rights`."""
        return self.may_name_reporters or self.report.reporter is None


class SeenListing(SeenRecord):
    """An entry on a list."""

    __slots__ = ()

    @property
    def listing(self) -> Listing:
        """The listing itself."""
        return cast(Listing, self.stored.record)


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """An entry of the audit, as an auditor of one purpose sees it."""

    purpose: str
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """Some items in an order that doesn't move, and whether there are others around them."""

    items: list[ItemT]
    has_previous: bool
    has_next: bool
