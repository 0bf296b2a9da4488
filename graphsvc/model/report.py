"""Reports: one subject's or an analyst's statement that another breached trust."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from graphsvc.errors import InvalidRecordError
from graphsvc.model.checks import (
    check_fraction,
    check_key,
    check_not_future,
    check_text,
    check_time,
)
from graphsvc.model.record import Record, RecordType
from graphsvc.model.subject import SubjectRef


class ReportStatus(StrEnum):
    """How far a report has come."""

    OPEN = "open"  # not decided: weighs by the reporter's own trust
    UPHELD = "upheld"  # found true
    REJECTED = "rejected"  # found false

    @property
    def is_settled(self) -> bool:
        """Whether a person has decided it."""
        return self is not ReportStatus.OPEN


class ReportCategory(StrEnum):
    """What is reported."""

    FRAUD = "fraud"  # took money or goods by deceit
    NON_DELIVERY = "non_delivery"  # did not deliver or pay
    IMPERSONATION = "impersonation"  # posed as somebody else
    HARASSMENT = "harassment"  # abused another member
    DISTRUST = "distrust"  # a negative rating without a named breach


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Record):
    """`reporter` (absent: an analyst) says that `subject` breached trust.

    `severity` runs from 0 to 1; `evidence` holds references, not the material itself.
    """

    record_type: ClassVar[RecordType] = RecordType.REPORT

    category: ReportCategory
    subject: SubjectRef
    reporter: SubjectRef | None = None
    severity: float
    reported_at: datetime
    status: ReportStatus = ReportStatus.OPEN
    text: str | None = None
    evidence: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        check_key("subject", self.subject.key)
        if self.reporter is not None:
            check_key("reporter", self.reporter.key)
            if self.reporter == self.subject:
                raise InvalidRecordError("reporter", f"is {self.reporter}, the reported subject")
        check_fraction("severity", self.severity)
        check_time("reported_at", self.reported_at)
        if self.text is not None:
            check_text("text", self.text)
        for reference in self.evidence:
            check_key("evidence", reference)

    def check_times(self, now: datetime) -> None:
        """Require that the report was made at most a day after `now`."""
        check_not_future("reported_at", self.reported_at, now)
