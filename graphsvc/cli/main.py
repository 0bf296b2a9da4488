"""Puts the commands together and turns errors into messages and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from graphsvc.cli.later import later
from graphsvc.errors import GraphsvcError

COMMANDS = {
    "import": (
        "operators:import_records",
        "Load CSV, JSONL or Parquet files (plain or gzipped) as a mapping says.",
    ),
    "estimate": (
        "operators:estimate",
        "Say how much memory a recompute will take, and about how long, before it is run.",
    ),
    "recompute": (
        "operators:recompute",
        "Propagate, certify and publish a score run; readers see it whole or not at all.",
    ),
    "serve": (
        "serving:serve",
        "Serve GraphQL at /graphql; every request needs an API key (graphsvc keys create).",
    ),
    "status": (
        "operators:status",
        "Say which store is used, what it holds and which runs are current.",
    ),
    "demo": (
        "operators:demo",
        "Run the main job on real trading ratings, from import to a GraphQL answer.",
    ),
    "demo-world": (
        "operators:demo_world",
        "Make a marketplace of people, shops, rings and thin files over two years, with its truth.",
    ),
    "score": (
        "analysts:score",
        "Show one subject's score for a purpose, its certified bound, width, band and reasons.",
    ),
    "explain": (
        "analysts:explain",
        "Take one score apart: each record's and each source's points, adding up, and the paths.",
    ),
    "advise": (
        "analysts:advise",
        "Say what the purpose's policy advises on a subject, and why, in order.",
    ),
    "top": (
        "analysts:top",
        "List the subjects with the largest (or smallest) value in the current run.",
    ),
    "runs": (
        "runs:app",
        "List score runs, release or discard what waits, roll back, prune what is old.",
    ),
    "export": (
        "export:app",
        "Write scores, reasons, runs or the graph to a file, or scores back to Neo4j.",
    ),
    "backtest": (
        "backtest:backtest",
        "Test a programme over past times against what came: AUC, KS, precision, calibration.",
    ),
    "report": (
        "report:report",
        "Report on a run: distribution, drift, movers, disparity, attack cost, challengers.",
    ),
    "learned": ("learned:app", "Train learned models, and say what one is."),
    "jobs": (
        "jobs:app",
        "Recompute, retention and other long work: begun, watched, cancelled, resumed.",
    ),
    "live": (
        "live:live",
        "Follow the records, and print every score that moves, within milliseconds.",
    ),
    "what-if": (
        "live:what_if",
        "Say which scores would move if records were not there, or reports decided.",
    ),
    "what-would-change": (
        "live:what_would_change",
        "Name the fewest records without which a score would reach a band or a number.",
    ),
    "replay": (
        "live:replay",
        "Make a past run again from the records as recorded then, and compare every bit.",
    ),
    "disputes": (
        "disputes:app",
        "Contest a record or a score; suspend, correct, remove or keep it.",
    ),
    "cases": ("cases:app", "List and show what analysts look into."),
    "rights": (
        "rights:app",
        "Export, correct, erase, human review: what a subject may ask for.",
    ),
    "audit": ("audit:app", "List the audit chain, and verify it."),
    "retention": (
        "operators:retention",
        "Erase the records that no purpose may keep any longer, and subjects left without any.",
    ),
    "keys": ("keys:app", "Make, list, rotate and revoke API keys."),
    "neo4j": (
        "neo4j:app",
        "Run a genuine Neo4j on this machine for development and tests (loopback only).",
    ),
}

app = typer.Typer(
    name="graphsvc",
    cls=later(COMMANDS),
    help="Trust and risk spread through contacts: one certified score for each purpose, with "
    "exact reasons.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _options(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what is done, on standard error.")
    ] = False,
) -> None:
    from graphsvc.logs import configure_logs
    from graphsvc.settings import Settings

    settings = Settings.load()
    configure_logs(settings.log_format, settings.log_level if verbose else "warning")


def main() -> None:
    """Run the command line; a GraphsvcError becomes one message and its own exit code."""
    try:
        app()
    except GraphsvcError as error:
        from rich.markup import escape

        from graphsvc.cli.output import stderr

        stderr.print(
            f"[bold red]error[/] [dim]{error.code}[/]  {escape(str(error))}", soft_wrap=True
        )
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader (head, a closed pager) has seen enough.
        sys.stderr.close()
        sys.exit(0)
