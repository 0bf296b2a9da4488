"""Cases: which there are for a purpose, and their entries."""

from __future__ import annotations

from collections.abc import Sequence

from queries._load import load
from queries.neo4j._run import Transaction, only
from queries.rows import Row

_CASES = load("neo4j/cases.cypher")


def openings(transaction: Transaction, purpose: str, *, after: int, limit: int) -> list[Row]:
    """Return the first entries of a purpose's cases by sequence."""
    parameters = {"purpose": purpose, "after": after, "limit": limit}
    (found,) = only(transaction, _CASES["select_case_openings"], parameters)
    return list(found)


def entries(transaction: Transaction, case_ids: Sequence[str]) -> list[Row]:
    """Return all entries of some cases by sequence."""
    (found,) = only(transaction, _CASES["select_entries_of_cases"], {"case_ids": list(case_ids)})
    return list(found)
