"""`graphsvc cases`: what analysts look into; they keep it by GraphQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, cast

import typer

from graphsvc.app import Service
from graphsvc.cases import Case, read_cases
from graphsvc.cli.options import JsonOption, PurposeOption, acting_user
from graphsvc.cli.output import print_json, stdout, table
from graphsvc.errors import NotFoundError
from graphsvc.model import AuditAction, CaseEntry
from graphsvc.settings import Settings

app = typer.Typer(help="List and show what analysts look into.", no_args_is_help=True)

PAGE = 500


@app.command("list")
def list_(purpose: PurposeOption, json: JsonOption = False) -> None:
    """List a purpose's cases in the order in which they were opened."""
    with Service.open(Settings.load()) as service:
        service.library.purpose(purpose)
        found = _all_cases(service, purpose)
        _note_reads(service, found)
    if json:
        print_json(found)
        return
    if not found:
        stdout.print("There is no case.")
        return
    rows = table("Cases", ("case", "status", "opened", "subjects", "title"))
    for case in found:
        rows.add_row(
            case.case_id,
            case.status.value,
            f"{case.opened_at:%Y-%m-%d}",
            ", ".join(map(str, case.subjects)),
            case.title,
        )
    stdout.print(rows)


@app.command()
def show(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Id of the case, as list shows it.")],
    json: JsonOption = False,
) -> None:
    """Show one case with its notes in the order of time."""
    with Service.open(Settings.load()) as service:
        found = read_cases(service.store, [case]).get(case)
        if found is None:
            raise NotFoundError(f"there is no case {case!r}; graphsvc cases list shows all")
        _note_reads(service, [found])
    if json:
        print_json(found)
        return
    stdout.print(f"[bold]{found.case_id}[/]  {found.status}  {found.purpose}", highlight=False)
    stdout.print(found.title, markup=False)
    stdout.print(f"about {', '.join(map(str, found.subjects))}", markup=False)
    rows = table("Notes", ("at", "by", "about", "note"))
    for note in found.notes:
        about = "all" if note.subject is None else str(note.subject)
        rows.add_row(f"{note.entered_at:%Y-%m-%d %H:%M}", note.entered_by, about, note.text)
    stdout.print(rows)


def _all_cases(service: Service, purpose: str) -> list[Case]:
    found: list[Case] = []
    after = 0
    while openings := service.store.case_openings(purpose, after_sequence=after, limit=PAGE):
        ids = [cast(CaseEntry, stored.record).case_id for stored in openings]
        cases = read_cases(service.store, ids)
        found += (cases[case_id] for case_id in ids if case_id in cases)
        after = openings[-1].sequence
    return found


def _note_reads(service: Service, cases: Iterable[Case]) -> None:
    """Note in the audit whose cases were shown, before they are."""
    for case in cases:
        service.store.append_audit(
            service.audit_drafts(
                acting_user(), AuditAction.READ_CASE, case.subjects, purpose=case.purpose
            )
        )
