"""The schema's migrations, and the store's id."""

from __future__ import annotations

from queries._load import Migration, Statement, load, load_migrations
from queries.neo4j._run import Transaction, change, only, rows

_STORE = load("neo4j/store.cypher")


def migrations() -> list[Migration]:
    """Return all migrations by number."""
    return load_migrations("neo4j")


def migrations_done(transaction: Transaction) -> list[int]:
    """Return the numbers of the migrations that were done, ascending."""
    (numbers,) = only(transaction, _STORE["select_migrations"])
    return sorted(numbers)


def change_schema(transaction: Transaction, statement: Statement) -> None:
    """Run one statement of a migration; schema and data can't change in one transaction."""
    change(transaction, statement)


def insert_migration(transaction: Transaction, number: int, name: str, applied_at_us: int) -> bool:
    """Note that a migration was done; return False if that had been noted already."""
    counters = change(
        transaction,
        _STORE["insert_migration"],
        {"number": number, "name": name, "applied_at_us": applied_at_us},
    )
    return counters.nodes_created == 1


def await_indexes(transaction: Transaction, timeout_s: int) -> None:
    """Wait until new indexes are filled."""
    rows(transaction, _STORE["await_indexes"], {"timeout_s": timeout_s})


def store_id(transaction: Transaction) -> str:
    """Return the id that tells this store from every other."""
    (found,) = only(transaction, _STORE["select_store_id"])
    return str(found)
