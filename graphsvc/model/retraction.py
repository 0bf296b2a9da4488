"""Retractions: the withdrawal of an earlier record, as a record of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from graphsvc.errors import InvalidRecordError
from graphsvc.model.checks import check_text
from graphsvc.model.record import Record, RecordType


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction(Record):
    """Withdraws the record of the same source whose external id is `supersedes`."""

    record_type: ClassVar[RecordType] = RecordType.RETRACTION

    reason: str

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        if self.supersedes is None:
            raise InvalidRecordError("supersedes", "is missing; name the record to withdraw")
        check_text("reason", self.reason)
