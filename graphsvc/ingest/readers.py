"""Reads the rows of a file as texts, whatever its format; a row that can't be read is a Fault.

Every format gives the same cells for the same content: numbers as they are written, absent values
as the empty text.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from graphsvc.errors import InvalidInputError, MappingError
from graphsvc.ingest.mapping import LINES_COLUMNS, FileSection
from graphsvc.ingest.sources import Fault, Line, SourceFile

DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "space": " "}
MAX_ROW_LINES = 64
"""Lines that one quoted row may span: an unclosed quote must not swallow the rest of a file."""


class RawRow(NamedTuple):
    """One row: its number, its cells or what is wrong with it, and its text for the rejects.

    `raw` is None where the format has no text; then the cells say it all.
    """

    number: int
    cells: Sequence[str] | Fault
    raw: str | None


class RowReader(Protocol):
    """A file's columns, and its rows in order."""

    columns: Sequence[str]

    def rows(self) -> Iterator[RawRow]:
        """Return the rows; may be called once."""

    def position(self) -> int:
        """Return how many bytes of the file have been read."""

    def close(self) -> None:
        """Close the file."""


def open_rows(path: Path, section: FileSection) -> RowReader:
    """Open a file as its section says and read its columns.

    Raises:
        InvalidInputError: the file can't be opened, or is not of its format.
        MappingError: the file lacks the header that the section says it has.
    """
    form = section.format_of(path.name)
    if form == "parquet":
        from graphsvc.ingest.parquet import ParquetReader

        return ParquetReader(path, section)
    source = SourceFile(path)
    try:
        if form == "jsonl":
            return _JsonLinesReader(source, section)
        if form == "lines":
            return _ValuesReader(source, section)
        return _CsvReader(source, section)
    except BaseException:
        source.close()
        raise


class _TextReader:
    """What the formats of text have in common: lines, comments, position."""

    columns: Sequence[str]

    def __init__(self, source: SourceFile, section: FileSection) -> None:
        self._source = source
        self._section = section
        self._lines = source.lines()

    def position(self) -> int:
        return self._source.position()

    def close(self) -> None:
        self._source.close()

    def _contentful_lines(self) -> Iterator[Line]:
        comment = self._section.comment
        for line in self._lines:
            if line.text.startswith(comment):
                continue
            if line.fault is not None or (line.text and not line.text.isspace()):
                yield line


class _CsvReader(_TextReader):
    """Comma-separated values, and their cousins.

    A line without a quote is split at its delimiters, which gives what the csv module gives; only
    a line with one goes through that module, with the lines that it draws in.
    """

    def __init__(self, source: SourceFile, section: FileSection) -> None:
        super().__init__(source, section)
        name = source.path.name.removesuffix(".gz")
        is_tabbed = name.endswith(".tsv") and "delimiter" not in section.model_fields_set
        self._delimiter = "\t" if is_tabbed else DELIMITERS[section.delimiter]
        self._pushed_back: list[Line] = []
        self.columns = self._read_header() if section.columns is None else section.columns

    def rows(self) -> Iterator[RawRow]:
        delimiter = None if self._delimiter == " " else self._delimiter
        width = len(self.columns)
        comment = self._section.comment
        for line in self._with_pushed_back():
            number, text, fault = line
            if comment and text.startswith(comment):
                continue
            if fault is not None:
                yield RawRow(number, fault, text)
                continue
            if '"' in text and delimiter is not None:
                yield self._quoted_row(line)
                continue
            cells = text.split(delimiter)
            if len(cells) == width and text and "\r" not in text:
                yield RawRow(number, cells, text)
            elif text and not text.isspace():
                yield RawRow(number, self._fault_of(text, cells), text)

    def _with_pushed_back(self) -> Iterator[Line]:
        for line in self._lines:
            yield line
            while self._pushed_back:
                yield self._pushed_back.pop()

    def _quoted_row(self, first: Line) -> RawRow:
        drawn = [first]
        reader = csv.reader(self._drawing(drawn), delimiter=self._delimiter, strict=True)
        fault: Fault | None = None
        cells: list[str] = []
        try:
            cells = next(reader)
        except csv.Error as error:
            fault = Fault(None, f"its quotes are malformed or not closed: {error}")
        raw = "\n".join(line.text for line in drawn)
        if fault is None and len(cells) != len(self.columns):
            fault = self._fault_of(raw, cells)
        if fault is None:
            return RawRow(first.number, cells, raw)
        # Lines that a stray quote drew in are rows of their own.
        self._pushed_back.extend(reversed(drawn[1:]))
        return RawRow(first.number, fault, first.text)

    def _drawing(self, drawn: list[Line]) -> Iterator[str]:
        """Give csv the first line, then further ones as long as it asks, noting them."""
        yield drawn[0].text + "\n"
        while len(drawn) < MAX_ROW_LINES:
            line = self._pushed_back.pop() if self._pushed_back else next(self._lines, None)
            if line is None:
                return
            if line.fault is not None:
                self._pushed_back.append(line)
                return
            drawn.append(line)
            yield line.text + "\n"

    def _fault_of(self, text: str, cells: Sequence[str]) -> Fault:
        if len(cells) != len(self.columns):
            return Fault(None, f"has {len(cells)} columns; {len(self.columns)} are needed")
        if "\r" in text:
            return Fault(None, "has a carriage return within the line")
        return Fault(None, "can't be read")

    def _read_header(self) -> Sequence[str]:
        path = self._source.path
        header = next(self._contentful_lines(), None)
        if header is None:
            raise MappingError(f"{path}: has no header line; the file is empty")
        if header.fault is not None:
            raise InvalidInputError(f"{path}:{header.number}: {header.fault.reason}")
        if self._delimiter == " ":
            return header.text.split()
        row = [header.text]
        try:
            return next(csv.reader(row, delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            raise MappingError(f"{path}:{header.number}: the header can't be read: {error}") from (
                error
            )


class _ValuesReader(_TextReader):
    """Lists of values, separated by blanks, on one line or many; each value is a row."""

    columns: Sequence[str] = LINES_COLUMNS

    def rows(self) -> Iterator[RawRow]:
        for number, text, fault in self._contentful_lines():
            if fault is not None:
                yield RawRow(number, fault, text)
                continue
            line = str(number)
            for value in text.split():
                yield RawRow(number, (value, line), value)


class _JsonLinesReader(_TextReader):
    """One JSON object a line; the columns are the keys that the section's rules use."""

    def __init__(self, source: SourceFile, section: FileSection) -> None:
        super().__init__(source, section)
        self.columns = section.mentioned_columns()

    def rows(self) -> Iterator[RawRow]:
        decode = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str).decode
        for number, text, fault in self._contentful_lines():
            if fault is not None:
                yield RawRow(number, fault, text)
                continue
            try:
                values = decode(text)
            except (ValueError, RecursionError) as error:
                yield RawRow(number, Fault(None, f"is not valid JSON: {error}"), text)
                continue
            yield RawRow(number, self._cells(values, text), text)

    def _cells(self, values: object, text: str) -> Sequence[str] | Fault:
        if not isinstance(values, dict):
            return Fault(None, "is not a JSON object; one object a line is needed")
        cells = []
        for column in self.columns:
            value = values.get(column)
            if value is None:
                value = ""
            elif value is True or value is False:
                value = "true" if value else "false"
            elif not isinstance(value, str):
                return Fault(column, f"is a {type(value).__name__}; a plain value is needed")
            cells.append(value)
        if "\\u" in text and not _is_encodable(cells):
            return Fault(None, "holds half of a surrogate pair, which is not valid Unicode")
        return cells


def _is_encodable(cells: Sequence[str]) -> bool:
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return False
    return True
