"""Compiles a section's rules, once for each file, into one function from a row to its records."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import partial
from types import UnionType
from typing import Union, cast, get_args, get_origin, get_type_hints

from graphsvc.errors import InvalidRecordError, MappingError
from graphsvc.ingest.cell_origins import (
    AnyCell,
    EndCell,
    NumberCell,
    SubjectCell,
    TextCell,
    TimeCell,
)
from graphsvc.ingest.cells import (
    Cells,
    Convert,
    Places,
    kind_of,
    number_of,
    optional_subject_of,
    optional_text_of,
    place_of,
    subject_of,
    text_of,
    time_of,
    whole_number_of,
)
from graphsvc.ingest.mapping import Condition, FileSection, RecordRule, cells_of, rule_columns
from graphsvc.ingest.parsing import add_seconds, parse_number
from graphsvc.model import RECORD_CLASSES, Record, RecordType
from graphsvc.model.checks import MAX_KEY_CHARACTERS

BuildRecords = Callable[[Cells], list[Record]]
"""From a row to its records; none where no rule takes the row and the section passes it over."""

Test = Callable[[Cells], bool]
Make = Callable[[Cells], Record]

_IDENTITY_FIELDS = frozenset({"source", "external_id", "supersedes"})
_START_OF = {"until": "effective_from", "valid_to": "valid_from"}
_SECONDS_A_DAY = 86_400


def compile_rules(section: FileSection, columns: Sequence[str], source: str) -> BuildRecords:
    """Return the function that makes the records of one row of a file with these columns.

    It raises InvalidRecordError where the row, or one record of it, is wrong.

    Raises:
        MappingError: a rule uses a column that the file lacks, or has twice.
        InvalidRecordError: a constant of a rule is wrong.
    """
    places: Places = {}
    for place, column in enumerate(columns):
        places.setdefault(column, place)
    for column in section.mentioned_columns():
        if columns.count(column) > 1:
            raise MappingError(f"column {column!r} is there {columns.count(column)} times")
    rules = [(_tests(rule, places), _maker(rule, places, source)) for rule in section.records]
    if len(rules) == 1 and rules[0][0] is None:
        only = rules[0][1]
        return lambda cells: [only(cells)]
    rejects_others = section.otherwise == "reject"

    def build(cells: Cells) -> list[Record]:
        records = [make(cells) for test, make in rules if test is None or test(cells)]
        if not records and rejects_others:
            raise InvalidRecordError("row", "fits no rule of the mapping")
        return records

    return build


def record_fields(record_type: RecordType) -> dict[str, type]:
    """Return each field that a rule may fill, with its type stripped of `| None` and arguments."""
    record_class = RECORD_CLASSES[record_type]
    hints = get_type_hints(record_class)
    return {
        field.name: _plain(hints[field.name])
        for field in fields(record_class)
        if field.name not in _IDENTITY_FIELDS
    }


def _maker(rule: RecordRule, places: Places, source: str) -> Make:
    record_type = RecordType(rule.type)
    fixed: dict[str, object] = {"source": source}
    varying: list[tuple[str, Convert[object]]] = []
    lists: dict[str, list[Convert[str]]] = {}
    types = record_fields(record_type)
    for name, cell in cells_of(rule):
        if types[name] is tuple:
            lists.setdefault(name, []).append(text_of(cast(TextCell, cell), places))
            continue
        convert = _converter(rule, name, cell, types[name], places)
        if cell.columns() or isinstance(cell, EndCell):
            varying.append((name, convert))
        else:
            fixed[name] = convert(())
    varying.extend((name, _texts(converts)) for name, converts in lists.items())
    identify = _identifier(rule, places)
    make_record = partial(cast(Callable[..., Record], RECORD_CLASSES[record_type]), **fixed)

    def make(cells: Cells) -> Record:
        values = {name: convert(cells) for name, convert in varying}
        return make_record(external_id=identify(cells), **values)

    return make


def _converter(
    rule: RecordRule, name: str, cell: AnyCell, kind: type, places: Places
) -> Convert[object]:
    required = type(rule.fields).model_fields[name].is_required()
    if isinstance(cell, SubjectCell):
        return (subject_of if required else optional_subject_of)(name, cell, places)
    if isinstance(cell, NumberCell):
        if kind is int:
            return whole_number_of(name, cell, places)
        return number_of(name, cell, places)
    if isinstance(cell, TimeCell):
        time = _end_of(rule, name, cell, places) or time_of(name, cell, places)
        return _required_time(name, time) if required else time
    text = cast(TextCell, cell)
    if issubclass(kind, StrEnum):
        return kind_of(name, text, places, kind)
    return text_of(text, places) if required else optional_text_of(text, places)


def _end_of(
    rule: RecordRule, name: str, cell: TimeCell, places: Places
) -> Convert[datetime | None] | None:
    if not isinstance(cell, EndCell) or cell.days_after_start is None:
        return None
    start_name = _START_OF[name]
    start_cell = getattr(rule.fields, start_name)
    if start_cell is None:
        raise InvalidRecordError(name, f"is given in days after {start_name}, which is missing")
    start = time_of(start_name, start_cell, places)
    seconds = cell.days_after_start * _SECONDS_A_DAY

    def end(cells: Cells) -> datetime | None:
        began = start(cells)
        return None if began is None else add_seconds(name, began, seconds)

    return end


def _required_time(name: str, convert: Convert[datetime | None]) -> Convert[datetime]:
    def required(cells: Cells) -> datetime:
        time = convert(cells)
        if time is None:
            raise InvalidRecordError(name, "is empty; a time is needed")
        return time

    return required


def _texts(converts: list[Convert[str]]) -> Convert[tuple[str, ...]]:
    return lambda cells: tuple(text for text in (convert(cells) for convert in converts) if text)


def _identifier(rule: RecordRule, places: Places) -> Convert[str]:
    """Return what makes a row's external id: the rule's own template, or type and columns.

    By itself an id holds the columns of subjects, kinds, names and times: they say which statement
    it is; the rest says what it states. Identical rows can be numbered, as nothing tells them apart
    and so any order of theirs gives the same ids; there the id holds every column of the rule.
    """
    if rule.external_id is not None:
        return text_of(rule.external_id, places)
    prefix = _identity_prefix(rule)
    columns = rule_columns(rule) if rule.number_repeats else _identity_columns(rule)
    used = [place_of(name, places) for name in columns]
    separators = prefix.count(":") + len(used) - 1

    def identify(cells: Cells) -> str:
        values = [cells[place] for place in used]
        text = prefix + ":".join(values)
        if text.count(":") != separators:
            text = prefix + ":".join(
                value.replace("\\", "\\\\").replace(":", "\\:") for value in values
            )
        if len(text) > MAX_KEY_CHARACTERS:
            text = prefix + hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
        return text

    return _numbering_repeats(identify) if rule.number_repeats else identify


def _identity_prefix(rule: RecordRule) -> str:
    constants = [
        cell.constant
        for name, cell in cells_of(rule)
        if name in ("kind", "category", "list_name")
        and isinstance(cell, TextCell)
        and cell.constant is not None
    ]
    return ":".join([rule.type, *constants, ""])


def _identity_columns(rule: RecordRule) -> list[str]:
    names = [
        column
        for name, cell in cells_of(rule)
        if isinstance(cell, SubjectCell)
        or (isinstance(cell, TimeCell) and not isinstance(cell, EndCell))
        or name in ("kind", "category", "list_name")
        for column in cell.columns()
    ]
    return list(dict.fromkeys(names))


def _numbering_repeats(identify: Convert[str]) -> Convert[str]:
    times_seen: dict[str, int] = {}

    def numbered(cells: Cells) -> str:
        text = identify(cells)
        number = times_seen[text] = times_seen.get(text, 0) + 1
        return text if number == 1 else f"{text}#{number}"

    return numbered


def _tests(rule: RecordRule, places: Places) -> Test | None:
    tests = [_test(condition, places) for condition in rule.when]
    if len(tests) <= 1:
        return tests[0] if tests else None
    return lambda cells: all(test(cells) for test in tests)


def _test(condition: Condition, places: Places) -> Test:
    column, place = condition.column, place_of(condition.column, places)
    if condition.present is not None:
        wanted = condition.present
        return lambda cells: bool(cells[place]) == wanted
    if condition.equals is not None:
        text = condition.equals
        return lambda cells: cells[place] == text
    if condition.among is not None:
        texts = frozenset(condition.among)
        return lambda cells: cells[place] in texts
    if condition.negative or condition.below is not None:
        limit = condition.below or 0.0
        return lambda cells: parse_number(column, cells[place]) < limit
    floor = condition.above or 0.0
    return lambda cells: parse_number(column, cells[place]) > floor


def _plain(annotation: object) -> type:
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(arm for arm in get_args(annotation) if arm is not type(None))
    return cast(type, get_origin(annotation) or annotation)
