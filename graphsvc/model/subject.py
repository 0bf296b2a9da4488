"""Subjects: who or what is scored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple

from graphsvc.errors import InvalidRecordError
from graphsvc.model.checks import check_key, check_text, parse_kind
from graphsvc.model.record import Record, RecordType


class SubjectKind(StrEnum):
    """What a subject is."""

    PERSON = "person"  # a natural person
    BUSINESS = "business"  # a legal entity or trader
    ACCOUNT = "account"  # an account on a platform or at a bank
    DEVICE = "device"  # a phone, computer or card terminal
    ADDRESS = "address"  # a postal, network or ledger address
    PHONE = "phone"  # a telephone number
    KEY = "key"  # a cryptographic key that speaks for its holder

    # An enum's own hash is a call of Python's; subjects are looked up by the thousand.
    __hash__ = str.__hash__


_KIND_VALUES = frozenset(kind.value for kind in SubjectKind)


class SubjectRef(NamedTuple):
    """A subject by its kind and the caller's own key; unique together.

    >>> str(SubjectRef(SubjectKind.ACCOUNT, "42"))
    'account:42'
    """

    kind: SubjectKind
    key: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"

    @classmethod
    def parse(cls, text: str, default_kind: SubjectKind | None = None) -> SubjectRef:
        """Read `kind:key`, or a bare key where a default kind is known.

        Raises:
            InvalidRecordError: the kind is unknown or the key is empty or too long.

        >>> SubjectRef.parse("person:ann").key
        'ann'
        """
        head, colon, tail = text.partition(":")
        if colon and head in _KIND_VALUES:
            ref = cls(SubjectKind(head), tail)
        elif default_kind is not None:
            ref = cls(default_kind, text)
        elif colon:
            ref = cls(parse_kind("subject", head, SubjectKind), tail)
        else:
            raise InvalidRecordError(
                "subject", f"is {text!r}; write kind:key, for example account:{text}"
            )
        check_key("subject", ref.key)
        return ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Record):
    """A subject registered by itself; links and evidence register their subjects by mention."""

    record_type: ClassVar[RecordType] = RecordType.SUBJECT

    subject: SubjectRef
    display_name: str | None = None

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        check_key("subject", self.subject.key)
        if self.display_name is not None:
            check_text("display_name", self.display_name)
