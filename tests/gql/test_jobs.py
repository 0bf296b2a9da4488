"""Jobs over GraphQL: an operator asks for one, the server does it, everybody else is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from graphsvc.access import ACCESS_FOLDER, create_key
from graphsvc.app import Service
from graphsvc.jobs.model import JobKind, JobParameters, JobState
from graphsvc.settings import Settings
from tests.gql.conftest import Asker, RunningServer
from tests.gql.world import AS_OF, DEPOSIT, MARKETPLACE, core

KEYS = {
    "operator": ([MARKETPLACE], ["operator"]),
    "landlord": ([DEPOSIT], ["operator"]),
    "analyst": ([MARKETPLACE], ["analyst"]),
}
WAIT_S = 60.0


@dataclass(frozen=True)
class Office:
    """A served store, whose server works on jobs or leaves them, and keys."""

    url: str
    service: Service
    secrets: dict[str, str]

    def asker(self, name: str) -> Asker:
        return Asker(self.url, self.secrets[name])

    def start(self, **input: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.asker("operator").ask("start_recompute", input=input)
        job: dict[str, Any] = found["startRecompute"]["job"]
        return job

    def jobs(self, name: str = "operator", **variables: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.asker(name).ask("jobs", **variables)["jobs"]
        return found

    def when_over(self, job_id: str) -> dict[str, Any]:
        """Return a job once nothing happens to it any more."""
        deadline = time.monotonic() + WAIT_S
        while True:
            (job,) = [job for job in self.jobs() if job["jobId"] == job_id]
            if JobState(job["state"].lower()).is_over or time.monotonic() > deadline:
                return job
            time.sleep(0.05)


@contextmanager
def opened(folder: Path, *, jobs_in_server: bool) -> Iterator[Office]:
    settings = Settings(
        store=f"sqlite:///{folder / 'store.db'}",
        data_dir=folder / "data",
        jobs_in_server=jobs_in_server,
    )
    service = Service.open(settings)
    service.store.append(core())
    secrets = {
        name: create_key(folder / "data" / ACCESS_FOLDER, name, purposes, roles)[1]
        for name, (purposes, roles) in KEYS.items()
    }
    with RunningServer(service) as url:
        yield Office(url, service, secrets)


@pytest.fixture
def working(tmp_path: Path) -> Iterator[Office]:
    """An office whose server does jobs."""
    with opened(tmp_path, jobs_in_server=True) as office:
        yield office


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Office]:
    """An office whose server leaves jobs to others."""
    with opened(tmp_path, jobs_in_server=False) as office:
        yield office


def test_a_server_does_what_an_operator_asks_for(working: Office) -> None:
    started = working.start(asOf=AS_OF.isoformat())
    assert started["kind"] == "RECOMPUTE"
    assert started["requestedBy"].startswith("operator (key ")
    done = working.when_over(started["jobId"])
    assert (done["state"], done["error"], done["shareDone"]) == ("SUCCEEDED", None, 1.0)
    assert done["unit"] == "links"
    runs = working.asker("analyst").ask("runs", purpose=MARKETPLACE)["runs"]
    programmes = working.service.library.programmes_of(MARKETPLACE)
    assert {run["programme"] for run in runs} == {programme.name for programme in programmes}
    direct = working.service.recompute(MARKETPLACE, as_of=AS_OF)
    same = [run["checksum"] for run in runs if run["programme"] == direct.programme]
    assert same == [direct.checksum]


def test_the_same_is_asked_for_once_until_somebody_begins(idle: Office) -> None:
    programme = idle.service.library.champion(MARKETPLACE).name
    first = idle.start(programmes=[programme])
    assert idle.start(programmes=[programme])["jobId"] == first["jobId"]
    assert idle.start()["jobId"] != first["jobId"]
    assert [job["state"] for job in idle.jobs()] == ["WAITING", "WAITING"]
    assert idle.jobs(state="RUNNING") == []
    assert len(idle.jobs(first=1)) == 1


def test_a_cancelled_job_is_never_done(idle: Office) -> None:
    started = idle.start()
    cancelled = idle.asker("operator").ask("cancel_job", input={"jobId": started["jobId"]})
    job = cancelled["cancelJob"]["job"]
    assert (job["state"], job["isCancelRequested"]) == ("CANCELLED", True)
    again = idle.asker("operator").errors("cancel_job", input={"jobId": started["jobId"]})
    assert again == [("CONFLICT", f"job {started['jobId']} is over: cancelled")]


def test_jobs_of_another_purpose_are_neither_seen_nor_cancelled(idle: Office) -> None:
    started = idle.start()
    assert idle.jobs("landlord") == []
    errors = idle.asker("landlord").errors("cancel_job", input={"jobId": started["jobId"]})
    assert errors == [
        ("NOT_FOUND", f"there is no job {started['jobId']!r} for purpose {DEPOSIT} alone")
    ]
    everybody = idle.service.jobs.add(
        JobKind.SNAPSHOT, JobParameters(), "cli", now=datetime.now(UTC)
    )
    assert everybody is not None
    assert [job["jobId"] for job in idle.jobs("landlord")] == [everybody.job_id]
    ((code, _),) = idle.asker("landlord").errors("cancel_job", input={"jobId": everybody.job_id})
    assert code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("operation", "variables"),
    [
        ("jobs", {}),
        ("start_recompute", {"input": {}}),
        ("cancel_job", {"input": {"jobId": "J-any"}}),
    ],
)
def test_whoever_is_no_operator_or_lacks_the_purpose_is_refused_and_nothing_changes(
    idle: Office, operation: str, variables: dict[str, Any]
) -> None:
    before = idle.service.store.last_audit_position()
    refused = idle.asker("analyst").errors(operation, **variables)
    assert refused == [("FORBIDDEN", "to run jobs, a credential needs the role operator")]
    if "input" in variables:
        elsewhere = {"input": variables["input"] | {"purpose": MARKETPLACE}}
    else:
        elsewhere = {"purpose": MARKETPLACE}
    ((code, message),) = idle.asker("landlord").errors(operation, **elsewhere)
    assert code == "FORBIDDEN"
    assert message == f"purpose {MARKETPLACE!r}: this credential may not read for it"
    assert idle.service.jobs.jobs() == []
    assert idle.service.store.last_audit_position() == before


def test_what_cannot_be_computed_is_refused_when_it_is_asked_for(idle: Office) -> None:
    asker = idle.asker("operator")
    assert asker.errors("start_recompute", input={"tolerance": 0.0}) == [
        ("INVALID_INPUT", "tolerance: Input should be greater than 0")
    ]
    ((code, _),) = asker.errors("start_recompute", input={"programmes": ["nonesuch"]})
    assert code == "DEFINITION_NOT_FOUND"
    assert idle.service.jobs.jobs() == []
