"""The command that tests a programme over past times."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, cast

import typer
from rich.progress import Progress

from graphsvc.app import Service
from graphsvc.backtest import Backtest, Knowledge, Measured, Plan, parse_outcome
from graphsvc.cli.knowledge import KnowledgeOption
from graphsvc.cli.options import (
    JsonOption,
    ProgrammeOption,
    PurposeOption,
    acting_user,
    parse_span,
    parse_time,
)
from graphsvc.cli.output import print_json, stderr, stdout, table
from graphsvc.report.model import Interval
from graphsvc.settings import Settings

COLUMNS = ("tested", "bad", "AUC", "95 %", "KS", "precision in the lowest 1 / 5 / 10 %")


def backtest(
    purpose: PurposeOption,
    since: Annotated[str, typer.Option("--from", help="The first time that is scored.")],
    until: Annotated[str, typer.Option("--to", help="The last time that is scored.")],
    outcome: Annotated[
        list[str],
        typer.Option(
            help="A bad outcome: event:KIND, report:upheld or listing:LIST. May be repeated."
        ),
    ],
    every: Annotated[str, typer.Option(help="From one time to the next, e.g. 30d.")] = "30d",
    horizon: Annotated[
        str, typer.Option(help="How long after each time outcomes count, e.g. 90d.")
    ] = "90d",
    programme: ProgrammeOption = None,
    knowledge: KnowledgeOption = Knowledge.RECORDED,
    json: JsonOption = False,
) -> None:
    """Test a programme over past times against what came: AUC, KS, precision, calibration."""
    with Service.open(Settings.load()) as service, Progress(console=stderr, transient=True) as bar:
        declared = service.library.purpose(purpose)
        plan = Plan(
            first=cast(datetime, parse_time(since)),
            last=cast(datetime, parse_time(until)),
            every=parse_span(every),
            horizon=parse_span(horizon),
            outcomes=tuple(parse_outcome(text, declared) for text in outcome),
            knowledge=knowledge,
        )
        task = bar.add_task("times", total=None)
        found = service.backtest(
            purpose,
            plan,
            programme=programme,
            actor=acting_user(),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if json:
        print_json(found)
    else:
        _print(found)


def _print(found: Backtest) -> None:
    rows = table(
        f"{found.programme} v{found.programme_version} against "
        + ", ".join(map(str, found.plan.outcomes)),
        ("time", *COLUMNS),
        numeric=frozenset(COLUMNS[:5]),
    )
    for cut in found.cuts:
        rows.add_row(f"{cut.at:%Y-%m-%d}", *_cells(cut.all))
    rows.add_section()
    for name, measured in (
        ("all", found.overall),
        ("thin file", found.thin_file),
        ("full file", found.full_file),
    ):
        rows.add_row(name, *_cells(measured))
    stdout.print(rows)
    bands = table("By band", ("band", "tested", "bad", "share", "95 %"))
    for band in found.bands:
        bands.add_row(band.band, f"{band.subjects:,}", f"{band.bad:,}", *_rate(band.rate))
    stdout.print(bands)
    _print_calibration(found)
    for note in found.notes:
        stdout.print(f"  [dim]{note}[/]", highlight=False)


def _print_calibration(found: Backtest) -> None:
    if found.calibration is None:
        stdout.print("  calibration: no window had ended before another time began")
        return
    told = found.calibration
    rows = table(
        f"Calibration: Brier {told.brier:.5f}, of the base rate {told.brier_of_base_rate:.5f}",
        ("subjects", "told", "came", "95 %"),
        numeric=frozenset({"subjects", "told", "came"}),
    )
    for one in told.bins:
        rows.add_row(f"{one.subjects:,}", f"{one.told:.4f}", *_rate(one.came))
    stdout.print(rows)


def _cells(measured: Measured) -> tuple[str, ...]:
    auc = measured.auc
    return (
        f"{measured.subjects:,}",
        f"{measured.bad:,}",
        "—" if auc is None else f"{auc.value:.3f}",
        "—" if auc is None else f"{auc.low:.3f} – {auc.high:.3f}",
        "—" if measured.ks is None else f"{measured.ks:.3f}",
        " / ".join(f"{one.value.value:.3f}" for one in measured.precision) or "—",
    )


def _rate(rate: Interval | None) -> tuple[str, str]:
    if rate is None:
        return "—", "—"
    return f"{rate.value:.2%}", f"{rate.low:.2%} – {rate.high:.2%}"
