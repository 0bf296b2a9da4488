"""Awaiting with a time limit only where there is something to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


async def within(seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """Return what a coroutine returns; nothing is timed if it gets there without waiting.

    A timer for each request that has come whole took longer than reading it.

    Raises:
        TimeoutError: it waited for longer.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    async with asyncio.timeout(seconds):
        return await _Begun(work, waits_for)


class _Begun(Generic[Result]):
    """The rest of a coroutine that has run up to what it waits for."""

    def __init__(self, work: Coroutine[Any, Any, Result], waits_for: object) -> None:
        self._work = work
        self._waits_for = waits_for

    def __await__(self) -> Generator[object, Any, Result]:
        while True:
            try:
                given = yield self._waits_for
            except BaseException as error:
                go_on = partial(self._work.throw, error)
            else:
                go_on = partial(self._work.send, given)
            try:
                self._waits_for = go_on()
            except StopIteration as done:
                result: Result = done.value
                return result
