"""What `SqliteStore` does with a batch inside its transaction: look up, decide, number, insert."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from sqlite3 import Connection

from graphsvc.model import AuditDraft, AuditEntry, RecordType
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
from graphsvc.store.encoding import list_to_text, subject_columns
from graphsvc.store.ports import AppendOutcome
from graphsvc.store.rows import audit_row
from queries.rows import LastAuditRow, LastRecordRow, Row, SubjectRow, SupersessionRow
from queries.sqlite import audit, records, subjects

SubjectName = tuple[str, str]
"""Kind and key."""

_SUBJECT_COLUMNS: dict[str, tuple[tuple[str, str, str], ...]] = {
    record_type.value: tuple(
        (name, f"{name}_kind", f"{name}_key") for name in subject_columns(record_type)
    )
    for record_type in RecordType
}
"""By noun, the columns of the subjects that a record mentions: number, kind and key of each."""


def plan_batch(connection: Connection, drafts: Sequence[Draft]) -> tuple[Plan, LastRecordRow]:
    """Return what becomes of the drafts now, and the last record before them."""
    recorded: dict[Identity, Recorded] = {}
    for source, external_ids in identities(drafts).items():
        for row in records.identities(connection, source, external_ids):
            recorded[source, row.external_id] = Recorded(
                row.sequence, row.record_type, row.content_hash, row.superseded_by is not None
            )
    last = records.last(connection)
    return plan(drafts, recorded, last.sequence), last


def append(
    connection: Connection, drafts: Sequence[Draft], *, whole: bool = False
) -> list[AppendOutcome]:
    """Store what can be accepted of the drafts (`whole`: all or none); outcomes in their order."""
    planned, last = plan_batch(connection, drafts)
    if whole:
        require_no_conflict(planned)
    numbers = _number_subjects(connection, planned.accepted)
    # A clock that steps back must not put a later record before an earlier one.
    recorded_at_us = max(time.time_ns() // 1_000, last.recorded_at_us)
    by_noun: dict[str, list[Row]] = {}
    for accepted in planned.accepted:
        row = _complete_row(accepted, numbers, recorded_at_us)
        by_noun.setdefault(accepted.draft.noun, []).append(row)
    for noun, rows in by_noun.items():
        records.insert(connection, noun, rows)
    records.insert_supersessions(
        connection,
        (
            SupersessionRow(accepted.superseded, accepted.sequence)
            for accepted in planned.accepted
            if accepted.superseded is not None
        ),
    )
    return planned.outcomes


def append_audit(connection: Connection, drafts: Sequence[AuditDraft]) -> list[AuditEntry]:
    """Chain the drafts to the last entry; the write lock keeps the chain from forking."""
    last = audit.last(connection) or LastAuditRow(0, FIRST_PREVIOUS_HASH)
    position, previous_hash = last
    entries: list[AuditEntry] = []
    for draft in drafts:
        position += 1
        entries.append(AuditEntry.chain(position, draft, previous_hash))
        previous_hash = entries[-1].entry_hash
    audit.insert(connection, map(audit_row, entries))
    return entries


def subject_numbers(connection: Connection, names: Iterable[SubjectName]) -> dict[SubjectName, int]:
    """Return the numbers of those of the subjects that are known."""
    keys_by_kind: dict[str, list[str]] = {}
    for kind, key in names:
        keys_by_kind.setdefault(kind, []).append(key)
    return {
        (kind, key): number
        for kind, keys in keys_by_kind.items()
        for key, number in subjects.numbers(connection, kind, keys).items()
    }


def _number_subjects(
    connection: Connection, accepted: Sequence[Accepted]
) -> dict[SubjectName, int]:
    """Return the numbers of all subjects mentioned; new ones get the next, in order of mention."""
    mentioned: dict[SubjectName, None] = {}
    for item in accepted:
        row = item.draft.row
        for _, kind, key in _SUBJECT_COLUMNS[item.draft.noun]:
            if row[kind] is not None:
                mentioned[row[kind], row[key]] = None
    numbers = subject_numbers(connection, mentioned)
    next_number = subjects.count(connection)
    new = [
        SubjectRow(number, kind, key)
        for number, (kind, key) in enumerate(
            (name for name in mentioned if name not in numbers), next_number
        )
    ]
    subjects.insert(connection, new)
    numbers.update(((kind, key), number) for number, kind, key in new)
    return numbers


def _complete_row(accepted: Accepted, numbers: dict[SubjectName, int], recorded_at_us: int) -> Row:
    draft = accepted.draft
    row = draft.row
    row["sequence"] = accepted.sequence
    row["record_type"] = draft.noun
    row["content_hash"] = draft.content_hash
    row["recorded_at_us"] = recorded_at_us
    for name, kind, key in _SUBJECT_COLUMNS[draft.noun]:
        row[name] = None if row[kind] is None else numbers[row[kind], row[key]]
    if isinstance(row.get("evidence"), list):
        row["evidence"] = list_to_text(row["evidence"])
    return row
