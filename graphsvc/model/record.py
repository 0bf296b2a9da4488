"""What every piece of evidence has in common: where it came from and what it corrects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from graphsvc.errors import InvalidRecordError
from graphsvc.model.checks import check_key


class RecordType(StrEnum):
    """The nouns that the store keeps as evidence."""

    SUBJECT = "subject"  # a subject registered by itself, not merely met in another record
    LINK = "link"  # a tie between two subjects
    EVENT = "event"  # one thing that one subject did
    REPORT = "report"  # a statement that a subject breached trust
    LISTING = "listing"  # an entry on a named list
    DISPUTE = "dispute"  # a subject contests a record or its score
    CASE_ENTRY = "case_entry"  # a step of an analyst's case
    RETRACTION = "retraction"  # withdraws an earlier record altogether


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One immutable statement from one source.

    `source` and `external_id` identify it: the same pair sent again changes nothing. `supersedes`
    names the external id of an earlier record of the same source and type that this one corrects;
    an end is a correction that sets the end of validity.
    """

    record_type: ClassVar[RecordType]

    source: str
    external_id: str
    supersedes: str | None = None

    def __post_init__(self) -> None:
        check_key("source", self.source)
        check_key("external_id", self.external_id)
        if self.supersedes is not None:
            check_key("supersedes", self.supersedes)
            if self.supersedes == self.external_id:
                raise InvalidRecordError("supersedes", "names the record itself")

    def check_times(self, now: datetime) -> None:
        """Require that nothing began more than a day after `now`."""


RecordT_co = TypeVar("RecordT_co", bound=Record, covariant=True)


@dataclass(frozen=True, slots=True)
class StoredRecord(Generic[RecordT_co]):
    """A record as the store keeps it.

    `sequence` counts accepted records from 1 without gaps. `superseded_by` is the sequence of the
    record that corrected or withdrew this one.
    """

    sequence: int
    recorded_at: datetime
    record: RecordT_co
    superseded_by: int | None = None
