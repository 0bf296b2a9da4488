"""Around every request: its id, its one line in the log, its counts. Knows nothing of GraphQL."""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from collections.abc import Iterable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gql.metrics import Metrics
from gql.observation import Observation, observing
from graphsvc.logs import request_line, write_lines

GRAPHQL_PATH = "/graphql"
CONNECTION = "websocket"
GATHER_S = 0.05
"""For how long lines are gathered: a write to a file takes longer than making a line."""
REQUEST_ID_HEADER = b"x-request-id"
REQUEST_ID = re.compile(rb"[0-9a-fA-F-]{16,64}")
"""What a client may give as id: a UUID or a trace's id, nothing that could say something else."""

_ids = random.Random()
# Ids must differ, not be secret; a process that was forked goes on with others.
os.register_at_fork(after_in_child=_ids.seed)

RawHeaders = Iterable[tuple[bytes, bytes]]


class Watch:
    """Gives each request an id and tells, once it is answered, how that went."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lines: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and watch it."""
        if scope["type"] not in {"http", "websocket"}:
            try:
                await self._app(scope, receive, send)
            finally:
                self._write()  # the server ends
            return
        metrics: Metrics = scope["state"]["metrics"]
        with observing(_request_id(scope["headers"]), metrics.count_failure) as observation:
            if scope["type"] == "http":
                await self._watch_request(scope, receive, send, metrics, observation)
                return
            await self._watch_connection(scope, receive, send, metrics, observation)

    async def _watch_connection(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        metrics: Metrics,
        observation: Observation,
    ) -> None:
        begun = time.perf_counter()
        status = HTTPStatus.FORBIDDEN

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "websocket.accept":
                status = HTTPStatus.SWITCHING_PROTOCOLS
            await send(message)

        metrics.websockets_open += 1
        try:
            await self._app(scope, receive, sending)
        finally:
            metrics.websockets_open -= 1
            observation.operation = CONNECTION
            self._tell(observation, status, time.perf_counter() - begun)

    async def _watch_request(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        metrics: Metrics,
        observation: Observation,
    ) -> None:
        status = 500
        begun = time.perf_counter()
        given_id = (REQUEST_ID_HEADER, observation.request_id.encode())

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], given_id]
            await send(message)

        metrics.requests_in_flight += 1
        try:
            await self._app(scope, receive, sending)
        finally:
            metrics.requests_in_flight -= 1
            seconds = time.perf_counter() - begun
            # Who asks whether the server is well asks every few seconds, and is not told of.
            if scope["path"] == GRAPHQL_PATH:
                metrics.count(observation, status, seconds)
                self._tell(observation, status, seconds)

    def _tell(self, observation: Observation, status: int, seconds: float) -> None:
        line = request_line(
            operation=observation.operation,
            status=int(status),
            code=observation.code,
            ms=round(1000 * seconds, 3),
            actor=observation.actor,
            cost=observation.cost,
            request_id=observation.request_id,
        )
        if line is None:
            return
        self._lines.append(line)
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_later(GATHER_S, self._write)

    def _write(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            write_lines(lines)


def _request_id(headers: RawHeaders) -> str:
    given = [value for name, value in headers if name == REQUEST_ID_HEADER]
    if len(given) == 1 and REQUEST_ID.fullmatch(given[0]):
        return given[0].decode()
    return f"{_ids.getrandbits(128):032x}"
