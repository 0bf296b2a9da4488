"""How results look in a terminal, and as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.table import Table

from graphsvc.errors import InvalidInputError, SubjectNotFoundError
from graphsvc.model import SubjectKind, SubjectRef
from graphsvc.runs import PublishedScores

PIPE_WIDTH = 120
stdout = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
stderr = Console(stderr=True)


def plain(value: Any) -> Any:
    """Return a result as plain JSON values: what has named fields as objects, subjects as kind:key.

    Times and spans are ISO 8601.
    """
    if isinstance(value, SubjectRef):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return to_jsonable_python(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def print_json(value: Any) -> None:
    """Print a result as JSON on standard output."""
    stdout.print(
        json.dumps(plain(value), ensure_ascii=False, indent=2),
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def table(title: str, columns: Iterable[str], *, numeric: frozenset[str] = frozenset()) -> Table:
    """Return an empty table; numeric columns stand to the right."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for name in columns:
        made.add_column(name, justify="right" if name in numeric else "left", overflow="fold")
    return made


def scientific(value: float) -> str:
    """Return a bound or residual in three digits.

    >>> scientific(1.234e-7)
    '1.23e-07'
    """
    return f"{value:.2e}"


def signed(points: float) -> str:
    """Return points with their sign and no negative zero.

    >>> signed(-0.001), signed(12.345)
    ('+0.0', '+12.3')
    """
    text = f"{points:+.1f}"
    return "+0.0" if text == "-0.0" else text


def find_subject(text: str, scores: PublishedScores) -> SubjectRef:
    """Return the scored subject that `kind:key`, or a bare key of only one kind, names.

    Raises:
        SubjectNotFoundError: nobody of that name has a score.
        InvalidInputError: subjects of several kinds have that key.
    """
    if text.partition(":")[0] in set(SubjectKind):
        return SubjectRef.parse(text)
    found = [ref for kind in SubjectKind if _has_score(ref := SubjectRef(kind, text), scores)]
    if not found:
        raise SubjectNotFoundError(
            f"{text}: no subject of any kind has that key for purpose {scores.run.purpose}"
        )
    if len(found) > 1:
        names = ", ".join(str(ref) for ref in found)
        raise InvalidInputError(f"{text}: may be {names}; write kind:key")
    return found[0]


def _has_score(ref: SubjectRef, scores: PublishedScores) -> bool:
    try:
        scores.rank_of(ref)
    except SubjectNotFoundError:
        return False
    return True
