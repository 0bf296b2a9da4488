"""The audit chain."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from sqlite3 import Connection

from queries._load import load
from queries.rows import AuditRow, LastAuditRow, Row
from queries.sqlite._run import first, json_list, repeated_group

AT_ONCE = (512, 64, 8, 1)
"""How many entries one statement inserts, the most first: a whole batch of the trail by one."""

_AUDIT = load("sqlite/audit.sql")

_INSERT = {size: repeated_group(_AUDIT["insert_audit_entries"], size) for size in AT_ONCE}


def last(connection: Connection) -> LastAuditRow | None:
    """Return the end of the chain, None where there is none yet."""
    found = first(connection, _AUDIT["select_last_audit_entry"])
    return LastAuditRow(*found) if found else None


def insert(connection: Connection, entries: Iterable[AuditRow]) -> None:
    """Add entries to the end of the chain."""
    # Few statements: for each, the driver lets go of the interpreter and must get it back.
    rest = list(entries)
    for size in AT_ONCE:
        while len(rest) >= size:
            batch, rest = rest[:size], rest[size:]
            connection.execute(_INSERT[size], list(chain.from_iterable(batch)))


def after(connection: Connection, position: int, limit: int, wanted: Row) -> list[AuditRow]:
    """Return entries in order of position; `wanted` narrows them, with None where it doesn't."""
    cursor = connection.execute(
        _AUDIT["select_audit_entries"].text, {**wanted, "after": position, "limit": limit}
    )
    return [AuditRow(*row) for row in cursor]


def at(connection: Connection, positions: Iterable[int]) -> list[AuditRow]:
    """Return the entries at some positions, in order."""
    cursor = connection.execute(
        _AUDIT["select_audit_entries_at"].text, {"positions": json_list(positions)}
    )
    return [AuditRow(*row) for row in cursor]
