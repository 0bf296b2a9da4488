"""The protocol graphql-transport-ws: who asks, which subscriptions run, and what is refused.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import structlog
from starlette.types import Receive, Scope, Send

from gql.answering import Resources
from gql.authentication import credential_in
from gql.errors import RefusedRequestError
from gql.sockets import DEFAULT_LIMITS, BoundedSocket, CloseCode, SocketLimits
from gql.subscribing import EndedError, events
from graphsvc.access import Principal
from graphsvc.errors import IssuerUnavailableError, NotAuthenticatedError

log = structlog.get_logger(__name__)

SUBPROTOCOL = "graphql-transport-ws"
LONGEST_ID = 128
TOO_MANY_SUBSCRIPTIONS = "TOO_MANY_SUBSCRIPTIONS"

_PARAMETER_TYPES: dict[str, type] = {
    "query": str,
    "operationName": str,
    "variables": dict,
    "extensions": dict,
}

Values = Mapping[str, Any]


class SocketHandler:
    """Serves the WebSockets of one application; counts them by credential."""

    def __init__(self, limits: SocketLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection from its handshake to its end."""
        socket = BoundedSocket(scope, receive, send, self._limits)
        await Connection(socket, self._open).serve()


class Connection:
    """One connection and the subscriptions that run on it."""

    def __init__(self, socket: BoundedSocket, open_by_credential: Counter[str]) -> None:
        self._socket = socket
        self._limits = socket.limits
        self._resources: Resources = socket.state.resources
        self._open = open_by_credential
        self._is_initialised = False
        self._credential = ""
        self._principal: Principal | None = None
        self._subscriptions: dict[str, asyncio.Task[None]] = {}
        self._watching: list[asyncio.Task[None]] = []

    async def serve(self) -> None:
        """Take messages until either side closes; nothing of the connection outlives this call."""
        if SUBPROTOCOL not in self._socket.scope.get("subprotocols", ()):
            await self._socket.accept()
            reason = f"the subprotocol {SUBPROTOCOL} is needed"
            await self._socket.end(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, reason)
            return
        await self._socket.accept(SUBPROTOCOL)
        ends = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(self._socket.wait_for_end()),
        ]
        self._watching = [*ends, asyncio.create_task(self._require_init())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = [*self._watching, *self._subscriptions.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._leave()

    async def _listen(self) -> None:
        try:
            while (received := await self._socket.receive())["type"] != "websocket.disconnect":
                text = received.get("text") or ""
                if len(text) > self._limits.message_bytes:
                    reason = f"a message has at most {self._limits.message_bytes} bytes"
                    await self._socket.end(CloseCode.MESSAGE_TOO_BIG, reason)
                    return
                await self._handle(_message_in(text))
        except Exception:
            log.exception("a message over a WebSocket could not be handled")
            await self._socket.end(CloseCode.INTERNAL, "Internal server error")

    async def _handle(self, message: Values | None) -> None:
        match message:
            case {"type": "connection_init", **rest}:
                await self._initialise(rest.get("payload") or {})
            case {"type": "subscribe", "id": str(name), "payload": dict(payload)} if _fits(name):
                await self._subscribe(name, payload)
            case {"type": "complete", "id": str(name)} if _fits(name):
                self._complete(name)
            case {"type": "ping"}:
                await self._socket.send_json({"type": "pong"})
            case {"type": "pong"}:
                pass
            case _:
                await self._socket.end(CloseCode.BAD_REQUEST, "Invalid message received")

    async def _initialise(self, payload: object) -> None:
        """Find out who asks: by the payload, or else by the headers of the handshake."""
        if self._is_initialised:
            reason = "Too many initialisation requests"
            await self._socket.end(CloseCode.TOO_MANY_INITS, reason)
            return
        self._is_initialised = True
        if not isinstance(payload, dict):
            await self._socket.end(CloseCode.BAD_REQUEST, "Invalid message received")
            return
        self._credential = _credential_of(payload) or credential_in(self._socket)
        principal = await self._authenticated()
        if principal is None:
            return
        most = self._limits.sockets_per_credential
        if self._open[principal.key_id] >= most:
            reason = f"a credential has at most {most} connections"
            await self._socket.end(CloseCode.TRY_AGAIN_LATER, reason)
            return
        self._open[principal.key_id] += 1
        self._principal = principal
        self._watching.append(asyncio.create_task(self._recheck()))
        await self._socket.send_json({"type": "connection_ack"})

    async def _subscribe(self, name: str, payload: Values) -> None:
        most = self._limits.subscriptions
        if self._principal is None:
            await self._socket.end(CloseCode.UNAUTHORIZED, "Unauthorized")
        elif name in self._subscriptions:
            reason = f"Subscriber for {name[:64]} already exists"
            await self._socket.end(CloseCode.SUBSCRIBER_EXISTS, reason)
        elif not _are_parameters(payload):
            await self._socket.end(CloseCode.BAD_REQUEST, "Invalid message received")
        elif len(self._subscriptions) >= most:
            message = f"a connection has at most {most} subscriptions"
            errors = [{"message": message, "extensions": {"code": TOO_MANY_SUBSCRIPTIONS}}]
            await self._socket.send_json({"type": "error", "id": name, "payload": errors})
        else:
            self._subscriptions[name] = asyncio.create_task(self._run(name, payload))

    def _complete(self, name: str) -> None:
        task = self._subscriptions.pop(name, None)
        if task is not None:
            task.cancel()

    async def _run(self, name: str, payload: Values) -> None:
        last: dict[str, Any] = {"type": "complete", "id": name}
        try:
            async for content in events(self._resources, self._current_principal, payload):
                await self._socket.send_json({"type": "next", "id": name, "payload": content})
        except EndedError as ended:
            last = {"type": "error", "id": name, "payload": ended.errors}
        # The id is free for another subscription before the client is told.
        if self._subscriptions.get(name) is asyncio.current_task():
            del self._subscriptions[name]
        await self._socket.send_json(last)

    async def _require_init(self) -> None:
        await asyncio.sleep(self._limits.init_seconds)
        if self._principal is None:
            await self._socket.end(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout")

    async def _recheck(self) -> None:
        """End the connection soon after its credential has ended or was revoked."""
        while True:
            await asyncio.sleep(self._limits.recheck_seconds)
            principal = await self._authenticated()
            if principal is None:
                return
            self._principal = principal

    async def _authenticated(self) -> Principal | None:
        """Return who asks; close where nobody does who may."""
        try:
            return await self._resources.doorkeeper.principal_of(self._socket, self._credential)
        except IssuerUnavailableError:
            reason = "the credential can't be checked now"
            await self._socket.end(CloseCode.TRY_AGAIN_LATER, reason)
        except NotAuthenticatedError:
            if self._credential and self._principal is None:
                with suppress(RefusedRequestError):  # it is refused in any case
                    address = self._socket.client.host if self._socket.client else ""
                    self._resources.admission.note_failed_login(address)
            await self._socket.end(CloseCode.FORBIDDEN, "Forbidden: no valid credential")
        return None

    def _current_principal(self) -> Principal:
        if self._principal is None:
            raise AssertionError("nobody subscribes before connection_ack")
        return self._principal

    def _leave(self) -> None:
        if self._principal is None:
            return
        key_id = self._principal.key_id
        self._open[key_id] -= 1
        if self._open[key_id] <= 0:
            del self._open[key_id]


def _message_in(text: str) -> Values | None:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _fits(name: str) -> bool:
    return 1 <= len(name) <= LONGEST_ID


def _are_parameters(payload: Values) -> bool:
    return all(
        payload.get(name) is None or isinstance(payload[name], wanted)
        for name, wanted in _PARAMETER_TYPES.items()
    )


def _credential_of(payload: Values) -> str:
    """Return the credential in a payload, written like the headers of a request."""
    given = {name.lower(): value for name, value in payload.items() if isinstance(value, str)}
    scheme, _, credential = given.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        credential = given.get("x-api-key", "")
    return credential.strip()
