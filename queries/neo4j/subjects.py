"""Subjects and their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from queries._load import load
from queries.neo4j._run import Transaction, change, only

_SUBJECTS = load("neo4j/subjects.cypher")


class NewSubjectRow(NamedTuple):
    """A subject to number; `label` is the name of its kind in CamelCase."""

    label: str
    id: str
    kind: str
    key: str
    number: int


class SubjectColumnsRow(NamedTuple):
    """Subjects, one list a column, in no order."""

    number: list[int]
    kind: list[str]
    key: list[str]


def numbers(transaction: Transaction, ids: Sequence[str]) -> list[int | None]:
    """Return each subject's number, None where it is unknown; in the order asked."""
    positions, found = only(transaction, _SUBJECTS["select_subject_numbers"], {"ids": list(ids)})
    by_position = dict(zip(positions, found, strict=True))
    return [by_position.get(position) for position in range(len(ids))]


def insert(transaction: Transaction, subjects: Sequence[NewSubjectRow]) -> int:
    """Number new subjects; return how many were created."""
    columns = dict(zip(NewSubjectRow._fields, zip(*subjects, strict=True), strict=True))
    return change(transaction, _SUBJECTS["insert_subjects"], columns).nodes_created


def columns(transaction: Transaction, *, after: int, up_to: int) -> SubjectColumnsRow:
    """Return the subjects with after < number <= up_to."""
    return SubjectColumnsRow(
        *only(transaction, _SUBJECTS["select_subjects"], {"after": after, "up_to": up_to})
    )
