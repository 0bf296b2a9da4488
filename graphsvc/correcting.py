"""A record with some fields changed, from the words that a person typed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import fields, replace
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from graphsvc.errors import InvalidInputError, InvalidRecordError
from graphsvc.model import Record, SubjectRef

_FIXED = frozenset({"source", "external_id", "supersedes"})


def correction_id() -> str:
    """Return an external id for a correction; it tells nothing of whom it concerns."""
    return f"correction-{secrets.token_hex(8)}"


def corrected(record: Record, assignments: Sequence[str], external_id: str) -> Record:
    """Return a record that corrects another.

    Args:
        record: what is wrong.
        assignments: `field=value` each, values of a list separated by commas; an empty value takes
            an optional field away.
        external_id: of the correction.

    Raises:
        InvalidInputError: nothing is changed, or a field is unknown or can't be changed.
        InvalidRecordError: a value is none for that field; says what would be right.
    """
    if not assignments:
        raise InvalidInputError("correction: names no field; write --set field=value")
    types = get_type_hints(type(record))
    changeable = [field.name for field in fields(record) if field.name not in _FIXED]
    changes: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or name not in changeable:
            raise InvalidInputError(
                f"correction: {assignment!r} is not field=value of one of {', '.join(changeable)}"
            )
        changes[name] = _parsed(name, text, types[name])
    return replace(record, external_id=external_id, supersedes=record.external_id, **changes)


def _parsed(name: str, text: str, wanted: Any) -> Any:
    is_list = get_origin(wanted) is tuple
    if not text and not is_list:
        if NoneType in get_args(wanted):
            return None
        raise InvalidRecordError(name, "is empty; a correction needs a value for it")
    if wanted in (SubjectRef, SubjectRef | None):
        return SubjectRef.parse(text)
    try:
        if is_list:
            parts = [part for part in (part.strip() for part in text.split(",")) if part]
            return TypeAdapter(wanted).validate_python(tuple(parts))
        return TypeAdapter(wanted).validate_strings(text)
    except ValidationError as error:
        problem = error.errors()[-1]["msg"]
        raise InvalidRecordError(name, f"is {text!r}: {problem.lower()}") from error
