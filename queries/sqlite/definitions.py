"""Declared documents and their versions."""

from __future__ import annotations

from sqlite3 import Connection

from queries._load import load
from queries.rows import DefinitionRow
from queries.sqlite._run import first

_DEFINITIONS = load("sqlite/definitions.sql")


def insert(connection: Connection, definition: DefinitionRow) -> None:
    """Add a version of a document unless that version is there."""
    connection.execute(_DEFINITIONS["insert_definition"].text, definition._asdict())


def one(connection: Connection, kind: str, name: str, version: int | None) -> DefinitionRow | None:
    """Return one version of a document, the highest where none is named."""
    found = first(
        connection,
        _DEFINITIONS["select_definition"],
        {"kind": kind, "name": name, "version": version},
    )
    return DefinitionRow(*found) if found else None


def of_kind(connection: Connection, kind: str) -> list[DefinitionRow]:
    """Return all versions of all documents of a kind, by name and version."""
    cursor = connection.execute(_DEFINITIONS["select_definitions"].text, {"kind": kind})
    return [DefinitionRow(*row) for row in cursor]
