"""Erasing for good: what records say, and the keys of subjects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sqlite3 import Connection

from queries._load import Statement, load
from queries.sqlite._run import first, value

_ERASURES = load("sqlite/erasures.sql")
_DELETE: tuple[Statement, ...] = (
    _ERASURES["delete_registration"],
    _ERASURES["delete_link"],
    _ERASURES["delete_event"],
    _ERASURES["delete_report"],
    _ERASURES["delete_listing"],
    _ERASURES["delete_dispute"],
    _ERASURES["delete_case_entry"],
    _ERASURES["delete_retraction"],
)


def count(connection: Connection) -> int:
    """Return how many erasures there were."""
    return int(value(connection, _ERASURES["count_erasures"]))


def insert(connection: Connection, *, erased_at_us: int, records: int, subjects: int) -> None:
    """Note an erasure."""
    connection.execute(
        _ERASURES["insert_erasure"].text,
        {"erased_at_us": erased_at_us, "records": records, "subjects": subjects},
    )


def erase_records(connection: Connection, pseudonyms: Mapping[int, str]) -> int:
    """Remove all that records say but place, time and source; return how many there were."""
    sequences = [{"sequence": sequence} for sequence in pseudonyms]
    for statement in _DELETE:
        connection.executemany(statement.text, sequences)
    traces = [{"sequence": sequence, "pseudonym": name} for sequence, name in pseudonyms.items()]
    erased = connection.executemany(_ERASURES["erase_record"].text, traces).rowcount
    if erased:
        connection.executemany(_ERASURES["rename_superseded"].text, sequences)
    return erased


def erase_subjects(connection: Connection, pseudonyms: Iterable[tuple[str, str, str]]) -> int:
    """Replace subjects' keys, given as kind, key and pseudonym; return how many there were."""
    return connection.executemany(
        _ERASURES["erase_subject"].text,
        [{"kind": kind, "key": key, "pseudonym": name} for kind, key, name in pseudonyms],
    ).rowcount


def subjects_without_records(connection: Connection, limit: int) -> list[tuple[str, str]]:
    """Return kind and key of subjects that no record mentions."""
    found: list[tuple[str, str]] = connection.execute(
        _ERASURES["select_subjects_without_records"].text, {"limit": limit}
    ).fetchall()
    return found


def empty_write_ahead_log(connection: Connection) -> bool:
    """Cut the log, which holds older content, to nothing; return False if others prevent it."""
    found = first(connection, _ERASURES["empty_write_ahead_log"])
    return found is not None and int(found[0]) == 0
