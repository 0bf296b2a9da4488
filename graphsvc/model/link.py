"""Links: directed, typed, weighted ties between two subjects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from graphsvc.errors import InvalidRecordError
from graphsvc.model.checks import check_finite, check_key, check_not_future, check_period
from graphsvc.model.record import Record, RecordType
from graphsvc.model.subject import SubjectRef


class LinkKind(StrEnum):
    """What ties two subjects together."""

    KNOWS = "knows"  # social: acquaintance
    FOLLOWS = "follows"  # social: reads or subscribes to
    VOUCHES_FOR = "vouches_for"  # social: stands in for, or certifies the identity of
    HOUSEHOLD = "household"  # social: lives together
    WORKS_AT = "works_at"  # social: employed by
    TRUSTS = "trusts"  # social: states trust, weight says how much
    RATES = "rates"  # social: signed rating, the sign says trust or distrust
    PAID = "paid"  # transaction: weight is the amount
    REFUNDED = "refunded"  # transaction: weight is the amount
    USES_DEVICE = "uses_device"  # shared identifier
    USES_ADDRESS = "uses_address"  # shared identifier
    USES_PHONE = "uses_phone"  # shared identifier

    __hash__ = str.__hash__  # see SubjectKind


TRANSACTION_LINK_KINDS = frozenset({LinkKind.PAID, LinkKind.REFUNDED})
"""Links that took place at a time, where all others go on until they end."""

SIGNED_LINK_KINDS = frozenset({LinkKind.RATES})
_CURRENCY_CODE_CHARACTERS = range(3, 13)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Record):
    """One tie `src → dst`, valid from `valid_from` (included) to `valid_to` (excluded).

    `weight` is the strength, rating or amount; `count` how many dealings it sums up. An absent
    `valid_from` means "since before anything was recorded", an absent `valid_to` "until further
    notice".
    """

    record_type: ClassVar[RecordType] = RecordType.LINK

    kind: LinkKind
    src: SubjectRef
    dst: SubjectRef
    weight: float = 1.0
    count: int = 1
    currency: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        check_key("src", self.src.key)
        check_key("dst", self.dst.key)
        if self.src == self.dst:
            raise InvalidRecordError("dst", f"is {self.dst}, the same as src: a self-link")
        check_finite("weight", self.weight)
        if self.weight < 0 and self.kind not in SIGNED_LINK_KINDS:
            raise InvalidRecordError(
                "weight", f"is {self.weight}; links of kind {self.kind} need a weight of at least 0"
            )
        if not 1 <= self.count < 2**53:
            raise InvalidRecordError("count", f"is {self.count}; at least 1 is needed")
        if self.currency is not None and not (
            len(self.currency) in _CURRENCY_CODE_CHARACTERS and self.currency.isalnum()
        ):
            raise InvalidRecordError(
                "currency", f"is {self.currency!r}; a code of 3 to 12 letters or digits is needed"
            )
        check_period("valid_from", self.valid_from, "valid_to", self.valid_to)

    def check_times(self, now: datetime) -> None:
        """Require that the link began at most a day after `now`."""
        check_not_future("valid_from", self.valid_from, now)
