"""Disputes: a subject contests a record, or its score for a purpose, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from graphsvc.errors import InvalidRecordError
from graphsvc.model.checks import check_key, check_not_future, check_text, check_time
from graphsvc.model.record import Record, RecordType
from graphsvc.model.subject import SubjectRef


class DisputeStatus(StrEnum):
    """How far a dispute has come."""

    OPEN = "open"  # under review; the contested record still counts
    SUSPENDED = "suspended"  # under review; the contested record counts for nobody meanwhile
    CORRECTED = "corrected"  # decided: a correction has taken the record's place
    REMOVED = "removed"  # decided: the record was withdrawn
    KEPT = "kept"  # decided: the record, or the score, stands

    @property
    def is_decided(self) -> bool:
        """Whether a person has closed the dispute."""
        return self not in (DisputeStatus.OPEN, DisputeStatus.SUSPENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute(Record):
    """`subject` contests the record (`contested_source`, `contested_id`), or, for a `purpose`, the
    score itself: the request for human review of GDPR Art. 22(3).

    Every step supersedes the one before. `opened_by` and `decided_by` say who acted; a decided
    dispute says when and why.
    """

    record_type: ClassVar[RecordType] = RecordType.DISPUTE

    subject: SubjectRef
    contested_source: str | None = None
    contested_id: str | None = None
    purpose: str | None = None
    grounds: str
    status: DisputeStatus = DisputeStatus.OPEN
    opened_at: datetime
    opened_by: str
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: str | None = None

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        check_key("subject", self.subject.key)
        self._check_what_is_contested()
        check_text("grounds", self.grounds)
        if not self.grounds.strip():
            raise InvalidRecordError("grounds", "is empty; say what is wrong")
        check_time("opened_at", self.opened_at)
        check_key("opened_by", self.opened_by)
        self._check_decision()

    def check_times(self, now: datetime) -> None:
        """Require that the dispute was opened at most a day after `now`."""
        check_not_future("opened_at", self.opened_at, now)

    @property
    def dispute_id(self) -> str:
        """The id of the dispute that this is a step of."""
        return self.external_id.rpartition(".")[0]

    @property
    def contested(self) -> tuple[str, str] | None:
        """Source and external id of the contested record; None where the score is contested."""
        if self.contested_source is None or self.contested_id is None:
            return None
        return self.contested_source, self.contested_id

    def _check_what_is_contested(self) -> None:
        if (self.contested_source is None) != (self.contested_id is None):
            raise InvalidRecordError(
                "contested_id", "goes with contested_source; give both or neither"
            )
        if (self.contested is None) == (self.purpose is None):
            raise InvalidRecordError(
                "purpose", "is for a contested score; give a contested record or a purpose"
            )
        for name in ("contested_source", "contested_id", "purpose"):
            value = getattr(self, name)
            if value is not None:
                check_key(name, value)
        if self.contested is None and self.status in (
            DisputeStatus.SUSPENDED,
            DisputeStatus.REMOVED,
        ):
            raise InvalidRecordError("status", f"is {self.status}; a score can't be {self.status}")

    def _check_decision(self) -> None:
        given = [self.decided_at is not None, self.decided_by is not None, bool(self.decision)]
        if self.status.is_decided and not all(given):
            raise InvalidRecordError(
                "decision", "is missing; a decided dispute needs decided_at, decided_by, decision"
            )
        if not self.status.is_decided and any(given):
            raise InvalidRecordError("status", f"is {self.status}, yet there is a decision")
        check_time("decided_at", self.decided_at)
        if self.decided_at is not None and self.decided_at < self.opened_at:
            raise InvalidRecordError("decided_at", "is before opened_at")
        if self.decided_by is not None:
            check_key("decided_by", self.decided_by)
        if self.decision is not None:
            check_text("decision", self.decision)
