"""A served store whose scores are kept live, and how tests wait for what is recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import uvicorn

from gql.server import create_app
from gql.sockets import DEFAULT_LIMITS, SocketLimits
from graphsvc.access import ACCESS_FOLDER, create_key
from graphsvc.app import Service, open_store
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import EventKind, Record
from graphsvc.settings import Settings
from graphsvc.store.ports import Store
from tests.gql.conftest import Asker, RunningServer, WatchedStore
from tests.neo4j_fixture import empty_neo4j
from tests.service.samples import PURPOSE, event, listed, report, trusts

OTHER_PURPOSE = "thin-file-credit"
LIVE = f"{PURPOSE},{OTHER_PURPOSE}"

KEYS = {
    "shop": ([PURPOSE], ["service"]),
    "analyst": ([PURPOSE, OTHER_PURPOSE], ["analyst"]),
    "reviewer": ([PURPOSE], ["reviewer"]),
    "lender": ([OTHER_PURPOSE], ["service"]),  # a role that thin-file-credit doesn't admit
}


def trade() -> list[Record]:
    """Return what every test begins with; sequences from 1."""
    return [
        trusts("shop", "supplier"),  # 1
        trusts("far", "shop"),  # 2
        trusts("shop", "other"),  # 3
        listed("supplier", "marketplace-fraud", 0.3),  # 4
        event(EventKind.CHARGEBACK, "shop"),  # 5
        report("shop", "far"),  # 6
        listed("far", "sybil-known-benign"),  # 7
        listed("other", "otc-known-fraud", 0.2),  # 8
    ]


@dataclass
class LiveWorld:
    """A server's store, its address while it runs, and keys of several kinds."""

    settings: Settings
    secrets: dict[str, str]
    service: Service
    store: WatchedStore
    url: str = ""
    limits: SocketLimits = DEFAULT_LIMITS
    _running: ExitStack = field(default_factory=ExitStack)

    def asker(self, name: str) -> Asker:
        """Return a client with one of the keys."""
        return Asker(self.url, self.secrets[name])

    def new_key(self, name: str, **more: object) -> tuple[str, str]:
        """Return id and secret of a key for the marketplace."""
        folder = self.settings.data_dir / ACCESS_FOLDER
        key, secret = create_key(folder, name, [PURPOSE], ["service"], **more)  # type: ignore[arg-type]
        return key.id, secret

    def record(self, *records: Record) -> int:
        """Append by the server's own service, and wait until live scores know it."""
        self.service.store.append(records)
        return self.felt()

    def felt(self) -> int:
        """Wait until live scores know all that is recorded; return the last sequence."""
        last = self.service.store.last_sequence()
        hosted = self.service.live_host.of(PURPOSE)
        until(lambda: hosted.is_built and hosted.life().engine.sequence == last)
        engine = hosted.life().engine
        until(lambda: hosted.life().changes.last == engine.standing(PURPOSE)[0])
        return last

    def start(self) -> None:
        """Run a server over the store; it knows nothing of the one before."""
        self.service = open_service(self.settings, self.store)
        self.url = self._running.enter_context(LiveServer(self.service, self.limits))
        until(lambda: self.service.live_host.is_built)

    def stop(self) -> None:
        """End the server that runs."""
        self._running.close()

    def restart(self, meanwhile: Callable[[], object]) -> None:
        """End the server, do something, and start another."""
        self.stop()
        meanwhile()
        self.start()


class LiveServer(RunningServer):
    """uvicorn in a thread, with limits for WebSockets."""

    def __init__(self, service: Service, limits: SocketLimits) -> None:
        super().__init__(service)
        app = create_app(lambda: service, socket_limits=limits)
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)


def until(holds: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Wait for something to come true."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it has not come to pass"
        time.sleep(0.01)


class _OpenStore:
    """A store that outlives the servers that close it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def close(self) -> None:
        """Stay open."""


def open_service(settings: Settings, store: WatchedStore) -> Service:
    return Service(settings, cast(Store, store), DefinitionLibrary.load())


@contextmanager
def live_world_on(
    settings: Settings,
    records: Sequence[Record],
    limits: SocketLimits = DEFAULT_LIMITS,
    secrets: dict[str, str] | None = None,
) -> Iterator[LiveWorld]:
    """A world that is served, on whatever store the settings name."""
    store = open_store(settings)
    watched = WatchedStore(cast(Store, _OpenStore(store)))
    folder = settings.data_dir / ACCESS_FOLDER
    if secrets is None:
        secrets = {name: create_key(folder, name, *held)[1] for name, held in KEYS.items()}
    store.append(list(records))
    world = LiveWorld(settings, secrets, open_service(settings, watched), watched, limits=limits)
    try:
        world.start()
        yield world
    finally:
        world.stop()
        store.close()


def sqlite_settings(folder: Path) -> Settings:
    return Settings(store=f"sqlite:///{folder / 's.db'}", data_dir=folder / "data", live=LIVE)


@pytest.fixture(scope="module")
def live_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveWorld]:
    """A served world on SQLite, shared by a module's tests: they must not rely on its scores."""
    with live_world_on(sqlite_settings(tmp_path_factory.mktemp("live")), trade()) as world:
        yield world


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("neo4j", marks=[pytest.mark.neo4j, pytest.mark.xdist_group("neo4j")]),
    ]
)
def either_live_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveWorld]:
    """A served world of its own on a store of each kind."""
    if request.param == "sqlite":
        settings = sqlite_settings(tmp_path)
    else:
        settings = empty_neo4j(request, tmp_path / "data", live=LIVE)
    with live_world_on(settings, trade()) as world:
        yield world
