"""Adds a batch of records to Neo4j, within one transaction that locks the ledger first."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from graphsvc.errors import StoreError
from graphsvc.model import (
    AuditDraft,
    AuditEntry,
    LinkKind,
    RecordType,
    SubjectKind,
)
from graphsvc.model.audit import FIRST_PREVIOUS_HASH
from graphsvc.store.batch import (
    Accepted,
    Draft,
    Identity,
    Plan,
    Recorded,
    identities,
    plan,
    require_no_conflict,
)
from graphsvc.store.encoding import subject_columns
from graphsvc.store.ports import AppendOutcome
from graphsvc.store.rows import audit_entry, audit_row
from queries.neo4j import Transaction, audit, ledger, links, records, subjects
from queries.rows import Row, SupersessionRow

CHUNK_ROWS = 5_000
_LOOKUP_ROWS = 20_000
_LINK_FIELDS = (
    "source",
    "external_id",
    "supersedes",
    "kind",
    "weight",
    "count",
    "currency",
    "valid_from_us",
    "valid_to_us",
)
_SUBJECT_FIELDS: dict[str, tuple[str, ...]] = {
    record_type.value: subject_columns(record_type) for record_type in RecordType
}
_LINK = RecordType.LINK.value
LABELS: dict[str, str] = {kind.value: kind.value.capitalize() for kind in SubjectKind}
"""The second label of a subject's node, by its kind."""

LINK_TYPES: dict[str, str] = {kind.value: links.link_type(kind.value) for kind in LinkKind}
"""The type of a standing link's relationship, by its kind."""

Item = TypeVar("Item")


def append(
    transaction: Transaction, drafts: Sequence[Draft], token: str, *, whole: bool = False
) -> list[AppendOutcome]:
    """Store what can be accepted of the drafts (`whole`: all or none); outcomes in their order.

    `token` names this append however often it is tried. If an earlier try was committed although
    its answer got lost, nothing is written, and the outcomes are those of that try: they follow
    from the state before it, which can be told by the sequences.
    """
    taken = ledger.take(transaction, token)
    known = known_identities(transaction, drafts)
    if taken.append_first is not None:
        return plan(drafts, _recorded(known, taken.append_first), taken.append_first - 1).outcomes
    planned = plan(drafts, _recorded(known), taken.sequence)
    if whole:
        require_no_conflict(planned)
    if planned.accepted:
        _store(transaction, planned, known, taken, token)
    return planned.outcomes


def check(transaction: Transaction, drafts: Sequence[Draft]) -> list[AppendOutcome]:
    """Say what `append` would do, and store nothing."""
    planned = plan(drafts, _recorded(known_identities(transaction, drafts)), 0)
    return [
        AppendOutcome(outcome.status, None, outcome.field, outcome.reason)
        for outcome in planned.outcomes
    ]


def append_audit(
    transaction: Transaction, drafts: Sequence[AuditDraft], token: str
) -> list[AuditEntry]:
    """Chain the drafts to the last entry, once however often it is tried."""
    taken = audit.take(transaction, token)
    if taken.entries:
        return [audit_entry(row) for row in taken.entries]
    previous_hash = taken.entry_hash or FIRST_PREVIOUS_HASH
    entries: list[AuditEntry] = []
    for position, draft in enumerate(drafts, taken.position + 1):
        entries.append(AuditEntry.chain(position, draft, previous_hash))
        previous_hash = entries[-1].entry_hash
    audit.append(transaction, token, [audit_row(entry) for entry in entries])
    return entries


def known_identities(
    transaction: Transaction, drafts: Sequence[Draft]
) -> dict[Identity, ledger.LedgerIdentityRow]:
    """Return what the ledger holds of all that the drafts name."""
    return {
        (source, row.external_id): row
        for source, external_ids in identities(drafts).items()
        for some_ids in _chunks(external_ids, _LOOKUP_ROWS)
        for row in ledger.identities(transaction, source, some_ids)
    }


def _recorded(
    known: dict[Identity, ledger.LedgerIdentityRow], before: int | None = None
) -> dict[Identity, Recorded]:
    """Return the state that a plan starts from: now, or before a sequence was given."""
    return {
        identity: Recorded(
            row.sequence,
            row.record_type,
            row.content_hash,
            row.superseded_by is not None and (before is None or row.superseded_by < before),
        )
        for identity, row in known.items()
        if before is None or row.sequence < before
    }


def _store(
    transaction: Transaction,
    planned: Plan,
    known: dict[Identity, ledger.LedgerIdentityRow],
    taken: ledger.TakenLedgerRow,
    token: str,
) -> None:
    # A clock that steps back must not put a later record before an earlier one.
    recorded_at_us = max(time.time_ns() // 1_000, taken.recorded_at_us + 1)
    numbers, new_subjects = _number_subjects(transaction, planned.accepted, taken.subjects)
    accepted_links = [item for item in planned.accepted if _is_link(item)]
    for some in _chunks(accepted_links, CHUNK_ROWS):
        columns = _link_columns(some, numbers)
        _require(
            links.append(transaction, {**columns, "recorded_at_us": recorded_at_us}), len(some)
        )
    for noun in records.NODE_TYPES:
        others = [item for item in planned.accepted if item.draft.noun == noun]
        for some in _chunks(others, CHUNK_ROWS):
            rows = [_node_row(item, numbers, recorded_at_us) for item in some]
            _require(records.append(transaction, noun, rows), len(some))
    _supersede(transaction, planned.accepted, known)
    ledger.close_append(
        transaction,
        token,
        first_sequence=taken.sequence + 1,
        last_sequence=taken.sequence + len(planned.accepted),
        subjects=taken.subjects + new_subjects,
        recorded_at_us=recorded_at_us,
    )


def _number_subjects(
    transaction: Transaction, accepted: Sequence[Accepted], next_number: int
) -> tuple[dict[str, int], int]:
    """Return the numbers of all subjects mentioned, and how many of them are new.

    New ones get the next numbers, in order of mention.
    """
    mentioned = {
        f"{kind}:{key}": (kind, key)
        for item in accepted
        for field in _SUBJECT_FIELDS[item.draft.noun]
        for kind, key in [(item.draft.row[f"{field}_kind"], item.draft.row[f"{field}_key"])]
        if kind is not None
    }
    numbers: dict[str, int] = {}
    new: list[subjects.NewSubjectRow] = []
    for some_ids in _chunks(mentioned, _LOOKUP_ROWS):
        found = subjects.numbers(transaction, some_ids)
        for subject_id, known_number in zip(some_ids, found, strict=True):
            if known_number is not None:
                numbers[subject_id] = known_number
                continue
            kind, key = mentioned[subject_id]
            numbers[subject_id] = number = next_number + len(new)
            new.append(subjects.NewSubjectRow(LABELS[kind], subject_id, kind, key, number))
    for some in _chunks(new, CHUNK_ROWS):
        _require(subjects.insert(transaction, some), len(some))
    return numbers, len(new)


def _link_columns(accepted: Sequence[Accepted], numbers: dict[str, int]) -> dict[str, list[Any]]:
    rows = [item.draft.row for item in accepted]
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in _LINK_FIELDS}
    columns["sequence"] = [item.sequence for item in accepted]
    columns["content_hash"] = [item.draft.content_hash for item in accepted]
    columns["type"] = [LINK_TYPES[kind] for kind in columns["kind"]]
    for end in ("src", "dst"):
        columns[end] = [numbers[f"{row[f'{end}_kind']}:{row[f'{end}_key']}"] for row in rows]
    return columns


def _node_row(accepted: Accepted, numbers: dict[str, int], recorded_at_us: int) -> Row:
    draft = accepted.draft
    properties = {
        **draft.row,
        "sequence": accepted.sequence,
        "record_type": draft.noun,
        "content_hash": draft.content_hash,
        "recorded_at_us": recorded_at_us,
    }
    row: Row = {"properties": properties}
    for field in _SUBJECT_FIELDS[draft.noun]:
        kind = draft.row[f"{field}_kind"]
        row[field] = None if kind is None else numbers[f"{kind}:{draft.row[f'{field}_key']}"]
    return row


def _supersede(
    transaction: Transaction,
    accepted: Sequence[Accepted],
    known: dict[Identity, ledger.LedgerIdentityRow],
) -> None:
    pairs = [
        SupersessionRow(item.superseded, item.sequence)
        for item in accepted
        if item.superseded is not None
    ]
    if not pairs:
        return
    link_kinds = {row.sequence: row.link_kind for row in known.values() if row.link_kind}
    link_kinds |= {item.sequence: item.draft.row["kind"] for item in accepted if _is_link(item)}
    by_kind: dict[str, list[SupersessionRow]] = {}
    for pair in pairs:
        if pair.superseded in link_kinds:
            by_kind.setdefault(link_kinds[pair.superseded], []).append(pair)
    for some in _chunks(pairs, CHUNK_ROWS):
        _require(ledger.supersede(transaction, some), len(some))
    for kind, of_kind in by_kind.items():
        for some in _chunks(of_kind, CHUNK_ROWS):
            _require(links.supersede(transaction, kind, some), len(some))


def _is_link(item: Accepted) -> bool:
    return item.draft.noun == _LINK


def _require(done: int, asked: int) -> None:
    if done != asked:
        raise StoreError(
            f"the graph is damaged: a statement found {done} of {asked} nodes or relationships "
            "that the ledger names; nothing of the batch was stored"
        )


def _chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
