"""A small graph, what processes do to its jobs until they are killed, and what must come of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from graphsvc.app import Service
from graphsvc.jobs.model import Job, JobKind, JobParameters, JobState
from graphsvc.jobs.recompute import Stage
from graphsvc.jobs.runner import Runner
from graphsvc.jobs.worker import work
from graphsvc.model import EventKind, Record
from graphsvc.settings import Settings
from tests.service.samples import AS_OF, PURPOSE, event, listed, report, trusts

MOST_DEATHS = 1000
SUBJECTS = 40
Tell = Callable[[str], None]


def evidence() -> list[Record]:
    """Return records of every kind that scores are made of."""
    records: list[Record] = []
    for number in range(SUBJECTS):
        records += [
            trusts(number, (number * 7 + step) % SUBJECTS, 1.0 + step)
            for step in (1, 3, 11)
            if (number * 7 + step) % SUBJECTS != number
        ]
    records += [listed(number, "marketplace-fraud", 0.5) for number in (3, 17)]
    records += [listed(number, "verified-merchants") for number in (5, 21)]
    records += [event(EventKind.CHARGEBACK, number) for number in (8, 9)]
    records += [report(number, number + 1) for number in (12, 30)]
    return records


def recompute_parameters(*programmes: str) -> JobParameters:
    """Return what a recompute of the sample's purpose is asked with."""
    return JobParameters(purposes=(PURPOSE,), programmes=programmes, as_of=AS_OF)


def ask(service: Service, kind: JobKind = JobKind.RECOMPUTE, *programmes: str) -> Job:
    """Ask for a job."""
    parameters = recompute_parameters(*programmes)
    job = service.jobs.add(kind, parameters, "tester", now=datetime.now(UTC))
    assert job is not None
    return job


def settings_of(plain: dict[str, str]) -> Settings:
    """Return settings that were sent to another process."""
    return Settings(**plain)  # type: ignore[arg-type]


def work_until_killed(tell: Tell, settings: dict[str, str], lease_s: float) -> None:
    """Open the service, say so, do what is due, say so."""
    with Service.open(settings_of(settings)) as service:
        tell("begun")
        with Runner(service, lease_s=lease_s, most_deaths=MOST_DEATHS) as runner:
            while runner.run_next() is not None:
                pass
        tell("done")


def warm_up(service: Service) -> None:
    """Do once what children will do."""
    service.store.append(evidence())
    ask(service)
    do_all(service)


def die_at_call(tell: Tell, settings: dict[str, str], number: int) -> None:
    """Do what is due; die by SIGKILL right before or after one of its steps, and say of which."""
    with Service.open(settings_of(settings)) as service:
        left = number

        def step(name: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                tell(name)
                os.kill(os.getpid(), signal.SIGKILL)

        _dying(service.store, ("take_run", "stage_run_chunk", "publish_run", "append_audit"), step)
        _dying(service.jobs, ("take", "enter", "save", "leave"), step)
        _dying(service.checkpoints, ("save_spread", "save_payload", "drop"), step)
        with Runner(service, most_deaths=MOST_DEATHS) as runner:
            while runner.run_next() is not None:
                pass
        tell("done")


def work_until_told(tell: Tell, settings: dict[str, str]) -> None:
    """Work as `graphsvc jobs work` does; say when a stage is reached, and stay there until told."""
    from graphsvc.cli.jobs import until_signalled

    with Service.open(settings_of(settings)) as service, until_signalled() as stop:
        ask(service)

        def watch(job: Job) -> None:
            if (job.stage or "").startswith(Stage.PROPAGATE) and not stop.is_set():
                tell("propagating")
                assert stop.wait(60.0)

        taken = work(service, stop, watch=watch)
    tell(f"ended after {taken}")


def _dying(target: object, names: Sequence[str], step: Callable[[str], None]) -> None:
    for name in names:
        original = getattr(target, name)

        def called(*values: object, _name: str = name, _do: object = original, **named: object):  # type: ignore[no-untyped-def]
            step(f"before {_name}")
            found = _do(*values, **named)  # type: ignore[operator]
            step(f"after {_name}")
            return found

        setattr(target, name, called)


def do_all(service: Service, **options: object) -> list[Job]:
    """Do what is due, in this process; return the jobs as they were left."""
    stop = threading.Event()
    left = []
    with Runner(service, stop=stop, most_deaths=MOST_DEATHS, **options) as runner:  # type: ignore[arg-type]
        while (job := runner.run_next()) is not None:
            left.append(job)
    return left


def assert_finished_once(service: Service, job: Job, checksums: Mapping[str, str]) -> None:
    """The job published each programme's run once, of the bits of an uninterrupted one."""
    stands = service.jobs.job(job.job_id)
    assert (stands.state, stands.error) == (JobState.SUCCEEDED, None)
    entries = stands.checkpoint["runs"]
    assert {entry["stage"] for entry in entries} == {Stage.PUBLISH}
    assert stands.done == stands.total
    run_ids = {entry["run_id"] for entry in entries}
    published = [run for run in service.store.runs(limit=10_000) if run.run_id in run_ids]
    assert {run.programme: run.checksum for run in published} == checksums
    audited = [
        entry.draft.detail
        for entry in service.store.audit_entries(stands.checkpoint["audit_position"], 10_000)
        if entry.draft.action == "recompute" and entry.draft.detail in run_ids
    ]
    assert sorted(audited) == sorted(run_ids)
    for run in published:
        assert service.scores(run.purpose, run_id=run.run_id).run == run
    assert service.store.discard_staged_runs() == 0
    files = [
        path for path in service.jobs_folder.rglob("*") if path.suffix in (".spread", ".payload")
    ]
    assert files == []


def reference(service: Service, *programmes: str) -> dict[str, str]:
    """Return the checksum of each programme's run, all of the purpose's or some, without a job."""
    wanted = programmes or [one.name for one in service.library.programmes_of(PURPOSE)]
    return {
        name: service.recompute(PURPOSE, as_of=AS_OF, programme=name).checksum for name in wanted
    }
