"""Cases: which there are for a purpose, and their entries."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

from queries._load import load
from queries.rows import Row
from queries.sqlite._run import json_list, rows

_CASES = load("sqlite/cases.sql")


def openings(connection: Connection, purpose: str, *, after: int, limit: int) -> list[Row]:
    """Return the first entries of a purpose's cases by sequence."""
    parameters = {"purpose": purpose, "after": after, "limit": limit}
    return rows(connection, _CASES["select_case_openings"], parameters)


def entries(connection: Connection, case_ids: Iterable[str]) -> list[Row]:
    """Return all entries of some cases by sequence."""
    parameters = {"case_ids": json_list(case_ids)}
    return rows(connection, _CASES["select_entries_of_cases"], parameters)
