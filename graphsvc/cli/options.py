"""Options that several commands share."""

from __future__ import annotations

import getpass
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from graphsvc.errors import InvalidInputError

PurposeOption = Annotated[
    str, typer.Option("--purpose", "-p", help="Why scores are read, e.g. marketplace-integrity.")
]
ProgrammeOption = Annotated[
    str | None,
    typer.Option(help="A programme of that purpose, say a challenger; its champion otherwise."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
SubjectArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="The subject, as kind:key or a bare key.")
]
NamedSubjectArgument = Annotated[
    str, typer.Argument(metavar="KIND:KEY", help="The subject, as kind:key.")
]

FieldsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="A field's right value; empty takes it away. May be repeated.",
    ),
]


def acting_user() -> str:
    """Return who sits at the command line, as the audit names them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


def parse_span(text: str) -> timedelta:
    """Read a span of time: a number of days, hours, minutes or seconds.

    Raises:
        InvalidInputError: it is none.

    >>> parse_span("90d").days, parse_span("1.5h").seconds
    (90, 5400)
    """
    names = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([dhms])", text)
    if found is None:
        raise InvalidInputError(f"{text!r} is no span of time; write 90d, 12h, 30m or 45s")
    return timedelta(**{names[found[2]]: float(found[1])})


def parse_time(text: str | None) -> datetime | None:
    """Read an ISO 8601 time or date; without a zone it is UTC.

    Raises:
        InvalidInputError: it is neither.

    >>> parse_time("2015-03-01").isoformat()
    '2015-03-01T00:00:00+00:00'
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            f"{text!r} is not a time; write 2015-03-01 or 2015-03-01T12:00:00Z"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
