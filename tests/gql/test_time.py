"""Nothing waits without end: queries, queues, slow clients, idle connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import algorithms
from gql import protocol
from gql.threads import WORKERS
from graphsvc.settings import Settings
from tests.gql.conftest import Asker, RunningServer, World, make_keys, open_world
from tests.gql.world import AS_OF, MARKETPLACE, core

GUARD_S = 60.0


@contextmanager
def server(folder: Path, **settings: object) -> Iterator[World]:
    service, store = open_world(folder, **settings)
    service.store.append(core())
    service.recompute(MARKETPLACE, as_of=AS_OF)
    secrets = make_keys(folder)
    with RunningServer(service) as url:
        world = World(url, service, store, secrets)
        try:
            yield world
        finally:
            for gate in store.gates.values():
                gate.set()


def code_of(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    code: str = error["extensions"]["code"]
    return code


def test_a_query_that_takes_too_long_is_answered_and_reads_nothing_more(tmp_path: Path) -> None:
    with server(tmp_path, execution_seconds=0.5) as world:
        shop = world.asker("shop")
        before = world.store.calls["runs"]
        gate = world.store.gates["runs"] = threading.Event()
        text = " ".join(
            f'{name}: runs(purpose: "{MARKETPLACE}") {{ runId }}' for name in ("a", "b", "c")
        )
        answer = shop.post(f"{{ {text} }}")
        assert (answer.status_code, code_of(answer)) == (503, "EXECUTION_TIMEOUT")
        assert answer.headers["retry-after"] == "1"
        gate.set()
    # The end of the server waits for the thread: its first read came back, and was its last.
    assert world.store.calls["runs"] == before + 1


def test_a_list_of_explanations_ends_between_two_solves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    may_go_on = threading.Event()
    solve = algorithms.exposure_contributions

    def slow_solve(*arguments: Any, **options: Any) -> Any:
        begun.append("solve")
        assert may_go_on.wait(GUARD_S)
        return solve(*arguments, **options)

    monkeypatch.setattr(algorithms, "exposure_contributions", slow_solve)
    with server(tmp_path, execution_seconds=0.5) as world:
        chosen = "{ score { reasons { code } } }"
        text = f'{{ topSubjects(purpose: "{MARKETPLACE}", first: 5) {chosen} }}'
        answer = world.asker("analyst").post(text)
        assert (answer.status_code, code_of(answer)) == (503, "EXECUTION_TIMEOUT")
        may_go_on.set()
    assert begun == ["solve"]


def test_when_all_threads_are_taken_so_many_wait_and_the_rest_is_told_to_come_back(
    tmp_path: Path,
) -> None:
    with server(tmp_path, max_waiting=2) as world:
        shop = world.asker("shop")
        shop.ask("runs", purpose=MARKETPLACE)
        shop.ask("{ purposes { name } }")
        gate = world.store.gates["runs"] = threading.Event()
        with ThreadPoolExecutor(WORKERS + 6) as pool:
            asked = [
                pool.submit(shop.post_operation, "runs", purpose=MARKETPLACE)
                for _ in range(WORKERS + 6)
            ]
            finished = as_completed(asked, GUARD_S)
            refused = [next(finished).result() for _ in range(4)]
            assert {code_of(answer) for answer in refused} == {"OVERLOADED"}
            assert {answer.status_code for answer in refused} == {503}
            # What is in memory needs no thread.
            assert shop.post("{ purposes { name } }").status_code == 200
            gate.set()
            answers = [done.result(GUARD_S) for done in asked]
        assert sum(answer.status_code == 200 for answer in answers) == WORKERS + 2


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short times and few connections for the connections of this test."""
    short = Settings(header_seconds=0.3, max_connections=5)
    monkeypatch.setattr(protocol, "_settings", lambda: short)


def connect(url: str) -> socket.socket:
    parts = httpx.URL(url)
    return socket.create_connection((parts.host, parts.port or 80), timeout=GUARD_S)


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize(
    "sent", [b"", b"P", b"POST /graphql HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: "]
)
def test_a_connection_whose_headers_never_end_is_closed(world: World, sent: bytes) -> None:
    with connect(world.url) as slow:
        slow.sendall(sent)
        assert slow.recv(1000) == b""


@pytest.mark.usefixtures("bounds")
def test_a_second_request_must_send_its_headers_in_time_too(world: World) -> None:
    with connect(world.url) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert slow.recv(1000).startswith(b"HTTP/1.1 200")
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        assert slow.recv(1000) == b""


@pytest.mark.usefixtures("bounds")
def test_more_connections_than_allowed_are_refused_and_others_served(world: World) -> None:
    with httpx.Client(base_url=world.url) as kept:
        assert kept.get("/healthz").status_code == 200
        waiting = [connect(world.url) for _ in range(4)]
        with connect(world.url) as one_too_many:
            answer = one_too_many.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b'"OVERLOADED"' in answer
        assert kept.get("/healthz").status_code == 200
        for connection in waiting:
            connection.close()


def test_a_body_that_is_never_sent_is_given_up(tmp_path: Path) -> None:
    with server(tmp_path, body_seconds=0.3) as world, connect(world.url) as slow:
        slow.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + world.secrets["shop"].encode() + b"\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        answer = slow.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"REQUEST_TIMEOUT"' in answer
        assert Asker(world.url, world.secrets["shop"]).ask("{ purposes { name } }")
