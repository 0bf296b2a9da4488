"""`graphsvc rights`: what a subject may ask for (GDPR Art. 15, 16, 17 and 22)."""

from __future__ import annotations

from typing import Annotated

import typer

from graphsvc.app import Service
from graphsvc.cli.disputes import note_reads, print_changes
from graphsvc.cli.options import FieldsOption, JsonOption, NamedSubjectArgument, acting_user
from graphsvc.cli.output import print_json, stdout
from graphsvc.correcting import corrected, correction_id
from graphsvc.errors import NotFoundError
from graphsvc.model import SubjectRef
from graphsvc.settings import Settings

app = typer.Typer(
    help="Export, correct, erase, human review: what a subject may ask for.", no_args_is_help=True
)


@app.command()
def export(subject: NamedSubjectArgument) -> None:
    """Print all that is held on a subject, and every read of it, as JSON (Art. 15)."""
    with Service.open(Settings.load()) as service:
        held = service.redress.export(SubjectRef.parse(subject), actor=acting_user())
    print_json(held)


@app.command()
def correct(
    record: Annotated[
        int, typer.Argument(help="Sequence of the record, as export and explain show it.")
    ],
    fields: FieldsOption = None,
    json: JsonOption = False,
) -> None:
    """Put a corrected record in the place of a wrong one (Art. 16)."""
    with Service.open(Settings.load()) as service:
        stored = service.store.record_at(record)
        if stored is None:
            raise NotFoundError(f"there is no record {record}")
        correction = corrected(stored.record, fields or [], correction_id())
        changes = service.redress.correct(correction, actor=acting_user())
        if not json:
            print_changes(service, changes)
            return
        note_reads(service, changes)
    print_json(changes)


@app.command()
def erase(
    subject: NamedSubjectArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do it: it can't be taken back.")] = False,
    even_if_blacklisted: Annotated[
        bool,
        typer.Option(
            "--even-if-blacklisted", help="Although a blacklisting is in force (see Art. 17(3))."
        ),
    ] = False,
) -> None:
    """Erase a subject: its records, its key, its place in every published run (Art. 17)."""
    ref = SubjectRef.parse(subject)
    if not yes:
        typer.confirm(f"Erase {ref} for good?", abort=True)
    with Service.open(Settings.load()) as service:
        count = service.redress.erase(
            ref, actor=acting_user(), even_if_blacklisted=even_if_blacklisted
        )
    stdout.print(f"erased {count:,} records, the key, and its place in published runs")


@app.command()
def review(
    subject: NamedSubjectArgument,
    purpose: Annotated[str, typer.Option("--purpose", "-p", help="Whose score is contested.")],
    grounds: Annotated[str, typer.Option(help="Why, in the subject's own words.")],
) -> None:
    """Ask that a person look at a score; until then no adverse advice is automatic (Art. 22)."""
    with Service.open(Settings.load()) as service:
        step, _ = service.redress.open(
            SubjectRef.parse(subject), purpose, grounds=grounds, actor=acting_user()
        )
    stdout.print(f"[bold]{step.dispute_id}[/]  waits for a person", highlight=False)
