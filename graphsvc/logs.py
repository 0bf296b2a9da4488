"""Log lines: structured, on standard error, for people or for machines."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog


def configure_logs(shape: Literal["console", "json"], level: str) -> None:
    """Send log lines of at least `level` to standard error in this shape."""
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
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # Looked up for every line: standard error may be replaced while the process lives.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
