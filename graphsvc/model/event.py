"""Events: one behaviour record of one subject."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from graphsvc.model.checks import check_finite, check_key, check_not_future, check_time
from graphsvc.model.record import Record, RecordType
from graphsvc.model.subject import SubjectRef


class Valence(StrEnum):
    """Which way an event may move a score."""

    GOOD = "good"  # speaks for the subject: never lowers its score
    BAD = "bad"  # speaks against it: never raises its score


class EventKind(StrEnum):
    """What a subject did. Nothing about occupation, opinion, health or reading is a kind."""

    ACCOUNT_OPENED = "account_opened"  # began the relationship
    BILL_PAID = "bill_paid"  # paid a bill on time
    LATE_PAYMENT = "late_payment"  # paid late; value is days late
    DEFAULT = "default"  # failed to pay
    CHARGEBACK = "chargeback"  # a payment was clawed back
    ORDER_COMPLETED = "order_completed"  # a trade went through
    ORDER_CANCELLED = "order_cancelled"  # a trade was broken off by the subject
    DEPOSIT_RETURNED = "deposit_returned"  # gave back hired goods in order
    DEPOSIT_FORFEITED = "deposit_forfeited"  # did not
    SAVINGS_BALANCE = "savings_balance"  # value is the balance
    IDENTITY_VERIFIED = "identity_verified"  # proved who it is

    @property
    def valence(self) -> Valence:
        """Which way an event of this kind may move a score; no programme can turn it round."""
        return Valence.BAD if self in _BAD_EVENT_KINDS else Valence.GOOD


_BAD_EVENT_KINDS = frozenset(
    {
        EventKind.LATE_PAYMENT,
        EventKind.DEFAULT,
        EventKind.CHARGEBACK,
        EventKind.ORDER_CANCELLED,
        EventKind.DEPOSIT_FORFEITED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """One thing that `subject` did at `occurred_at`, with an optional `value`."""

    record_type: ClassVar[RecordType] = RecordType.EVENT

    kind: EventKind
    subject: SubjectRef
    occurred_at: datetime
    value: float | None = None

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        check_key("subject", self.subject.key)
        check_time("occurred_at", self.occurred_at)
        if self.value is not None:
            check_finite("value", self.value)

    def check_times(self, now: datetime) -> None:
        """Require that the event happened at most a day after `now`."""
        check_not_future("occurred_at", self.occurred_at, now)
