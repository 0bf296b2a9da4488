"""Commands that write or run something: import, recompute, serve, status, demo."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import typer
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from graphsvc.app import Service
from graphsvc.cli.options import JsonOption, ProgrammeOption, acting_user, parse_time
from graphsvc.cli.output import plain, print_json, scientific, stderr, stdout, table
from graphsvc.errors import InvalidInputError, SettingsError
from graphsvc.ingest import ImportProgress, ImportSummary, import_files, load_mapping
from graphsvc.model import AuditAction
from graphsvc.settings import Settings
from graphsvc.world import WorldSettings, generate, load_world, write_world


def import_records(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Files, or one folder with a whole set.")
    ],
    mapping: Annotated[
        str, typer.Option("--mapping", "-m", help="A mapping that ships, or a YAML file.")
    ],
    strict: Annotated[
        bool, typer.Option("--strict", help="Load nothing if any row is bad.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Load CSV, JSONL or Parquet files (plain or gzipped) as a mapping says.

    Bad rows go to FILE.rejects.jsonl with row, field and reason; the rest is loaded.
    """
    chosen = load_mapping(mapping)
    with Service.open(Settings.load()) as service, _ImportBar() as bar:
        summary = import_files(paths, chosen, service.store, strict=strict, progress=bar.show)
        detail = f"mapping {mapping}: {summary.accepted} records accepted"
        service.note(acting_user(), AuditAction.IMPORT, detail=detail)
    if json:
        print_json(summary.as_dict())
    else:
        print_import_summary(summary)
    if summary.refused:
        raise typer.Exit(InvalidInputError.exit_code)


class _ImportBar:
    """A progress bar with rows/s and the time left, where standard error is a terminal."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=stderr,
            disable=not stderr.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, rate="")
        self._begun = time.perf_counter()
        self._phase = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, progress: ImportProgress) -> None:
        """Draw how far the import is."""
        if progress.phase != self._phase:
            self._phase = progress.phase
            self._begun = time.perf_counter()
            self._bar.reset(self._task)
        elapsed_s = max(time.perf_counter() - self._begun, 1e-9)
        self._bar.update(
            self._task,
            description=f"{progress.phase} {progress.file.name}",
            completed=progress.bytes_read,
            total=progress.bytes_total,
            rate=f"{progress.rows / elapsed_s:,.0f} rows/s",
        )


def print_import_summary(summary: ImportSummary) -> None:
    """Print what became of the files."""
    counts = ("rows", "accepted", "unchanged", "rejected", "passed_over")
    shown = [name for name in counts if name in counts[:2] or getattr(summary, name)]
    titles = [name.replace("_", " ") for name in shown]
    rows = table(
        f"Import by {summary.mapping}", ("file", *titles, "s"), numeric=frozenset({*titles, "s"})
    )
    for file in summary.files:
        cells = [f"{getattr(file, name):,}" for name in shown]
        rows.add_row(file.path.name, *cells, f"{file.seconds:.1f}")
    stdout.print(rows)
    for name, count in summary.accepted_by_type.items():
        stdout.print(f"  accepted  {count:>9,}  {name}", highlight=False)
    for reason, count in summary.rejected_by_reason.items():
        stdout.print(f"  rejected  {count:>9,}  {reason}", highlight=False, markup=False)
    for skipped in summary.skipped_files:
        stdout.print(f"  skipped   {skipped.path.name}: {skipped.reason}", markup=False)
    for path in summary.rejects_paths:
        stdout.print(f"  rejected rows: {path}", highlight=False, soft_wrap=True)
    if summary.refused:
        stdout.print("[bold red]nothing was loaded[/]: --strict, and a row is bad")


def recompute(
    purpose: Annotated[
        str, typer.Option("--purpose", "-p", help="Whose evidence is read and scored.")
    ],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The time that is scored; now otherwise.")
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(help="Largest error of a value that is acceptable, e.g. 1e-6."),
    ] = None,
    programme: ProgrammeOption = None,
    json: JsonOption = False,
) -> None:
    """Propagate, certify and publish a score run; readers see it whole or not at all."""
    settings = Settings.load()
    use_threads(settings)
    begun = time.perf_counter()
    with Service.open(settings) as service, stderr.status(f"recomputing {purpose}"):
        run = service.recompute(
            purpose,
            as_of=parse_time(as_of),
            tolerance=tolerance,
            programme=programme,
            actor=acting_user(),
        )
        held = service.store.held_run(run.run_id)
    elapsed_s = time.perf_counter() - begun
    reasons = () if held is None else held.reasons
    if json:
        print_json({**plain(run), "waiting_for": reasons})
        return
    state = "[bold green]published[/]" if held is None else "[bold yellow]waits[/]"
    stdout.print(
        f"{state} {run.run_id}  {run.programme} v{run.programme_version}  "
        f"as of {run.as_of:%Y-%m-%d %H:%M}  in {elapsed_s:.1f} s"
    )
    stdout.print(
        f"  {run.subjects:,} subjects, {run.links:,} links, sequence {run.snapshot_sequence:,}"
    )
    stdout.print(
        f"  certified: exposure ± {scientific(run.exposure.bound)} in {run.exposure.sweeps} sweeps,"
        f" trust ± {scientific(run.trust.bound)} in {run.trust.sweeps}, "
        f"score ± {scientific(run.score_bound)} points"
    )
    for reason in reasons:
        stdout.print(f"  {reason}", highlight=False, markup=False)
    if reasons:
        stdout.print(
            f"  look at it: graphsvc report {run.run_id} --html FILE; then graphsvc runs release "
            f"{run.run_id} --reason …, or discard",
            highlight=False,
            soft_wrap=True,
        )


def retention(
    apply: Annotated[
        bool, typer.Option("--apply", help="Erase; without it, only say what would go.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Erase the records that no purpose may keep any longer, and subjects left without any."""
    with Service.open(Settings.load()) as service:
        retired = service.redress.retire(actor=acting_user(), dry_run=not apply)
    if json:
        print_json(retired)
        return
    verb = "erased" if apply else "would erase"
    if not retired.records and not retired.subjects:
        stdout.print("Nothing is past its purpose's retention.")
    for kind, count in retired.records.items():
        stdout.print(f"  {verb}  {count:>9,}  {kind.value}", highlight=False)
    if retired.subjects:
        stdout.print(f"  {verb}  {retired.subjects:>9,}  subjects without a record")
    if retired.records and not apply:
        stdout.print(
            "  and the subjects that are left without any record, with their registrations"
        )
    for kind, count in retired.under_dispute.items():
        stdout.print(f"  kept, under dispute  {count:>9,}  {kind.value}", highlight=False)
    for kind, count in retired.without_purpose.items():
        stdout.print(f"  held for no purpose  {count:>9,}  {kind.value}", highlight=False)


def estimate(
    purpose: Annotated[
        str, typer.Option("--purpose", "-p", help="Whose programme would be recomputed.")
    ],
    subjects: Annotated[
        int | None, typer.Option(help="How many subjects; as many as the store has otherwise.")
    ] = None,
    links: Annotated[
        int | None, typer.Option(help="How many links; as many as the store has otherwise.")
    ] = None,
    programme: ProgrammeOption = None,
    json: JsonOption = False,
) -> None:
    """Say how much memory a recompute will take, and about how long, before it is run."""
    with Service.open(Settings.load()) as service:
        expected = service.estimate(purpose, subjects=subjects, links=links, programme=programme)
    if json:
        print_json({**plain(expected), "peak_bytes": expected.peak_bytes})
        return
    stdout.print(
        f"  {expected.subjects:,} subjects, {expected.links:,} links, felt on {expected.sides:,} "
        f"sides",
        highlight=False,
    )
    stdout.print(
        f"  memory: {expected.peak_bytes / 1e6:,.1f} MB  (arrays: deriving graphs "
        f"{expected.deriving_bytes / 1e6:,.1f} MB, then propagating "
        f"{expected.propagating_bytes / 1e6:,.1f} MB), beside the snapshot and the program itself",
        highlight=False,
        soft_wrap=True,
    )
    stdout.print(f"  time: about {expected.seconds:,.1f} s on one thread", highlight=False)


def status(json: JsonOption = False) -> None:
    """Say which store is used, what it holds and which runs are current."""
    settings = Settings.load()
    with Service.open(settings) as service:
        counts = service.store.count_records()
        current = {
            purpose: service.store.current_run(service.library.champion(purpose).name)
            for purpose in service.library.purpose_names()
        }
        facts = {
            "store": service.store.describe(),
            "sequence": service.store.last_sequence(),
            "subjects": service.store.count_subjects(),
            "records": {kind.value: count for kind, count in counts.items()},
            "current_runs": {
                purpose: run.run_id if run else None for purpose, run in current.items()
            },
        }
    if json:
        print_json(facts)
        return
    stdout.print(f"[bold]store[/]     {facts['store']}", highlight=False)
    stdout.print(
        f"[bold]sequence[/]  {facts['sequence']:,}   [bold]subjects[/]  {facts['subjects']:,}"
    )
    rows = table("Records", ("type", "count"), numeric=frozenset({"count"}))
    for kind, count in counts.items():
        rows.add_row(kind.value, f"{count:,}")
    stdout.print(rows)
    rows = table("Current runs", ("purpose", "run", "as of"))
    for purpose, run in current.items():
        rows.add_row(purpose, run.run_id if run else "—", f"{run.as_of:%Y-%m-%d}" if run else "")
    stdout.print(rows)


def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its files; made anew.")] = Path(
        ".graphsvc/demo"
    ),
) -> None:
    """Run the main job on real trading ratings, from import to a GraphQL answer."""
    # Its plotting and graph libraries are not for every other command to load.
    from graphsvc import demo as demo_package

    demo_package.run(folder, stdout)


def demo_world(
    subjects: Annotated[int, typer.Option(help="How many subjects.", min=1_000)] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed and size give the same world.")] = 1,
    folder: Annotated[
        Path | None,
        typer.Option(help="Write files (with their mapping and the truth) instead of loading."),
    ] = None,
) -> None:
    """Make a marketplace of people, shops, rings and thin files over two years, with its truth."""
    world = generate(WorldSettings(subjects=subjects, seed=seed))
    counts = {kind.value: count for kind, count in world.count_records().items() if count}
    if folder is not None:
        with stderr.status(f"writing {sum(counts.values()):,} records"):
            paths = write_world(world, folder)
        for path in paths:
            stdout.print(f"  {path}", highlight=False, soft_wrap=True)
        return
    with Service.open(Settings.load()) as service, Progress(console=stderr, transient=True) as bar:
        task = bar.add_task("loading", total=sum(counts.values()))
        loaded = load_world(
            world, service.store, progress=lambda sent: bar.update(task, completed=sent)
        )
    stdout.print(f"{loaded.accepted:,} records accepted, {loaded.unchanged:,} there already")
    for kind, count in counts.items():
        stdout.print(f"  {count:>9,}  {kind}", highlight=False)


def use_threads(settings: Settings) -> None:
    """Let propagation use as many threads as the settings allow."""
    if settings.threads is None:
        return
    import numba

    available = os.cpu_count() or 1
    if settings.threads > available:
        raise SettingsError(
            f"GRAPHSVC_THREADS: is {settings.threads}; this machine has {available} cores"
        )
    numba.set_num_threads(settings.threads)
