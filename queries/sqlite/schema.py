"""The file itself: settings of a connection, transactions, the schema's version, the store's id."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

from queries._load import Statement, load
from queries.sqlite._run import value

_STORE = load("sqlite/store.sql")


def use_write_ahead_log(connection: Connection) -> None:
    """Let readers and one writer work at once; kept in the file."""
    value(connection, _STORE["use_write_ahead_log"])


def prepare_connection(connection: Connection) -> None:
    """Set what holds for one connection only."""
    for name in (
        "enforce_foreign_keys",
        "sync_every_commit",
        "set_page_cache",
        "overwrite_deleted_content",
    ):
        connection.execute(_STORE[name].text)


def begin_write(connection: Connection) -> None:
    """Begin a transaction with the write lock held from the start."""
    connection.execute(_STORE["begin_write"].text)


def begin_read(connection: Connection) -> None:
    """Begin a transaction that reads one state."""
    connection.execute(_STORE["begin_read"].text)


def commit(connection: Connection) -> None:
    """End the transaction and keep it."""
    connection.execute(_STORE["commit"].text)


def rollback(connection: Connection) -> None:
    """End the transaction and leave no trace of it."""
    connection.execute(_STORE["rollback"].text)


def schema_version(connection: Connection) -> int:
    """Return the number of the last migration applied, 0 in a new file."""
    return int(value(connection, _STORE["select_schema_version"]))


def application_id(connection: Connection) -> int:
    """Return which program the file belongs to, 0 in a new file."""
    return int(value(connection, _STORE["select_application_id"]))


def count_schema_objects(connection: Connection) -> int:
    """Return how many tables, views and indexes the file holds."""
    return int(value(connection, _STORE["count_schema_objects"]))


def apply(connection: Connection, statements: Iterable[Statement]) -> None:
    """Run the statements of a migration, top to bottom."""
    for statement in statements:
        connection.execute(statement.text)


def insert_store_id(connection: Connection, store_id: str) -> None:
    """Give a new store its id; one that has an id keeps it."""
    connection.execute(_STORE["insert_store_id"].text, {"store_id": store_id})


def store_id(connection: Connection) -> str:
    """Return the id that tells this store from every other."""
    return str(value(connection, _STORE["select_store_id"]))
