"""Jobs over GraphQL: an operator asks for one, the server does it, everybody else is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

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
    "head": ([MARKETPLACE], ["analyst", "operator"]),
}
WAIT_S = 60.0


def keyed() -> dict[str, str]:
    """Return a key that no call had before."""
    return {"idempotencyKey": uuid4().hex}


@dataclass(frozen=True)
class Office:
    """A served store, whose server works on jobs or leaves them, and keys."""

    url: str
    service: Service
    secrets: dict[str, str]

    def asker(self, name: str) -> Asker:
        return Asker(self.url, self.secrets[name])

    def answer(self, mutation: str, asker: str = "operator", **input: Any) -> dict[str, Any]:
        (found,) = self.asker(asker).ask(mutation, input=input).values()
        answer: dict[str, Any] = found
        return answer

    def start(self, **input: Any) -> dict[str, Any]:
        job: dict[str, Any] = self.answer("start_recompute", **keyed() | input)["job"]
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


def test_a_call_under_the_same_key_finds_its_job_whatever_became_of_it(idle: Office) -> None:
    programme = idle.service.library.champion(MARKETPLACE).name
    asked = {"idempotencyKey": "monday", "programmes": [programme]}
    first = idle.start(**asked)
    assert idle.answer("start_recompute", **asked)["alreadyDone"] is True
    idle.answer("cancel_job", jobId=first["jobId"])
    again = idle.answer("start_recompute", **asked)
    assert (again["job"]["jobId"], again["job"]["state"]) == (first["jobId"], "CANCELLED")
    before = idle.service.store.last_audit_position()
    refused = idle.answer("start_recompute", idempotencyKey="monday")
    assert (refused["job"], refused["refused"]) == (
        None,
        {
            "field": "idempotencyKey",
            "code": "IDEMPOTENCY_CONFLICT",
            "message": "idempotencyKey: was used for another job; send a new key with new content",
        },
    )
    assert idle.service.store.last_audit_position() == before
    assert idle.start(idempotencyKey="tuesday")["jobId"] != first["jobId"]
    assert [job["state"] for job in idle.jobs()] == ["WAITING", "CANCELLED"]
    assert idle.jobs(state="RUNNING") == []
    assert len(idle.jobs(first=1)) == 1


def test_equal_calls_at_once_are_one_job(idle: Office) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(idle.answer, "start_recompute", idempotencyKey="at once") for _ in range(8)
        ]
        answers = [one.result() for one in asked]
    assert len({answer["job"]["jobId"] for answer in answers}) == len(idle.service.jobs.jobs()) == 1
    assert sorted(answer["alreadyDone"] for answer in answers) == [False] + [True] * 7


def test_a_cancelled_job_is_never_done(idle: Office) -> None:
    started = idle.start()
    cancelled = idle.answer("cancel_job", jobId=started["jobId"])
    job = cancelled["job"]
    assert (job["state"], job["isCancelRequested"]) == ("CANCELLED", True)
    again = idle.answer("cancel_job", jobId=started["jobId"])
    assert (again["job"], again["alreadyDone"]) == (job, True)


def test_a_job_that_is_over_cannot_be_cancelled(working: Office) -> None:
    done = working.when_over(working.start(asOf=AS_OF.isoformat())["jobId"])
    refused = working.asker("operator").errors("cancel_job", input={"jobId": done["jobId"]})
    assert refused == [("CONFLICT", f"job {done['jobId']} is over: succeeded")]


def test_an_export_is_written_to_a_folder_of_the_services_own(working: Office) -> None:
    run = working.service.recompute(MARKETPLACE, as_of=AS_OF)
    asked = {"idempotencyKey": "for the auditor", "content": "SCORES", "form": "CSV"}
    forbidden = working.asker("operator").errors("start_export", input=asked)
    assert forbidden == [
        ("FORBIDDEN", "to export all scores of a purpose, a credential needs the role analyst")
    ]
    assert working.service.jobs.jobs() == []
    started = working.answer("start_export", asker="head", **asked)["job"]
    working.when_over(started["jobId"])
    ((path,),) = [
        job["files"]
        for job in working.asker("operator").ask("{ jobs { jobId files } }")["jobs"]
        if job["jobId"] == started["jobId"]
    ]
    assert Path(path).is_relative_to(working.service.settings.data_dir.resolve())
    rows = Path(path).read_text().splitlines()
    assert len(rows) == 1 + run.subjects
    assert working.answer("start_export", asker="head", **asked)["alreadyDone"] is True
    refused = working.answer("start_export", asker="head", **asked | {"content": "RUNS"})["refused"]
    assert refused["code"] == "IDEMPOTENCY_CONFLICT"


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
        ("start_recompute", {"input": keyed()}),
        ("start_export", {"input": keyed() | {"content": "SCORES"}}),
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
    assert asker.errors("start_recompute", input=keyed() | {"tolerance": 0.0}) == [
        ("INVALID_INPUT", "tolerance: Input should be greater than 0")
    ]
    ((code, _),) = asker.errors("start_recompute", input=keyed() | {"programmes": ["nonesuch"]})
    assert code == "DEFINITION_NOT_FOUND"
    assert asker.errors("start_recompute", input={"idempotencyKey": ""})[0][0] == "INVALID_INPUT"
    assert idle.service.jobs.jobs() == []
