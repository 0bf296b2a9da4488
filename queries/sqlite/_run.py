"""The few ways to run a statement."""

from __future__ import annotations

import json
from collections.abc import Iterable
from sqlite3 import Connection
from typing import Any

from queries._load import Statement
from queries.rows import Parameters, Row

NOTHING: Parameters = {}


def rows(connection: Connection, statement: Statement, parameters: Parameters) -> list[Row]:
    """Return all rows by column name."""
    cursor = connection.execute(statement.text, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor]


def first(
    connection: Connection, statement: Statement, parameters: Parameters = NOTHING
) -> tuple[Any, ...] | None:
    """Return the first row, None where there is none."""
    found: list[tuple[Any, ...]] = connection.execute(statement.text, parameters).fetchall()
    return found[0] if found else None


def value(connection: Connection, statement: Statement, parameters: Parameters = NOTHING) -> Any:
    """Return the only value of the only row."""
    ((only,),) = connection.execute(statement.text, parameters).fetchall()
    return only


def json_list(values: Iterable[str] | Iterable[int]) -> str:
    """Return strings or numbers as one parameter that `json_each` takes apart."""
    return json.dumps(list(values), ensure_ascii=False)


def repeated_group(statement: Statement, count: int) -> str:
    """Return the text of an INSERT whose one group of values stands there so many times."""
    head, keyword, group = statement.text.rstrip("; \n").partition("VALUES")
    return head + keyword + ",".join([group] * count)
