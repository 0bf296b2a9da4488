"""WebSockets that wait only so long for their client, and the codes that they are closed with."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum

from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect


class CloseCode(IntEnum):
    """Why a connection is closed: the protocol's codes, WebSocket's own, and TOO_SLOW of ours."""

    MESSAGE_TOO_BIG = 1009
    TRY_AGAIN_LATER = 1013  # too many connections, or credentials can't be checked now
    BAD_REQUEST = 4400  # no message of the protocol
    UNAUTHORIZED = 4401  # subscribed before connection_ack
    FORBIDDEN = 4403  # no valid credential, or no longer
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_INITS = 4429
    TOO_SLOW = 4480  # the client doesn't read; it may come back and go on from its cursor
    INTERNAL = 4500


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one connection, and one credential, may take."""

    message_bytes: int = 1 << 18
    init_seconds: float = 5.0
    send_seconds: float = 10.0
    close_seconds: float = 30.0
    recheck_seconds: float = 0.5
    subscriptions: int = 20
    sockets_per_credential: int = 20


DEFAULT_LIMITS = SocketLimits()


class BoundedSocket(WebSocket):
    """A connection that waits only so long for its client to read, and is closed once.

    Nothing is buffered for a client that doesn't read: it is closed, and can go on from its cursor.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: SocketLimits) -> None:
        super().__init__(scope, receive, send)
        self.limits = limits
        self._is_closing = False
        self._is_over = asyncio.Event()

    async def send(self, message: Message) -> None:
        """Send; a client that doesn't read in time is closed."""
        if self._is_closing:
            return
        try:
            await asyncio.wait_for(super().send(message), self.limits.send_seconds)
        except TimeoutError:
            await self.end(CloseCode.TOO_SLOW, "too slow; go on from your last cursor")
        except (WebSocketDisconnect, RuntimeError):
            self._is_closing = True
            self._is_over.set()

    async def end(self, code: CloseCode, reason: str) -> None:
        """Close, if that has not been done; what was not sent yet never is."""
        if self._is_closing:
            return
        self._is_closing = True
        # The frame waits behind what the client has yet to read: it may begin to after all.
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            await asyncio.wait_for(
                super().send({"type": "websocket.close", "code": int(code), "reason": reason}),
                self.limits.close_seconds,
            )
        self._is_over.set()

    async def wait_for_end(self) -> None:
        """Wait until this side has closed."""
        await self._is_over.wait()
