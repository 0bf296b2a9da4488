"""Commands that read: score, explain, advise, top, runs."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated, cast

import typer
from rich.panel import Panel
from rich.table import Table

from graphsvc.app import Service
from graphsvc.breakdown import LinePart
from graphsvc.cli.options import (
    JsonOption,
    ProgrammeOption,
    PurposeOption,
    SubjectArgument,
    acting_user,
    parse_time,
)
from graphsvc.cli.output import (
    find_subject,
    plain,
    print_json,
    scientific,
    signed,
    stdout,
    table,
)
from graphsvc.errors import InvalidInputError
from graphsvc.explain import ExplainedValue, Explanation
from graphsvc.model import AuditAction, SubjectKind, SubjectRef
from graphsvc.settings import Settings

FIRST_REASONS = 5


class Value(enum.StrEnum):
    """What `top` can sort by."""

    EXPOSURE = "exposure"
    TRUST = "trust"
    SCORE = "score"
    WIDTH = "width"


def score(
    subject: SubjectArgument,
    purpose: PurposeOption,
    programme: ProgrammeOption = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="What it was at a time, instead of the last run.")
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option(
            "--known-at",
            help="With --as-of: by what was recorded at this time, or up to this sequence; at the "
            "as-of time otherwise.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show one subject's score for a purpose, its certified bound, width, band and reasons."""
    if as_of is not None:
        _past_score(subject, purpose, programme, as_of, known_at, as_json=json)
        return
    if known_at is not None:
        raise InvalidInputError("--known-at: goes with --as-of")
    with Service.open(Settings.load()) as service:
        ref = find_subject(subject, service.scores(purpose, programme=programme))
        explanation = service.explain(purpose, ref, programme=programme)
        service.note(acting_user(), AuditAction.READ_SCORE, purpose=purpose, subject=ref)
        beside = [
            (run, value)
            for run, value in service.side_by_side(purpose, ref)
            if run.run_id != explanation.run.run_id
        ]
    reasons = explanation.reasons[:FIRST_REASONS]
    if json:
        print_json(
            {
                "purpose": purpose,
                "programme": explanation.run.programme,
                "bound": explanation.run.score_bound,
                **plain(explanation.score),
                "own_points": explanation.score.own_points,
                "run": explanation.run,
                "reasons": reasons,
                "side_by_side": [
                    {"programme": run.programme, "score": value.score, "band": value.band}
                    for run, value in beside
                ],
            }
        )
        return
    value = explanation.score
    run = explanation.run
    stdout.print(
        f"[bold]{value.subject}[/]  {purpose}  "
        f"[bold cyan]{value.score:.2f}[/] ± {scientific(run.score_bound)} points"
        f"{f'   {value.band}' if value.band else ''}"
    )
    stdout.print(
        f"own record {signed(value.own_points)}   contacts {signed(value.association_points)}   "
        f"a full file could move it by {value.width:.0f}",
        highlight=False,
    )
    stdout.print(
        f"exposure {value.exposure:.6f} ± {scientific(run.exposure.bound)}   "
        f"trust {value.trust:.6f} ± {scientific(run.trust.bound)}   run {run.run_id}"
    )
    for reason in reasons:
        stdout.print(f"  {signed(reason.points):>8}  {reason.text}", highlight=False)
    for other, values in beside:
        stdout.print(f"[dim]{other.programme} v{other.programme_version}: {values.score:.2f}[/]")


def _past_score(
    subject: str,
    purpose: str,
    programme: str | None,
    as_of: str,
    known_at: str | None,
    *,
    as_json: bool,
) -> None:
    moment = cast(datetime, parse_time(as_of))
    with Service.open(Settings.load()) as service:
        ref = SubjectRef.parse(subject)
        sequence = None
        if known_at is not None and known_at.isdigit():
            sequence = int(known_at)
        elif known_at is not None:
            sequence = service.store.sequence_at(cast(datetime, parse_time(known_at)))
        found = service.past_score(
            purpose, ref, as_of=moment, known_at=sequence, programme=programme
        )
        service.note(acting_user(), AuditAction.READ_SCORE, purpose=purpose, subject=ref)
    if as_json:
        print_json(found)
        return
    stdout.print(
        f"[bold]{found.subject}[/]  {purpose}  [bold cyan]{found.score:.2f}[/] ± "
        f"{scientific(found.bound)} points{f'   {found.band}' if found.band else ''}"
    )
    stdout.print(
        f"as of {found.as_of:%Y-%m-%d %H:%M}, by records up to {found.known_at:,}; "
        f"exposure {found.exposure:.6f}, trust {found.trust:.6f}",
        highlight=False,
    )


def advise(
    subject: SubjectArgument,
    purpose: PurposeOption,
    programme: ProgrammeOption = None,
    json: JsonOption = False,
) -> None:
    """Say what the purpose's policy advises on a subject, and why, in order."""
    with Service.open(Settings.load()) as service:
        scores = service.scores(purpose, programme=programme)
        ref = find_subject(subject, scores)
        advised = service.advise(purpose, ref, programme=programme)
        service.note(acting_user(), AuditAction.READ_ADVICE, purpose=purpose, subject=ref)
    if json:
        print_json(advised)
        return
    colour = "yellow" if advised.advice.is_adverse else "green"
    stdout.print(
        f"[bold]{advised.subject}[/]  {purpose}  [bold {colour}]{advised.advice}[/]   "
        f"score {advised.score:.2f}{f' ({advised.band})' if advised.band else ''}, "
        f"width {advised.width:.0f}"
    )
    for reason in advised.reasons:
        points = signed(reason.points) if reason.points else ""
        stdout.print(f"  {points:>8}  {reason.code}  {reason.text}", highlight=False)
    stdout.print(
        f"[dim]policy {advised.policy} v{advised.policy_version} on {advised.programme}; "
        f"without what contacts take away: {advised.on_own_evidence}[/]"
    )


def explain(
    subject: SubjectArgument,
    purpose: PurposeOption,
    first: Annotated[int, typer.Option(help="How many contributions to show.", min=1)] = 10,
    programme: ProgrammeOption = None,
    adverse_action: Annotated[
        bool,
        typer.Option(
            "--adverse-action",
            help="The form for the subject itself: the four largest negative reasons, nobody else "
            "named.",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Take one score apart: each record's and each source's points, adding up, and the paths."""
    with Service.open(Settings.load()) as service:
        scores = service.scores(purpose, programme=programme)
        ref = find_subject(subject, scores)
        explanation = service.explain(purpose, ref, programme=programme)
        service.note(acting_user(), AuditAction.READ_EXPLANATION, purpose=purpose, subject=ref)
    if adverse_action:
        _print_adverse_action(explanation, as_json=json)
    elif json:
        print_json(explanation)
    else:
        print_explanation(explanation, first)


def _print_adverse_action(explanation: Explanation, *, as_json: bool) -> None:
    run, score = explanation.run, explanation.score
    if as_json:
        print_json(
            {
                "subject": explanation.subject,
                "purpose": run.purpose,
                "as_of": run.as_of,
                "score": score.score,
                "band": score.band,
                "reasons": explanation.adverse,
            }
        )
        return
    stdout.print(
        f"[bold]{explanation.subject}[/]  {run.purpose}, as of {run.as_of:%Y-%m-%d}: "
        f"score {score.score:.1f}"
    )
    if not explanation.adverse:
        stdout.print("  Nothing lowered this score.")
    for place, reason in enumerate(explanation.adverse, start=1):
        stdout.print(f"  {place}. {reason.text}  ({signed(reason.points)})", highlight=False)


def print_explanation(explanation: Explanation, first: int) -> None:
    """Print a score taken apart."""
    score, run = explanation.score, explanation.run
    points = Table.grid(padding=(0, 2))
    points.add_column(justify="right")
    points.add_column()
    parts = (
        (explanation.base_points, "base"),
        (score.own_listing_points, "own listings"),
        (score.event_points, "own events"),
        (score.report_points, "reports on it"),
        (score.rejected_report_points, "reports by it found false"),
        (score.exposure_points, "exposure through contacts"),
        (score.trust_points, "trust through contacts"),
        (score.learned_points, "learned model"),
        (explanation.cap_points, "cap on association"),
        (explanation.range_points, "limits of the range"),
    )
    for value, name in parts:
        if value or name == "base":
            points.add_row(signed(value), name)
    band = f", {score.band}" if score.band else ""
    points.add_row(f"[bold]{score.score:.1f}[/]", f"score ± {scientific(run.score_bound)}{band}")
    points.add_row(f"{score.width:.0f}", "width: how far a full file could still move it")
    stdout.print(
        Panel(
            points,
            title=f"[bold]{explanation.subject}[/] for {run.purpose}, as of {run.as_of:%Y-%m-%d}",
            title_align="left",
            expand=False,
        )
    )
    _print_records(explanation, first)
    for name, explained in (("exposure", explanation.exposure), ("trust", explanation.trust)):
        if explained.contributions:
            _print_value(name, explained, first)


def _print_records(explanation: Explanation, first: int) -> None:
    records = [line for line in explanation.lines if line.sequence is not None]
    if not records:
        return
    records.sort(key=lambda line: -abs(line.points))
    rows = table(
        "Its own record, and what is said of it",
        ("points", "what", "by", "record"),
        numeric=frozenset({"points", "record"}),
    )
    for line in records[:first]:
        by = str(line.source) if line.part is LinePart.REPORT and line.source else ""
        rows.add_row(signed(line.points), line.text, by, str(line.sequence))
    others = records[first:]
    if others:
        rows.add_row(signed(sum(line.points for line in others)), f"{len(others)} others", "", "")
    stdout.print(rows)


def _print_value(name: str, explained: ExplainedValue, first: int) -> None:
    rows = table(
        f"Where the {name} of {explained.value:.6f} comes from",
        ("source", "share", "points", "why"),
        numeric=frozenset({"share", "points"}),
    )
    for item in explained.contributions[:first]:
        why = "; ".join(
            f"{listing.list_name} since {listing.effective_from:%Y-%m-%d}"
            for listing in item.listings
        )
        source = f"{item.source} (itself)" if item.is_own else str(item.source)
        rows.add_row(source, f"{item.share:.8f}", signed(item.points), why)
    others = explained.contributions[first:]
    if others:
        rows.add_row(
            f"{len(others)} others",
            f"{sum(item.share for item in others):.8f}",
            signed(sum(item.points for item in others)),
        )
    rows.add_row(
        "remainder",
        f"{explained.remainder:.1e}",
        "",
        f"certified ≤ {scientific(explained.remainder_bound)}",
    )
    rows.add_section()
    rows.add_row("[bold]sum[/]", f"[bold]{explained.value:.8f}[/]")
    stdout.print(rows)
    if explained.paths:
        stdout.print("[bold]Strongest paths[/]")
    for path in explained.paths:
        # Told from the source to the subject: that is the way the effect went.
        steps = str(path.subjects[-1])
        for weight, step in zip(path.hop_weights[::-1], path.subjects[-2::-1], strict=True):
            steps += f" [dim]─{weight:.3f}→[/] {step}"
        stdout.print(f"  {path.share:.2e}  {steps}", highlight=False)
    stdout.print()


def top(
    purpose: PurposeOption,
    first: Annotated[int, typer.Option(help="How many subjects.", min=1, max=100_000)] = 20,
    by: Annotated[Value, typer.Option(help="Which value to sort by.")] = Value.EXPOSURE,
    lowest: Annotated[bool, typer.Option(help="The smallest values first.")] = False,
    kind: Annotated[SubjectKind | None, typer.Option(help="Only subjects of one kind.")] = None,
    programme: ProgrammeOption = None,
    json: JsonOption = False,
) -> None:
    """List the subjects with the largest (or smallest) value in the current run."""
    with Service.open(Settings.load()) as service:
        run = service.scores(purpose, programme=programme).run
        rows = service.top(
            purpose,
            first,
            by=by.value,
            largest_first=not lowest,
            kind=kind,
            programme=programme,
        )
        service.store.append_audit(
            [
                service.audit_draft(
                    acting_user(), AuditAction.READ_SCORE, purpose=purpose, subject=row.subject
                )
                for row in rows
            ]
        )
    if json:
        print_json({"run": run, "subjects": rows})
        return
    shown = table(
        f"{'Lowest' if lowest else 'Highest'} {by.value} for {purpose}, as of {run.as_of:%Y-%m-%d}",
        ("subject", "score", "band", "width", "exposure", "trust", "own", "contacts"),
        numeric=frozenset({"score", "width", "exposure", "trust", "own", "contacts"}),
    )
    for row in rows:
        shown.add_row(
            str(row.subject),
            f"{row.score:.1f}",
            row.band or "",
            f"{row.width:.0f}",
            f"{row.exposure:.4f}",
            f"{row.trust:.4f}",
            signed(row.own_points),
            signed(row.association_points),
        )
    stdout.print(shown)
    stdout.print(
        f"certified: score ± {scientific(run.score_bound)} points, "
        f"exposure ± {scientific(run.exposure.bound)}, trust ± {scientific(run.trust.bound)}"
    )
