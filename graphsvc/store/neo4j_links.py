"""Streams links out of Neo4j, window by window of sequences, complete while others write.

Each window is read twice: what is there, and then what has been superseded since the stream began,
because a link that is just being moved may be missing from the first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphsvc.model import LinkKind
from graphsvc.store.neo4j_database import Database
from graphsvc.store.ports import LINK_KIND_CODES, NO_END_US, NO_START_US, LinkColumns
from queries.neo4j import Transaction, links
from queries.rows import Row

COLUMN_ROWS = 50_000
READERS = 2
"""How many windows are read at once: the server goes on while the last answer is taken apart."""

RECORD_ROWS = 5_000
_MAX_WIDTH = 1 << 24
_CODES: dict[str, int] = {kind.value: code for kind, code in LINK_KIND_CODES.items()}
_INTEGER_COLUMNS = ("sequence", "src", "dst", "count", "valid_from_us", "valid_to_us")


@dataclass(slots=True)
class Window:
    """A range of sequences, after < sequence <= up_to, that aims at `rows` links."""

    after: int
    up_to: int
    end: int
    rows: int

    @classmethod
    def first(cls, after: int, end: int, rows: int) -> Window:
        """Return the window to begin with."""
        return cls(after, min(after + rows, end), end, rows)

    @property
    def width(self) -> int:
        """How many sequences it spans."""
        return self.up_to - self.after

    def advance(self, found: int) -> None:
        """Move on; wider where links of the asked kinds are rare, narrower where they crowd."""
        self.move_on(_next_width(self.width, found, self.rows))

    def move_on(self, width: int) -> None:
        """Go to the next so many sequences."""
        self.after = self.up_to
        self.up_to = min(self.after + width, self.end)


def columns(
    database: Database, kinds: Sequence[LinkKind], after: int, end: int, now: int
) -> Iterator[LinkColumns]:
    """Yield the links with after < sequence <= end; `now` is a sequence known to be complete."""
    words = [kind.value for kind in dict.fromkeys(kinds)]
    window = Window.first(after, end if words else after, COLUMN_ROWS)
    width = window.width
    pending: deque[tuple[int, Future[LinkColumns]]] = deque()
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="neo4j-links")
    try:
        while pending or window.width > 0:
            while len(pending) < READERS and window.width > 0:
                part = replace(window)
                read = pool.submit(_columns_of_window, database, words, part, now)
                pending.append((part.width, read))
                window.move_on(width)
            spanned, read = pending.popleft()
            found = read.result()
            if found.sequence.size:
                yield found
            width = _next_width(spanned, found.sequence.size, COLUMN_ROWS)
    finally:
        pool.shutdown(cancel_futures=True)


def rows(database: Database, kinds: Sequence[str], after: int, end: int, now: int) -> Iterator[Row]:
    """Yield the links of these kinds with all their fields, by sequence."""
    window = Window.first(after, end, RECORD_ROWS)
    while kinds and window.after < window.up_to:
        found = _rows_of_window(database, kinds, window, now)
        yield from found
        window.advance(len(found))


def rows_of_subject(
    database: Database,
    subject_id: str,
    kinds: Sequence[str],
    *,
    after: int,
    up_to: int,
    limit: int,
    now: int,
) -> list[Row]:
    """Return links at either end of a subject by sequence, superseded ones too."""

    def part(moved_after: int | None) -> list[Row]:
        return database.read(
            lambda transaction: links.of_subject(
                transaction,
                subject_id,
                kinds,
                after=after,
                up_to=up_to,
                moved_after=moved_after,
                limit=limit,
            )
        )

    return _by_sequence([*part(None), *part(now)])[:limit]


def standing_of_subjects(
    database: Database,
    subject_ids: Sequence[str],
    kinds: Sequence[str],
    wanted: Row,
    limits: Row,
) -> dict[str, list[Row]]:
    """Return the next links of many subjects that stood at `limits["up_to"]`, by sequence."""

    def part(moved_after: int) -> dict[str, list[Row]]:
        return database.read(
            lambda transaction: links.standing_of_subjects(
                transaction, subject_ids, kinds, wanted, limits, moved_after=moved_after
            )
        )

    # What is superseded meanwhile stood at that time: it is asked for afterwards, as in `rows`.
    present, moved = part(0), part(limits["up_to"]) if limits["up_to"] else {}
    return {
        subject: _by_sequence([*present.get(subject, ()), *moved.get(subject, ())])[
            : limits["limit"]
        ]
        for subject in {*present, *moved}
    }


def rows_at(database: Database, kinds: Sequence[str], sequences: Sequence[int]) -> list[Row]:
    """Return links by sequence with all their fields, superseded ones too."""
    present = database.read(lambda transaction: links.at(transaction, kinds, sequences))
    moved = database.read(lambda transaction: links.at(transaction, (), sequences))
    return _by_sequence([*present, *moved])


def _next_width(width: int, found: int, rows: int) -> int:
    """Return how many sequences to ask for next, after so many were spanned for what was found."""
    if width // 2 < found <= 2 * rows:
        return width
    return max(min(4 * width, _MAX_WIDTH, width * rows // max(found, 1)), 1)


def _columns_of_window(
    database: Database, kinds: Sequence[str], window: Window, now: int
) -> LinkColumns:
    after, up_to = window.after, window.up_to

    def present(transaction: Transaction) -> list[links.LinkColumnsRow]:
        return links.columns(
            transaction,
            kinds,
            after=after,
            up_to=up_to,
            no_start_us=NO_START_US,
            no_end_us=NO_END_US,
        )

    def moved(transaction: Transaction) -> list[links.LinkColumnsRow]:
        return links.moved_columns(
            transaction,
            kinds,
            after=after,
            up_to=up_to,
            moved_after=now,
            no_start_us=NO_START_US,
            no_end_us=NO_END_US,
        )

    return _merged([*database.read(present), *database.read(moved)])


def _rows_of_window(
    database: Database, kinds: Sequence[str], window: Window, now: int
) -> list[Row]:
    after, up_to = window.after, window.up_to
    present = database.read(
        lambda transaction: links.in_range(transaction, kinds, after=after, up_to=up_to)
    )
    moved = database.read(
        lambda transaction: links.moved_in_range(
            transaction, kinds, after=after, up_to=up_to, moved_after=now
        )
    )
    return _by_sequence([*present, *moved])


def _by_sequence(found: Sequence[Row]) -> list[Row]:
    """Return each link once, as it was read last."""
    by_sequence = {row["sequence"]: row for row in found}
    return [by_sequence[sequence] for sequence in sorted(by_sequence)]


def _merged(parts: Sequence[links.LinkColumnsRow]) -> LinkColumns:
    filled = [part for part in parts if part.sequence]
    integers = {
        name: _concatenated([np.array(getattr(part, name), np.int64) for part in filled], np.int64)
        for name in _INTEGER_COLUMNS
    }
    weight = _concatenated([np.array(part.weight, np.float64) for part in filled], np.float64)
    kind = _concatenated([_kind_codes(part) for part in filled], np.uint8)
    superseded_by = _concatenated([_superseded_by(part) for part in filled], np.int64)
    order = np.argsort(integers["sequence"], kind="stable")
    # Equal neighbours are one link, read before and after it was moved: the later one holds.
    sequence = integers["sequence"][order]
    order = order[np.append(sequence[1:] != sequence[:-1], True)] if sequence.size else order
    return LinkColumns(
        kind=kind[order],
        weight=weight[order],
        superseded_by=superseded_by[order],
        **{name: column[order] for name, column in integers.items()},
    )


def _kind_codes(part: links.LinkColumnsRow) -> NDArray[np.uint8]:
    if part.type == links.SUPERSEDED:
        return np.array([_CODES[kind] for kind in part.kind], np.uint8)
    return np.full(len(part.sequence), _CODES[part.type.lower()], np.uint8)


def _superseded_by(part: links.LinkColumnsRow) -> NDArray[np.int64]:
    if part.type == links.SUPERSEDED:
        return np.array(part.superseded_by, np.int64)
    return np.zeros(len(part.sequence), np.int64)


def _concatenated(pieces: list[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(pieces) if pieces else np.empty(0, dtype)
