# mypy: allow-subclassing-any
"""Connections that don't wait for ever: uvicorn's protocol with a limit on headers and on numbers.

uvicorn limits idle connections and leaves those alone that never finish their headers.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gql.answers import encoded
from gql.errors import OVERLOADED
from graphsvc.settings import Settings

_MESSAGE = "the server has too many connections; try again later"
_BODY = encoded({"errors": [{"message": _MESSAGE, "extensions": {"code": OVERLOADED}}]})
_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Retry-After: 1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose headers must come in time, on so many connections at most."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        settings = _settings()
        self._header_seconds = settings.header_seconds
        self._most = settings.max_connections
        self._header_timer: asyncio.TimerHandle | None = None
        self._awaits_headers = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or say at once that there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self._most:
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; where it ends within headers, the rest must come in time."""
        super().data_received(data)
        # Nearly always they came whole, and a timer takes as long as reading them.
        if self._awaits_headers and self._header_timer is None:
            self._start_timer()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._stop_timer()
        self._awaits_headers = True

    def on_headers_complete(self) -> None:
        """Go on to the body, for which the application has a limit of its own."""
        self._awaits_headers = False
        self._stop_timer()
        super().on_headers_complete()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._header_timer = self.loop.call_later(self._header_seconds, self.transport.close)

    def _stop_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None


@cache
def _settings() -> Settings:
    return Settings.load()
