"""Listings: entries on named blacklists and allowlists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from graphsvc.errors import InvalidRecordError
from graphsvc.model.checks import check_fraction, check_key, check_not_future, check_period
from graphsvc.model.record import Record, RecordType
from graphsvc.model.subject import SubjectRef


class ListKind(StrEnum):
    """Which way a list points."""

    BLACKLIST = "blacklist"  # its entries are a source of exposure
    ALLOWLIST = "allowlist"  # its entries are seeds of trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Record):
    """`subject` stands on `list_name` from `effective_from` (included) to `until` (excluded).

    There is no listing without an end: it expires or is renewed. `severity` runs from 0 to 1.
    """

    record_type: ClassVar[RecordType] = RecordType.LISTING

    subject: SubjectRef
    list_name: str
    list_kind: ListKind
    severity: float = 1.0
    reason_code: str
    authority: str
    effective_from: datetime
    until: datetime

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        check_key("subject", self.subject.key)
        check_key("list_name", self.list_name)
        check_key("reason_code", self.reason_code)
        check_key("authority", self.authority)
        check_fraction("severity", self.severity)
        if self.severity == 0:
            raise InvalidRecordError("severity", "is 0; leave the entry out instead")
        check_period("effective_from", self.effective_from, "until", self.until)

    def check_times(self, now: datetime) -> None:
        """Require that the listing began at most a day after `now`."""
        check_not_future("effective_from", self.effective_from, now)
