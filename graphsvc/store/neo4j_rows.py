"""Rows of the Neo4j store as records of the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphsvc.model import Record, RecordType, StoredRecord
from graphsvc.store import rows
from graphsvc.store.ports import SubjectColumns
from queries.neo4j.subjects import SubjectColumnsRow
from queries.rows import Row


class _SparseRow(dict[str, Any]):
    """A node's or relationship's properties: what is absent there is None in the record."""

    def __missing__(self, name: str) -> None:
        return None


def stored_record(
    record_type: RecordType, row: Row, known_at: int | None = None
) -> StoredRecord[Record]:
    """Return the record as it was known at a sequence (None: now)."""
    return rows.stored_record(record_type, _SparseRow(row), row.get("superseded_by"), known_at)


def subject_columns(row: SubjectColumnsRow) -> SubjectColumns:
    """Return one batch of subjects, by number."""
    number = np.array(row.number, np.int64)
    order = np.argsort(number)
    return SubjectColumns(number[order], [row.kind[i] for i in order], [row.key[i] for i in order])
