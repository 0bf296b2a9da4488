"""Commands on live scores and past ones: live, what-if, what-would-change, replay."""

from __future__ import annotations

import json as json_text
import threading
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from graphsvc.app import Service
from graphsvc.cli.disputes import note_reads, print_changes
from graphsvc.cli.options import (
    JsonOption,
    ProgrammeOption,
    PurposeOption,
    SubjectArgument,
    acting_user,
    parse_time,
)
from graphsvc.cli.output import plain, print_json, scientific, signed, stderr, stdout, table
from graphsvc.errors import ConflictError, InvalidInputError
from graphsvc.live.engine import LiveEngine
from graphsvc.live.what_if import Hypothesis, decided
from graphsvc.model import AuditAction, ReportStatus, SubjectRef
from graphsvc.settings import Settings

AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="The time that is scored; now otherwise.")
]


def live(
    purpose: PurposeOption,
    seconds: Annotated[
        float | None, typer.Option(help="Stop after so long; Ctrl-C otherwise.", min=0)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Follow the records, and print every score that moves, within milliseconds."""
    with Service.open(Settings.load()) as service:
        with stderr.status("building live scores"):
            engine = service.live([purpose])
        bound = engine.programme(purpose).bound()
        stderr.print(
            f"live at sequence {engine.sequence:,}, scores ± {scientific(bound.score)} points; "
            "Ctrl-C ends it"
        )
        stop = threading.Event()
        follower = threading.Thread(target=engine.follow, args=[stop], daemon=True)
        follower.start()
        try:
            _print_until(engine, stop, seconds, as_json=json)
        except KeyboardInterrupt:
            pass
        finally:
            stop.set()
            follower.join()


def _print_until(
    engine: LiveEngine, stop: threading.Event, seconds: float | None, *, as_json: bool
) -> None:
    begun, last = datetime.now(UTC), 0
    while seconds is None or (datetime.now(UTC) - begun).total_seconds() < seconds:
        for found in engine.changes(last, wait_s=0.2):
            last = found.number
            if as_json:
                typer.echo(json_text.dumps(plain(found), ensure_ascii=False))
                continue
            change = found.change
            before = "new" if change.before is None else f"{change.before:.1f}"
            after = "gone" if change.after is None else f"{change.after:.1f}"
            stdout.print(
                f"{found.at:%H:%M:%S.%f}  {escape(str(change.subject)):<28} "
                f"{change.programme}  {before} → {after}  {signed(change.points)}",
                highlight=False,
            )


def what_if(
    purpose: PurposeOption,
    without: Annotated[
        list[int] | None,
        typer.Option(help="Sequence of a record to think away; may be repeated."),
    ] = None,
    upheld: Annotated[
        list[int] | None, typer.Option(help="Sequence of a report that would be upheld.")
    ] = None,
    rejected: Annotated[
        list[int] | None, typer.Option(help="Sequence of a report that would be rejected.")
    ] = None,
    as_of: AsOfOption = None,
    programme: ProgrammeOption = None,
    json: JsonOption = False,
) -> None:
    """Say which scores would move if records were not there, or reports decided."""
    if not (without or upheld or rejected):
        raise InvalidInputError("name at least one record: --without, --upheld or --rejected")
    with Service.open(Settings.load()) as service:
        hypothesis = Hypothesis(frozenset(without or []))
        for sequences, status in (
            (upheld, ReportStatus.UPHELD),
            (rejected, ReportStatus.REJECTED),
        ):
            for sequence in sequences or []:
                hypothesis |= decided(service.store, sequence, status)
        engine = service.live([purpose], now=parse_time(as_of))
        answer = engine.what_if(purpose, hypothesis, programme=programme)
        if json:
            note_reads(service, answer.changes)
            print_json(answer)
            return
        stdout.print(
            f"If that were so (each ± {scientific(answer.bound)} points, nothing published):"
        )
        told = [change for change in answer.changes if abs(change.points) > answer.bound]
        print_changes(service, told)


def what_would_change(
    subject: SubjectArgument,
    purpose: PurposeOption,
    above: Annotated[str, typer.Option(help="A score, or the name of a band to reach.")],
    as_of: AsOfOption = None,
    programme: ProgrammeOption = None,
    json: JsonOption = False,
) -> None:
    """Name the fewest records without which a score would reach a band or a number."""
    ref = SubjectRef.parse(subject)
    with Service.open(Settings.load()) as service:
        engine = service.live([purpose], now=parse_time(as_of))
        model = engine.programme(purpose, programme).programme
        bands = {band.name: band.starts_at for band in model.bands}
        if above not in bands and not above.replace(".", "", 1).isdigit():
            raise InvalidInputError(
                f"--above: {above!r} is no score, and no band of {', '.join(bands) or 'none'}"
            )
        goal = bands[above] if above in bands else float(above)
        now = engine.score(purpose, ref, programme=programme)
        found = engine.what_would_change_it(purpose, ref, goal, programme=programme)
        service.note(acting_user(), AuditAction.READ_EXPLANATION, purpose=purpose, subject=ref)
        records = [service.store.record_at(one) for one in (found.sequences if found else ())]
    if json:
        print_json({"score": now, "goal": goal, "remedy": found, "records": records})
        return
    stdout.print(f"[bold]{ref}[/] has {now.score:.1f}; {goal:.1f} is asked for.")
    if found is None:
        stdout.print("No records of its own, and no listings around it, would bring it there.")
        return
    if not found.sequences:
        stdout.print("It is there already.")
        return
    how = "the fewest" if found.is_smallest else "found greedily, none is superfluous"
    stdout.print(f"Without these ({how} of {found.candidates}) it would have {found.score:.1f}:")
    rows = table("", ("record", "type", "source", "id"), numeric=frozenset({"record"}))
    for stored in records:
        if stored is not None:
            record = stored.record
            rows.add_row(
                str(stored.sequence), record.record_type.value, record.source, record.external_id
            )
    stdout.print(rows)


def replay(run: Annotated[str, typer.Argument(help="Id of a run, as runs lists them.")]) -> None:
    """Make a past run again from the records as recorded then, and compare every bit."""
    with Service.open(Settings.load()) as service, stderr.status("making it again"):
        found = service.replay(run)
    if not found.is_same:
        raise ConflictError(
            f"run {run}: came out as {found.checksum}, published was {found.run.checksum}"
        )
    stdout.print(
        f"[bold green]the same[/]  {found.run.subjects:,} subjects as of "
        f"{found.run.as_of:%Y-%m-%d %H:%M}, known up to {found.run.snapshot_sequence:,}, SHA-256 "
        f"{found.checksum}",
        soft_wrap=True,
    )
