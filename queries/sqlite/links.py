"""Links as columns of numbers, for snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection, Cursor

from queries._load import load
from queries.sqlite._run import json_list

_LINKS = load("sqlite/links.sql")


def columns(
    connection: Connection,
    kinds: Sequence[str],
    *,
    after: int,
    up_to: int,
    limit: int,
    no_start_us: int,
    no_end_us: int,
) -> Cursor:
    """Return a cursor over links of some kinds, by sequence.

    Its rows are sequence, kind (the word), src, dst, weight, count, valid_from_us, valid_to_us.
    """
    return connection.execute(
        _LINKS["select_link_columns"].text,
        {
            "kinds": json_list(kinds),
            "after": after,
            "up_to": up_to,
            "limit": limit,
            "no_start_us": no_start_us,
            "no_end_us": no_end_us,
        },
    )
