"""`graphsvc audit`: who read or changed what, and whether the chain is sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Annotated

import typer

from graphsvc.access import ACCESS_FOLDER
from graphsvc.access.audit_check import ChainHead, note_head, noted_head, verify_chain
from graphsvc.app import Service
from graphsvc.cli.options import JsonOption
from graphsvc.cli.output import print_json, stdout, table
from graphsvc.errors import InvalidInputError
from graphsvc.model import AuditEntry, SubjectRef
from graphsvc.rights import audit_of
from graphsvc.settings import Settings

app = typer.Typer(help="List the audit chain, and verify it.", no_args_is_help=True)


@app.command()
def verify(
    head: Annotated[
        str | None,
        typer.Option(
            metavar="POSITION:HASH", help="A head noted elsewhere, that must still be there."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Find a changed, removed or reordered entry; note the head for the next time."""
    settings = Settings.load()
    folder = settings.data_dir / ACCESS_FOLDER
    with Service.open(settings) as service:
        store_id = service.store.store_id()
        given = None if head is None else _parsed(head)
        found = verify_chain(service.store, noted_head(folder, store_id), given)
        note_head(folder, store_id, found)
    if json:
        print_json(found)
        return
    stdout.print(f"[bold green]sound[/]  {found.position:,} entries")
    stdout.print(
        f"head {found.position}:{found.entry_hash}\n"
        "Keep the head elsewhere: audit verify --head then finds a chain that was written anew.",
        highlight=False,
        soft_wrap=True,
    )


@app.command("list")
def list_(
    subject: Annotated[
        str | None, typer.Option(metavar="KEY", help="Only entries on one subject, kind:key.")
    ] = None,
    last: Annotated[int, typer.Option(help="How many of the last entries.", min=1)] = 50,
    json: JsonOption = False,
) -> None:
    """List who read or changed what, for which purpose, when; subjects go by pseudonyms."""
    with Service.open(Settings.load()) as service:
        if subject is None:
            before = max(service.store.last_audit_position() - last, 0)
            found: Iterable[AuditEntry] = service.store.audit_entries(before, last)
        else:
            found = audit_of(service.store, service.pseudonyms, SubjectRef.parse(subject))
        entries = deque(found, maxlen=last)
    if json:
        print_json(list(entries))
        return
    rows = table("Audit", ("#", "at", "actor", "action", "purpose", "subject", "detail"))
    for entry in entries:
        draft = entry.draft
        rows.add_row(
            str(entry.position),
            f"{draft.at:%Y-%m-%d %H:%M:%S}",
            draft.actor,
            draft.action,
            draft.purpose or "",
            (draft.subject or "")[:12],
            draft.detail,
        )
    stdout.print(rows)


def _parsed(text: str) -> ChainHead:
    position, colon, entry_hash = text.partition(":")
    if not colon or not position.isdigit() or len(entry_hash) != 64:
        raise InvalidInputError(f"--head: {text!r} is not POSITION:HASH as audit verify prints it")
    return ChainHead(int(position), entry_hash)
