"""Runs at the command line: list, release or discard, go back to an earlier one, prune."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from graphsvc.app import Service
from graphsvc.cli.options import JsonOption, ProgrammeOption, PurposeOption, acting_user
from graphsvc.cli.output import plain, print_json, scientific, stdout, table
from graphsvc.keeping import KeptRuns
from graphsvc.model import Role, ScoreRun
from graphsvc.settings import Settings

SUMMARY = "List score runs, release or discard what waits, roll back, prune what is old."
app = typer.Typer(name="runs", help=SUMMARY, pretty_exceptions_enable=False, add_completion=False)


@app.callback(invoke_without_command=True, help=SUMMARY)
def runs(
    context: typer.Context,
    purpose: Annotated[
        str | None, typer.Option("--purpose", "-p", help="Only runs of one purpose.")
    ] = None,
    first: Annotated[int, typer.Option(help="How many runs.", min=1, max=10_000)] = 20,
    json: JsonOption = False,
) -> None:
    """List published score runs, the latest first."""
    if context.invoked_subcommand is not None:
        return
    with Service.open(Settings.load()) as service:
        found = service.runs(purpose, first)
    if json:
        print_json(found)
        return
    if not found:
        stdout.print("No run has been published yet: graphsvc recompute --purpose PURPOSE")
        return
    stdout.print(_runs_table("Published runs", found))


@app.command()
def rollback(
    purpose: PurposeOption,
    to: Annotated[
        str | None, typer.Option(help="Id of the run; the one before the current one otherwise.")
    ] = None,
    programme: ProgrammeOption = None,
    json: JsonOption = False,
) -> None:
    """Make an earlier run current again; the run that it replaces stays readable."""
    with Service.open(Settings.load()) as service:
        done = service.roll_back(purpose, to=to, programme=programme, actor=acting_user())
    if json:
        print_json(done)
        return
    if done.run.run_id == done.replaced.run_id:
        stdout.print(f"{done.run.run_id} is the current run already")
        return
    stdout.print(
        f"[bold green]rolled back[/] to {done.run.run_id}, as of "
        f"{done.run.as_of:%Y-%m-%d %H:%M}; {done.replaced.run_id} stays readable by its id"
    )
    if not done.is_explainable:
        stdout.print(
            "[yellow]warning[/]  records were erased since it was made: its scores can be read but "
            "no longer explained; recompute soon"
        )


@app.command()
def prune(
    keep_last: Annotated[
        int | None, typer.Option(help="Runs of each programme that stay; GRAPHSVC_KEEP_RUNS.")
    ] = None,
    keep_days: Annotated[
        float | None, typer.Option(help="Days that every run stays; GRAPHSVC_KEEP_RUN_DAYS.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Prune; without it, only say what would go.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Remove the values of old runs; what they were made of stays, so that they can be replayed."""
    settings = Settings.load()
    kept = KeptRuns(
        settings.keep_runs if keep_last is None else keep_last,
        settings.keep_run_days if keep_days is None else keep_days,
    )
    with Service.open(settings) as service:
        pruned = service.prune_runs(kept, actor=acting_user(), dry_run=not apply)
    if json:
        print_json({**plain(pruned), "freed_bytes": pruned.freed_bytes, "applied": apply})
        return
    if pruned.runs:
        stdout.print(_runs_table("Pruned" if apply else "Would be pruned", list(pruned.runs)))
        stdout.print(f"  {pruned.freed_bytes / 1e6:,.1f} MB of values", highlight=False)
    else:
        stdout.print("Every run is still to be kept.")
    if pruned.under_dispute:
        stdout.print(
            f"  {len(pruned.under_dispute)} stay for an undecided dispute", highlight=False
        )


RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run that waits.")]
ReasonOption = Annotated[
    str, typer.Option(help="Why, for whoever reads the audit; it must name no subject.")
]
RoleOption = Annotated[Role, typer.Option(help="The role in which it is decided.")]


@app.command()
def waiting(
    purpose: Annotated[
        str | None, typer.Option("--purpose", "-p", help="Only runs of one purpose.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the runs that passed a limit and wait for a person's release."""
    with Service.open(Settings.load()) as service:
        found = service.reporting.waiting(purpose)
    if json:
        print_json(found)
        return
    if not found:
        stdout.print("No run waits.")
    for held in found:
        stdout.print(
            f"[bold]{held.run.run_id}[/]  {held.run.programme} v{held.run.programme_version}  as "
            f"of {held.run.as_of:%Y-%m-%d %H:%M}, since {held.held_at:%Y-%m-%d %H:%M}",
            highlight=False,
        )
        for reason in held.reasons:
            stdout.print(f"  {reason}", highlight=False, markup=False)


@app.command()
def release(run: RunArgument, reason: ReasonOption, role: RoleOption = Role.OPERATOR) -> None:
    """Publish a run that waits: a person has looked at its report."""
    with Service.open(Settings.load()) as service:
        released = service.reporting.release(run, reason=reason, actor=acting_user(), role=role)
    stdout.print(f"[bold green]published[/] {released.run_id}")


@app.command()
def discard(run: RunArgument, reason: ReasonOption, role: RoleOption = Role.OPERATOR) -> None:
    """Remove a run that waits; readers keep what they have."""
    with Service.open(Settings.load()) as service:
        discarded = service.reporting.discard(run, reason=reason, actor=acting_user(), role=role)
    stdout.print(f"discarded {discarded.run_id}")


def _runs_table(title: str, found: list[ScoreRun]) -> Table:
    shown = table(
        title,
        ("run", "programme", "as of", "subjects", "links", "± points", "pruned"),
        numeric=frozenset({"subjects", "links", "± points"}),
    )
    for run in found:
        shown.add_row(
            run.run_id,
            f"{run.programme} v{run.programme_version}",
            f"{run.as_of:%Y-%m-%d %H:%M}",
            f"{run.subjects:,}",
            f"{run.links:,}",
            scientific(run.score_bound),
            "" if run.pruned_at is None else f"{run.pruned_at:%Y-%m-%d}",
        )
    return shown
