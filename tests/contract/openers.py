"""How the tests, and the processes that they start, open one and the same store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from graphsvc.store.ports import Store


class Opener(Protocol):
    """Opens the store afresh; can be sent to another process."""

    def __call__(self) -> Store:
        """Return the store with connections of its own."""

    def pretend_that_the_schema_is_newer(self) -> None:
        """Leave the store as a later version of the program would."""


@dataclass(frozen=True)
class SqliteOpener:
    """Opens an SQLite file."""

    path: Path

    def __call__(self) -> Store:
        """Return the store in the file."""
        from graphsvc.store.sqlite import SqliteStore

        return SqliteStore.open(self.path)

    def pretend_that_the_schema_is_newer(self) -> None:
        """Raise the file's version."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA user_version = 99")


@dataclass(frozen=True)
class Neo4jOpener:
    """Opens the database of a running Neo4j server."""

    uri: str
    user: str
    password: str

    def __call__(self) -> Store:
        """Return the store in the server's database."""
        return open_neo4j_store(self.uri, self.user, self.password)

    def pretend_that_the_schema_is_newer(self) -> None:
        """Raise the database's version."""
        from neo4j import GraphDatabase

        with GraphDatabase.driver(self.uri, auth=(self.user, self.password)) as driver:
            driver.execute_query("CREATE (:Migration {number: 99, name: '0099_tomorrow'})")


def open_neo4j_store(uri: str, user: str, password: str) -> Store:
    """Open the Neo4j adapter, imported only where it is tested."""
    from graphsvc.store.neo4j import Neo4jStore

    return Neo4jStore.open(uri, user=user, password=password)
