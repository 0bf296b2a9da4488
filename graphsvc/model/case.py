"""Cases: what analysts look into, as a series of entries; no entry is ever changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from graphsvc.errors import InvalidRecordError
from graphsvc.model.checks import check_key, check_not_future, check_text, check_time
from graphsvc.model.record import Record, RecordType
from graphsvc.model.subject import SubjectRef


class CaseStatus(StrEnum):
    """How far a case has come."""

    OPEN = "open"  # is being looked into
    CLOSED = "closed"  # nobody looks into it any more


class CaseStep(StrEnum):
    """What one entry adds to a case."""

    OPENED = "opened"  # the first; the text is the title
    SUBJECT = "subject"  # the case is about this subject too
    NOTE = "note"  # what an analyst found; about one subject or about all
    CLOSED = "closed"  # the last


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEntry(Record):
    """One step of the case `case_id`, which is kept for `purpose`.

    Whether a text or a subject goes with it depends on the step.
    """

    record_type: ClassVar[RecordType] = RecordType.CASE_ENTRY

    case_id: str
    purpose: str
    step: CaseStep
    subject: SubjectRef | None = None
    text: str | None = None
    entered_at: datetime
    entered_by: str

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        check_key("case_id", self.case_id)
        check_key("purpose", self.purpose)
        check_key("entered_by", self.entered_by)
        check_time("entered_at", self.entered_at)
        if self.subject is not None:
            check_key("subject", self.subject.key)
        self._check_what_goes_with_the_step()

    def check_times(self, now: datetime) -> None:
        """Require that the entry was made at most a day after `now`."""
        check_not_future("entered_at", self.entered_at, now)

    def _check_what_goes_with_the_step(self) -> None:
        field = "title" if self.step is CaseStep.OPENED else "text"
        has_text = self.step in (CaseStep.OPENED, CaseStep.NOTE)
        if has_text:
            check_text(field, self.text or "")
            if not (self.text or "").strip():
                raise InvalidRecordError(field, "is empty; say something")
        elif self.text is not None:
            raise InvalidRecordError(field, f"does not go with the step {self.step}")
        if self.step is CaseStep.SUBJECT and self.subject is None:
            raise InvalidRecordError("subject", "is missing; name one")
        if self.step in (CaseStep.OPENED, CaseStep.CLOSED) and self.subject is not None:
            raise InvalidRecordError("subject", f"does not go with the step {self.step}")
