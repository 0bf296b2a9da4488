"""Schedules: each occasion becomes one job, whoever looks, and nothing piles up."""

from __future__ import annotations

import os
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graphsvc.app import Service
from graphsvc.errors import DefinitionError
from graphsvc.jobs.model import JobKind, JobState
from graphsvc.jobs.schedule import Schedule, Schedules
from tests.jobs.killing import do_all
from tests.jobs.zygote import Zygote

NIGHTLY = Schedules({"nightly": Schedule(cron="0 2 * * *", job=JobKind.SNAPSHOT)})
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_schedule_begins_when_it_is_first_seen(service: Service) -> None:
    assert NIGHTLY.ask_for_due(service.jobs, NOON) == []
    assert NIGHTLY.ask_for_due(service.jobs, NOON + timedelta(hours=13)) == []
    (job,) = NIGHTLY.ask_for_due(service.jobs, NOON + timedelta(hours=15))
    assert (job.kind, job.schedule, job.requested_by) == (
        JobKind.SNAPSHOT,
        "nightly",
        "schedule:nightly",
    )
    assert job.scheduled_for == datetime(2026, 3, 3, 2, tzinfo=UTC)
    assert NIGHTLY.ask_for_due(service.jobs, NOON + timedelta(hours=15)) == []


def test_what_was_missed_is_made_up_for_once(service: Service) -> None:
    NIGHTLY.ask_for_due(service.jobs, NOON)
    (job,) = NIGHTLY.ask_for_due(service.jobs, NOON + 10 * DAY)
    assert job.scheduled_for == datetime(2026, 3, 12, 2, tzinfo=UTC)


def test_the_next_occasion_waits_for_the_job_of_the_one_before(service: Service) -> None:
    NIGHTLY.ask_for_due(service.jobs, NOON)
    (first,) = NIGHTLY.ask_for_due(service.jobs, NOON + DAY)
    assert NIGHTLY.ask_for_due(service.jobs, NOON + 2 * DAY) == []
    assert [job.state for job in do_all(service)] == [JobState.SUCCEEDED]
    (second,) = NIGHTLY.ask_for_due(service.jobs, NOON + 2 * DAY)
    assert first.number < second.number


def test_two_workers_ask_for_an_occasion_once(service: Service) -> None:
    NIGHTLY.ask_for_due(service.jobs, NOON)
    due = NOON + DAY
    asked = {"schedule": "nightly", "scheduled_for": due}
    parameters = NIGHTLY.by_name["nightly"].parameters
    first = service.jobs.add(JobKind.SNAPSHOT, parameters, "one", now=due, **asked)  # type: ignore[arg-type]
    second = service.jobs.add(JobKind.SNAPSHOT, parameters, "two", now=due, **asked)  # type: ignore[arg-type]
    assert first is not None
    assert second is None
    assert len(service.jobs.jobs()) == 1


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # Sunday is 0, as in cron: 2026-03-01 is one.
        ("30 4 * * 0", "UTC", "2026-02-23T00:00", "2026-03-01T04:30"),
        ("0 2 * * *", "Europe/Berlin", "2026-07-01T00:00", "2026-07-02T00:00"),
        # 02:30 does not exist on the day that clocks go forward: it is done at once after.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00"),
        ("*/15 * * * *", "Asia/Kolkata", "2026-01-01T00:01", "2026-01-01T00:15"),
    ],
)
def test_expressions_are_read_as_cron_reads_them(
    cron: str, zone: str, after: str, expected: str
) -> None:
    schedule = Schedule(cron=cron, timezone=zone, job=JobKind.RECOMPUTE)
    time = datetime.fromisoformat(after).replace(tzinfo=UTC)
    wanted = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert schedule.next_after(time) == wanted
    assert schedule.last_before(wanted + timedelta(minutes=1)) == wanted


def test_a_file_of_schedules_is_read(tmp_path: Path) -> None:
    path = tmp_path / "schedule.yaml"
    path.write_text(
        "nightly:\n  cron: 15 2 * * *\n  timezone: Europe/Berlin\n  job: recompute\n"
        "  purposes: [marketplace-integrity]\ntidy:\n  cron: 0 5 * * 0\n  job: retention\n"
    )
    schedules = Schedules.load(path).by_name
    assert list(schedules) == ["nightly", "tidy"]
    assert schedules["nightly"].parameters.purposes == ("marketplace-integrity",)
    assert Schedules.load(None).by_name == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {cron: 61 * * * *, job: recompute}", r"a\.cron: .*'61 \* \* \* \*' is no cron"),
        ("a: {cron: 0 2 * * *, job: dance}", r"a\.job: "),
        ("a: {cron: 0 2 * * *, job: snapshot, timezone: Mars}", r"a\.timezone: .*'Mars'"),
        ("a: {cron: 0 2 * * *, job: snapshot, purpose: x}", r"a\.purpose: Extra inputs"),
        ("a: {cron: 0 2 * * *, job: backtest}", r"a: .*backtest: a backtest needs its times"),
        (
            "a: {cron: 0 2 * * *, job: export, export: {what: scores, folder: out}}",
            r"a\.export: .*folder out is not absolute",
        ),
        (
            "a: {cron: 0 2 * * *, job: export, export: {what: runs, folder: /out, form: gexf}}",
            r"a\.export: .*gexf is a format of graphs",
        ),
        ("A b: {cron: 0 2 * * *, job: snapshot}", "names in lower case"),
        ("[1, 2]", "write NAME"),
        ("a: [", "can't be read"),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "schedule.yaml"
    path.write_text(text)
    with pytest.raises(DefinitionError, match=message):
        Schedules.load(path)


def test_a_worker_that_is_told_to_end_finishes_its_stage_and_leaves_the_rest(
    service: Service, plain_settings: dict[str, str], zygote: Zygote
) -> None:
    with zygote.child("work_until_told", plain_settings) as child:
        assert child.said() == "propagating"
        child.kill(signal.SIGTERM)
        assert child.signal == 0
        assert child.said() == "ended after 1"
    (job,) = service.jobs.jobs()
    assert (job.state, job.runner, job.attempts, job.deaths) == (JobState.WAITING, None, 0, 0)
    assert job.checkpoint["runs"][0]["stage"] == "propagate"
    assert not os.listdir(service.jobs_folder / "runners")
    assert [left.state for left in do_all(service)] == [JobState.SUCCEEDED]


def test_the_schedule_in_the_documentation_is_a_right_one(tmp_path: Path) -> None:
    docs = Path(__file__).parents[2] / "docs" / "jobs.md"
    (block,) = re.findall(r"```yaml\n(.*?)```", docs.read_text(), re.DOTALL)
    path = tmp_path / "schedule.yaml"
    path.write_text(block)
    schedules = Schedules.load(path).by_name
    assert {schedule.job for schedule in schedules.values()} == {
        JobKind.RECOMPUTE,
        JobKind.RETENTION,
        JobKind.EXPORT,
    }
