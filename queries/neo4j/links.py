"""Links: relationships under their own type while they stand, SUPERSEDED afterwards.

A link that is superseded while it is read may be seen twice or, for the moment in which Neo4j
applies the commit, not at all. So readers ask again afterwards, for those `moved` since they began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from queries._load import load
from queries.neo4j._run import Transaction, change, execute, named, union
from queries.rows import Parameters, Row, SupersessionRow

SUPERSEDED = "SUPERSEDED"
_LINKS = load("neo4j/links.cypher")
_TYPE = "LINK_TYPE"


@dataclass(frozen=True, slots=True)
class LinkColumnsRow:
    """Links, one list a column, in no order; `kind` and `superseded_by` only if SUPERSEDED."""

    type: str
    kind: list[str]
    sequence: list[int]
    src: list[int]
    dst: list[int]
    weight: list[float]
    count: list[int]
    valid_from_us: list[int]
    valid_to_us: list[int]
    superseded_by: list[int]


def link_type(kind: str) -> str:
    """Return the relationship type of links of a kind.

    >>> link_type("vouches_for")
    'VOUCHES_FOR'
    """
    return kind.upper()


def append(transaction: Transaction, columns: Parameters) -> int:
    """Add links given as columns; return how many were created."""
    return change(transaction, _LINKS["append_links"], columns).relationships_created


def supersede(transaction: Transaction, kind: str, pairs: Sequence[SupersessionRow]) -> int:
    """Put links of one kind out of an analyst's sight; return how many were found."""
    text = named(_LINKS["supersede_links"].text, _TYPE, link_type(kind))
    parameters = {
        "kind": kind,
        "sequence": [pair.superseded for pair in pairs],
        "superseded_by": [pair.superseded_by for pair in pairs],
    }
    return execute(transaction, text, parameters).consume().counters.relationships_deleted


def columns(
    transaction: Transaction,
    kinds: Sequence[str],
    *,
    after: int,
    up_to: int,
    no_start_us: int,
    no_end_us: int,
) -> list[LinkColumnsRow]:
    """Return links of some kinds with after < sequence <= up_to, superseded ones last."""
    text = _standing_and_superseded("select_link_columns", "select_superseded_link_columns", kinds)
    parameters = {
        "kinds": list(kinds),
        "after": after,
        "up_to": up_to,
        "no_start_us": no_start_us,
        "no_end_us": no_end_us,
    }
    return [LinkColumnsRow(*row.values()) for row in execute(transaction, text, parameters)]


def moved_columns(
    transaction: Transaction,
    kinds: Sequence[str],
    *,
    after: int,
    up_to: int,
    moved_after: int,
    no_start_us: int,
    no_end_us: int,
) -> list[LinkColumnsRow]:
    """Return those of the same links that a record after `moved_after` superseded."""
    parameters = {
        "kinds": list(kinds),
        "after": after,
        "up_to": up_to,
        "moved_after": moved_after,
        "no_start_us": no_start_us,
        "no_end_us": no_end_us,
    }
    found = execute(transaction, _LINKS["select_moved_link_columns"].text, parameters)
    return [LinkColumnsRow(*row.values()) for row in found]


def in_range(
    transaction: Transaction, kinds: Sequence[str], *, after: int, up_to: int
) -> list[Row]:
    """Return links of some kinds with all their fields, superseded ones last."""
    text = _standing_and_superseded("select_links", "select_superseded_links", kinds)
    found = execute(transaction, text, {"kinds": list(kinds), "after": after, "up_to": up_to})
    return [
        _with_kind(row["type"], link)
        for row in found
        for link in row["links"]
        if not _is_being_deleted(link)
    ]


def moved_in_range(
    transaction: Transaction, kinds: Sequence[str], *, after: int, up_to: int, moved_after: int
) -> list[Row]:
    """Return those of the same links that a record after `moved_after` superseded."""
    parameters = {
        "kinds": list(kinds),
        "after": after,
        "up_to": up_to,
        "moved_after": moved_after,
    }
    found = execute(transaction, _LINKS["select_moved_links"].text, parameters)
    return [link for row in found for link in row["links"]]


def of_subject(
    transaction: Transaction,
    subject_id: str,
    kinds: Sequence[str],
    *,
    after: int,
    up_to: int,
    moved_after: int | None,
    limit: int,
) -> list[Row]:
    """Return links at either end of a subject by sequence, with all their fields.

    With `moved_after`, only those that a record after it superseded.
    """
    standing = [link_type(kind) for kind in kinds] if moved_after is None else []
    text = named(
        _LINKS["select_links_of_subject"].text, "LINK_TYPES", "|".join([*standing, SUPERSEDED])
    )
    parameters = {
        "id": subject_id,
        "kinds": list(kinds),
        "after": after,
        "up_to": up_to,
        "moved_after": moved_after or 0,
        "limit": limit,
    }
    found = execute(transaction, text, parameters)
    return [
        _with_kind(row["type"], row["link"]) for row in found if not _is_being_deleted(row["link"])
    ]


def standing_of_subjects(
    transaction: Transaction,
    subject_ids: Sequence[str],
    kinds: Sequence[str],
    wanted: Row,
    limits: Row,
    *,
    moved_after: int,
) -> dict[str, list[Row]]:
    """Return the next links of many subjects by sequence that stood at `up_to`.

    `wanted` narrows them, with None where it doesn't; `limits` are after, up_to and limit. With
    `moved_after` 0 they are those that stand now, otherwise those that a later record superseded.
    """
    types = [SUPERSEDED] if moved_after else [link_type(kind) for kind in kinds]
    if not types:
        return {}
    text = named(_LINKS["select_standing_links_of_subjects"].text, "LINK_TYPES", "|".join(types))
    parameters = {
        **wanted,
        **limits,
        "ids": list(subject_ids),
        "kinds": list(kinds),
        "moved_after": moved_after,
    }
    return {
        row["id"]: [
            _with_kind(found["type"], found["link"])
            for found in row["links"]
            if not _is_being_deleted(found["link"])
        ]
        for row in execute(transaction, text, parameters)
    }


def at(transaction: Transaction, kinds: Sequence[str], sequences: Sequence[int]) -> list[Row]:
    """Return links by sequence: those of some kinds that stand, and all superseded ones, last."""
    texts = tuple(named(_LINKS["select_links_at"].text, _TYPE, link_type(kind)) for kind in kinds)
    text = union(texts, _LINKS["select_superseded_links_at"].text)
    return [
        _with_kind(row["type"], link)
        for row in execute(transaction, text, {"sequences": list(sequences)})
        for link in row["links"]
        if not _is_being_deleted(link)
    ]


def _is_being_deleted(link: Row) -> bool:
    """Say whether the link lost its properties while it was read; it is SUPERSEDED meanwhile."""
    return link.get("sequence") is None


def _with_kind(link_type: str, link: Row) -> Row:
    return link if link_type == SUPERSEDED else {**link, "kind": link_type.lower()}


def _standing_and_superseded(standing: str, superseded: str, kinds: Sequence[str]) -> str:
    texts = (named(_LINKS[standing].text, _TYPE, link_type(kind)) for kind in kinds)
    # Superseded ones last: a link that is moved meanwhile is then seen twice, but not missed.
    return union(tuple(texts), _LINKS[superseded].text)
