"""The same on a Neo4j store: killed at any moment, every run is published once."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import Driver

from graphsvc.app import Service
from graphsvc.jobs.model import JobKind
from graphsvc.neo4j_server import ServerInfo
from graphsvc.settings import Settings
from tests.jobs.killing import ask, assert_finished_once, do_all, evidence, reference
from tests.jobs.zygote import Zygote
from tests.neo4j_fixture import wipe_data
from tests.service.samples import PURPOSE

pytestmark = [pytest.mark.neo4j, pytest.mark.xdist_group("neo4j")]
ROUNDS = 10
LEASE_S = 60.0


@pytest.fixture
def plain_settings(
    neo4j_server: ServerInfo, neo4j_driver: Driver, tmp_path: Path
) -> dict[str, str]:
    wipe_data(neo4j_driver)
    return {
        "store": neo4j_server.uri,
        "neo4j_user": neo4j_server.user,
        "neo4j_password": neo4j_server.read_password(),
        "data_dir": str(tmp_path / "data"),
    }


@pytest.fixture
def service(plain_settings: dict[str, str]) -> Iterator[Service]:
    with Service.open(Settings(**plain_settings)) as opened:  # type: ignore[arg-type]
        opened.store.append(evidence())
        yield opened


def test_ten_kills_at_random_moments_leave_every_run_published_once(
    service: Service, plain_settings: dict[str, str], zygote: Zygote
) -> None:
    champion = service.library.champion(PURPOSE).name
    checksums = reference(service, champion)
    chance = random.Random(5)
    killed = 0
    while killed < ROUNDS:
        job = ask(service, JobKind.RECOMPUTE, champion)
        # The number of the step that it dies at; all of them come about on SQLite.
        with zygote.child("die_at_call", plain_settings, chance.randrange(36)) as child:
            said = child.said()
            child.kill()
        if said != "done":
            assert child.signal == signal.SIGKILL, said
            killed += 1
        do_all(service)
        assert_finished_once(service, job, checksums)
