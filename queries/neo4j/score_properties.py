"""Scores as properties of subjects, for analysts' own Cypher."""

from __future__ import annotations

from collections.abc import Sequence

from queries._load import load
from queries.neo4j._run import Transaction, change, first, only
from queries.rows import Row

_SCORES = load("neo4j/score_properties.cypher")


def written_back(transaction: Transaction) -> Row | None:
    """Return which run's scores stand on subjects, with its purpose."""
    return first(transaction, _SCORES["select_written_back"])


def note(
    transaction: Transaction, *, purpose: str, run_id: str, is_complete: bool, written_at_us: int
) -> None:
    """Note which run's scores stand on subjects, and whether all of them do."""
    parameters = {
        "purpose": purpose,
        "run_id": run_id,
        "is_complete": is_complete,
        "written_at_us": written_at_us,
    }
    change(transaction, _SCORES["upsert_written_back"], parameters)


def forget(transaction: Transaction) -> None:
    """Note that no scores stand on subjects."""
    change(transaction, _SCORES["delete_written_back"])


def put(transaction: Transaction, rows: Sequence[Row]) -> int:
    """Put a run's scores on subjects; return how many there are."""
    (found,) = only(transaction, _SCORES["set_scores"], {"rows": list(rows)})
    return int(found)


def remove_others(transaction: Transaction, *, after: int, up_to: int, run_id: str) -> int:
    """Take scores of other runs off the subjects in a range of numbers; return how many had."""
    parameters = {"after": after, "up_to": up_to, "run_id": run_id}
    (removed,) = only(transaction, _SCORES["remove_scores"], parameters)
    return int(removed)
