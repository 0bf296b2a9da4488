"""jobProgress over graphql-transport-ws: a job is told of until it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from graphsvc.jobs.model import JobKind, JobParameters
from tests.gql.socket_client import Socket, acknowledged
from tests.gql.test_jobs import Office, idle, working  # noqa: F401
from tests.gql.world import AS_OF, DEPOSIT, MARKETPLACE


def told(found: Socket) -> list[dict[str, Any]]:
    """Return all that is told until the subscription is complete."""
    events = []
    while (message := found.receive())["type"] == "next":
        events.append(message["payload"]["data"]["jobProgress"])
    assert message == {"type": "complete", "id": "1"}
    return events


def test_a_job_is_told_of_until_it_is_over(working: Office) -> None:  # noqa: F811
    started = working.start(asOf=AS_OF.isoformat())
    with acknowledged(working, "operator") as found:
        found.subscribe(text="job_progress", jobId=started["jobId"])
        events = told(found)
        assert {event["jobId"] for event in events} == {started["jobId"]}
        assert (events[-1]["state"], events[-1]["shareDone"]) == ("SUCCEEDED", 1.0)
        shares = [event["shareDone"] or 0.0 for event in events]
        assert shares == sorted(shares)
        # Whoever comes back later is told how it ended, and no more.
        found.subscribe(text="job_progress", jobId=started["jobId"])
        assert told(found) == events[-1:]


def test_each_step_is_told_once_whoever_takes_it(idle: Office) -> None:  # noqa: F811
    jobs = idle.service.jobs
    started = idle.start()
    with acknowledged(idle, "operator") as found:
        found.subscribe(text="job_progress", jobId=started["jobId"])
        now = datetime.now(UTC)
        assert found.receive()["payload"]["data"]["jobProgress"]["state"] == "WAITING"
        lease = now + timedelta(seconds=60)
        job = jobs.take("elsewhere", now=now, lease_until=lease, is_gone=lambda runner: False)
        assert job is not None
        assert found.receive()["payload"]["data"]["jobProgress"]["state"] == "RUNNING"
        jobs.keep(job, now + timedelta(seconds=120))  # says only that the worker is alive
        jobs.enter(job, "propagate")
        assert found.receive()["payload"]["data"]["jobProgress"]["stage"] == "propagate"


def test_jobs_are_told_of_to_operators_of_their_purpose_only(
    idle: Office,  # noqa: F811
) -> None:
    started = idle.start()["jobId"]
    for name, purpose, code, message in (
        ("analyst", MARKETPLACE, "FORBIDDEN", "to run jobs, a credential needs the role operator"),
        ("landlord", DEPOSIT, "NOT_FOUND", f"there is no job {started!r} for purpose {DEPOSIT}"),
        ("operator", MARKETPLACE, "NOT_FOUND", f"there is no job 'J-x' for purpose {MARKETPLACE}"),
    ):
        with acknowledged(idle, name) as found:
            job_id = "J-x" if name == "operator" else started
            found.subscribe(text="job_progress", jobId=job_id, purpose=purpose)
            assert found.refused() == (code, message)
    everybody = idle.service.jobs.add(
        JobKind.SNAPSHOT, JobParameters(), "cli", now=datetime.now(UTC)
    )
    assert everybody is not None
    with acknowledged(idle, "landlord") as found:
        found.subscribe(text="job_progress", jobId=everybody.job_id, purpose=DEPOSIT)
        assert found.receive()["payload"]["data"]["jobProgress"]["state"] == "WAITING"
