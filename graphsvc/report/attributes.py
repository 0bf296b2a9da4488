"""Attributes that are for audit only: from a file into groups of a run, and nowhere else.

They are read when a report is made, kept in memory for it, and never come near a snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from graphsvc.errors import InvalidInputError, InvalidRecordError
from graphsvc.model import SubjectRef

KEY_COLUMNS = ("kind", "key")


@dataclass(frozen=True, slots=True)
class AuditAttributes:
    """Each attribute by name: whose value it is, and the value as text."""

    values: Mapping[str, Mapping[SubjectRef, str]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a CSV or Parquet file: columns `kind` and `key`, every other one is an attribute.

        `subject` as kind:key will do in their place. Empty cells say nothing.

        Raises:
            InvalidInputError: the file can't be read, names no subject, or names one twice.
        """
        table = _read(path)
        columns = {name: table.column(name).cast(pa.string()) for name in table.column_names}
        subjects = list(_subjects(path, columns))
        doubled = len(subjects) - len(set(subjects))
        if doubled:
            raise InvalidInputError(f"{path}: {doubled} rows name a subject that was named before")
        return cls(
            {
                name: {
                    subject: value
                    for subject, value in zip(subjects, column.to_pylist(), strict=True)
                    if value
                }
                for name, column in columns.items()
                if name not in {*KEY_COLUMNS, "subject"}
            }
        )


def _read(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return pa.parquet.read_table(path)
        with pa.csv.open_csv(path) as file:
            names = file.schema.names
        # As text: a key with leading zeros is not a number.
        as_text = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
        return pa.csv.read_csv(path, convert_options=as_text)
    except (OSError, pa.ArrowException) as error:
        raise InvalidInputError(
            f"{path}: can't be read as {'Parquet' if path.suffix == '.parquet' else 'CSV'}: {error}"
        ) from error


def _subjects(path: Path, columns: Mapping[str, pa.ChunkedArray]) -> Iterator[SubjectRef]:
    if "subject" in columns:
        names = columns["subject"].to_pylist()
    elif set(KEY_COLUMNS) <= set(columns):
        kinds, keys = (columns[name].to_pylist() for name in KEY_COLUMNS)
        names = [f"{kind}:{key}" for kind, key in zip(kinds, keys, strict=True)]
    else:
        raise InvalidInputError(f"{path}: has no columns kind and key that say whose attributes")
    for row, name in enumerate(names, start=1):
        try:
            yield SubjectRef.parse(name or "")
        except (InvalidRecordError, InvalidInputError) as error:
            raise InvalidInputError(f"{path}: row {row}: {error}") from error
