"""Listings by the list that they stand on."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from queries._load import load
from queries.rows import Row
from queries.sqlite._run import json_list, rows

_LISTINGS = load("sqlite/listings.sql")


def on_lists(
    connection: Connection,
    list_names: Sequence[str],
    *,
    list_kind: str | None,
    after: int,
    standing_at: int,
    limit: int,
) -> list[Row]:
    """Return the listings on these lists that stand as of a sequence, in order."""
    return rows(
        connection,
        _LISTINGS["select_listings_on_lists"],
        {
            "list_names": json_list(list_names),
            "list_kind": list_kind,
            "after": after,
            "standing_at": standing_at,
            "limit": limit,
        },
    )
