"""Rows that both stores keep alike, as records of the model, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from graphsvc.model import (
    AuditDraft,
    AuditEntry,
    DefinitionKind,
    HeldRun,
    LinkKind,
    Record,
    RecordType,
    RunCertificate,
    RunMethod,
    ScoreRun,
    StoredDefinition,
    StoredRecord,
)
from graphsvc.model.checks import from_microseconds, to_microseconds
from graphsvc.store.encoding import decode
from graphsvc.store.ports import RecordHeading, Wanted, WantedEntries
from queries.rows import AuditRow, DefinitionRow, HeadingRow, Row

_CERTIFICATE_FIELDS = ("bound", "bound_1", "residual", "tolerance", "sweeps")
_WANTED_TIMES = ("since", "until", "not_over_before", "in_force_at")
_TIME_FIELDS = ("as_of", "created_at")


def stored_record(
    record_type: RecordType,
    row: Mapping[str, Any],
    superseded_by: int | None,
    known_at: int | None,
) -> StoredRecord[Record]:
    """Return the record as it was known at a sequence (None: now)."""
    if superseded_by is not None and known_at is not None and superseded_by > known_at:
        superseded_by = None
    return StoredRecord(
        row["sequence"],
        from_microseconds(row["recorded_at_us"]),
        decode(record_type, row),
        superseded_by,
    )


def headings(
    identities: Sequence[tuple[str, str]],
    find: Callable[[str, list[str]], Iterable[HeadingRow]],
) -> list[RecordHeading | None]:
    """Return what records are, in the order asked; `find` is given a source and external ids."""
    by_source: dict[str, list[str]] = {}
    for source, external_id in dict.fromkeys(identities):
        by_source.setdefault(source, []).append(external_id)
    found = {
        (source, row.external_id): RecordHeading(
            row.sequence, RecordType(row.record_type), row.sort
        )
        for source, external_ids in by_source.items()
        for row in find(source, external_ids)
    }
    return [found.get(identity) for identity in identities]


def definition_row(definition: StoredDefinition) -> DefinitionRow:
    """Return a document's version as a row."""
    return DefinitionRow(
        definition.kind.value, definition.name, definition.version, definition.body
    )


def stored_definition(row: DefinitionRow) -> StoredDefinition:
    """Return the document's version that a row holds."""
    return StoredDefinition(
        kind=DefinitionKind(row.kind), name=row.name, version=row.version, body=row.body
    )


def score_run_row(run: ScoreRun) -> Row:
    """Return a run as one flat row: certificates field by field, times in microseconds."""
    row: Row = {}
    for name in ScoreRun.__slots__:
        value = getattr(run, name)
        if isinstance(value, RunCertificate):
            row |= {f"{name}_{part}": getattr(value, part) for part in _CERTIFICATE_FIELDS}
        elif isinstance(value, datetime):
            row[f"{name}_us"] = to_microseconds(value)
        elif isinstance(value, RunMethod):
            row[name] = value.value
        else:
            row[name] = value
    return row


def score_run(row: Row) -> ScoreRun:
    """Return the run that `score_run_row` made this row of."""
    values = {name: row[name] for name in ScoreRun.__slots__ if name in row}
    values |= {name: from_microseconds(row[f"{name}_us"]) for name in _TIME_FIELDS}
    pruned_at_us = row.get("pruned_at_us")
    values["pruned_at"] = None if pruned_at_us is None else from_microseconds(pruned_at_us)
    # A run that was stored before there were two methods says nothing of it.
    values["method"] = RunMethod(row.get("method") or RunMethod.CORE)
    for name in ("exposure", "trust"):
        parts = {part: row[f"{name}_{part}"] for part in _CERTIFICATE_FIELDS}
        values[name] = RunCertificate(**parts)
    return ScoreRun(**values)


def held_run_row(held: HeldRun) -> Row:
    """Return a run that waits as a row: the run itself and the reasons as JSON."""
    return {
        "run_id": held.run.run_id,
        "purpose": held.run.purpose,
        "held_at_us": to_microseconds(held.held_at),
        "run": json.dumps(score_run_row(held.run)),
        "reasons": json.dumps(held.reasons, ensure_ascii=False),
    }


def held_run(row: Row) -> HeldRun:
    """Return the run that `held_run_row` made this row of."""
    return HeldRun(
        run=score_run(json.loads(row["run"])),
        held_at=from_microseconds(row["held_at_us"]),
        reasons=tuple(json.loads(row["reasons"])),
    )


def audit_row(entry: AuditEntry) -> AuditRow:
    """Return an entry as a row; the time stays the text that its hash covers."""
    draft = entry.draft
    return AuditRow(
        entry.position,
        draft.at.isoformat(),
        draft.actor,
        draft.action,
        draft.purpose,
        draft.subject,
        draft.detail,
        entry.previous_hash,
        entry.entry_hash,
    )


def audit_entry(row: AuditRow) -> AuditEntry:
    """Return the entry that a row holds."""
    draft = AuditDraft(
        at=datetime.fromisoformat(row.at),
        actor=row.actor,
        action=row.action,
        purpose=row.purpose,
        subject=row.subject,
        detail=row.detail,
    )
    return AuditEntry(
        position=row.position,
        draft=draft,
        previous_hash=row.previous_hash,
        entry_hash=row.entry_hash,
    )


def wanted_row(wanted: Wanted) -> Row:
    """Return what is wanted as parameters: times in microseconds."""
    row: Row = {
        "kinds": None if wanted.kinds is None else list(wanted.kinds),
        "is_outgoing": wanted.is_outgoing,
        "is_open": wanted.is_open,
    }
    for name in _WANTED_TIMES:
        time = getattr(wanted, name)
        row[f"{name}_us"] = None if time is None else to_microseconds(time)
    return row


def wanted_entries_row(wanted: WantedEntries) -> Row:
    """Return what is wanted of the audit as parameters."""
    since = None if wanted.since is None else wanted.since.astimezone(UTC).isoformat()
    return {
        "purpose": wanted.purpose,
        "action": wanted.action,
        "subject": wanted.subject,
        "since": since,
    }


def link_kind_values(kinds: Sequence[LinkKind]) -> list[str]:
    """Return the words for link kinds."""
    return [kind.value for kind in kinds]
