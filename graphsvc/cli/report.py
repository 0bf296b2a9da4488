"""The command that reports on a run, in the terminal, as JSON or as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphsvc.app import Service
from graphsvc.atomic_file import written_whole
from graphsvc.cli.options import JsonOption, ProgrammeOption, acting_user
from graphsvc.cli.output import print_json, scientific, signed, stdout, table
from graphsvc.report import RunReport
from graphsvc.report.attributes import AuditAttributes
from graphsvc.report.model import Changes, Disparity
from graphsvc.settings import Settings

SHOWN_MOVERS = 8


def report(
    run: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="Id of a published or waiting run."),
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", "-p", help="In place of RUN: this purpose's current run."),
    ] = None,
    programme: ProgrammeOption = None,
    html: Annotated[
        Path | None, typer.Option(help="Write one self-contained page; it names subjects.")
    ] = None,
    attributes: Annotated[
        Path | None,
        typer.Option(
            help="CSV or Parquet with kind, key and attributes for audit only; "
            "GRAPHSVC_AUDIT_ATTRIBUTES otherwise."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Report on a run: distribution, drift, movers, disparity, attack cost, challengers."""
    given = None if attributes is None else AuditAttributes.read(attributes)
    with Service.open(Settings.load()) as service:
        found = service.reporting.find(run, purpose, programme)
        made = service.reporting.read(found, actor=acting_user(), attributes=given)
    if html is not None:
        from graphsvc.report.page import html_page

        with written_whole(html) as path:
            path.write_text(html_page(made), encoding="utf-8")
    if json:
        print_json(made)
    elif html is not None:
        stdout.print(f"{html}", highlight=False, soft_wrap=True)
    else:
        _print(made)


def _print(made: RunReport) -> None:
    run, lying = made.run, made.distribution
    stdout.print(
        f"[bold]{run.programme} v{run.programme_version}[/]  {run.run_id}  as of "
        f"{run.as_of:%Y-%m-%d %H:%M}",
        highlight=False,
    )
    for reason in made.waiting_for:
        stdout.print(f"  [yellow]waits[/]  {reason}", highlight=False)
    stdout.print(
        f"  {lying.subjects:,} subjects, mean {lying.mean:.1f}, certified ± "
        f"{scientific(run.score_bound)} points",
        highlight=False,
    )
    for band in lying.bands:
        before = "" if band.before is None else f"   before {band.before:6.1%}"
        stdout.print(f"  {band.name:>24}  {band.share:6.1%}{before}", highlight=False)
    if made.changes is not None:
        _print_changes(made.changes)
    for found in made.disparity:
        _print_disparity(found)
    _print_rest(made)


def _print_changes(changes: Changes) -> None:
    stdout.print(
        f"since {changes.previous.run_id}: "
        + ", ".join(f"PSI of {drift.value} {drift.psi:.3f}" for drift in changes.drift)
        + f"; {changes.band_changes:.1%} change band",
        highlight=False,
    )
    rows = table("Top movers", ("subject", "before", "now", "change", "first reason"))
    for mover in changes.movers[:SHOWN_MOVERS]:
        rows.add_row(
            str(mover.subject),
            f"{mover.before:.1f}",
            f"{mover.after:.1f}",
            signed(mover.points),
            mover.reasons[0].text if mover.reasons else "",
        )
    stdout.print(rows)


def _print_disparity(found: Disparity) -> None:
    columns = ("group", "subjects", "favourable", "ratio", "gap", "own record", "contacts")
    rows = table(f"By {found.attribute}", columns, numeric=frozenset(columns[1:]))
    for group in found.groups:
        points = (group.gap, group.gap_own, group.gap_association)
        rows.add_row(
            group.group,
            f"{group.subjects:,}",
            "—" if group.favourable is None else f"{group.favourable.value:.1%}",
            "—" if group.ratio is None else f"{group.ratio.value:.3f}",
            *("—" if value is None else signed(value) for value in points),
        )
    stdout.print(rows)


def _print_rest(made: RunReport) -> None:
    for attack in made.attacks:
        lost = "" if attack.lost_points is None else f", costs a victim {attack.lost_points:.1f}"
        stdout.print(
            f"  ring of {attack.fakes:,} with {attack.links} links ({attack.hosts}): gains "
            f"{attack.gained_points:.1f}{lost}",
            highlight=False,
        )
    for one in made.comparisons:
        order = "—" if one.rank_correlation is None else f"{one.rank_correlation:.4f}"
        swapped = one.swap_set.only_this + one.swap_set.only_other
        stdout.print(
            f"  beside {one.other.programme}: rank correlation {order}, {swapped:,} of "
            f"{one.subjects:,} with another outcome",
            highlight=False,
        )
    for note in made.notes:
        stdout.print(f"  [dim]{note}[/]", highlight=False)
