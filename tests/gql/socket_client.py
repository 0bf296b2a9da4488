"""A client of graphql-transport-ws that says each message itself; every wait of it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.gql.conftest import text_of
from tests.service.samples import PURPOSE

SUBPROTOCOL = "graphql-transport-ws"
WAIT_S = 20.0


class Served(Protocol):
    """What has an address, and keys by name."""

    @property
    def url(self) -> str: ...
    @property
    def secrets(self) -> dict[str, str]: ...


@dataclass
class Socket:
    """A WebSocket that speaks the protocol; every wait ends."""

    connection: ClientConnection

    def send(self, message: object) -> None:
        text = message if isinstance(message, str | bytes) else json.dumps(message)
        self.connection.send(text)

    def receive(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.connection.recv(WAIT_S))
        return found

    def closed_with(self) -> tuple[int, str]:
        """Read on until the server closes; return code and reason."""
        with suppress(ConnectionClosed):
            while True:
                self.connection.recv(WAIT_S)
        assert self.connection.close_code is not None
        return self.connection.close_code, str(self.connection.close_reason)

    def subscribe(self, name: str = "1", text: str = "score_changes", **variables: Any) -> None:
        variables = {"purpose": PURPOSE} | variables
        payload = {"query": text_of(text), "variables": variables}
        self.send({"id": name, "type": "subscribe", "payload": payload})

    def refused(self, name: str = "1") -> tuple[str, str]:
        message = self.receive()
        assert (message["type"], message["id"]) == ("error", name), message
        (error,) = message["payload"]
        return error["extensions"]["code"], error["message"]

    def next_event(self, name: str = "1") -> dict[str, Any]:
        message = self.receive()
        assert (message["type"], message["id"]) == ("next", name), message
        assert "errors" not in message["payload"], message
        found: dict[str, Any] = message["payload"]["data"]["scoreChanges"]
        return found


@contextmanager
def opened(world: Served, **options: Any) -> Iterator[Socket]:
    url = world.url.replace("http", "ws", 1) + "/graphql"
    options = {"subprotocols": [SUBPROTOCOL], "close_timeout": 2} | options
    with connect(url, **options) as connection:
        yield Socket(connection)


@contextmanager
def acknowledged(world: Served, by: str = "shop", **options: Any) -> Iterator[Socket]:
    with opened(world, **options) as found:
        secret = world.secrets.get(by, by)
        found.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {secret}"}})
        assert found.receive() == {"type": "connection_ack"}
        yield found
