"""The application as it is deployed: `uvicorn gql.asgi:app` as a process, set by environment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.gql.conftest import Asker, make_keys, open_world
from tests.gql.world import AS_OF, MARKETPLACE, core, dense_exposure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Asker]]:
    service, _ = open_world(tmp_path)
    with service:
        service.store.append(core())
        service.recompute(MARKETPLACE, as_of=AS_OF)
    secret = make_keys(tmp_path)["shop"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "GRAPHSVC_STORE": f"sqlite:///{tmp_path / 'store.db'}",
        "GRAPHSVC_DATA_DIR": str(tmp_path / "data"),
    }
    command = [sys.executable, "-m", "uvicorn", "gql.asgi:app", "--port", str(port)]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        ) as running,
    ):
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", running)
            yield running, Asker(f"http://127.0.0.1:{port}", secret)
        finally:
            running.terminate()
            running.wait(20)


def _wait_until_ready(url: str, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert running.poll() is None, "the server ended before it was ready"
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server is not ready after 30 s")


def test_a_terminated_server_answers_what_it_took_on_and_loses_no_audit_entry(
    process: tuple[subprocess.Popen[bytes], Asker], tmp_path: Path
) -> None:
    running, asker = process
    data = asker.ask("score", key="ann", purpose=MARKETPLACE)
    assert data["subject"]["score"]["exposure"] == pytest.approx(dense_exposure()["ann"], abs=1e-6)
    answered: list[int] = []

    def read_on() -> None:
        while True:
            try:
                asker.ask("score", key="bob", purpose=MARKETPLACE)
            except httpx.TransportError:
                return
            answered.append(1)

    readers = [threading.Thread(target=read_on) for _ in range(3)]
    for reader in readers:
        reader.start()
    time.sleep(0.5)
    running.send_signal(signal.SIGTERM)
    for reader in readers:
        reader.join()
    # uvicorn ends by the signal that it was sent, once all is done.
    assert running.wait(20) in {0, -signal.SIGTERM}
    service, _ = open_world(tmp_path)
    with service:
        entries = service.store.audit_entries(0, 100_000)
    reads = [entry for entry in entries if entry.draft.action == "read_score"]
    assert len(answered) > 3
    assert len(reads) >= len(answered) + 1
    assert all(entry.is_intact() for entry in entries)
