"""What tests ask of any record: when it happened, and whom it concerns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from graphsvc.model import Event, Link, Listing, Record, Report, Subject, SubjectRef

RecordT = TypeVar("RecordT", bound=Record)


def happened_at(record: Record) -> datetime | None:
    """Return the time that the record itself states; a subject states none."""
    match record:
        case Link():
            return record.valid_from
        case Event():
            return record.occurred_at
        case Report():
            return record.reported_at
        case Listing():
            return record.effective_from
    return None


def concerned(record: Record) -> list[SubjectRef]:
    """Return the subjects that the record names."""
    match record:
        case Link():
            return [record.src, record.dst]
        case Report():
            return [record.subject, *([] if record.reporter is None else [record.reporter])]
        case Event() | Listing() | Subject():
            return [record.subject]
    raise AssertionError(record)


def of_type(records: Iterable[Record], kind: type[RecordT]) -> list[RecordT]:
    """Return the records of one type."""
    return [record for record in records if isinstance(record, kind)]
