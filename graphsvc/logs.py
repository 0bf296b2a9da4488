"""Log lines: structured, on standard error, for people or for machines."""

from __future__ import annotations

import contextlib
import logging
import sys
import traceback
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import orjson
import structlog

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the request that is being answered; all lines that are written meanwhile have it."""


@dataclass
class _Lines:
    """How the lines of requests are written; not at all before logs are configured."""

    shape: Literal["console", "json"] = "console"
    has_info: bool = False


_lines = _Lines()


def described_without_messages(error: BaseException) -> str:
    """Return where an error and its causes arose, and of what kind they are.

    >>> try:
    ...     raise KeyError("account:ann")
    ... except KeyError as error:
    ...     described_without_messages(error).splitlines()[-1]
    'KeyError'
    """
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        kind = f"{type(cause).__module__}.{type(cause).__qualname__}".removeprefix("builtins.")
        lines = [*traceback.format_tb(cause.__traceback__), kind, *lines]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n".join(line.rstrip() for line in lines)


def _format_without_messages(exc_info: structlog.typing.ExcInfo) -> str:
    return described_without_messages(exc_info[1])


_without_messages = structlog.processors.ExceptionRenderer(_format_without_messages)
_with_messages = structlog.processors.ExceptionRenderer()


def request_line(**fields: str | float | None) -> str | None:
    """Return the line of one request that was answered; None where level info is not told.

    It is put together without the chain that other lines pass, which takes several times as long.

    Args:
        fields: what is told, in this order.
    """
    if not _lines.has_info:
        return None
    at = datetime.now(UTC).isoformat()
    if _lines.shape == "json":
        line = orjson.dumps({"event": "request", **fields, "level": "info", "timestamp": at})
        return line.decode()
    told = " ".join(f"{name}={value}" for name, value in fields.items())
    return f"{at} [info     ] request {told}"


def write_lines(lines: Sequence[str]) -> None:
    """Write whole lines to standard error, by one write, so that processes don't mix theirs."""
    with contextlib.suppress(OSError):
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.flush()


def _with_request_id(
    logger: object, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    request_id = REQUEST_ID.get()
    if request_id is not None:
        event["request_id"] = request_id
    return event


def configure_logs(shape: Literal["console", "json"], level: str) -> None:
    """Send log lines of at least `level` to standard error in this shape.

    Only at level debug do they hold the messages of errors, which may name subjects.
    """
    _lines.shape = shape
    _lines.has_info = logging.getLevelNamesMapping()[level.upper()] <= logging.INFO
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if shape == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_messages if level == "debug" else _without_messages,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # Looked up for every line: standard error may be replaced while the process lives.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
