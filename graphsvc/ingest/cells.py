"""Turns the text of a cell into a value, or says what is wrong with it.

A converter takes the row's cells and returns the value; it is made once for each file. It raises
InvalidRecordError with the record's field, so that a reject can name it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from operator import itemgetter
from typing import TypeVar

from graphsvc.errors import InvalidRecordError, MappingError
from graphsvc.ingest.cell_origins import (
    Cell,
    NumberCell,
    SubjectCell,
    TextCell,
    TimeCell,
    template_parts,
)
from graphsvc.ingest.parsing import add_seconds, parse_iso, parse_number, shown
from graphsvc.model import SubjectKind, SubjectRef
from graphsvc.model.checks import check_key, parse_kind

Cells = Sequence[str]
Value = TypeVar("Value")
Convert = Callable[[Cells], Value]
Kind = TypeVar("Kind", bound=StrEnum)
Places = dict[str, int]
"""Each column's place in the row."""

_KIND_CHARACTERS_SHOWN = 60
_SUBJECTS_REMEMBERED = 1_000_000
_VALUES_REMEMBERED = 4_096


def text_of(cell: TextCell, places: Places) -> Convert[str]:
    """Return the converter for a text; an empty one becomes the default, where there is one."""
    convert = plain_text_of(cell, places)
    if cell.case is not None:
        fold = str.lower if cell.case == "lower" else str.upper
        unfolded = convert
        convert = lambda cells: fold(unfolded(cells))  # noqa: E731
    if cell.default is None:
        return convert
    default, given = cell.default, convert
    return lambda cells: given(cells) or default


def plain_text_of(cell: Cell, places: Places) -> Convert[str]:
    """Return the converter for the text of a column, template or constant, as it is."""
    if cell.constant is not None:
        constant = cell.constant
        return lambda _: constant
    if cell.column is not None:
        return itemgetter(place_of(cell.column, places))
    parts = template_parts(cell.template or "")
    if len(parts) == 1 and parts[0][1] is not None:
        prefix, place = parts[0][0], place_of(parts[0][1], places)
        return lambda cells: prefix + cells[place]
    # A %-format of the used cells takes a third of the time of joining the pieces.
    pattern = "".join(
        text.replace("%", "%%") + ("" if name is None else "%s") for text, name in parts
    )
    names = [name for _, name in parts if name is not None]
    if not names:
        constant = pattern % ()
        return lambda _: constant
    used = itemgetter(*(place_of(name, places) for name in names))
    return lambda cells: pattern % used(cells)


def optional_text_of(cell: TextCell, places: Places) -> Convert[str | None]:
    """Return the converter for a text that may be absent; empty means absent."""
    convert = text_of(cell, places)
    return lambda cells: convert(cells) or None


def kind_of(field: str, cell: TextCell, places: Places, kinds: type[Kind]) -> Convert[Kind]:
    """Return the converter for a member of `kinds`.

    Raises:
        InvalidRecordError: a constant is not a member.
    """
    members: dict[str, Kind] = {kind.value: kind for kind in kinds}
    convert = text_of(cell, places)
    if cell.constant is not None:
        constant = parse_kind(field, convert(()), kinds)
        return lambda _: constant

    def kind(cells: Cells) -> Kind:
        text = convert(cells)
        return members.get(text) or parse_kind(field, text[:_KIND_CHARACTERS_SHOWN], kinds)

    return kind


def subject_of(field: str, cell: SubjectCell, places: Places) -> Convert[SubjectRef]:
    """Return the converter for a subject; each column in its key must hold a proper key by itself.

    Otherwise an empty cell would turn `otc-{source}` into the one subject `otc-`.
    """
    key = text_of(cell.key, places)
    kind = None if cell.kind is None else kind_of(field, cell.kind, places, SubjectKind)
    used = [place_of(name, places) for name in cell.columns()]
    parts = [place_of(name, places) for name in cell.key.columns()]

    def make(cells: Cells) -> SubjectRef:
        for place in parts:
            check_key(field, cells[place])
        if kind is None:
            return _parse_subject(field, key(cells))
        return SubjectRef(kind(cells), key(cells))

    if len(used) != 1:
        return make
    return _remembering(make, used[0], _SUBJECTS_REMEMBERED)


def optional_subject_of(
    field: str, cell: SubjectCell, places: Places
) -> Convert[SubjectRef | None]:
    """Return the converter for a subject that may be absent; empty cells mean absent."""
    convert = subject_of(field, cell, places)
    parts = [place_of(name, places) for name in cell.key.columns()]
    if not parts:
        return convert
    return lambda cells: convert(cells) if any(cells[place] for place in parts) else None


def number_of(field: str, cell: NumberCell, places: Places) -> Convert[float]:
    """Return the converter for a finite number.

    Raises:
        InvalidRecordError: a constant is no finite number.
    """
    text = plain_text_of(cell, places)
    scale, clip, default = cell.scale, cell.clip, cell.default

    def number(cells: Cells) -> float:
        given = text(cells)
        if not given and default is not None:
            return default
        value = parse_number(field, given)
        value = (abs(value) if cell.abs else value) * scale
        if clip is not None:
            value = min(max(value, clip[0]), clip[1])
        return value

    return _once_or_remembered(number, cell, places)


def whole_number_of(field: str, cell: NumberCell, places: Places) -> Convert[int]:
    """Return the converter for a whole number, which may be written as 3 or 3.0.

    Raises:
        InvalidRecordError: a constant is no whole number.
    """
    number = number_of(field, cell, places)
    text = plain_text_of(cell, places)

    def whole(cells: Cells) -> int:
        value = number(cells)
        if not value.is_integer():
            raise InvalidRecordError(field, f"is {shown(text(cells))}; a whole number is needed")
        return int(value)

    return _once_or_remembered(whole, cell, places)


def time_of(field: str, cell: TimeCell, places: Places) -> Convert[datetime | None]:
    """Return the converter for a time; an empty cell means no time.

    Raises:
        InvalidRecordError: a constant is no time.
    """
    text = plain_text_of(cell, places)
    parse = _time_parser(field, cell)
    if cell.plus_seconds is not None:
        seconds = itemgetter(place_of(cell.plus_seconds, places))

        def later(cells: Cells) -> datetime | None:
            start, delay = text(cells), seconds(cells)
            if not start or not delay:
                return None
            return add_seconds(field, parse(start), parse_number(field, delay))

        return later
    if cell.constant is not None:
        constant = parse(cell.constant)
        return lambda _: constant

    def time(cells: Cells) -> datetime | None:
        given = text(cells)
        return parse(given) if given else None

    return time


def place_of(column: str, places: Places) -> int:
    """Return a column's place in the row.

    Raises:
        MappingError: there is no such column; names those that there are.
    """
    try:
        return places[column]
    except KeyError:
        known = ", ".join(repr(name) for name in places)
        raise MappingError(f"no column {column!r}; the columns are: {known}") from None


def _parse_subject(field: str, text: str) -> SubjectRef:
    try:
        return SubjectRef.parse(text)
    except InvalidRecordError as error:
        raise InvalidRecordError(field, error.reason) from None


def _time_parser(field: str, cell: TimeCell) -> Callable[[str], datetime]:
    if cell.days_since is not None:
        day = cell.days_since
        base = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return lambda text: add_seconds(field, base, 86_400 * parse_number(field, text))
    if cell.constant is not None or cell.time in ("iso", "iso_utc"):
        assume_utc = cell.time == "iso_utc"
        return lambda text: parse_iso(field, text, assume_utc)
    divisor = 1_000.0 if cell.time == "epoch_ms" else 1.0

    def parse(text: str) -> datetime:
        value = parse_number(field, text)
        try:
            return datetime.fromtimestamp(value / divisor, UTC)
        except (ValueError, OverflowError, OSError):
            raise InvalidRecordError(
                field, f"is {shown(text)}, which is not a time within years 1 to 9999"
            ) from None

    return parse


def _once_or_remembered(
    convert: Convert[Value], cell: NumberCell, places: Places
) -> Convert[Value]:
    if cell.constant is not None:
        constant = convert(())
        return lambda _: constant
    if cell.column is None:
        return convert
    return _remembering(convert, place_of(cell.column, places), _VALUES_REMEMBERED)


def _remembering(convert: Convert[Value], place: int, limit: int) -> Convert[Value]:
    """Keep the values of up to `limit` different cells: most columns repeat themselves."""
    values: dict[str, Value] = {}

    def remembered(cells: Cells) -> Value:
        text = cells[place]
        try:
            return values[text]
        except KeyError:
            value = convert(cells)
            if len(values) < limit:
                values[text] = value
            return value

    return remembered
