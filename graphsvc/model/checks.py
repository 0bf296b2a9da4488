"""Field checks that several nouns share; each raises InvalidRecordError naming the field."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from graphsvc.errors import InvalidRecordError

MAX_KEY_CHARACTERS = 256
MAX_TEXT_CHARACTERS = 10_000
FUTURE_TOLERANCE = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Kind = TypeVar("Kind", bound=StrEnum)


def check_key(field: str, value: str) -> None:
    """Require 1 to 256 printable characters without leading or trailing space."""
    if not value:
        raise InvalidRecordError(field, "is empty; a non-empty key is needed")
    if len(value) > MAX_KEY_CHARACTERS:
        raise InvalidRecordError(
            field, f"has {len(value)} characters; at most {MAX_KEY_CHARACTERS} are allowed"
        )
    if not value.isprintable():
        raise InvalidRecordError(field, "holds control characters; only printable ones are allowed")
    if value[0] == " " or value[-1] == " ":
        raise InvalidRecordError(field, "begins or ends with a space; strip it")


def check_text(field: str, value: str) -> None:
    """Require at most 10,000 characters, no NUL and no half of a surrogate pair."""
    if len(value) > MAX_TEXT_CHARACTERS:
        raise InvalidRecordError(
            field, f"has {len(value)} characters; at most {MAX_TEXT_CHARACTERS} are allowed"
        )
    if "\x00" in value:
        raise InvalidRecordError(field, "holds a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRecordError(field, "holds half of a surrogate pair; send valid text") from None


def check_finite(field: str, value: float) -> None:
    """Require a number that is neither NaN nor infinite."""
    if not math.isfinite(value):
        raise InvalidRecordError(field, f"is {value}; a finite number is needed")


def check_fraction(field: str, value: float) -> None:
    """Require a number from 0 to 1."""
    if not 0.0 <= value <= 1.0:
        raise InvalidRecordError(field, f"is {value}; a number from 0 to 1 is needed")


def check_period(
    start_field: str, start: datetime | None, end_field: str, end: datetime | None
) -> None:
    """Require times with a zone, the end after the start."""
    check_time(start_field, start)
    check_time(end_field, end)
    if start is not None and end is not None and end <= start:
        raise InvalidRecordError(
            end_field,
            f"is {end.isoformat()}, not after {start_field} {start.isoformat()}",
        )


def check_time(field: str, value: datetime | None) -> None:
    """Require a time zone, and an instant that UTC can express, where a time is given."""
    if value is None:
        return
    if value.tzinfo is None:
        raise InvalidRecordError(field, f"is {value.isoformat()} without a time zone; give UTC")
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise InvalidRecordError(
            field, f"is {value.isoformat()}, outside the years 1 to 9999 in UTC"
        ) from None


def check_not_future(field: str, value: datetime | None, now: datetime) -> None:
    """Require a time that is at most one day ahead of `now`."""
    if value is not None and value > now + FUTURE_TOLERANCE:
        raise InvalidRecordError(
            field,
            f"is {value.isoformat()}, more than a day after now "
            f"({now.isoformat(timespec='seconds')})",
        )


def parse_kind(field: str, value: str, kinds: type[Kind]) -> Kind:
    """Return the member of `kinds` with this value, or say which ones exist."""
    try:
        return kinds(value)
    except ValueError:
        known = ", ".join(kinds)
        raise InvalidRecordError(
            field, f"is {value!r}, which is unknown; one of: {known}"
        ) from None


def to_microseconds(time: datetime) -> int:
    """Return whole microseconds since 1970-01-01 UTC.

    >>> to_microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (time - EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Return the UTC time of whole microseconds since 1970-01-01.

    >>> from_microseconds(1_000_000).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return EPOCH + timedelta(microseconds=microseconds)
