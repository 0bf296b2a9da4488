"""Records that are nodes: registrations, events, reports, listings, retractions, disputes, cases.

Types are named by the closed enumeration NODE_TYPES, so that no other label is ever spliced.
"""

from __future__ import annotations

from collections.abc import Sequence

from queries._load import Statement, load
from queries.neo4j._run import Transaction, change, execute, first, named, only, only_of, rows
from queries.rows import HeadingRow, Parameters, Row

_RECORDS = load("neo4j/records.cypher")
_APPEND: dict[str, Statement] = {
    "subject": _RECORDS["append_registrations"],
    "event": _RECORDS["append_events"],
    "report": _RECORDS["append_reports"],
    "listing": _RECORDS["append_listings"],
    "retraction": _RECORDS["append_retractions"],
    "dispute": _RECORDS["append_disputes"],
    "case_entry": load("neo4j/cases.cypher")["append_case_entries"],
}
_LABELS = {
    "subject": "Registration",
    "event": "Event",
    "report": "Report",
    "listing": "Listing",
    "retraction": "Retraction",
    "dispute": "Dispute",
    "case_entry": "CaseEntry",
}
_ROLES = {
    "subject": "REGISTERS",
    "event": "DID",
    "report": "ABOUT",
    "listing": "LISTS",
    "dispute": "DISPUTES",
    "case_entry": "CONCERNS",
}
_PROPERTIES = {
    "event": {"kind": "kind", "time": "occurred_at_us", "over": "occurred_at_us"},
    "report": {"kind": "category", "time": "reported_at_us", "over": "reported_at_us"},
    "listing": {"kind": "list_name", "time": "effective_from_us", "over": "until_us"},
}
NODE_TYPES = frozenset(_APPEND)


def append(transaction: Transaction, record_type: str, rows: Sequence[Parameters]) -> int:
    """Add records of one type; return how many were created.

    Each row holds `properties` and the numbers of the subjects that the record mentions.
    """
    return change(transaction, _APPEND[record_type], {"rows": list(rows)}).nodes_created


def one(transaction: Transaction, source: str, external_id: str) -> Row | None:
    """Return what the ledger holds of a record; for a link that isn't all of it."""
    parameters = {"source": source, "external_id": external_id}
    found = first(transaction, _RECORDS["select_record"], parameters)
    return None if found is None else dict(found["record"])


def headings(
    transaction: Transaction, source: str, external_ids: Sequence[str]
) -> list[HeadingRow]:
    """Return what those of a source's records are that are there."""
    columns = only(
        transaction,
        _RECORDS["select_headings"],
        {"source": source, "external_ids": list(external_ids)},
    )
    return [HeadingRow(*row) for row in zip(*columns, strict=True)]


def at(transaction: Transaction, sequence: int) -> Row | None:
    """Return what the ledger holds of a record; for a link that isn't all of it."""
    found = first(transaction, _RECORDS["select_record_at"], {"sequence": sequence})
    return None if found is None else dict(found["record"])


def standing(
    transaction: Transaction, record_type: str, *, after: int, known_at: int, limit: int
) -> list[Row]:
    """Return records of one type that stood at a time, by sequence."""
    text = named(_RECORDS["select_records"].text, "RECORD_LABEL", _LABELS[record_type])
    parameters = {"after": after, "known_at": known_at, "limit": limit}
    (found,) = only_of(transaction, text, parameters)
    return list(found)


def listings(
    transaction: Transaction,
    list_name: str,
    *,
    list_kind: str | None,
    after: int,
    known_at: int,
    limit: int,
) -> list[Row]:
    """Return the entries of one list that stood at a time, by sequence."""
    parameters = {
        "list_name": list_name,
        "list_kind": list_kind,
        "after": after,
        "known_at": known_at,
        "limit": limit,
    }
    (found,) = only(transaction, _RECORDS["select_listings"], parameters)
    return list(found)


def of_subject(
    transaction: Transaction,
    record_type: str,
    subject_id: str,
    *,
    after: int,
    up_to: int,
    limit: int,
) -> list[Row]:
    """Return records of one type that concern a subject by sequence, superseded ones too."""
    if record_type not in _ROLES:
        return []
    text = _RECORDS["select_records_of_subject"].text
    text = named(text, "RECORD_LABEL", _LABELS[record_type])
    text = named(text, "ROLE", _ROLES[record_type])
    parameters = {"id": subject_id, "after": after, "up_to": up_to, "limit": limit}
    (found,) = only_of(transaction, text, parameters)
    return list(found)


def standing_of_subjects(
    transaction: Transaction, record_type: str, subject_ids: Sequence[str], wanted: Row, limits: Row
) -> dict[str, list[Row]]:
    """Return the next events, reports or listings of many subjects that stood at `up_to`.

    `wanted` narrows them, with None where it doesn't; `limits` are after, up_to and limit.
    """
    if record_type not in _PROPERTIES:
        return {}
    text = _RECORDS["select_standing_records_of_subjects"].text
    text = named(text, "RECORD_LABEL", _LABELS[record_type])
    text = named(text, "ROLE", _ROLES[record_type])
    parameters = {**_PROPERTIES[record_type], **wanted, **limits, "ids": list(subject_ids)}
    return {row["id"]: row["records"] for row in execute(transaction, text, parameters)}


def many_at(transaction: Transaction, sequences: Sequence[int]) -> list[Row]:
    """Return what the ledger holds of records; for links that isn't all of it."""
    found = rows(transaction, _RECORDS["select_many_records_at"], {"sequences": list(sequences)})
    return [dict(row["record"]) for row in found]


def reports_by(
    transaction: Transaction, subject_id: str, *, after: int, up_to: int, limit: int
) -> list[Row]:
    """Return the reports that a subject made by sequence, superseded ones too."""
    parameters = {"id": subject_id, "after": after, "up_to": up_to, "limit": limit}
    (found,) = only(transaction, _RECORDS["select_reports_by_subject"], parameters)
    return list(found)
