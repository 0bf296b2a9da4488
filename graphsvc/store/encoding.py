"""Records as flat rows of plain values, the same for every store, and their content hash.

A row's values are str, int, float, bool, None or a list of str, so that every driver takes them.
Times are microseconds since 1970-01-01 UTC under a name that ends in `_us`; a subject is two
columns, `<field>_kind` and `<field>_key`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from graphsvc.model import RECORD_CLASSES, Record, RecordType, SubjectKind, SubjectRef
from graphsvc.model.checks import from_microseconds, to_microseconds

Row = dict[str, Any]


def encode(record: Record) -> Row:
    """Return the record's fields as a flat row; `decode` is the inverse.

    >>> from graphsvc.model import Link, LinkKind, SubjectKind, SubjectRef
    >>> ann, bob = (SubjectRef(SubjectKind.PERSON, key) for key in ("ann", "bob"))
    >>> link = Link(source="s", external_id="1", kind=LinkKind.KNOWS, src=ann, dst=bob)
    >>> decode(RecordType.LINK, encode(link)) == link
    True
    """
    encoder = _ENCODERS[type(record)]
    row = dict(zip(encoder.columns, encoder.read(record), strict=True))
    for column, finish in encoder.finishes:
        value = row[column]
        if value is not None:
            row[column] = finish(value)
    return row


def decode(record_type: RecordType, row: Mapping[str, Any]) -> Record:
    """Return the record that `encode` made this row of; further columns are ignored."""
    plan = _DECODING[record_type]
    values = {name: row[name] for name in plan.plain}
    for name, column, convert in plan.converted:
        values[name] = convert(row[column])
    for name, kind, key in plan.subjects:
        code = row[kind]
        values[name] = None if code is None else SubjectRef(_SUBJECT_KINDS[code], row[key])
    return RECORD_CLASSES[record_type](**values)


def content_hash(record_type: RecordType, row: Row) -> str:
    """Return 32 hex digits that are equal when two records say the same.

    The hash is of the encoded row without its source and external id.
    """
    # Absent values are left out, so that a field added later leaves old hashes as they are.
    content = [item for item in row.items() if item[1] is not None and item[0] not in _IDENTITY]
    said = repr((record_type.value, content))
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def subject_columns(record_type: RecordType) -> tuple[str, ...]:
    """Return the names of the fields that hold a subject, in order."""
    return tuple(name for name, annotation in _FIELDS[record_type] if annotation is SubjectRef)


def list_to_text(values: list[str]) -> str:
    """Return a list of strings as one JSON text, for stores without lists."""
    return json.dumps(values, ensure_ascii=False)


def _plain(annotation: Any) -> Any:
    """Strip `| None` and generic arguments from an annotation."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(arm for arm in get_args(annotation) if arm is not type(None))
    return get_origin(annotation) or annotation


_IDENTITY = frozenset({"source", "external_id"})
_FIELDS: dict[RecordType, list[tuple[str, Any]]] = {
    record_type: [
        (field.name, _plain(get_type_hints(record_class)[field.name]))
        for field in fields(record_class)
    ]
    for record_type, record_class in RECORD_CLASSES.items()
}


_Finish = Callable[[Any], Any]
_Cell = tuple[str, str, _Finish | None]


@dataclass(frozen=True, slots=True)
class _Encoder:
    """How a record type becomes a row: all fields in one go, then what is not plain yet.

    One loop over the forms of fields took as long as SQLite takes to store the row.
    """

    columns: tuple[str, ...]
    read: Callable[[Record], tuple[Any, ...]]
    finishes: tuple[tuple[str, _Finish], ...]

    @classmethod
    def of(cls, record_class: type[Record]) -> _Encoder:
        hints = get_type_hints(record_class)
        cells = [cell for field in fields(record_class) for cell in _cells(field.name, hints)]
        return cls(
            tuple(column for column, _, _ in cells),
            attrgetter(*(value for _, value, _ in cells)),
            tuple((column, finish) for column, _, finish in cells if finish is not None),
        )


def _cells(name: str, hints: Mapping[str, Any]) -> list[_Cell]:
    """Return a field's columns: name, where a record has its value, and what is left to do."""
    annotation = _plain(hints[name])
    if hints[name] is SubjectRef:
        return [
            (f"{name}_kind", f"{name}.kind._value_", None),
            (f"{name}_key", f"{name}.key", None),
        ]
    if annotation is SubjectRef:
        return [
            (f"{name}_kind", name, attrgetter("kind._value_")),
            (f"{name}_key", name, attrgetter("key")),
        ]
    if annotation is datetime:
        return [(f"{name}_us", name, to_microseconds)]
    if annotation is tuple:
        return [(name, name, list)]
    if annotation is float:
        return [(name, name, _number)]
    if issubclass(annotation, StrEnum):
        return [(name, f"{name}._value_", None)]
    return [(name, name, None)]


def _number(value: float) -> float:
    # 1 and 1.0, 0.0 and −0.0 say the same, so they are kept and hashed the same.
    return value + 0.0


_ENCODERS: dict[type[Record], _Encoder] = {
    record_class: _Encoder.of(record_class) for record_class in RECORD_CLASSES.values()
}


class _Members(dict[Any, Any]):
    """An enum's members by value: a look where the enum itself is a call."""

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__({member.value: member for member in enum})
        self._enum = enum

    def __missing__(self, value: Any) -> StrEnum:
        return self._enum(value)


@dataclass(frozen=True, slots=True)
class _Decoding:
    """How rows become the fields of one type of record."""

    plain: list[str]
    converted: list[tuple[str, str, Callable[[Any], Any]]]
    subjects: list[tuple[str, str, str]]

    @classmethod
    def of(cls, columns: list[tuple[str, Any]]) -> _Decoding:
        decoding = cls([], [], [])
        for name, annotation in columns:
            if annotation is SubjectRef:
                decoding.subjects.append((name, f"{name}_kind", f"{name}_key"))
            elif annotation is datetime:
                decoding.converted.append((name, f"{name}_us", _time))
            elif annotation is tuple:
                decoding.converted.append((name, name, lambda values: tuple(values or ())))
            elif issubclass(annotation, StrEnum):
                decoding.converted.append((name, name, _Members(annotation).__getitem__))
            else:
                decoding.plain.append(name)
        return decoding


def _time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_microseconds(microseconds)


_SUBJECT_KINDS = _Members(SubjectKind)
_DECODING = {record_type: _Decoding.of(columns) for record_type, columns in _FIELDS.items()}
