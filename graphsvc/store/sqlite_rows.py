"""Rows of the SQLite store as records of the model, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphsvc.model import Record, RecordType, StoredRecord
from graphsvc.store import rows
from graphsvc.store.ports import LINK_KIND_CODES, LinkColumns, SubjectColumns
from queries.rows import Row, SupersessionRow

_CODES: dict[str, int] = {kind.value: code for kind, code in LINK_KIND_CODES.items()}

LinkRows = list[tuple[Any, ...]]


def stored_record(record_type: RecordType, row: Row, known_at: int | None) -> StoredRecord[Record]:
    """Return the record as it was known at a sequence (None: now)."""
    if "evidence" in row:
        row["evidence"] = json.loads(row["evidence"])
    return rows.stored_record(record_type, row, row["superseded_by"], known_at)


def subject_columns(page: Sequence[tuple[int, str, str]]) -> SubjectColumns:
    """Return one batch of subjects."""
    numbers, kinds, keys = zip(*page, strict=True)
    return SubjectColumns(np.array(numbers, np.int64), list(kinds), list(keys))


def link_columns(
    parts: Iterable[LinkRows], supersessions: Callable[[int, int], Sequence[SupersessionRow]]
) -> LinkColumns | None:
    """Return one batch of links, read in `parts`, None where there is none.

    `supersessions` gives those of a range of sequences, sorted by what was superseded.
    """
    pieces = [_link_arrays(part) for part in parts]
    if not pieces:
        return None
    sequence, kind, src, dst, weight, count, valid_from, valid_to = (
        np.concatenate(column) for column in zip(*pieces, strict=True)
    )
    superseded_by = np.zeros(sequence.size, np.int64)
    pairs = supersessions(int(sequence[0]), int(sequence[-1]))
    if pairs:
        superseded, by = np.array(pairs, np.int64).T
        position = np.searchsorted(sequence, superseded)
        # Records that are no links of these kinds lie in the range too: keep exact hits only.
        is_hit = sequence[position] == superseded
        superseded_by[position[is_hit]] = by[is_hit]
    return LinkColumns(sequence, kind, src, dst, weight, count, valid_from, valid_to, superseded_by)


def _link_arrays(part: LinkRows) -> list[NDArray[Any]]:
    size = len(part)
    sequence, kind, src, dst, weight, count, valid_from, valid_to = zip(*part, strict=True)
    return [
        np.fromiter(sequence, np.int64, size),
        np.fromiter(map(_CODES.__getitem__, kind), np.uint8, size),
        np.fromiter(src, np.int64, size),
        np.fromiter(dst, np.int64, size),
        np.fromiter(weight, np.float64, size),
        np.fromiter(count, np.int64, size),
        np.fromiter(valid_from, np.int64, size),
        np.fromiter(valid_to, np.int64, size),
    ]
