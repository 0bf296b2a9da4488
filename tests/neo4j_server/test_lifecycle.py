"""The life of a real server: started, stopped, killed, and started again over the same data."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import Driver, GraphDatabase
from neo4j.exceptions import AuthError

from graphsvc import neo4j_server as server
from graphsvc.errors import Neo4jServerError
from graphsvc.neo4j_server import ServerInfo, ServerState
from tests.neo4j_fixture import start_server

pytestmark = [pytest.mark.neo4j, pytest.mark.xdist_group("neo4j-lifecycle")]

AWKWARD_PASSWORD = "two \"quotes\", a back\\slash, a #hash: an $odd 'one'"
LISTENING = "0A"
LOOPBACK = "0100007F"


def logged_in(info: ServerInfo) -> Driver:
    return GraphDatabase.driver(info.uri, auth=(info.user, info.read_password()))


def remember(info: ServerInfo, fact: str) -> None:
    with logged_in(info) as driver:
        driver.execute_query("CREATE (:Fact {text: $fact})", fact=fact)


def remembered(info: ServerInfo) -> list[str]:
    with logged_in(info) as driver:
        records = driver.execute_query("MATCH (f:Fact) RETURN f.text AS text").records
    return [record["text"] for record in records]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One home for the module, since a start takes seconds; those that fail to start come first."""
    path = tmp_path_factory.mktemp("a home with spaces")
    try:
        yield path
    finally:
        server.stop(path)


@pytest.fixture
def running(home: Path) -> ServerInfo:
    return start_server(home, password=AWKWARD_PASSWORD)


def test_a_start_that_fails_shows_the_end_of_the_log_and_can_be_repeated(home: Path) -> None:
    server.stop(home)
    with pytest.raises(Neo4jServerError, match=r"(?s)ended while .* its logs in .*heap"):
        start_server(home, password=AWKWARD_PASSWORD, heap_mb=1)
    assert server.status(home).state is ServerState.STOPPED


def test_a_start_that_takes_too_long_leaves_no_process_behind(home: Path) -> None:
    server.stop(home)
    with pytest.raises(Neo4jServerError, match="accepted no login in time"):
        start_server(home, password=AWKWARD_PASSWORD, timeout_s=0.2)
    assert server.status(home).state is ServerState.STOPPED
    assert [line for line in command_lines() if f"--home-dir={home}" in line] == []


def command_lines() -> list[str]:
    """The command lines of all processes."""
    answer = subprocess.run(["ps", "-ww", "-eo", "args="], capture_output=True, check=True)
    return answer.stdout.decode(errors="replace").splitlines()


def test_of_two_simultaneous_starts_one_launches_and_both_get_it(home: Path) -> None:
    server.stop(home)
    script = (
        "import sys; from pathlib import Path; from graphsvc import neo4j_server\n"
        "home, password = Path(sys.argv[1]), sys.argv[2]\n"
        "print(neo4j_server.start(home, password=password, short_lived=True).pid)"
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(home), AWKWARD_PASSWORD],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    pids = [starter.communicate()[0].strip() for starter in starters]
    info = server.status(home).info
    assert info is not None
    assert pids == [str(info.pid)] * 2


def test_a_started_server_answers_over_bolt(running: ServerInfo) -> None:
    with logged_in(running) as driver:
        component = driver.execute_query("CALL dbms.components()").records[0]
    assert component["versions"] == [running.version]
    assert component["edition"] == "community"
    assert server.status(running.home).state is ServerState.RUNNING
    assert server.status(running.home).info == running


def test_a_second_start_returns_the_running_server(running: ServerInfo) -> None:
    assert start_server(running.home) == running


def test_a_start_on_another_port_is_refused_while_the_server_runs(running: ServerInfo) -> None:
    with pytest.raises(Neo4jServerError, match="already runs on port"):
        start_server(running.home, bolt_port=1)
    assert server.status(running.home).info == running


def test_the_password_that_was_asked_for_is_the_one_that_works(running: ServerInfo) -> None:
    assert running.read_password() == AWKWARD_PASSWORD
    remember(running, "logged in")


def test_a_start_with_another_password_is_refused(running: ServerInfo) -> None:
    with pytest.raises(Neo4jServerError, match="has another password"):
        start_server(running.home, password="something-else")


@pytest.mark.parametrize("password", ["neo4j", "wrong-password"])
def test_a_wrong_password_is_refused(running: ServerInfo, password: str) -> None:
    with (
        GraphDatabase.driver(running.uri, auth=(running.user, password)) as driver,
        pytest.raises(AuthError),
    ):
        driver.verify_connectivity()


def test_nobody_gets_in_without_a_password(running: ServerInfo) -> None:
    with GraphDatabase.driver(running.uri) as driver, pytest.raises(AuthError):
        driver.verify_connectivity()


def test_only_the_owner_can_read_the_password(running: ServerInfo) -> None:
    assert stat.S_IMODE(running.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(running.home.stat().st_mode) == 0o700


def test_the_password_is_in_no_other_file_and_on_no_command_line(running: ServerInfo) -> None:
    password = running.read_password().encode()
    process = Path("/proc", str(running.pid))
    places = [path for path in running.home.rglob("*") if path.is_file()]
    places = [path for path in places if path != running.password_file]
    places += [process / "cmdline", process / "environ"]
    assert [path for path in places if password in path.read_bytes()] == []


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc/net/tcp")
def test_it_listens_on_bolt_only_and_on_loopback_only(running: ServerInfo) -> None:
    port = int(running.uri.rpartition(":")[2])
    assert listening_addresses(running.pid) == [(LOOPBACK, port)]


def listening_addresses(pid: int) -> list[tuple[str, int]]:
    """What the kernel says that the process listens on, as (address in hexadecimal, port)."""
    handles = [os.readlink(handle) for handle in Path(f"/proc/{pid}/fd").iterdir()]
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTENING and f"socket:[{inode}]" in handles:
                address, port = local.split(":")
                found.append((address, int(port, 16)))
    return found


def test_the_server_outlives_the_process_that_started_it(running: ServerInfo) -> None:
    assert os.getsid(running.pid) == running.pid


def test_data_and_address_survive_a_restart(running: ServerInfo) -> None:
    remember(running, "kept over a restart")
    assert server.stop(running.home) is True
    assert server.status(running.home).state is ServerState.STOPPED
    again = start_server(running.home)
    assert again.pid != running.pid
    assert again.uri == running.uri
    assert "kept over a restart" in remembered(again)


def test_a_killed_server_is_seen_as_dead_and_recovers_its_data(running: ServerInfo) -> None:
    remember(running, "kept over kill -9")
    os.kill(running.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while server.status(running.home).state is not ServerState.DEAD:
        assert time.monotonic() < deadline, server.status(running.home)
    again = start_server(running.home)
    assert again.pid != running.pid
    assert "kept over kill -9" in remembered(again)
