"""Erasing for good: what records say, and the keys of subjects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from queries._load import load
from queries.neo4j._run import Transaction, change, execute, named, only, rows
from queries.neo4j.links import SUPERSEDED, link_type
from queries.rows import Row

_ERASURES = load("neo4j/erasures.cypher")


def count(transaction: Transaction) -> int:
    """Return how many erasures there were."""
    (erasures,) = only(transaction, _ERASURES["count_erasures"])
    return int(erasures)


def is_done(transaction: Transaction, token: str) -> bool:
    """Say whether the erasure of this token has been committed already."""
    (erasures,) = only(transaction, _ERASURES["select_erasure"], {"token": token})
    return int(erasures) > 0


def insert(
    transaction: Transaction, token: str, *, erased_at_us: int, records: int, subjects: int
) -> None:
    """Note an erasure."""
    change(
        transaction,
        _ERASURES["insert_erasure"],
        {"token": token, "erased_at_us": erased_at_us, "records": records, "subjects": subjects},
    )


def erase_records(transaction: Transaction, pseudonyms: Mapping[int, str]) -> int:
    """Remove all that records say but place, time and source; return how many there were."""
    found = rows(transaction, _ERASURES["select_link_kinds"], {"sequences": list(pseudonyms)})
    for name, of_type in _by_type(found).items():
        text = named(_ERASURES["delete_links"].text, "LINK_TYPE", name)
        sequences = [row["sequence"] for row in of_type]
        execute(transaction, text, {"sequences": sequences}).consume()
    wanted = [
        {"sequence": sequence, "pseudonym": pseudonym} for sequence, pseudonym in pseudonyms.items()
    ]
    (erased,) = only(transaction, _ERASURES["erase_records"], {"rows": wanted})
    _rename_superseded(transaction, list(pseudonyms))
    return int(erased)


def mentioned(transaction: Transaction, ids: Sequence[str]) -> list[str]:
    """Return those of the subjects that a record still mentions."""
    found = rows(transaction, _ERASURES["select_mentioned"], {"ids": list(ids)})
    return [row["id"] for row in found]


def erase_subjects(transaction: Transaction, pseudonyms: Mapping[str, str]) -> int:
    """Replace subjects' keys, given as pseudonym by id; return how many there were."""
    wanted = [{"id": name, "pseudonym": pseudonym} for name, pseudonym in pseudonyms.items()]
    (erased,) = only(transaction, _ERASURES["erase_subjects"], {"rows": wanted})
    return int(erased)


def subjects_without_records(transaction: Transaction, limit: int) -> list[tuple[str, str]]:
    """Return kind and key of subjects that no record mentions."""
    found = rows(transaction, _ERASURES["select_subjects_without_records"], {"limit": limit})
    return [(row["kind"], row["key"]) for row in found]


def _rename_superseded(transaction: Transaction, sequences: list[int]) -> None:
    """Let what superseded the erased records name their traces."""
    found = rows(transaction, _ERASURES["select_successors"], {"sequences": sequences})
    others = [row for row in found if row["kind"] is None]
    change(transaction, _ERASURES["rename_superseded"], {"rows": others})
    for name, of_type in _by_type(row for row in found if row["kind"] is not None).items():
        text = named(_ERASURES["rename_superseded_by_links"].text, "LINK_TYPE", name)
        execute(transaction, text, {"rows": of_type}).consume()


def _by_type(links: Iterable[Row]) -> dict[str, list[Row]]:
    """Return links by the type of relationship under which they are now."""
    found: dict[str, list[Row]] = {}
    for link in links:
        name = SUPERSEDED if link["superseded"] else link_type(link["kind"])
        found.setdefault(name, []).append(link)
    return found
