"""`graphsvc keys`: who may ask the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from graphsvc.access import ACCESS_FOLDER, create_key, list_keys, revoke_key
from graphsvc.cli.options import JsonOption
from graphsvc.cli.output import print_json, stderr, stdout, table
from graphsvc.definitions import DefinitionLibrary
from graphsvc.settings import Settings

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who will use it, as the audit shows it.")],
    purpose: Annotated[
        list[str], typer.Option("--purpose", "-p", help="What it may read for; may be repeated.")
    ],
    role: Annotated[list[str], typer.Option(help="What its holder is; may be repeated.")],
    days: Annotated[int | None, typer.Option(help="Days until it expires.", min=1)] = None,
) -> None:
    """Make a key; its secret is printed once, alone on standard output."""
    settings = Settings.load()
    library = DefinitionLibrary.load(settings.definitions_dir)
    for wanted in purpose:
        library.purpose(wanted)
    expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
    key, secret = create_key(settings.data_dir / ACCESS_FOLDER, name, purpose, role, expires)
    stderr.print(f"Key {key.id} for {name}. The secret is shown this once:")
    typer.echo(secret)


@app.command("list")
def list_(json: JsonOption = False) -> None:
    """List every key ever made; secrets are kept nowhere."""
    keys = list_keys(Settings.load().data_dir / ACCESS_FOLDER)
    if json:
        print_json(
            [
                {
                    "id": key.id,
                    "name": key.name,
                    "purposes": key.purposes,
                    "roles": key.roles,
                    "created": key.created,
                    "expires": key.expires,
                    "revoked": key.revoked,
                }
                for key in keys
            ]
        )
        return
    now = datetime.now(UTC)
    rows = table("API keys", ("id", "name", "purposes", "roles", "created", "state"))
    for key in keys:
        state = "revoked" if key.revoked else "valid" if key.is_valid_at(now) else "expired"
        rows.add_row(
            key.id,
            key.name,
            ", ".join(key.purposes),
            ", ".join(key.roles),
            f"{key.created:%Y-%m-%d}",
            state,
        )
    stdout.print(rows)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="As `keys list` shows it.")]) -> None:
    """Make a key stop working, for good; a running server notices at once."""
    key = revoke_key(Settings.load().data_dir / ACCESS_FOLDER, key_id)
    stdout.print(f"revoked {key.id} ({key.name})")
