"""Decides what becomes of each record of a batch, before anything is written.

Knows no store: what is recorded already comes in as a mapping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from graphsvc.errors import ConflictError
from graphsvc.model import RECORD_CLASSES, Record, RecordType
from graphsvc.store.encoding import Row, content_hash, encode
from graphsvc.store.ports import AppendOutcome, AppendStatus

Identity = tuple[str, str]
"""Source and external id."""

# By class: an enumeration member hashes and gives its value through Python code, a million times.
_NOUNS: dict[type[Record], str] = {
    record_class: record_type.value for record_type, record_class in RECORD_CLASSES.items()
}


class Recorded(NamedTuple):
    """What stands under an identity."""

    sequence: int
    noun: str
    content_hash: str
    is_superseded: bool


class Draft(NamedTuple):
    """A record, encoded; not yet accepted. `noun` is its record type as a word."""

    noun: str
    identity: Identity
    target: Identity | None
    row: Row
    content_hash: str


class Accepted(NamedTuple):
    """A draft with the sequence that it gets, and that of the record that it supersedes."""

    sequence: int
    draft: Draft
    superseded: int | None


@dataclass(slots=True)
class Plan:
    """Outcomes in the order of the batch, and what is to be stored."""

    outcomes: list[AppendOutcome] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)


def draft(record: Record) -> Draft:
    """Encode one record."""
    row = encode(record)
    target = None if record.supersedes is None else (record.source, record.supersedes)
    return Draft(
        _NOUNS[type(record)],
        (record.source, record.external_id),
        target,
        row,
        content_hash(record.record_type, row),
    )


def identities(drafts: Sequence[Draft]) -> dict[str, list[str]]:
    """Return every external id that the batch names, as its own or as a target, by source."""
    named = dict.fromkeys(draft.identity for draft in drafts)
    named.update(dict.fromkeys(draft.target for draft in drafts if draft.target is not None))
    by_source: dict[str, list[str]] = {}
    for source, external_id in named:
        by_source.setdefault(source, []).append(external_id)
    return by_source


def plan(
    drafts: Sequence[Draft], recorded: Mapping[Identity, Recorded], last_sequence: int
) -> Plan:
    """Return what to store of the batch; `recorded` holds what its identities stand for."""
    known = dict(recorded)
    made = Plan()
    for item in drafts:
        existing = known.get(item.identity)
        if existing is not None:
            made.outcomes.append(_outcome_of_known(item, existing))
            continue
        target = None if item.target is None else known.get(item.target)
        if item.target is not None:
            reason = _reason_against(item, target)
            if reason is not None:
                made.outcomes.append(_conflict("supersedes", reason))
                continue
        sequence = last_sequence + len(made.accepted) + 1
        known[item.identity] = Recorded(sequence, item.noun, item.content_hash, is_superseded=False)
        if item.target is not None and target is not None:
            known[item.target] = target._replace(is_superseded=True)
        made.accepted.append(Accepted(sequence, item, target.sequence if target else None))
        made.outcomes.append(AppendOutcome(AppendStatus.ACCEPTED, sequence))
    return made


def require_no_conflict(made: Plan) -> None:
    """Refuse a plan that leaves a record out.

    Raises:
        ConflictError: says what and why.
    """
    for place, outcome in enumerate(made.outcomes):
        if outcome.status is AppendStatus.CONFLICT:
            raise ConflictError(f"record {place + 1}: {outcome.field} {outcome.reason}")


def _outcome_of_known(item: Draft, existing: Recorded) -> AppendOutcome:
    if item.content_hash == existing.content_hash:
        return AppendOutcome(AppendStatus.UNCHANGED, existing.sequence)
    source, external_id = item.identity
    return _conflict(
        "external_id",
        f"is {external_id!r}, under which {source!r} has sent another {existing.noun} "
        f"(sequence {existing.sequence}); to correct it, send a new external id that supersedes it",
    )


def _reason_against(item: Draft, target: Recorded | None) -> str | None:
    """Say why the record may not supersede its target; None where it may."""
    source, external_id = item.target or item.identity
    if target is None:
        return f"is {external_id!r}, which {source!r} has not sent; send that record first"
    if item.noun not in (RecordType.RETRACTION, target.noun):
        return f"is {external_id!r}, a {target.noun}; a {item.noun} corrects a {item.noun} only"
    if target.is_superseded:
        return f"is {external_id!r}, which is superseded already; name the record that stands"
    return None


def _conflict(field_name: str, reason: str) -> AppendOutcome:
    return AppendOutcome(AppendStatus.CONFLICT, None, field_name, reason)
