"""Writing what a caller sends: each item accepted or refused, once however often it comes.

The store takes a (source, external id) once; where a caller gives no external id, one is made of
its idempotency key, so that a retry, by whomever it is served, finds what is there. What is
accepted and the audit's entry on it are one transaction. See decisions 53 and 54.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from graphsvc.access import Principal
from graphsvc.changes import mentioned, permits
from graphsvc.correcting import corrected
from graphsvc.errors import InvalidInputError, InvalidRecordError, NotPermittedError
from graphsvc.model import (
    AuditAction,
    AuditDraft,
    Event,
    Link,
    Listing,
    Purpose,
    Record,
    Report,
    Retraction,
    Role,
    StoredRecord,
    SubjectRef,
)
from graphsvc.model.checks import check_key
from graphsvc.permissions import Act, require_role
from graphsvc.store.ports import AppendOutcome, AppendStatus

if TYPE_CHECKING:
    from graphsvc.app import Service

MOST_ITEMS = 1000
"""How many records one call may bring."""


class RefusalCode(StrEnum):
    """Why an item was refused; all that a caller can mend."""

    INVALID_RECORD = "invalid_record"  # a field breaks a rule; `field` says which
    NOT_PERMITTED = "not_permitted"  # the purpose or the role doesn't admit this item
    NOT_FOUND = "not_found"  # what it names isn't there, or not for this caller
    CONFLICT = "conflict"  # it contradicts what is recorded
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"  # its key was used for other content


@dataclass(frozen=True, slots=True)
class Proposed:
    """A record to be: `make` is given source and external id, and may raise InvalidRecordError."""

    make: Callable[[str, str], Record]
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A record that is there already, by its sequence or by source and external id."""

    sequence: int | None = None
    external_id: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        by_sequence = self.sequence is not None
        if by_sequence == (self.external_id is not None) or (by_sequence and self.source):
            raise InvalidInputError(
                "record: give either its sequence, or its externalId (and its source)"
            )


@dataclass(frozen=True, slots=True)
class Written:
    """An item that is recorded; `was_recorded` where it had been before this call."""

    index: int
    sequence: int
    source: str
    external_id: str
    was_recorded: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that is not recorded, and why; `field` is the record's."""

    index: int
    field: str
    code: RefusalCode
    reason: str


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What became of the items of one call, each by its place in the call."""

    accepted: tuple[Written, ...]
    refused: tuple[Refused, ...]


class RefusedItemError(Exception):
    """An item that is refused before the store is asked."""

    def __init__(self, field: str, code: RefusalCode, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.code = code
        self.reason = reason


def hash_of_key(principal: Principal, key: str) -> str:
    """Return what stands for a caller's idempotency key.

    It tells nothing of the key, which may hold a name, and differs between callers, so that nobody
    meets another's key.

    Raises:
        InvalidInputError: the key is empty, too long or not printable.
    """
    try:
        check_key("idempotencyKey", key)
    except InvalidRecordError as error:
        raise InvalidInputError(str(error)) from None
    said = repr((principal.source, key))
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


class Writing:
    """What one credential may write for one purpose."""

    def __init__(self, service: Service, principal: Principal, purpose: Purpose) -> None:
        self.purpose = purpose
        self._service = service
        self._store = service.store
        self._principal = principal

    def record(
        self, act: Act, proposed: Sequence[Proposed], *, key: str, source: str | None = None
    ) -> WriteOutcome:
        """Record up to 1,000 items; what can't be is refused, and the rest stands.

        Args:
            act: which kind of recording, for the roles that it needs.
            proposed: the items.
            key: the caller's idempotency key; the same call again changes nothing.
            source: who states it; the credential's own where none is given.

        Raises:
            NotPermittedError: no role for it, or another's source.
            InvalidInputError: no item, too many of them, or a malformed key.
        """
        require_role(self._principal, act)
        if not 1 <= len(proposed) <= MOST_ITEMS:
            raise InvalidInputError(
                f"items: has {len(proposed)}; from 1 to {MOST_ITEMS} are allowed at once"
            )
        stem = self.id_of_key(key)
        stated_by = self._own_source(source)
        records: dict[int, Record] = {}
        refused: list[Refused] = []
        for index, item in enumerate(proposed):
            try:
                records[index] = self._checked(item, stated_by, f"{stem}.{index}")
            except InvalidRecordError as error:
                code = RefusalCode.INVALID_RECORD
                refused.append(Refused(index, error.field, code, error.reason))
            except RefusedItemError as error:
                refused.append(Refused(index, error.field, error.code, error.reason))
        return self._append(records, refused, stem, self._recorded_drafts)

    def amend(
        self,
        act: Act,
        action: AuditAction,
        target: Target,
        change: Callable[[Record, str], Record],
        *,
        key: str,
    ) -> WriteOutcome:
        """Record what supersedes an earlier record.

        Args:
            act: for the roles that it needs.
            action: for the audit.
            target: the record that is superseded.
            change: makes the new record from the old and a new external id; the same each time.
            key: the caller's idempotency key.

        Raises:
            NotPermittedError: no role for it.
            InvalidInputError: a malformed key.
        """
        require_role(self._principal, act)
        stem = self.id_of_key(key)
        try:
            former = self.find(target, of_any_source=act is Act.SETTLE_REPORTS)
            self._require_amendable(former)
            record = change(former, f"{stem}.0")
            self._require_permitted(record)
            record.check_times(datetime.now(UTC))
        except InvalidRecordError as error:
            refused = Refused(0, error.field, RefusalCode.INVALID_RECORD, error.reason)
            return WriteOutcome((), (refused,))
        except RefusedItemError as error:
            return WriteOutcome((), (Refused(0, error.field, error.code, error.reason),))

        def drafts(written: Sequence[AppendOutcome]) -> list[AuditDraft]:
            return self._amended_drafts(action, [former, record], written)

        return self._append({0: record}, [], stem, drafts)

    def find(self, target: Target, *, of_any_source: bool = False) -> Record:
        """Return a record that this caller may act on; an operator may on those of any source.

        Raises:
            RefusedItemError: there is none, the purpose doesn't permit it, or it is another's;
                in the same words.
        """
        found = self._stored(target)
        if found is not None and permits(self.purpose, [found.record]):
            is_open = of_any_source or self._principal.holds_one_of(Role.OPERATOR)
            if is_open or self._is_own(found.record.source):
                return found.record
        raise RefusedItemError(
            "record",
            RefusalCode.NOT_FOUND,
            f"there is none that this credential may act on for purpose {self.purpose.name}",
        )

    def id_of_key(self, key: str) -> str:
        """Return the stem of the external ids that an idempotency key stands for.

        Raises:
            InvalidInputError: the key is empty, too long or not printable.
        """
        return f"key-{hash_of_key(self._principal, key)}"

    def _is_own(self, source: str) -> bool:
        own = self._principal.source
        return source == own or source.startswith(f"{own}/")

    def _own_source(self, source: str | None) -> str:
        own = self._principal.source
        if source is None:
            return own
        if not self._principal.holds_one_of(Role.OPERATOR) and not self._is_own(source):
            raise NotPermittedError(
                f"source: this credential writes as {own!r} or {own + '/…'!r}, as nobody else"
            )
        try:
            check_key("source", source)
        except InvalidRecordError as error:
            raise InvalidInputError(str(error)) from None
        return source

    def _checked(self, item: Proposed, source: str, derived_id: str) -> Record:
        record = item.make(source, derived_id if item.external_id is None else item.external_id)
        record.check_times(datetime.now(UTC))
        self._require_permitted(record)
        is_unsigned = isinstance(record, Report) and record.reporter is None
        if is_unsigned and not self._principal.holds_one_of(Role.ANALYST):
            raise RefusedItemError(
                "reporter",
                RefusalCode.NOT_PERMITTED,
                "is missing; only an analyst states a report without one",
            )
        return record

    def _require_permitted(self, record: Record) -> None:
        if isinstance(record, Retraction) or permits(self.purpose, [record]):
            return
        field, value = _what_is_permitted(record)
        raise RefusedItemError(
            field,
            RefusalCode.NOT_PERMITTED,
            f"is {value[:256]!r}, which purpose {self.purpose.name} does not permit",
        )

    def _require_amendable(self, former: Record) -> None:
        """Keep from services what a person has settled, and lists that they may not write."""
        if self._principal.holds_one_of(Role.OPERATOR):
            return
        if isinstance(former, Listing):
            raise RefusedItemError(
                "record", RefusalCode.NOT_PERMITTED, "is a listing; an operator changes those"
            )
        if isinstance(former, Report) and former.status.is_settled:
            raise RefusedItemError(
                "record",
                RefusalCode.NOT_PERMITTED,
                f"was {former.status}; what was settled is changed by an operator or a dispute",
            )

    def _stored(self, target: Target) -> StoredRecord[Record] | None:
        if target.sequence is not None:
            return self._store.record_at(target.sequence)
        return self._store.record(target.source or self._principal.source, target.external_id or "")

    def _append(
        self,
        records: dict[int, Record],
        refused: list[Refused],
        stem: str,
        drafts: Callable[[Sequence[AppendOutcome]], list[AuditDraft]],
    ) -> WriteOutcome:
        outcomes = self._store.append(list(records.values()), audit_of=drafts)
        accepted: list[Written] = []
        for (index, record), outcome in zip(records.items(), outcomes, strict=True):
            if outcome.sequence is None:
                refused.append(_refused(index, record, outcome, stem))
                continue
            was_recorded = outcome.status is AppendStatus.UNCHANGED
            identity = (record.source, record.external_id)
            accepted.append(Written(index, outcome.sequence, *identity, was_recorded))
        return WriteOutcome(tuple(accepted), tuple(sorted(refused, key=lambda item: item.index)))

    def _recorded_drafts(self, outcomes: Sequence[AppendOutcome]) -> list[AuditDraft]:
        sequences = _accepted_sequences(outcomes)
        if not sequences:
            return []
        detail = f"{len(sequences)} records, sequence {sequences[0]} to {sequences[-1]}"
        return [self._draft(AuditAction.RECORDED, None, detail)]

    def _amended_drafts(
        self, action: AuditAction, records: Iterable[Record], outcomes: Sequence[AppendOutcome]
    ) -> list[AuditDraft]:
        concerned = sorted(set().union(*map(mentioned, records)))
        return [
            self._draft(action, subject, f"sequence {sequence}")
            for sequence in _accepted_sequences(outcomes)
            for subject in concerned
        ]

    def _draft(self, action: AuditAction, subject: SubjectRef | None, detail: str) -> AuditDraft:
        return self._service.audit_draft(
            self._principal.actor,
            action,
            purpose=self.purpose.name,
            subject=subject,
            detail=detail,
        )


def ended(record: Record, external_id: str, at: datetime) -> Record:
    """Return a link or a listing that ends at a time, earlier than it did.

    Raises:
        RefusedItemError: it is neither.
        InvalidRecordError: it has ended by then, or had not begun.
    """
    if isinstance(record, Link):
        field, end = "valid_to", record.valid_to
    elif isinstance(record, Listing):
        field, end = "until", record.until
    else:
        raise RefusedItemError(
            "record", RefusalCode.CONFLICT, f"is of type {record.record_type}, which has no end"
        )
    if end is not None and at >= end:
        raise InvalidRecordError("at", f"is {at.isoformat()}; it ends {end.isoformat()} already")
    changes = {field: at, "external_id": external_id, "supersedes": record.external_id}
    return replace(record, **changes)  # type: ignore[arg-type]


def changed(record: Record, assignments: Sequence[str], external_id: str) -> Record:
    """Return the record with some fields put right; arguments as of `correcting.corrected`.

    Raises:
        RefusedItemError: a field is unknown or can't be changed, or none is.
        InvalidRecordError: a value is none for that field.
    """
    if isinstance(record, Report) and any(item.startswith("status=") for item in assignments):
        raise RefusedItemError(
            "status", RefusalCode.NOT_PERMITTED, "is settled by a reviewer, not corrected"
        )
    try:
        return corrected(record, assignments, external_id)
    except InvalidRecordError:
        raise
    except InvalidInputError as error:
        reason = str(error).removeprefix("correction: ")
        raise RefusedItemError("fields", RefusalCode.INVALID_RECORD, reason) from None


def withdrawn(record: Record, external_id: str, reason: str) -> Record:
    """Return the withdrawal of a record."""
    return Retraction(
        source=record.source,
        external_id=external_id,
        supersedes=record.external_id,
        reason=reason,
    )


def _accepted_sequences(outcomes: Sequence[AppendOutcome]) -> list[int]:
    return [
        outcome.sequence
        for outcome in outcomes
        if outcome.status is AppendStatus.ACCEPTED and outcome.sequence is not None
    ]


def _what_is_permitted(record: Record) -> tuple[str, str]:
    """Return the field that a purpose permits a record by, and its value."""
    match record:
        case Link() | Event():
            return "kind", record.kind
        case Report():
            return "category", record.category
        case Listing():
            return "list_name", record.list_name
    return "record", record.record_type


def _refused(index: int, record: Record, outcome: AppendOutcome, stem: str) -> Refused:
    field, reason = outcome.field or "", outcome.reason or ""
    if field != "external_id":
        return Refused(index, field, RefusalCode.CONFLICT, reason)
    if record.external_id.startswith(stem):
        field = "idempotency_key"
        reason = "was used for other content in this place; send a new key with new content"
    return Refused(index, field, RefusalCode.IDEMPOTENCY_CONFLICT, reason)
