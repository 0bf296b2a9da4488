"""Until when work may go on: set by whoever waits for it, looked at between its long steps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from graphsvc.errors import TimeIsUpError

_until: ContextVar[float] = ContextVar("until", default=float("inf"))


@contextmanager
def time_limit(until: float) -> Iterator[None]:
    """Let what is called within go on until a time, by `time.monotonic`."""
    token = _until.set(until)
    try:
        yield
    finally:
        _until.reset(token)


def require_time() -> None:
    """Go on, if there is time left.

    Raises:
        TimeIsUpError: there is none; nobody waits for the result any more.
    """
    if time.monotonic() > _until.get():
        raise TimeIsUpError("the time for this is up; ask for less at once")
