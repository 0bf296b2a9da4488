"""Around every request: its id, its one line in the log, its counts. Knows nothing of GraphQL."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterable

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gql.metrics import Metrics
from gql.observation import Observation, observing

log = structlog.get_logger(__name__)

GRAPHQL_PATH = "/graphql"
REQUEST_ID_HEADER = b"x-request-id"
REQUEST_ID = re.compile(rb"[0-9a-fA-F-]{16,64}")
"""What a client may give as id: a UUID or a trace's id, nothing that could say something else."""

RawHeaders = Iterable[tuple[bytes, bytes]]


class Watch:
    """Gives each request an id and tells, once it is answered, how that went."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and watch it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope["headers"])
        metrics: Metrics = scope["state"]["metrics"]
        with (
            observing(request_id) as observation,
            structlog.contextvars.bound_contextvars(request_id=request_id),
        ):
            if scope["type"] == "http":
                await self._watch_request(scope, receive, send, metrics, observation)
            else:
                with metrics.connections.track_inprogress():
                    await self._app(scope, receive, send)

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

        metrics.in_flight.inc()
        try:
            await self._app(scope, receive, sending)
        finally:
            metrics.in_flight.dec()
            seconds = time.perf_counter() - begun
            is_graphql = scope["path"] == GRAPHQL_PATH
            if is_graphql:
                metrics.count(observation, status, seconds)
            _tell(observation, status, seconds, is_graphql=is_graphql)


def _tell(observation: Observation, status: int, seconds: float, *, is_graphql: bool) -> None:
    # Who asks whether the server is well asks every few seconds.
    tell = log.info if is_graphql else log.debug
    tell(
        "request",
        operation=observation.operation,
        status=status,
        code=observation.code,
        ms=round(1000 * seconds, 3),
        actor=observation.actor,
        cost=observation.cost,
    )


def _request_id(headers: RawHeaders) -> str:
    given = [value for name, value in headers if name == REQUEST_ID_HEADER]
    if len(given) == 1 and REQUEST_ID.fullmatch(given[0]):
        return given[0].decode()
    return str(uuid.uuid4())
