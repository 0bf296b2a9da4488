"""Subjects and their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

from queries._load import load
from queries.rows import SubjectRow
from queries.sqlite._run import json_list, value

_SUBJECTS = load("sqlite/subjects.sql")


def numbers(connection: Connection, kind: str, keys: Iterable[str]) -> dict[str, int]:
    """Return the number of each subject of one kind that is known, by key."""
    return dict(
        connection.execute(
            _SUBJECTS["select_subject_numbers"].text, {"kind": kind, "keys": json_list(keys)}
        )
    )


def count(connection: Connection) -> int:
    """Return how many subjects there are, which is the next one's number."""
    return int(value(connection, _SUBJECTS["select_next_subject_number"]))


def insert(connection: Connection, subjects: Iterable[SubjectRow]) -> None:
    """Number new subjects."""
    connection.executemany(_SUBJECTS["insert_subject"].text, subjects)


def after(connection: Connection, number: int, limit: int) -> list[tuple[int, str, str]]:
    """Return subjects above a number: rows of number, kind, key."""
    found: list[tuple[int, str, str]] = connection.execute(
        _SUBJECTS["select_subjects"].text, {"after": number, "limit": limit}
    ).fetchall()
    return found
