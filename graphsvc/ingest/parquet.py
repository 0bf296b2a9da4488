"""Reads the rows of a Parquet file as texts; only the columns that the mapping uses are read."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from graphsvc.errors import InvalidInputError, MappingError
from graphsvc.ingest.mapping import FileSection
from graphsvc.ingest.readers import RawRow
from graphsvc.ingest.sources import Fault, SourceFile

_BATCH_ROWS = 16_384


class ParquetReader:
    """One Parquet file, plain or gzipped; a row's number is its index from 0.

    Raises:
        InvalidInputError: it is not a Parquet file.
        MappingError: it lacks a column that the mapping uses, or has it twice.
    """

    def __init__(self, path: Path, section: FileSection) -> None:
        source = SourceFile(path)
        try:
            # Parquet is read from its end, so a gzipped one has to be unpacked whole.
            handle = BytesIO(source.open_binary().read()) if source.is_gzipped else path
            self._file: Any = pq.ParquetFile(handle)
            present: list[str] = list(self._file.schema_arrow.names)
        except (pa.ArrowException, OSError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InvalidInputError(f"{path}: can't be read as Parquet: {error}") from error
        finally:
            source.close()
        self.columns: Sequence[str] = section.mentioned_columns()
        for name in self.columns:
            if present.count(name) != 1:
                found = ", ".join(repr(column) for column in present)
                raise MappingError(
                    f"{path}: has column {name!r} {present.count(name)} times; one is needed. "
                    f"The columns are: {found}"
                )
        self._size = source.size
        self._rows_read = 0

    def position(self) -> int:
        """Return the part of the file's bytes that corresponds to the rows read."""
        rows = int(self._file.metadata.num_rows)
        return self._size * self._rows_read // rows if rows else self._size

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def rows(self) -> Iterator[RawRow]:
        """Return the rows; where the file is damaged, a last one that says so."""
        try:
            batches = self._file.iter_batches(batch_size=_BATCH_ROWS, columns=list(self.columns))
            for batch in batches:
                columns = [_texts(batch.column(name)) for name in self.columns]
                for values in zip(*columns, strict=True):
                    yield self._row(values)
                    self._rows_read += 1
        except (pa.ArrowException, OSError) as error:
            fault = Fault(None, f"the file can't be read from here on: {error}")
            yield RawRow(self._rows_read, fault, "")

    def _row(self, values: tuple[str | Fault, ...]) -> RawRow:
        for column, value in zip(self.columns, values, strict=True):
            if isinstance(value, Fault):
                raw = json.dumps(dict(zip(self.columns, map(str, values), strict=True)))
                return RawRow(self._rows_read, Fault(column, value.reason), raw)
        return RawRow(self._rows_read, cast(tuple[str, ...], values), None)


def _texts(column: Any) -> list[str | Fault]:
    try:
        values = column.to_pylist()
    except UnicodeDecodeError:
        return [_text_of_scalar(scalar) for scalar in column]
    return [value if value.__class__ is str else _text(value) for value in values]


def _text_of_scalar(scalar: Any) -> str | Fault:
    try:
        return _text(scalar.as_py())
    except UnicodeDecodeError:
        return Fault(None, "is not valid UTF-8")


def _text(value: object) -> str | Fault:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | str | Decimal):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return Fault(None, "is not valid UTF-8")
    return Fault(None, f"is a {type(value).__name__}; a plain value is needed")
