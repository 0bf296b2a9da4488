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
from enum import Enum, StrEnum, auto
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
    row: Row = {}
    for name, form in _FORMS[record.record_type]:
        value = getattr(record, name)
        if form is _Form.PLAIN:
            row[name] = value
        elif form is _Form.NUMBER:
            # 1 and 1.0, 0.0 and −0.0 say the same, so they are kept and hashed the same.
            row[name] = None if value is None else value + 0.0
        elif form is _Form.SUBJECT:
            kind, key = (value.kind.value, value.key) if value is not None else (None, None)
            row[f"{name}_kind"] = kind
            row[f"{name}_key"] = key
        elif form is _Form.TIME:
            row[f"{name}_us"] = None if value is None else to_microseconds(value)
        elif form is _Form.KIND:
            row[name] = str(value)
        else:
            row[name] = list(value)
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
    content = [(name, value) for name, value in row.items() if value is not None]
    said = repr((record_type.value, [item for item in content if item[0] not in _IDENTITY]))
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


class _Form(Enum):
    """How a field's value lies in a row."""

    PLAIN = auto()
    NUMBER = auto()
    SUBJECT = auto()
    TIME = auto()
    KIND = auto()
    LIST = auto()


def _form(annotation: Any) -> _Form:
    if annotation is SubjectRef:
        return _Form.SUBJECT
    if annotation is datetime:
        return _Form.TIME
    if annotation is tuple:
        return _Form.LIST
    if annotation is float:
        return _Form.NUMBER
    return _Form.KIND if issubclass(annotation, StrEnum) else _Form.PLAIN


_FORMS: dict[RecordType, list[tuple[str, _Form]]] = {
    record_type: [(name, _form(annotation)) for name, annotation in columns]
    for record_type, columns in _FIELDS.items()
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
            form = _form(annotation)
            if form is _Form.SUBJECT:
                decoding.subjects.append((name, f"{name}_kind", f"{name}_key"))
            elif form is _Form.TIME:
                decoding.converted.append((name, f"{name}_us", _time))
            elif form is _Form.LIST:
                decoding.converted.append((name, name, lambda values: tuple(values or ())))
            elif form is _Form.KIND:
                decoding.converted.append((name, name, _Members(annotation).__getitem__))
            else:
                decoding.plain.append(name)
        return decoding


def _time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_microseconds(microseconds)


_SUBJECT_KINDS = _Members(SubjectKind)
_DECODING = {record_type: _Decoding.of(columns) for record_type, columns in _FIELDS.items()}
