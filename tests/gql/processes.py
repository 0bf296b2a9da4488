"""`graphsvc serve` as a process, set by environment, over a store in a folder."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
START_S = 180.0


@dataclass(frozen=True)
class Process:
    """A running server and its port on loopback."""

    running: subprocess.Popen[bytes]
    port: int
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, verify=self.tls or True, timeout=120)

    def connect(self) -> socket.socket:
        """Return a bare connection, that a test can misuse."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        if self.tls is None:
            return plain
        return self.tls.wrap_socket(plain, server_hostname="127.0.0.1")

    def terminate(self) -> int:
        """Send SIGTERM and return the exit status."""
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(120)


@contextmanager
def serving(
    folder: Path, *options: str, tls: ssl.SSLContext | None = None, **settings: object
) -> Iterator[Process]:
    """Provide `graphsvc serve` over the store in a folder, ready to be asked."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "GRAPHSVC_STORE": f"sqlite:///{folder / 'store.db'}",
        "GRAPHSVC_DATA_DIR": str(folder / "data"),
        **{f"GRAPHSVC_{name.upper()}": str(value) for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "graphsvc", "serve", "--port", str(port), *options]
    log = folder / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as running,
    ):
        found = Process(running, port, tls)
        try:
            _wait_until_ready(found, log)
            yield found
        finally:
            if running.poll() is None:
                running.terminate()
                try:
                    running.wait(120)
                except subprocess.TimeoutExpired:
                    running.kill()
                    raise


def _wait_until_ready(process: Process, log: Path) -> None:
    until = time.monotonic() + START_S
    with process.client() as client:
        while time.monotonic() < until:
            assert process.running.poll() is None, log.read_text()
            try:
                if client.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
    raise AssertionError(f"the server is not ready after {START_S:.0f} s: {log.read_text()}")
