"""The audit chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from queries._load import load
from queries.neo4j._run import Transaction, change, only, rows
from queries.rows import AuditRow, Row

_AUDIT = load("neo4j/audit.cypher")


class TakenAuditRow(NamedTuple):
    """The end of the chain, and the entries of this very append, if it has been done."""

    position: int
    entry_hash: str | None
    entries: list[AuditRow]


def take(transaction: Transaction, token: str) -> TakenAuditRow:
    """Lock the end of the chain until the transaction ends, and return it."""
    position, entry_hash, entries = only(transaction, _AUDIT["take_audit"], {"token": token})
    return TakenAuditRow(position, entry_hash, [_row(entry) for entry in entries])


def append(transaction: Transaction, token: str, entries: Sequence[AuditRow]) -> None:
    """Add to the end of the chain, and move it on."""
    change(
        transaction,
        _AUDIT["append_audit_entries"],
        {
            "rows": [{**entry._asdict(), "token": token} for entry in entries],
            "position": entries[-1].position,
            "entry_hash": entries[-1].entry_hash,
        },
    )


def last_position(transaction: Transaction) -> int:
    """Return the position of the last entry, 0 where there is none."""
    (position,) = only(transaction, _AUDIT["select_last_audit_position"])
    return int(position)


def after(transaction: Transaction, position: int, limit: int, wanted: Row) -> list[AuditRow]:
    """Return entries in order of position; `wanted` narrows them, with None where it doesn't."""
    parameters = {**wanted, "after": position, "limit": limit}
    found = rows(transaction, _AUDIT["select_audit_entries"], parameters)
    return [_row(row["entry"]) for row in found]


def at(transaction: Transaction, positions: Sequence[int]) -> list[AuditRow]:
    """Return the entries at some positions."""
    parameters = {"positions": list(positions)}
    found = rows(transaction, _AUDIT["select_audit_entries_at"], parameters)
    return [_row(row["entry"]) for row in found]


def _row(entry: Row) -> AuditRow:
    return AuditRow._make(entry.get(field) for field in AuditRow._fields)
