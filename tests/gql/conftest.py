"""A real server on a loopback port over a real SQLite store, and a client that asks it."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvicorn

from gql.protocol import BoundedProtocol
from gql.server import create_app
from graphsvc.access import ACCESS_FOLDER, create_key
from graphsvc.app import Service, open_store
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import AuditEntry
from graphsvc.settings import Settings
from graphsvc.store.ports import Store
from tests.gql.world import AS_OF, DEPOSIT, MARKETPLACE, THIN_FILE, core, hub

CLIENT = httpx.Client(timeout=60)
OPERATIONS = Path(__file__).with_name("operations")


class WatchedStore:
    """A real store that counts its calls, and fails or waits as it is told to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: Counter[str] = Counter()
        self.failures: dict[str, Exception] = {}
        self.gates: dict[str, threading.Event] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)

        def call(*args: Any, **options: Any) -> Any:
            self.calls[name] += 1
            if name in self.gates:
                assert self.gates[name].wait(20)
            if name in self.failures:
                raise self.failures[name]
            return found(*args, **options)

        return call

    def reads(self) -> Counter[str]:
        """Return the calls so far but for those of the audit's own thread."""
        return Counter({name: n for name, n in self.calls.items() if name != "append_audit"})


class RunningServer:
    """uvicorn in a thread."""

    def __init__(self, service: Service, host: str = "127.0.0.1") -> None:
        config = uvicorn.Config(
            create_app(lambda: service), http=BoundedProtocol, host=host, port=0, log_config=None
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)

    def __enter__(self) -> str:
        self._thread.start()
        until = time.monotonic() + 20
        while not self._server.started:
            assert self._thread.is_alive(), "the server ended before it had started"
            assert time.monotonic() < until, "the server has not started within 20 s"
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()


@dataclass(frozen=True)
class Asker:
    """Asks a running server on behalf of one key."""

    url: str
    secret: str

    def post(self, text: str, variables: dict[str, Any] | None = None) -> httpx.Response:
        # ASCII, so that tests can send what UTF-8 can't hold.
        body = json.dumps({"query": text, "variables": variables or {}})
        headers = {
            "Authorization": f"Bearer {self.secret}",
            "Content-Type": "application/json",
        }
        return CLIENT.post(f"{self.url}/graphql", content=body, headers=headers)

    def post_operation(self, operation: str, **variables: Any) -> httpx.Response:
        return self.post(text_of(operation), variables)

    def ask(self, operation: str, **variables: Any) -> Any:
        """Run an operation of the folder, or a text, and return its data; no errors allowed."""
        answer = self.post(text_of(operation), variables).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def errors(self, operation: str, **variables: Any) -> list[tuple[str, str]]:
        """Return code and message of each error."""
        answer = self.post(text_of(operation), variables).json()
        return [(error["extensions"]["code"], error["message"]) for error in answer["errors"]]


def text_of(operation: str) -> str:
    if operation.isidentifier():
        return (OPERATIONS / f"{operation}.graphql").read_text()
    return operation


@dataclass(frozen=True)
class World:
    """A served store and keys of several kinds."""

    url: str
    service: Service
    store: WatchedStore
    secrets: dict[str, str]

    def asker(self, name: str) -> Asker:
        return Asker(self.url, self.secrets[name])

    def audited(self, after: int, at_least: int = 0) -> list[AuditEntry]:
        """Return the audit entries after a position, once there are so many."""
        until = time.monotonic() + 10
        while True:
            found = self.service.store.audit_entries(after, 10_000)
            if len(found) >= at_least or time.monotonic() > until:
                return found
            time.sleep(0.02)

    def audit_length(self) -> int:
        """Return the position of the last audit entry, once the writer is at rest."""
        length = -1
        while (now := len(self.service.store.audit_entries(0, 1_000_000))) != length:
            length = now
            time.sleep(0.2)
        return length


def open_world(folder: Path, **settings_of: Any) -> tuple[Service, WatchedStore]:
    where = {"store": f"sqlite:///{folder / 'store.db'}", "data_dir": folder / "data"}
    settings = Settings(**where, **settings_of)
    store = WatchedStore(open_store(settings))
    return Service(settings, cast(Store, store), DefinitionLibrary.load()), store


def make_keys(folder: Path) -> dict[str, str]:
    wanted = {
        "shop": ([MARKETPLACE], ["service"]),
        "analyst": ([MARKETPLACE, DEPOSIT, THIN_FILE], ["analyst"]),
        "lender": ([THIN_FILE], ["service"]),  # a role that thin-file-credit doesn't admit
        "stranger": (["no-such-purpose"], ["analyst"]),
    }
    return {
        name: create_key(folder / "data" / ACCESS_FOLDER, name, purposes, roles)[1]
        for name, (purposes, roles) in wanted.items()
    }


@pytest.fixture(scope="session", autouse=True)
def _client_is_closed() -> Iterator[None]:
    with CLIENT:
        yield


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    service, store = open_world(folder)
    outcomes = service.store.append([*core(), *hub()])
    assert all(outcome.sequence is not None for outcome in outcomes), outcomes
    service.recompute(MARKETPLACE, as_of=AS_OF, tolerance=1e-9)
    service.recompute(THIN_FILE, as_of=AS_OF)
    secrets = make_keys(folder)
    with RunningServer(service) as url:
        yield World(url, service, store, secrets)


@pytest.fixture
def shop(world: World) -> Asker:
    return world.asker("shop")


@pytest.fixture
def analyst(world: World) -> Asker:
    return world.asker("analyst")
