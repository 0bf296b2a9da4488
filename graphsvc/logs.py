"""Log lines: structured, on standard error, for people or for machines."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Literal

import structlog


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


def configure_logs(shape: Literal["console", "json"], level: str) -> None:
    """Send log lines of at least `level` to standard error in this shape.

    Only at level debug do they hold the messages of errors, which may name subjects.
    """
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if shape == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
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
