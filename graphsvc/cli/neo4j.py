"""`graphsvc neo4j`: a genuine local server for development and tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphsvc import neo4j_server
from graphsvc.cli.options import JsonOption
from graphsvc.cli.output import print_json, stdout
from graphsvc.neo4j_server import ServerInfo, ServerState

app = typer.Typer(
    help="Run a genuine Neo4j on this machine for development and tests (loopback only).",
    no_args_is_help=True,
)

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of the server; .graphsvc/neo4j where it is not given."),
]


@app.command()
def start(
    home: HomeOption = None,
    port: Annotated[int | None, typer.Option(help="Bolt port; a free one otherwise.")] = None,
) -> None:
    """Start the server, or say where it runs already."""
    with stdout.status("starting Neo4j (the first time, its jars are fetched)"):
        info = neo4j_server.start(home or neo4j_server.default_home(), bolt_port=port)
    stdout.print(f"Neo4j {info.version} runs at [bold]{info.uri}[/], process {info.pid}")
    _print_environment(info)


@app.command()
def stop(home: HomeOption = None) -> None:
    """Stop the server; its data stay."""
    stopped = neo4j_server.stop(home or neo4j_server.default_home())
    stdout.print("stopped" if stopped else "was not running")


@app.command()
def status(home: HomeOption = None, json: JsonOption = False) -> None:
    """Say whether the server runs and how to reach it."""
    found = neo4j_server.status(home or neo4j_server.default_home())
    if json:
        print_json(
            {
                "state": found.state.value,
                "home": str(found.home),
                "uri": found.info.uri if found.info else None,
                "pid": found.info.pid if found.info else None,
                "version": found.info.version if found.info else None,
            }
        )
        return
    stdout.print(f"{found.state.value}  {found.home}")
    if found.info is not None and found.state is ServerState.RUNNING:
        _print_environment(found.info)


def _print_environment(info: ServerInfo) -> None:
    stdout.print(f"  export GRAPHSVC_STORE={info.uri}", highlight=False, soft_wrap=True)
    stdout.print(
        f'  export GRAPHSVC_NEO4J_PASSWORD="$(cat {info.password_file})"',
        highlight=False,
        soft_wrap=True,
    )
