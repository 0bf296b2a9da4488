"""Commands that train a learned model, and say what one is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from algorithms.learned import LearnedModel, ModelFileError, NetworkKind
from graphsvc.app import Service
from graphsvc.backtest.model import Knowledge
from graphsvc.cli.knowledge import KnowledgeOption
from graphsvc.cli.options import (
    ProgrammeOption,
    PurposeOption,
    acting_user,
    parse_span,
    parse_time,
)
from graphsvc.cli.output import stdout
from graphsvc.errors import InvalidInputError
from graphsvc.learning import Schooling
from graphsvc.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Train learned models, and say what one is.")


@app.command()
def train(
    purpose: PurposeOption,
    to: Annotated[Path, typer.Option(help="File to write: NAME.npz in models/.")],
    programme: ProgrammeOption = None,
    as_of: Annotated[
        str | None, typer.Option(help="Nothing later is looked at; now otherwise.")
    ] = None,
    period: Annotated[
        str, typer.Option(help="How long after a time it is asked who was listed, e.g. 90d.")
    ] = "90d",
    periods: Annotated[
        int, typer.Option(help="How many lessons; the last one calibrates, the others teach.")
    ] = 4,
    knowledge: KnowledgeOption = Knowledge.RECORDED,
    kind: Annotated[
        NetworkKind, typer.Option(help="alone, signed or attention.")
    ] = NetworkKind.ATTENTION,
    seed: Annotated[int, typer.Option(help="The same one gives the same model, on a CPU.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto.")] = "cpu",
) -> None:
    """Train a model on who was listed after past times, and write it to a file."""
    plan = Schooling(
        as_of=parse_time(as_of) or datetime.now(UTC),
        period=parse_span(period),
        periods=periods,
        knowledge=knowledge,
        kind=kind,
        seed=seed,
        device=device,
    )
    if to.suffix != ".npz":
        raise InvalidInputError(f"--to: {to} must end in .npz")
    if not to.absolute().parent.is_dir():
        raise InvalidInputError(f"--to: {to.absolute().parent} is not a folder; make it first")
    with Service.open(Settings.load()) as service:
        model = service.train_model(purpose, plan, programme=programme, actor=acting_user())
    model.save(to)
    _print(model)
    stdout.print("\nA programme that uses it says so, in a new version (docs/learned.md):")
    stdout.print(
        f"learned: {{model: {to.stem}, fingerprint: {model.fingerprint}, points: -40}}",
        soft_wrap=True,
        highlight=False,
    )


@app.command()
def show(file: Annotated[Path, typer.Argument(help="The model file.")]) -> None:
    """Say what a model is, what it was trained on, and how it is calibrated."""
    try:
        model = LearnedModel.load(file)
    except ModelFileError as error:
        raise InvalidInputError(str(error)) from error
    _print(model)


def _print(model: LearnedModel) -> None:
    calibration = model.calibration
    for line in (
        f"fingerprint   {model.fingerprint}",
        f"network       {model.kind}, {len(model.members)} members",
        f"trained on    {model.trained_on}",
        f"calibrated on {calibration.answers:,} later answers: slope {calibration.slope:.3f}, "
        f"offset {calibration.offset:+.3f}",
    ):
        stdout.print(line, soft_wrap=True, highlight=False)
