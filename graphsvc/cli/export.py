"""Commands that take scores out of the service: as files, or as properties in Neo4j."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphsvc.app import Service
from graphsvc.cli.options import ProgrammeOption, PurposeOption, acting_user
from graphsvc.cli.output import stdout
from graphsvc.export.forms import ExportForm
from graphsvc.export.tables import TableFormat
from graphsvc.export.use_case import Exported
from graphsvc.settings import Settings

SUMMARY = "Write scores, reasons, runs or the graph to a file, or scores back to Neo4j."
app = typer.Typer(
    name="export",
    help=SUMMARY,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


ToOption = Annotated[Path, typer.Option("--to", help="The file; it is replaced when all is well.")]
FormatOption = Annotated[TableFormat, typer.Option("--format", help="Of the file.")]
RunOption = Annotated[str | None, typer.Option("--run", help="A run; the current one otherwise.")]


@app.command()
def scores(
    purpose: PurposeOption,
    to: ToOption,
    form: FormatOption = TableFormat.PARQUET,
    programme: ProgrammeOption = None,
    run: RunOption = None,
) -> None:
    """Write every subject's score, band, width and points."""
    with Service.open(Settings.load()) as service:
        done = service.exports.scores(
            purpose, to, form, actor=acting_user(), programme=programme, run_id=run
        )
    _print(done)


@app.command()
def reasons(
    purpose: PurposeOption,
    to: ToOption,
    form: FormatOption = TableFormat.PARQUET,
    programme: ProgrammeOption = None,
    run: RunOption = None,
) -> None:
    """Write the parts that moved each score, the largest first."""
    with Service.open(Settings.load()) as service:
        done = service.exports.reasons(
            purpose, to, form, actor=acting_user(), programme=programme, run_id=run
        )
    _print(done)


@app.command()
def runs(purpose: PurposeOption, to: ToOption, form: FormatOption = TableFormat.PARQUET) -> None:
    """Write the published runs with their certificates."""
    with Service.open(Settings.load()) as service:
        done = service.exports.runs(purpose, to, form, actor=acting_user())
    _print(done)


@app.command()
def graph(
    purpose: PurposeOption,
    to: ToOption,
    form: Annotated[ExportForm, typer.Option("--format", help="Of the file.")] = ExportForm.GRAPHML,
    programme: ProgrammeOption = None,
    run: RunOption = None,
) -> None:
    """Write the links that a run saw; as GraphML or GEXF with the scores."""
    with Service.open(Settings.load()) as service:
        done = service.exports.graph(
            purpose, to, form.for_graph(), actor=acting_user(), programme=programme, run_id=run
        )
    _print(done)


@app.command()
def neo4j(
    purpose: PurposeOption,
    programme: ProgrammeOption = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the purpose's scores off the subjects.")
    ] = False,
) -> None:
    """Put the current scores on the subjects in Neo4j, for analysts' own Cypher."""
    with Service.open(Settings.load()) as service:
        if remove:
            count = service.exports.remove_write_back(purpose, actor=acting_user())
            stdout.print(f"{count:,} subjects have no published scores any more")
            return
        done = service.exports.write_back(purpose, actor=acting_user(), programme=programme)
    stdout.print(
        f"{done.subjects:,} subjects carry the scores of {done.run_id}; {done.removed:,} lost "
        "those of an older run",
        highlight=False,
    )


def _print(done: Exported) -> None:
    links = "" if done.links is None else f", {done.links:,} links"
    stdout.print(f"{done.path}: {done.rows:,} rows{links}", highlight=False, soft_wrap=True)
