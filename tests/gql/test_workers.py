"""Two worker processes behind one socket: what one knows the other knows, and neither is missed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from graphsvc.access import ACCESS_FOLDER, create_key, revoke_key
from graphsvc.access.keys import LOOK_AGAIN_S
from graphsvc.app import CURRENT_RUN_SECONDS, Service
from tests.gql.conftest import make_keys, open_world, text_of
from tests.gql.processes import Process, serving
from tests.gql.world import AS_OF, MARKETPLACE, core

pytestmark = pytest.mark.xdist_group("workers")  # they share one server

WORKERS = 2
GUARD_S = 120.0
ANN = {"kind": "ACCOUNT", "key": "ann", "purpose": MARKETPLACE}


@dataclass
class Workers:
    """A service of two workers, and a connection to each."""

    process: Process
    service: Service
    secret: str
    folder: Path

    def pids(self) -> set[int]:
        """Return the processes that serve now."""
        found = set()
        for child in psutil.Process(self.process.running.pid).children():
            with suppress(psutil.Error):  # it has just ended
                if "spawn_main" in " ".join(child.cmdline()):
                    found.add(child.pid)
        return found

    def clients(self) -> dict[int, httpx.Client]:
        """Return a kept connection to each worker, by its process."""
        found: dict[int, httpx.Client] = {}
        until = time.monotonic() + GUARD_S
        while len(found) < WORKERS:
            assert time.monotonic() < until, f"only {set(found)} of {self.pids()} answer"
            client = self.process.client()
            stream = client.get("/healthz").extensions["network_stream"]
            pid = self._whose(stream.get_extra_info("socket").getsockname()[1])
            if pid is None or pid in found:
                client.close()
            else:
                found[pid] = client
        return found

    def _whose(self, client_port: int) -> int | None:
        for pid in self.pids():
            with suppress(psutil.Error):
                for connection in psutil.Process(pid).net_connections("tcp"):
                    if connection.raddr and connection.raddr.port == client_port:
                        return pid
        return None

    def ask(self, client: httpx.Client, secret: str | None = None) -> httpx.Response:
        return client.post(
            "/graphql",
            json={"query": text_of("score"), "variables": ANN},
            headers={"Authorization": f"Bearer {secret or self.secret}"},
        )


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("workers")
    service, _ = open_world(folder)
    with service:
        service.store.append(core())
        service.recompute(MARKETPLACE, as_of=AS_OF)
        secret = make_keys(folder)["shop"]
        with serving(folder, "--workers", str(WORKERS)) as process:
            yield Workers(process, service, secret, folder)


@pytest.fixture
def clients(workers: Workers) -> Iterator[dict[int, httpx.Client]]:
    found = workers.clients()
    yield found
    for client in found.values():
        client.close()


def run_of(answer: httpx.Response) -> str:
    found: str = answer.json()["data"]["subject"]["score"]["run"]["runId"]
    return found


def test_every_worker_reads_a_new_run_a_second_after_it_was_published(
    workers: Workers, clients: dict[int, httpx.Client]
) -> None:
    before = {run_of(workers.ask(client)) for client in clients.values()}
    run = workers.service.recompute(MARKETPLACE, as_of=AS_OF)
    time.sleep(CURRENT_RUN_SECONDS + 0.05)  # what may be kept, is kept no longer
    assert [run_of(workers.ask(client)) for client in clients.values()] == [run.run_id] * WORKERS
    assert run.run_id not in before


def test_workers_map_one_file_of_scores(workers: Workers, clients: dict[int, httpx.Client]) -> None:
    run = {run_of(workers.ask(client)) for client in clients.values()}
    mapped = set()
    for pid in clients:
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        (file,) = {
            (parts[4], parts[5])  # inode and path
            for parts in (line.split() for line in lines)
            if len(parts) > 5
            and parts[5].endswith(".arrow")
            and run.issuperset([_run_in(parts[5])])
        }
        mapped.add(file)
    assert len(mapped) == 1


def _run_in(path: str) -> str:
    return Path(path).name.partition(".")[0]


def test_every_worker_notices_a_new_key_at_once_and_its_end_in_a_moment(
    workers: Workers, clients: dict[int, httpx.Client]
) -> None:
    folder = workers.service.settings.data_dir / ACCESS_FOLDER
    key, secret = create_key(folder, "guest", [MARKETPLACE], ["service"])
    statuses = [workers.ask(client, secret).status_code for client in clients.values()]
    assert statuses == [200] * WORKERS
    revoke_key(folder, key.id)
    time.sleep(LOOK_AGAIN_S)
    statuses = [workers.ask(client, secret).status_code for client in clients.values()]
    assert statuses == [401] * WORKERS


def test_a_worker_that_crashes_is_replaced_while_the_other_goes_on(workers: Workers) -> None:
    clients = workers.clients()
    (crashing, _), (_, staying) = clients.items()
    os.kill(crashing, signal.SIGKILL)
    assert workers.ask(staying).status_code == 200
    replaced = workers.clients()  # waits until two processes answer again
    assert crashing not in replaced
    assert all(workers.ask(client).status_code == 200 for client in replaced.values())
    for client in [*clients.values(), *replaced.values()]:
        client.close()


def test_a_terminated_service_answers_what_it_took_on_and_takes_on_no_more(
    workers: Workers,
) -> None:
    """Stands last: it ends the service that the others share."""
    answered: list[int] = []
    torn: list[httpx.TransportError] = []

    def read_on() -> None:
        with workers.process.client() as client:
            while True:
                try:
                    answered.append(workers.ask(client).status_code)
                except httpx.ConnectError:
                    return
                except httpx.TransportError as error:
                    torn.append(error)
                    return

    readers = [threading.Thread(target=read_on) for _ in range(3)]
    for reader in readers:
        reader.start()
    while len(answered) < 10:
        time.sleep(0.01)
    status = workers.process.terminate()
    for reader in readers:
        reader.join(GUARD_S)
    assert status == 0
    assert set(answered) == {200}
    # A kept connection may be closed between two requests; an answer is never cut short.
    assert not [error for error in torn if isinstance(error, httpx.ReadTimeout)]
    entries = workers.service.store.audit_entries(0, 1_000_000)
    reads = [entry for entry in entries if entry.draft.action == "read_score"]
    assert len(reads) >= len(answered)
    assert all(entry.is_intact() for entry in entries)
