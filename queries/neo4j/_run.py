"""The few ways to run a statement."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import neo4j

from queries._load import Statement
from queries.rows import Parameters, Row

Transaction = neo4j.ManagedTransaction

NOTHING: Parameters = {}
_NAMES = re.compile(r"[A-Z][A-Za-z_]*(\|[A-Z][A-Za-z_]*)*")


def execute(transaction: Transaction, text: str, parameters: Parameters) -> neo4j.Result:
    """Run a text that comes from one of our files."""
    return transaction.run(text, dict(parameters))


def rows(
    transaction: Transaction, statement: Statement, parameters: Parameters = NOTHING
) -> list[Row]:
    """Return all rows by column name."""
    return execute(transaction, statement.text, parameters).data()


def first(
    transaction: Transaction, statement: Statement, parameters: Parameters = NOTHING
) -> Row | None:
    """Return the first row, None where there is none."""
    return next(iter(rows(transaction, statement, parameters)), None)


def only(
    transaction: Transaction, statement: Statement, parameters: Parameters = NOTHING
) -> tuple[Any, ...]:
    """Return the values of the only row."""
    return _only(execute(transaction, statement.text, parameters))


def only_of(transaction: Transaction, text: str, parameters: Parameters) -> tuple[Any, ...]:
    """Return the values of the only row of a text that `named` or `union` made."""
    return _only(execute(transaction, text, parameters))


def change(
    transaction: Transaction, statement: Statement, parameters: Parameters = NOTHING
) -> neo4j.SummaryCounters:
    """Run a statement that returns nothing; return what it changed."""
    return execute(transaction, statement.text, parameters).consume().counters


@cache
def named(text: str, placeholder: str, name: str) -> str:
    """Return the text with a label, a relationship type, or several joined by |, put in.

    Raises:
        ValueError: it isn't a plain name.

    >>> named("MATCH ()-[link:LINK_TYPE]->() RETURN link", "LINK_TYPE", "PAID")
    'MATCH ()-[link:PAID]->() RETURN link'
    """
    if not _NAMES.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a label or relationship type")
    return text.replace(placeholder, name)


@cache
def union(first_texts: tuple[str, ...], last_text: str) -> str:
    """Return one text whose rows are those of all texts; the last is run last."""
    return "\nUNION ALL\n".join([*first_texts, last_text])


def _only(result: neo4j.Result) -> tuple[Any, ...]:
    return tuple(result.single(strict=True).values())
