"""The threads that queries block in: few, with a bounded queue, and no longer than a while."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from gql.errors import EXECUTION_TIMEOUT, OVERLOADED, RefusedRequestError
from graphsvc.time_limit import time_limit

WORKERS = 8
"""Queries that run at once; others wait for their turn."""

RETRY_SOON = {"Retry-After": "1"}

Result = TypeVar("Result")


class Threads:
    """Runs work in threads for an event loop.

    Args:
        max_waiting: how much work may wait for a thread.
        seconds: after how long whoever asked is answered that it took too long.
    """

    def __init__(self, max_waiting: int, seconds: float) -> None:
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="query")
        self._most = WORKERS + max_waiting
        self._seconds = seconds
        self._unfinished: set[Future[Any]] = set()

    async def run(self, work: Callable[[], Result], *, may_end_early: bool = True) -> Result:
        """Return what some work returns.

        Work that takes too long goes on unheeded until it looks at its time limit, if it may end
        early; its thread counts as taken until then, so that no more of it piles up than there are
        threads.

        Raises:
            RefusedRequestError: too much waits already, or it took too long.
        """
        if len(self._unfinished) >= self._most:
            raise RefusedRequestError(
                503, OVERLOADED, "the server has too much to do; try again later", RETRY_SOON
            )
        until = time.monotonic() + self._seconds if may_end_early else float("inf")
        future = self._pool.submit(contextvars.copy_context().run, _within, until, work)
        self._unfinished.add(future)
        future.add_done_callback(self._unfinished.discard)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)
        except TimeoutError:
            if future.done() and not future.cancelled():
                raise
        raise RefusedRequestError(
            503,
            EXECUTION_TIMEOUT,
            f"the query took longer than {self._seconds:g} s; ask for less in one request",
            RETRY_SOON,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # What still runs is waited for: it may be in the middle of a change.
        self._pool.shutdown(cancel_futures=True)


def _within(until: float, work: Callable[[], Result]) -> Result:
    with time_limit(until):
        return work()
