"""What `SqliteStore` does to erase for good, inside its transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping
from sqlite3 import Connection

from graphsvc.errors import ConflictError
from graphsvc.model import RecordType, SubjectRef
from graphsvc.store.sqlite_append import subject_numbers
from queries.sqlite import erasures, records

_LAST = 2**63 - 1


def erase(
    connection: Connection, sequences: Mapping[int, str], subjects: Mapping[SubjectRef, str]
) -> None:
    """Remove what records say and what subjects are called; note that it was done."""
    erased = erasures.erase_records(connection, sequences)
    for ref in subjects:
        _require_no_record(connection, ref)
    renamed = erasures.erase_subjects(
        connection, [(ref.kind.value, ref.key, name) for ref, name in subjects.items()]
    )
    if erased or renamed:
        erasures.insert(
            connection,
            erased_at_us=time.time_ns() // 1_000,
            records=erased,
            subjects=renamed,
        )


def _require_no_record(connection: Connection, ref: SubjectRef) -> None:
    name = (ref.kind.value, ref.key)
    number = subject_numbers(connection, [name]).get(name)
    if number is None:
        return
    left = [
        records.of_subject(
            connection, kind.value, number, after=0, up_to=_LAST, limit=1, link_kinds=None
        )
        for kind in RecordType
    ]
    left.append(records.reports_by(connection, number, after=0, up_to=_LAST, limit=1))
    for row in (rows[0] for rows in left if rows):
        raise ConflictError(
            f"{ref}: record {row['sequence']} still mentions it; erase its records with it"
        )
