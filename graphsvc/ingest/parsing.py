"""Reads numbers and times from text, or says what is wrong with the text."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from graphsvc.errors import InvalidRecordError

_SHOWN_CHARACTERS = 60


def parse_number(field: str, text: str) -> float:
    """Return the finite number that a text says.

    Raises:
        InvalidRecordError: it is not a number, or it is NaN or infinite.
    """
    try:
        value = float(text)
    except ValueError:
        value = None
    # float() also reads 1_000 and digits of other scripts, which no export means as numbers.
    if value is None or "_" in text or not text.isascii():
        if not text:
            raise InvalidRecordError(field, "is empty; a number is needed")
        raise InvalidRecordError(field, f"is {shown(text)}, which is not a number")
    if not math.isfinite(value):
        raise InvalidRecordError(field, f"is {shown(text)}; a finite number is needed")
    return value


def parse_iso(field: str, text: str, assume_utc: bool) -> datetime:
    """Return the UTC time that an ISO 8601 text says.

    Raises:
        InvalidRecordError: it says none, or has no zone and UTC may not be assumed.
    """
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            if not assume_utc:
                raise InvalidRecordError(
                    field, f"is {text} without a time zone; give UTC, or say time: iso_utc"
                )
            return time.replace(tzinfo=UTC)
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRecordError(
            field, f"is {shown(text)}, which is not an ISO 8601 time"
        ) from None


def add_seconds(field: str, start: datetime, seconds: float) -> datetime:
    """Return the time so many seconds later.

    Raises:
        InvalidRecordError: that is beyond the year 9999.
    """
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        raise InvalidRecordError(
            field, f"is {seconds:g} seconds after {start.isoformat()}: not within years 1 to 9999"
        ) from None


def shown(text: str) -> str:
    """Return a text in quotes, cut where it is long, for a message."""
    if len(text) <= _SHOWN_CHARACTERS:
        return repr(text)
    return f"{text[:_SHOWN_CHARACTERS]!r}… ({len(text)} characters)"
