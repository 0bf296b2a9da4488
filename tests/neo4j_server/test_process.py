"""The process that a home records, with a shell script in the place of Java."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graphsvc.neo4j_server import process
from graphsvc.neo4j_server.distribution import Distribution
from graphsvc.neo4j_server.home import Home, Record

Spawn = Callable[[str], Record]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


@pytest.fixture
def spawn(home: Home, tmp_path: Path) -> Iterator[Spawn]:
    records: list[Record] = []

    def spawn_script(script: str) -> Record:
        java = tmp_path / "java"
        java.write_text(f"#!/bin/sh\n{script}\n")
        java.chmod(0o700)
        pid, birth = process.spawn(home, Distribution(java, tmp_path), heap_mb=1)
        records.append(Record(bolt_port=1, version="5", pid=pid, birth=birth))
        return records[-1]

    yield spawn_script
    for record in records:
        process.end(home, record, timeout_s=0.5)


def written(log: Path, text: str) -> str:
    deadline = time.monotonic() + 10
    while text not in log.read_text():
        assert time.monotonic() < deadline, f"{text} never came to {log}"
    return log.read_text()


def test_a_process_is_recognised_from_its_first_moment_on(spawn: Spawn) -> None:
    assert all(process.is_alive(spawn("exec sleep 30")) for _ in range(50))


def test_a_process_that_ended_is_not_alive_though_its_parent_never_waited(spawn: Spawn) -> None:
    record = spawn("exit 3")
    deadline = time.monotonic() + 10
    while process.is_alive(record):
        assert time.monotonic() < deadline


def test_a_process_that_ignores_the_request_is_killed(spawn: Spawn, home: Home) -> None:
    record = spawn("trap '' TERM; echo deaf; while :; do sleep 0.1; done")
    written(home.console_log, "deaf")
    process.end(home, record, timeout_s=0.3)
    assert not process.is_alive(record)


def test_a_process_that_obeys_is_not_killed(spawn: Spawn, home: Home) -> None:
    record = spawn("trap 'echo tidy; exit' TERM; echo ready; while :; do sleep 0.1; done")
    written(home.console_log, "ready")
    process.end(home, record, timeout_s=10)
    assert home.console_log.read_text() == "ready\ntidy\n"


def test_no_secret_of_the_callers_environment_reaches_the_process(
    spawn: Spawn, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHSVC_NEO4J_PASSWORD", "do-not-tell")
    spawn("env; echo done")
    assert "do-not-tell" not in written(home.console_log, "done")
    assert os.environ["PATH"] in home.console_log.read_text()
