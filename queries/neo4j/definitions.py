"""Versions of declared documents."""

from __future__ import annotations

from queries._load import load
from queries.neo4j._run import Transaction, first, only, rows
from queries.rows import DefinitionRow

_DEFINITIONS = load("neo4j/definitions.cypher")


def insert(transaction: Transaction, definition: DefinitionRow) -> str:
    """Add a version of a document unless it is there; return the body that is there now."""
    (body,) = only(transaction, _DEFINITIONS["insert_definition"], definition._asdict())
    return str(body)


def one(
    transaction: Transaction, kind: str, name: str, version: int | None
) -> DefinitionRow | None:
    """Return one version of a document, the highest where none is named."""
    parameters = {"kind": kind, "name": name, "version": version}
    found = first(transaction, _DEFINITIONS["select_definition"], parameters)
    return None if found is None else DefinitionRow(**found)


def every(transaction: Transaction, kind: str) -> list[DefinitionRow]:
    """Return all versions of all documents of a kind, by name and version."""
    found = rows(transaction, _DEFINITIONS["select_definitions"], {"kind": kind})
    return [DefinitionRow(**row) for row in found]
