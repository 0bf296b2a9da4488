"""`graphsvc disputes`: contest a record or a score, suspend it, decide."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Annotated

import typer

from graphsvc.app import Service
from graphsvc.changes import ScoreChange
from graphsvc.cli.options import FieldsOption, JsonOption, NamedSubjectArgument, acting_user
from graphsvc.cli.output import print_json, signed, stdout, table
from graphsvc.correcting import corrected, correction_id
from graphsvc.disputes import DisputeStep, all_disputes, find_dispute
from graphsvc.errors import InvalidInputError, NotFoundError
from graphsvc.model import AuditAction, DisputeStatus, SubjectRef
from graphsvc.settings import Settings

app = typer.Typer(
    help="Contest a record or a score; suspend, correct, remove or keep it.", no_args_is_help=True
)
MOST_CHANGES_SHOWN = 20

DisputeArgument = Annotated[str, typer.Argument(metavar="DISPUTE", help="Its id, D-….")]


class Outcome(enum.StrEnum):
    """How a dispute can end."""

    CORRECTED = "corrected"
    REMOVED = "removed"
    KEPT = "kept"


@app.command("open")
def open_(
    subject: NamedSubjectArgument,
    grounds: Annotated[str, typer.Option(help="What is wrong, in the subject's own words.")],
    record: Annotated[
        int | None, typer.Option(help="Sequence of the contested record, as explain shows it.")
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", "-p", help="Contest the score itself: ask for human review."),
    ] = None,
    suspend: Annotated[
        bool, typer.Option("--suspend", help="Switch the record's effect off meanwhile.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Open a dispute by or for a subject."""
    if (record is None) == (purpose is None):
        raise InvalidInputError("give either --record (contest a record) or --purpose (a score)")
    with Service.open(Settings.load()) as service:
        contested: tuple[str, str] | str = purpose or ""
        if record is not None:
            stored = service.store.record_at(record)
            if stored is None:
                raise NotFoundError(f"there is no record {record}")
            contested = (stored.record.source, stored.record.external_id)
        step, changes = service.redress.open(
            SubjectRef.parse(subject),
            contested,
            grounds=grounds,
            actor=acting_user(),
            suspend=suspend,
        )
        _print_step(service, step, changes, as_json=json)


@app.command()
def suspend(dispute: DisputeArgument, json: JsonOption = False) -> None:
    """Switch the contested record's effect off, on everyone that it reached, until the decision."""
    with Service.open(Settings.load()) as service:
        step, changes = service.redress.suspend(dispute, actor=acting_user())
        _print_step(service, step, changes, as_json=json)


@app.command()
def decide(
    dispute: DisputeArgument,
    outcome: Annotated[Outcome, typer.Option(help="What becomes of the record.")],
    decision: Annotated[str, typer.Option(help="Why, in plain words.")],
    fields: FieldsOption = None,
    json: JsonOption = False,
) -> None:
    """Close a dispute."""
    if fields and outcome is not Outcome.CORRECTED:
        raise InvalidInputError(f"--set: goes with --outcome corrected, not with {outcome}")
    with Service.open(Settings.load()) as service:
        found = find_dispute(service.store, dispute)
        if fields and found.dispute.contested is None:
            raise InvalidInputError("--set: a score is contested, which has no fields to set")
        correction = None
        if outcome is Outcome.CORRECTED and found.contested is not None:
            correction = corrected(found.contested, fields or [], correction_id())
        step, changes = service.redress.decide(
            dispute,
            DisputeStatus(outcome.value),
            decision=decision,
            actor=acting_user(),
            correction=correction,
        )
        _print_step(service, step, changes, as_json=json)


@app.command("list")
def list_(
    decided: Annotated[bool, typer.Option(help="Those that are decided as well.")] = False,
    json: JsonOption = False,
) -> None:
    """List disputes, the one that changed longest ago first."""
    with Service.open(Settings.load()) as service:
        steps = all_disputes(service.store, with_decided=decided)
    if json:
        print_json(steps)
        return
    if not steps:
        stdout.print("No dispute is open.")
        return
    rows = table("Disputes", ("dispute", "status", "subject", "contests", "opened", "grounds"))
    for step in steps:
        found = step.dispute
        contests = "/".join(found.contested) if found.contested else f"score: {found.purpose}"
        rows.add_row(
            step.dispute_id,
            found.status.value,
            str(found.subject),
            contests,
            f"{found.opened_at:%Y-%m-%d}",
            found.grounds,
        )
    stdout.print(rows)


def _print_step(
    service: Service, step: DisputeStep, changes: Sequence[ScoreChange], *, as_json: bool
) -> None:
    if not as_json:
        stdout.print(f"[bold]{step.dispute_id}[/]  {step.dispute.status}", highlight=False)
        print_changes(service, changes)
        return
    note_reads(service, changes)
    print_json({"dispute": step, "changes": changes})


def note_reads(service: Service, changes: Sequence[ScoreChange]) -> None:
    """Note in the audit that these scores were shown, before they are."""
    service.store.append_audit(
        [
            service.audit_draft(
                acting_user(),
                AuditAction.READ_SCORE,
                purpose=change.purpose,
                subject=change.subject,
            )
            for change in changes
        ]
    )


def print_changes(service: Service, changes: Sequence[ScoreChange]) -> None:
    """Print which scores a step moved, the largest change first; the audit notes those shown."""
    if not changes:
        stdout.print("No published score moved.")
        return
    note_reads(service, changes[:MOST_CHANGES_SHOWN])
    rows = table(
        f"{len(changes):,} scores moved",
        ("subject", "programme", "before", "after", "points"),
        numeric=frozenset({"before", "after", "points"}),
    )
    for change in changes[:MOST_CHANGES_SHOWN]:
        rows.add_row(
            str(change.subject),
            change.programme,
            "—" if change.before is None else f"{change.before:.1f}",
            "—" if change.after is None else f"{change.after:.1f}",
            signed(change.points),
        )
    stdout.print(rows)
    if len(changes) > MOST_CHANGES_SHOWN:
        stdout.print(f"and {len(changes) - MOST_CHANGES_SHOWN:,} others by less")
