"""What becomes of a job: done, cancelled, retried, taken over, held back; and never twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
import tenacity
from pydantic import TypeAdapter

from graphsvc.app import Service
from graphsvc.backtest import Backtest, Knowledge, Plan, parse_outcome
from graphsvc.errors import (
    ConflictError,
    DefinitionNotFoundError,
    InvalidInputError,
    LeaseLostError,
    NotFoundError,
    StoreUnavailableError,
    SubjectNotFoundError,
)
from graphsvc.export.graph import GraphFormat
from graphsvc.export.tables import TableFormat
from graphsvc.jobs import recompute as staged
from graphsvc.jobs.model import (
    BacktestParameters,
    Ending,
    Engine,
    Job,
    JobKind,
    JobParameters,
    JobState,
)
from graphsvc.jobs.presence import Presence
from graphsvc.jobs.recompute import Stage
from graphsvc.jobs.runner import BACKOFF, MOST_ATTEMPTS, Runner
from graphsvc.model import AuditAction, Gate
from tests.jobs.killing import ask, assert_finished_once, do_all, reference
from tests.service.samples import AS_OF, PURPOSE, account, listed, trusts

AT_ONCE = tenacity.wait_none()
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def done_by_another(service: Service) -> Job:
    """Have another runner do the next job; who stands still may have kept it a moment ago."""
    until = time.monotonic() + 30.0
    with Runner(service) as other:
        while (left := other.run_next()) is None:
            assert time.monotonic() < until, "nobody takes it over"
            time.sleep(0.01)
    return left


def only(jobs: list[Job]) -> Job:
    (job,) = jobs
    return job


@contextmanager
def stopped_behind(service: Service, stage: Stage) -> Iterator[None]:
    """Let a runner be told to stop while it is at a stage."""
    stop = threading.Event()

    def watch(job: Job) -> None:
        if (job.stage or "").startswith(stage):
            stop.set()

    with Runner(service, stop=stop, watch=watch) as runner:
        left = runner.run_next()
    assert left is not None
    assert left.state is JobState.WAITING
    assert only_entry(left)["stage"] == stage
    yield


def only_entry(job: Job) -> dict[str, object]:
    entry: dict[str, object] = job.checkpoint["runs"][0]
    return entry


def test_a_recompute_job_publishes_what_a_recompute_publishes(service: Service) -> None:
    checksums = reference(service)
    job = ask(service)
    assert only(do_all(service)).job_id == job.job_id
    assert_finished_once(service, job, checksums)
    stands = service.jobs.job(job.job_id)
    assert stands.result is not None
    assert [set(run["usage"]) for run in stands.result["runs"]] == [set(Stage)] * len(checksums)
    assert (stands.share_done, stands.unit, stands.fence) == (1.0, "links", 1)
    assert do_all(service) == []


@pytest.mark.parametrize("stage", [Stage.SNAPSHOT, Stage.PROPAGATE, Stage.SCORE, Stage.REPORT])
def test_a_job_that_was_left_goes_on_behind_its_last_finished_stage(
    service: Service, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion = service.library.champion(PURPOSE).name
    checksums = reference(service, champion)
    job = ask(service, JobKind.RECOMPUTE, champion)
    with stopped_behind(service, stage):
        begun = service.jobs.job(job.job_id)

    def repeated(*_: object) -> None:
        raise AssertionError("a finished stage was begun again")

    if stage is not Stage.SNAPSHOT:
        monkeypatch.setattr(staged, "spread", repeated)
    if stage in (Stage.SCORE, Stage.REPORT):
        monkeypatch.setattr(staged, "score", repeated)
    do_all(service)
    assert_finished_once(service, job, checksums)
    assert only_entry(service.jobs.job(job.job_id))["run_id"] == only_entry(begun)["run_id"]


@pytest.mark.parametrize("damage", ["missing", "torn"])
def test_a_checkpoint_that_cannot_be_used_costs_a_stage_and_nothing_else(
    service: Service, damage: str
) -> None:
    champion = service.library.champion(PURPOSE).name
    checksums = reference(service, champion)
    job = ask(service, JobKind.RECOMPUTE, champion)
    with stopped_behind(service, Stage.SCORE):
        files = [p for p in service.jobs_folder.rglob("*") if p.suffix in (".spread", ".payload")]
    assert len(files) == 2
    for path in files:
        if damage == "missing":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-7])
    do_all(service)
    assert_finished_once(service, job, checksums)


def test_evidence_that_came_after_the_plan_is_for_the_next_job(service: Service) -> None:
    champion = service.library.champion(PURPOSE).name
    checksums = reference(service, champion)
    job = ask(service, JobKind.RECOMPUTE, champion)
    with stopped_behind(service, Stage.SNAPSHOT):
        service.store.append([trusts("new", 3)])
    do_all(service)
    assert_finished_once(service, job, checksums)


@pytest.mark.parametrize("stage", [Stage.SNAPSHOT, Stage.PROPAGATE, Stage.SCORE, Stage.REPORT])
def test_who_is_erased_between_two_stages_is_not_in_the_run(service: Service, stage: Stage) -> None:
    service.recompute(PURPOSE, as_of=AS_OF)
    job = ask(service)
    with stopped_behind(service, stage):
        service.redress.erase(account(8), actor="officer")
    assert not [p for p in service.jobs_folder.rglob("*") if p.suffix in (".spread", ".payload")]
    do_all(service)
    assert_finished_once(service, job, reference(service))
    for entry in service.jobs.job(job.job_id).checkpoint["runs"]:
        with pytest.raises(SubjectNotFoundError):
            service.scores(PURPOSE, run_id=entry["run_id"]).score(account(8))


def test_an_erasure_right_before_publishing_begins_the_run_anew(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(service)
    original = service.store.publish_run

    def erased_first(*values: object, **named: object) -> None:
        monkeypatch.undo()
        service.redress.erase(account(8), actor="officer")
        original(*values, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(service.store, "publish_run", erased_first)
    do_all(service)
    assert_finished_once(service, job, reference(service))


def test_a_job_waits_longer_after_each_failure_in_passing_and_then_goes_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    checksums = reference(service)
    job = ask(service)

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailableError("the store is away")

    with monkeypatch.context() as patched:
        patched.setattr(service.store, "publish_run", away)
        left = do_all(service, backoff=tenacity.wait_fixed(3600))
    assert (only(left).state, only(left).error_code) == (JobState.RETRYING, "STORE_UNAVAILABLE")
    assert (only(left).error, only(left).attempts) == ("the store is away", 1)
    assert only(left).due_at > datetime.now(UTC) + 50 * MINUTE
    assert do_all(service) == []
    assert service.store.discard_staged_runs() == 0
    with Runner(service) as runner:
        assert runner.run_next(job.job_id) is None
    soon = Ending(state=JobState.RETRYING, due_at=datetime.now(UTC))
    with pytest.raises(LeaseLostError):
        service.jobs.leave(only(left), soon)
    service.jobs.request_cancel(job.job_id, "tester", datetime.now(UTC))
    assert only(do_all(service)).state is JobState.CANCELLED
    service.jobs.revive(job.job_id, datetime.now(UTC))
    do_all(service)
    assert_finished_once(service, job, checksums)


def test_a_store_that_stays_away_fails_the_job_in_the_end_and_a_retry_finishes_it(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    checksums = reference(service)
    job = ask(service)
    with monkeypatch.context() as patched:

        def away(*_: object, **__: object) -> None:
            raise StoreUnavailableError("the store is away")

        patched.setattr(service.store, "stage_run_chunk", away)
        left = do_all(service, backoff=AT_ONCE)
    assert [one.state for one in left] == [JobState.RETRYING] * (MOST_ATTEMPTS - 1) + [
        JobState.FAILED
    ]
    assert left[-1].error == f"the store is away; tried {MOST_ATTEMPTS} times"
    assert service.jobs.revive(job.job_id, datetime.now(UTC)).state is JobState.WAITING
    do_all(service)
    assert_finished_once(service, job, checksums)


def test_the_waits_double_up_to_five_minutes() -> None:
    state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
    waits = []
    for attempt in range(1, 15):
        state.attempt_number = attempt
        waits.append(BACKOFF(state))
    for attempt, wait in enumerate(waits):
        assert min(2.0**attempt, 300.0) <= wait <= min(2.0**attempt + 1.0, 300.0)


def test_an_error_of_the_request_fails_the_job_at_once(service: Service) -> None:
    parameters = JobParameters(purposes=(PURPOSE,), as_of=AS_OF, tolerance=1e-300)
    service.jobs.add(JobKind.RECOMPUTE, parameters, "tester", now=datetime.now(UTC))
    left = only(do_all(service))
    assert (left.state, left.error_code, left.attempts) == (
        JobState.FAILED,
        "CERTIFICATE_NOT_REACHED",
        0,
    )
    assert service.runs(PURPOSE) == []


@pytest.mark.skipif(find_spec("pyspark") is not None, reason="tests_spark has it")
def test_a_recompute_on_spark_without_spark_says_what_to_install(
    service: Service, tmp_path: Path
) -> None:
    parameters = JobParameters(purposes=(PURPOSE,), as_of=AS_OF, engine=Engine.SPARK)
    service.jobs.add(JobKind.RECOMPUTE, parameters, "tester", now=datetime.now(UTC))
    left = only(do_all(service))
    assert (left.state, left.error_code, left.error) == (
        JobState.FAILED,
        "SPARK_FAILED",
        "pyspark is missing; install the extra: pip install 'graphsvc[spark]'",
    )
    assert service.runs(PURPOSE) == []
    assert list(tmp_path.rglob("*.shared")) == []


def test_a_job_that_kills_its_runners_is_given_up(service: Service) -> None:
    job = ask(service)
    for deaths in range(4):
        taken = taken_by_the_dead(service)
        assert (taken.job_id, taken.deaths) == (job.job_id, deaths)
    with Runner(service, most_deaths=3) as runner:
        left = runner.run_next()
    assert left is not None
    assert (left.state, left.error_code) == (JobState.FAILED, "JOB_DIED")
    assert left.error == "its runner died 4 times in one stage"
    service.jobs.revive(job.job_id, datetime.now(UTC))
    assert only(do_all(service)).state is JobState.SUCCEEDED


def taken_by_the_dead(service: Service, lease: timedelta = MINUTE) -> Job:
    """Take what is due in the name of a runner that is gone."""
    now = datetime.now(UTC)
    with Presence(service.jobs_folder / "runners") as other:
        is_gone = other.is_gone
        taken = service.jobs.take(
            f"dead-{now.timestamp()}", now=now, lease_until=now + lease, is_gone=is_gone
        )
    assert taken is not None
    return taken


def test_two_runners_never_hold_one_job(service: Service) -> None:
    job = ask(service)
    now = datetime.now(UTC)
    with Presence(service.jobs_folder / "runners") as living, Runner(service) as runner:
        taken = service.jobs.take(
            living.name, now=now, lease_until=now + MINUTE, is_gone=living.is_gone
        )
        assert taken is not None
        assert runner.run_next() is None
        assert runner.run_next(job.job_id) is None


def test_a_runner_that_stood_still_is_replaced_and_can_neither_save_nor_publish(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    checksums = reference(service)
    job = ask(service)
    original = service.store.stage_run_chunk
    left_by_other: list[Job] = []

    def overtaken(*values: object, **named: object) -> None:
        """Stand still for so long that another runner does the whole job."""
        monkeypatch.undo()
        left_by_other.append(done_by_another(service))
        original(*values, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(service.store, "stage_run_chunk", overtaken)
    with Runner(service, lease_s=0.0001) as slow:
        seen_by_slow = slow.run_next()
    assert only(left_by_other).state is JobState.SUCCEEDED
    assert seen_by_slow == only(left_by_other)
    assert only(left_by_other).fence == 2
    assert_finished_once(service, job, checksums)


def test_a_cancelled_job_leaves_nothing_and_its_late_runner_publishes_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(service)
    original = service.store.publish_run

    def cancelled_first(*values: object, **named: object) -> None:
        monkeypatch.undo()
        service.jobs.request_cancel(job.job_id, "tester", datetime.now(UTC))
        assert done_by_another(service).state is JobState.CANCELLED
        original(*values, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(service.store, "publish_run", cancelled_first)
    with Runner(service, lease_s=0.0001) as slow:
        slow.run_next()
    assert service.runs(PURPOSE) == []
    assert service.store.discard_staged_runs() == 0
    assert service.jobs.job(job.job_id).state is JobState.CANCELLED


def test_a_job_that_nobody_began_is_cancelled_at_once_and_once(service: Service) -> None:
    job = ask(service)
    assert service.cancel_job(job.job_id, actor="officer").state is JobState.CANCELLED
    with pytest.raises(ConflictError, match=f"job {job.job_id} is over: cancelled"):
        service.cancel_job(job.job_id, actor="officer")
    assert do_all(service) == []
    with pytest.raises(NotFoundError, match="J-none"):
        service.cancel_job("J-none", actor="officer")
    (noted,) = [
        entry.draft
        for entry in service.store.audit_entries()
        if entry.draft.action == AuditAction.JOB_CANCELLED
    ]
    assert (noted.actor, noted.detail) == ("officer", job.job_id)


def test_a_running_job_ends_before_its_next_stage_when_it_is_cancelled(service: Service) -> None:
    job = ask(service)

    def watch(stands: Job) -> None:
        if (stands.stage or "").startswith(Stage.SCORE) and stands.cancelled_by is None:
            service.jobs.request_cancel(job.job_id, "tester", datetime.now(UTC))

    assert only(do_all(service, watch=watch)).state is JobState.CANCELLED
    assert service.runs(PURPOSE) == []
    assert not [p for p in service.jobs_folder.rglob("*") if p.suffix in (".spread", ".payload")]
    done = ask(service)
    do_all(service)
    with pytest.raises(ConflictError, match="is succeeded; only one that failed"):
        service.jobs.revive(done.job_id, datetime.now(UTC))


def test_a_job_for_what_is_not_declared_is_refused(service: Service) -> None:
    with pytest.raises(DefinitionNotFoundError):
        service.ask_for_job(
            JobKind.RECOMPUTE, JobParameters(purposes=("astrology",)), actor="tester"
        )
    champion = service.library.champion(PURPOSE).name
    other = next(name for name in service.library.purpose_names() if name != PURPOSE)
    with pytest.raises(ConflictError, match=f"is for purpose {PURPOSE}, not {other}"):
        service.ask_for_job(
            JobKind.RECOMPUTE,
            JobParameters(purposes=(other,), programmes=(champion,)),
            actor="tester",
        )
    with pytest.raises(InvalidInputError, match="tolerance: Input should be greater than 0"):
        JobParameters.asked(tolerance=0.0)
    assert service.jobs.jobs() == []


def test_a_job_for_everything_is_for_every_programme_of_every_purpose(service: Service) -> None:
    job = service.ask_for_job(JobKind.RECOMPUTE, JobParameters(as_of=AS_OF), actor="tester")
    do_all(service)
    result = service.jobs.job(job.job_id).result
    assert result is not None
    declared = {programme.name for programme in service.library.programmes.values()}
    assert {run["programme"] for run in result["runs"]} == declared


def test_chores_say_what_they_did(service: Service) -> None:
    service.recompute(PURPOSE, as_of=AS_OF)
    for kind in (JobKind.SNAPSHOT, JobKind.RECONCILE):
        ask(service, kind)
    ask(service, JobKind.RETENTION)
    warm, compared, tidied = do_all(service)
    assert {job.state for job in (warm, compared, tidied)} == {JobState.SUCCEEDED}
    assert warm.result is not None
    assert warm.result[PURPOSE]["links"] == 120
    assert compared.result is not None
    for programme in compared.result[PURPOSE].values():
        assert 0.0 <= programme["difference"] <= programme["allowed"]
    assert tidied.result is not None
    assert set(tidied.result) == {"erased", "pruned", "forgotten"}


def test_jobs_that_ended_long_ago_are_forgotten(service: Service) -> None:
    kept, gone = ask(service), ask(service)
    service.cancel_job(gone.job_id, actor="tester")
    assert service.jobs.forget_before(datetime.now(UTC) - MINUTE) == 0
    assert service.jobs.forget_before(datetime.now(UTC) + MINUTE) == 1
    assert [job.job_id for job in service.jobs.jobs()] == [kept.job_id]


def test_progress_has_a_rate_and_a_time_left(service: Service) -> None:
    seen: list[Job] = []
    ask(service)
    do_all(service, watch=seen.append)
    shares = [job.share_done for job in seen if job.share_done is not None]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    running = [job for job in seen if job.state is JobState.RUNNING and job.rate]
    for job in running:
        assert job.total is not None
        assert job.rate is not None
        assert job.seconds_left == pytest.approx((job.total - job.done) / job.rate)
    assert running


@pytest.fixture
def gated(service: Service) -> Service:
    """The service, whose champion's runs are held back when their scores drift at all."""
    champion = service.library.champion(PURPOSE)
    strict = champion.model_copy(
        update={"gate": Gate(psi_at_most=1e-9), "version": champion.version + 1}
    )
    service.library = service.library.with_programme(strict)
    return service


def test_a_run_that_the_gate_holds_back_waits_and_its_job_is_done(gated: Service) -> None:
    service = gated
    champion = service.library.champion(PURPOSE).name
    first = service.recompute(PURPOSE, as_of=AS_OF)
    service.store.append([listed(number, "marketplace-fraud") for number in range(4, 12)])
    job = ask(service, JobKind.RECOMPUTE, champion)
    left = only(do_all(service))
    assert left.state is JobState.SUCCEEDED
    assert left.result is not None
    (told,) = left.result["runs"]
    (held,) = service.reporting.waiting(PURPOSE)
    assert (held.run.run_id, list(held.reasons)) == (told["run_id"], told["held_for"])
    assert told["held_for"]
    assert service.scores(PURPOSE).run == first
    released = service.reporting.release(
        held.run.run_id, reason="looked at", actor="reviewer", role="reviewer"
    )
    assert service.scores(PURPOSE).run == released
    assert service.jobs.job(job.job_id).state is JobState.SUCCEEDED


def test_a_job_that_dies_right_after_its_run_was_held_back_holds_it_once(
    gated: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = gated
    service.recompute(PURPOSE, as_of=AS_OF)
    service.store.append([listed(number, "marketplace-fraud") for number in range(4, 12)])
    job = ask(service, JobKind.RECOMPUTE, service.library.champion(PURPOSE).name)
    original = service.store.hold_run

    def held_then_away(*values: object, **named: object) -> None:
        original(*values, **named)  # type: ignore[arg-type]
        monkeypatch.undo()
        raise StoreUnavailableError("the answer got lost")

    monkeypatch.setattr(service.store, "hold_run", held_then_away)
    monkeypatch.setattr(service.store, "discard_staged_run", lambda run_id: None)
    do_all(service, backoff=AT_ONCE)
    assert service.jobs.job(job.job_id).state is JobState.SUCCEEDED
    assert len(service.reporting.waiting(PURPOSE)) == 1
    held = [
        entry.draft.detail
        for entry in service.store.audit_entries(limit=1000)
        if entry.draft.action == AuditAction.RUN_HELD
    ]
    assert len(held) == 1


def test_a_report_says_what_the_stages_of_its_job_took(service: Service) -> None:
    job = ask(service, JobKind.RECOMPUTE, service.library.champion(PURPOSE).name)
    do_all(service)
    run_id = str(only_entry(service.jobs.job(job.job_id))["run_id"])
    run = service.reporting.find(run_id, PURPOSE, None)
    stages = service.reporting.read(run, actor="analyst").stages
    assert [one.stage for one in stages] == list(Stage)
    assert all(one.seconds > 0 and one.peak_bytes for one in stages)


def test_a_backtest_as_a_job_finds_what_a_backtest_finds(service: Service) -> None:
    champion = service.library.champion(PURPOSE)
    asked = JobParameters(
        purposes=(PURPOSE,),
        programmes=(champion.name,),
        backtest=BacktestParameters(
            first=AS_OF - 60 * DAY,
            last=AS_OF - 30 * DAY,
            outcomes=("event:chargeback",),
            knowledge="dated",
        ),
    )
    job = service.ask_for_job(JobKind.BACKTEST, asked, actor="tester")
    stages: list[str | None] = []
    do_all(service, watch=lambda stands: stages.append(stands.stage))
    stands = service.jobs.job(job.job_id)
    assert (stands.state, stands.error) == (JobState.SUCCEEDED, None)
    plan = Plan(
        first=AS_OF - 60 * DAY,
        last=AS_OF - 30 * DAY,
        every=30 * DAY,
        horizon=90 * DAY,
        outcomes=(parse_outcome("event:chargeback", service.library.purpose(PURPOSE)),),
        knowledge=Knowledge.DATED,
    )
    direct = service.backtest(PURPOSE, plan)
    assert stands.result is not None
    found = stands.result[champion.name]
    assert found["overall"] == TypeAdapter(Backtest).dump_python(direct, mode="json")["overall"]
    assert len(found["cuts"]) == 2
    assert f"backtest {champion.name} 2/2" in stages


def test_a_backtest_needs_its_times_and_no_other_job_takes_them(service: Service) -> None:
    for kind, parameters in (
        (JobKind.BACKTEST, JobParameters()),
        (
            JobKind.RECOMPUTE,
            JobParameters(
                backtest=BacktestParameters(first=AS_OF, last=AS_OF, outcomes=("report:upheld",))
            ),
        ),
    ):
        with pytest.raises(InvalidInputError, match="a backtest needs its times"):
            service.ask_for_job(kind, parameters, actor="tester")
    assert service.jobs.jobs() == []


@pytest.mark.parametrize(
    ("what", "form"),
    [("scores", "parquet"), ("reasons", "csv"), ("runs", "arrow"), ("graph", "graphml")],
)
def test_an_export_as_a_job_writes_what_an_export_writes(
    service: Service, tmp_path: Path, what: str, form: str
) -> None:
    champion = service.library.champion(PURPOSE).name
    run = service.recompute(PURPOSE, as_of=AS_OF)
    asked = JobParameters.asked(
        purposes=(PURPOSE,), export={"what": what, "folder": tmp_path / "out", "form": form}
    )
    job = service.ask_for_job(JobKind.EXPORT, asked, actor="tester")
    do_all(service)
    stands = service.jobs.job(job.job_id)
    assert (stands.state, stands.error) == (JobState.SUCCEEDED, None)
    assert stands.result is not None
    written = tmp_path / "out" / f"{champion}.{what}.{form}"
    assert stands.result[champion]["path"] == str(written)
    direct = tmp_path / f"direct.{form}"
    if what == "graph":
        service.exports.graph(PURPOSE, direct, GraphFormat(form), actor="tester")
    else:
        getattr(service.exports, what)(PURPOSE, direct, TableFormat(form), actor="tester")
    assert written.read_bytes() == direct.read_bytes()
    assert stands.result[champion]["run_id"] == (None if what == "runs" else run.run_id)
