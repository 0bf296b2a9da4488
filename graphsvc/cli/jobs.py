"""`graphsvc jobs`: ask for jobs, do them, look at them, end them, and see what is scheduled."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from graphsvc.app import Service, open_job_file
from graphsvc.backtest import Knowledge
from graphsvc.cli.operators import use_threads
from graphsvc.cli.options import JsonOption, acting_user, parse_span, parse_time
from graphsvc.cli.output import print_json, stderr, stdout, table
from graphsvc.errors import ConflictError, GraphsvcError
from graphsvc.jobs.model import Engine, Job, JobKind, JobParameters, JobState
from graphsvc.jobs.runner import Runner
from graphsvc.jobs.schedule import Schedules
from graphsvc.jobs.worker import work as work_on_jobs
from graphsvc.settings import Settings

app = typer.Typer(
    help="Recompute, retention and other long work: begun, watched, cancelled, resumed.",
    no_args_is_help=True,
)

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Its id, J-….")]
OCCASIONS_SHOWN = 3
DAY = timedelta(days=1)


@app.command()
def run(
    kind: Annotated[JobKind, typer.Argument(help="What is done.")],
    purpose: Annotated[
        list[str] | None, typer.Option("--purpose", "-p", help="For which purposes; all otherwise.")
    ] = None,
    programme: Annotated[
        list[str] | None, typer.Option(help="For which programmes; all of the purposes otherwise.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The time that is scored; now otherwise.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Largest error of a value that is acceptable, e.g. 1e-6.")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="Recompute: what spreads risk and trust (docs/spark.md).")
    ] = Engine.CORE,
    since: Annotated[
        str | None, typer.Option("--from", help="Backtest: the first time that is scored.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Backtest: the last time that is scored.")
    ] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            help="Backtest: a bad outcome: event:KIND, report:upheld or listing:LIST; repeatable."
        ),
    ] = None,
    every: Annotated[
        str, typer.Option(help="Backtest: from one time to the next, e.g. 30d.")
    ] = "30d",
    horizon: Annotated[
        str, typer.Option(help="Backtest: how long after each time outcomes count, e.g. 90d.")
    ] = "90d",
    knowledge: Annotated[
        Knowledge, typer.Option(help="Backtest: what was recorded by then, or is dated until then.")
    ] = Knowledge.RECORDED,
    what: Annotated[
        str | None, typer.Option(help="Export: scores, reasons, runs or graph.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Export: where the files go, one for each programme.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="Export: parquet, arrow, csv; graphs graphml, gexf too.")
    ] = "parquet",
    queue: Annotated[
        bool, typer.Option("--queue", help="Leave it to a worker; don't do it here.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Ask for a job and do it here, or leave it to a worker (--queue)."""
    parameters = JobParameters.asked(
        purposes=tuple(purpose or ()),
        programmes=tuple(programme or ()),
        as_of=parse_time(as_of),
        tolerance=tolerance,
        engine=engine,
        backtest=None
        if since is None or until is None or not outcome
        else {
            "first": parse_time(since),
            "last": parse_time(until),
            "outcomes": tuple(outcome),
            "every_days": parse_span(every) / DAY,
            "horizon_days": parse_span(horizon) / DAY,
            "knowledge": knowledge.value,
        },
        export=None
        if what is None or folder is None
        else {"what": what, "folder": folder.absolute(), "form": form},
    )
    settings = Settings.load()
    with Service.open(settings) as service:
        job = service.ask_for_job(kind, parameters, actor=acting_user())
    _show_done(job if queue else _done_here(settings, job.job_id), json=json)


@app.command()
def resume(job_id: JobArgument, json: JsonOption = False) -> None:
    """Do a job here that waits, or whose runner died: from its last finished stage."""
    _show_done(_done_here(Settings.load(), job_id), json=json)


@app.command("list")
def list_(
    state: Annotated[JobState | None, typer.Option(help="Only jobs in one state.")] = None,
    first: Annotated[int, typer.Option(help="How many jobs.", min=1, max=10_000)] = 20,
    json: JsonOption = False,
) -> None:
    """List jobs with stage, progress, rate and time left, the latest request first."""
    with open_job_file(Settings.load()) as jobs:
        found = jobs.jobs(state, first)
    if json:
        print_json([_plain(job) for job in found])
        return
    shown = table(
        "Jobs",
        ("job", "does", "state", "at", "done", "rate", "left", "asked by"),
        numeric=frozenset({"done", "rate", "left"}),
    )
    for job in found:
        shown.add_row(
            job.job_id,
            job.kind.value,
            _state(job),
            job.stage or "",
            _share(job),
            _rate(job),
            _left(job),
            job.requested_by,
        )
    stdout.print(shown)


@app.command()
def show(job_id: JobArgument, json: JsonOption = False) -> None:
    """Show one job: what it is for, how far it is, what became of it."""
    with open_job_file(Settings.load()) as jobs:
        job = jobs.job(job_id)
    if json:
        print_json(_plain(job))
        return
    stdout.print(f"[bold]{job.job_id}[/]  {job.kind}  {_state(job)}", highlight=False)
    facts = {
        "asked for": f"{job.requested_at:%Y-%m-%d %H:%M:%S} by {job.requested_by}",
        "purposes": ", ".join(job.parameters.purposes) or "all",
        "programmes": ", ".join(job.parameters.programmes) or "all",
        "at": job.stage or "—",
        "done": " ".join(filter(None, (_share(job), _rate(job)))) or "—",
        "left": _left(job) or "—",
        "runner": job.runner or "—",
        "again": f"{job.due_at:%Y-%m-%d %H:%M:%S}" if job.state is JobState.RETRYING else "",
        "error": f"{job.error_code}: {job.error}" if job.error else "",
        "finished": f"{job.finished_at:%Y-%m-%d %H:%M:%S}" if job.finished_at else "",
    }
    for name, value in facts.items():
        if value:
            stdout.print(f"  {name:<11}{value}", highlight=False, markup=False, soft_wrap=True)
    if job.result is not None:
        print_json(job.result)


@app.command()
def cancel(job_id: JobArgument, json: JsonOption = False) -> None:
    """End a job; what it published already stays, what it only staged goes."""
    settings = Settings.load()
    with Service.open(settings) as service:
        job = service.cancel_job(job_id, actor=acting_user())
        if not job.state.is_over:
            with Runner(service) as runner:
                job = runner.run_next(job_id) or job
    _show_done(job, json=json)


@app.command()
def retry(job_id: JobArgument, json: JsonOption = False) -> None:
    """Let a job that failed or was cancelled go on from its last finished stage."""
    settings = Settings.load()
    with open_job_file(settings) as jobs:
        jobs.revive(job_id, datetime.now(UTC))
    _show_done(_done_here(settings, job_id), json=json)


@app.command()
def schedule(
    path: Annotated[
        Path | None, typer.Option("--file", help="Another file than GRAPHSVC_SCHEDULE_FILE.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check the schedule file, and say when each of its jobs is due next."""
    now = datetime.now(UTC)
    schedules = Schedules.load(path or Settings.load().schedule_file)
    occasions: dict[str, list[datetime]] = {}
    for name, one in schedules.by_name.items():
        times = [now]
        for _ in range(OCCASIONS_SHOWN):
            times.append(one.next_after(times[-1]))
        occasions[name] = times[1:]
    if json:
        print_json(occasions)
        return
    if not occasions:
        stdout.print("Nothing is scheduled: set GRAPHSVC_SCHEDULE_FILE (docs/jobs.md)")
        return
    shown = table("Schedules", ("name", "does", "when", "next"))
    for name, one in schedules.by_name.items():
        following = ", ".join(f"{time:%Y-%m-%d %H:%M}" for time in occasions[name])
        shown.add_row(name, one.job.value, f"{one.cron} {one.timezone}", f"{following} UTC")
    stdout.print(shown)


@app.command()
def work(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End as soon as no job is due.")
    ] = False,
) -> None:
    """Do jobs as they come, and what is scheduled, until SIGTERM or Ctrl-C.

    The stage at hand is finished first; whoever works next goes on behind it.
    """
    settings = Settings.load()
    use_threads(settings)
    with Service.open(settings) as service, until_signalled() as stop:
        taken = work_on_jobs(service, stop, until_idle=until_idle, watch=_say_ended)
    stderr.print(f"worked on {taken} jobs", highlight=False)


@contextmanager
def until_signalled() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set, instead of what they do otherwise."""
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _done_here(settings: Settings, job_id: str) -> Job:
    use_threads(settings)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[left]}"),
        console=stderr,
        disable=not stderr.is_terminal,
        transient=True,
    )
    task = bar.add_task(job_id, total=1.0, rate="", left="")

    def draw(job: Job) -> None:
        bar.update(
            task,
            description=job.stage or job.job_id,
            completed=job.share_done or 0.0,
            rate=_rate(job),
            left=_left(job),
        )

    with Service.open(settings) as service, until_signalled() as stop, bar:
        with Runner(service, stop=stop, watch=draw) as runner:
            job = runner.run_next(job_id)
        if job is not None:
            return job
        stands = service.jobs.job(job_id)
    if stands.state is JobState.RUNNING:
        raise ConflictError(f"job {job_id} is being worked on; graphsvc jobs show {job_id}")
    return stands


def _say_ended(job: Job) -> None:
    if job.state is not JobState.RUNNING:
        stderr.print(f"{job.job_id}  {job.kind}  {_state(job)}", highlight=False)


def _show_done(job: Job, *, json: bool) -> None:
    if json:
        print_json(_plain(job))
    else:
        stdout.print(f"{job.job_id}  {job.kind}  {_state(job)}", highlight=False)
        if job.result is not None:
            print_json(job.result)
    if job.state is JobState.FAILED:
        raise typer.Exit(_exit_code(job))


def _exit_code(job: Job) -> int:
    """Return the exit code of the error that ended the job."""
    classes = [GraphsvcError]
    for one in classes:
        if one.code == job.error_code:
            return one.exit_code
        classes += one.__subclasses__()
    return GraphsvcError.exit_code


def _plain(job: Job) -> dict[str, object]:
    plain: dict[str, object] = {
        name: getattr(job, name) for name in Job.__slots__ if name != "checkpoint"
    }
    plain["parameters"] = job.parameters.model_dump(mode="json")
    derived = {"share_done": job.share_done, "rate": job.rate, "seconds_left": job.seconds_left}
    return plain | derived


def _state(job: Job) -> str:
    if job.cancelled_by is not None and not job.state.is_over:
        return f"{job.state} (to be cancelled)"
    if job.state is JobState.RETRYING:
        return f"retrying at {job.due_at:%H:%M:%S}: {job.error_code}"
    return f"failed: {job.error_code}" if job.state is JobState.FAILED else job.state.value


def _share(job: Job) -> str:
    return "" if job.share_done is None else f"{job.share_done:.0%}"


def _rate(job: Job) -> str:
    return "" if job.rate is None else f"{job.rate:,.0f} {job.unit}/s"


def _left(job: Job) -> str:
    return "" if job.seconds_left is None else f"{job.seconds_left:,.0f} s"
