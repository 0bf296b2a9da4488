"""Puts the commands together and turns errors into messages and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import structlog
import typer
from rich.markup import escape

from graphsvc.cli import analysts, keys, neo4j, operators
from graphsvc.cli.output import stderr
from graphsvc.errors import GraphsvcError
from graphsvc.logs import configure_logs
from graphsvc.settings import Settings

app = typer.Typer(
    name="graphsvc",
    help="Trust and risk spread through contacts: one certified score for each purpose, with "
    "exact reasons.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("import")(operators.import_records)
app.command()(operators.recompute)
app.command()(operators.estimate)
app.command()(operators.serve)
app.command()(operators.status)
app.command()(operators.demo)
app.command("demo-world")(operators.demo_world)
app.command()(analysts.score)
app.command()(analysts.explain)
app.command()(analysts.advise)
app.command()(analysts.top)
app.command()(analysts.runs)
app.add_typer(keys.app, name="keys")
app.add_typer(neo4j.app, name="neo4j")

log = structlog.get_logger(__name__)


@app.callback()
def _options(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what is done, on standard error.")
    ] = False,
) -> None:
    settings = Settings.load()
    configure_logs(settings.log_format, settings.log_level if verbose else "warning")


def main() -> None:
    """Run the command line; a GraphsvcError becomes one message and its own exit code."""
    try:
        app()
    except GraphsvcError as error:
        stderr.print(
            f"[bold red]error[/] [dim]{error.code}[/]  {escape(str(error))}", soft_wrap=True
        )
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader (head, a closed pager) has seen enough.
        sys.stderr.close()
        sys.exit(0)
