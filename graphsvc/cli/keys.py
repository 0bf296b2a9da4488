"""`graphsvc keys`: who may ask the server."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from graphsvc.access import (
    ACCESS_FOLDER,
    ApiKey,
    create_key,
    last_use,
    list_keys,
    revoke_key,
    rotate_key,
)
from graphsvc.cli.options import JsonOption
from graphsvc.cli.output import print_json, stderr, stdout, table
from graphsvc.definitions import DefinitionLibrary
from graphsvc.errors import InvalidInputError
from graphsvc.settings import Settings

app = typer.Typer(help="Make, list, rotate and revoke API keys.", no_args_is_help=True)

KeyArgument = Annotated[str, typer.Argument(help="As `keys list` shows it.")]

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who will use it, as the audit shows it.")],
    role: Annotated[
        list[str],
        typer.Option(
            help="What its holder is: service, analyst, reviewer, operator or auditor; may be "
            "repeated."
        ),
    ],
    purpose: Annotated[
        list[str] | None,
        typer.Option(
            "--purpose",
            "-p",
            help="What it may read for; may be repeated. Only an operator's key needs none.",
        ),
    ] = None,
    days: Annotated[int | None, typer.Option(help="Days until it expires.", min=1)] = None,
) -> None:
    """Make a key; its secret is printed once, alone on standard output."""
    settings = Settings.load()
    library = DefinitionLibrary.load(settings.definitions_dir)
    for wanted in purpose or ():
        library.purpose(wanted)
    key, secret = create_key(
        settings.data_dir / ACCESS_FOLDER, name, purpose or (), role, _in_days(days)
    )
    stderr.print(f"Key {key.id} for {name}. The secret is shown this once:")
    typer.echo(secret)


@app.command("list")
def list_(json: JsonOption = False) -> None:
    """List every key ever made, and the hour of its last use; secrets are kept nowhere."""
    folder = Settings.load().data_dir / ACCESS_FOLDER
    keys = list_keys(folder)
    used = {key.id: last_use(folder, key.id) for key in keys}
    now = datetime.now(UTC)
    if json:
        print_json([_shown(key, used[key.id], now) for key in keys])
        return
    rows = table(
        "API keys", ("id", "name", "purposes", "roles", "created", "last used (UTC)", "state")
    )
    for key in keys:
        hour = used[key.id]
        rows.add_row(
            key.id,
            key.name,
            ", ".join(key.purposes),
            ", ".join(key.roles),
            f"{key.created:%Y-%m-%d}",
            f"{hour:%Y-%m-%d %H} h" if hour else "never",
            _state(key, now),
        )
    stdout.print(rows)


@app.command()
def rotate(
    key_id: KeyArgument,
    overlap: Annotated[
        str,
        typer.Option(help="For how long the old secret goes on working: 30m, 24h, 7d; 0h: not."),
    ] = "24h",
    days: Annotated[
        int | None, typer.Option(help="Days until the key expires; as before if left out.", min=1)
    ] = None,
) -> None:
    """Give a key a new secret, printed once; the old one ends after the overlap."""
    folder = Settings.load().data_dir / ACCESS_FOLDER
    key, secret = rotate_key(folder, key_id, _duration(overlap), _in_days(days))
    ends = max((former.until for former in key.former), default=None)
    old = f"works until {ends:%Y-%m-%d %H:%M} UTC" if ends else "has ended"
    stderr.print(f"Key {key.id} for {key.name}: the old secret {old}. The new one, this once:")
    typer.echo(secret)


@app.command()
def revoke(key_id: KeyArgument) -> None:
    """Make a key stop working, for good; a running server notices at once."""
    key = revoke_key(Settings.load().data_dir / ACCESS_FOLDER, key_id)
    stdout.print(f"revoked {key.id} ({key.name})")


def _shown(key: ApiKey, used: datetime | None, now: datetime) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "purposes": key.purposes,
        "roles": key.roles,
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
        "rotated": key.rotated,
        "former_secret_until": max(
            (former.until for former in key.former if former.until > now), default=None
        ),
        "last_used_hour": used,
    }


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked:
        return "revoked"
    if not key.is_valid_at(now):
        return "expired"
    return "valid, two secrets" if any(now < former.until for former in key.former) else "valid"


def _in_days(days: int | None) -> datetime | None:
    return None if days is None else datetime.now(UTC) + timedelta(days=days)


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,4})([mhd])", text)
    if match is None:
        raise InvalidInputError(f"--overlap: {text!r} is no duration; write 30m, 24h or 7d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})
