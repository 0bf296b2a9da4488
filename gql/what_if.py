# mypy: allow-subclassing-any
"""What if: which scores would move if records were not there, or others were; and what it takes.

For analysts and reviewers. Nothing published moves; all that is read is audited like scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.inputs import SubjectInput
from gql.links import LinkKindEnum
from gql.paging import page_size
from gql.purposes import EventKindEnum, ReportCategoryEnum
from gql.records import ReportStatusEnum
from gql.scalars import DateTime, Long
from gql.subjects import Subject
from gql.view import PurposeView
from graphsvc.changes import ScoreChange
from graphsvc.errors import InvalidInputError
from graphsvc.live.following import band_of
from graphsvc.live.hypothesis import decided_for, list_kind
from graphsvc.live.what_if import Hypothesis, Remedy, WhatIfAnswer
from graphsvc.model import (
    AuditAction,
    Event,
    Link,
    Listing,
    Programme,
    Record,
    RecordType,
    Report,
    ReportStatus,
    Role,
    StoredRecord,
    SubjectRef,
)

MOST_CHANGES = 50
SOURCE = "what-if"
LASTING = timedelta(days=365)

Values = Mapping[str, Any]


class WhatIfListing(graphene.InputObjectType):
    """A subject that would stand on a list from now on, for a year."""

    subject = graphene.InputField(SubjectInput, required=True, description="Who is listed.")
    list_name = graphene.String(
        required=True, description="A list that the purpose may see; it says which way it counts."
    )
    severity = graphene.Float(
        required=True, default_value=1.0, description="How much, above 0 and up to 1."
    )


class WhatIfLink(graphene.InputObjectType):
    """A link that would be there from now on."""

    kind = graphene.InputField(LinkKindEnum, required=True, description="What ties the two.")
    src = graphene.InputField(SubjectInput, required=True, description="Where it begins.")
    dst = graphene.InputField(SubjectInput, required=True, description="Where it leads.")
    weight = graphene.Float(
        required=True, default_value=1.0, description="Strength, rating or amount."
    )


class WhatIfEvent(graphene.InputObjectType):
    """An event that would have happened."""

    kind = graphene.InputField(EventKindEnum, required=True, description="What was done.")
    subject = graphene.InputField(SubjectInput, required=True, description="Who did it.")
    value = graphene.Float(description="Amount; what it means depends on the kind.")
    occurred_at = graphene.InputField(DateTime, description="When; now where it is not given.")


class WhatIfReport(graphene.InputObjectType):
    """A report that would have been made now."""

    category = graphene.InputField(ReportCategoryEnum, required=True, description="What it did.")
    subject = graphene.InputField(SubjectInput, required=True, description="Who did it.")
    reporter = graphene.InputField(
        SubjectInput, description="Who would say so; none where it is left out."
    )
    severity = graphene.Float(required=True, default_value=1.0, description="How bad, from 0 to 1.")
    status = graphene.InputField(
        ReportStatusEnum,
        required=True,
        default_value=ReportStatus.OPEN.name,
        description="What a reviewer would have found of it.",
    )


class WhatIfChange(graphene.InputObjectType):
    """One thing that would be otherwise: exactly one of the fields."""

    record_gone = graphene.InputField(
        Long,
        description="Sequence number of a record that would not be there: a listing lifted, a "
        "link or an event found false, a report withdrawn.",
    )
    report_upheld = graphene.InputField(
        Long, description="Sequence number of a report that would be found true."
    )
    report_rejected = graphene.InputField(
        Long, description="Sequence number of a report that would be found false."
    )
    listing_added = graphene.InputField(WhatIfListing, description="A listing that would be there.")
    link_added = graphene.InputField(WhatIfLink, description="A link that would be there.")
    event_added = graphene.InputField(WhatIfEvent, description="An event that would be there.")
    report_added = graphene.InputField(WhatIfReport, description="A report that would be there.")


@dataclass(frozen=True, slots=True)
class _Would:
    change: ScoreChange
    programme: Programme


@dataclass(frozen=True, slots=True)
class _WhatIf:
    answer: WhatIfAnswer
    programme: Programme


class WhatIfScoreChange(graphene.ObjectType):
    """A score that would move."""

    subject = graphene.Field(
        Subject,
        required=True,
        description="Whose score.",
        resolver=lambda would, info: would.change.subject,
    )
    before = graphene.Float(
        required=True,
        description="The score as it stands.",
        resolver=lambda would, info: would.change.before,
    )
    after = graphene.Float(
        required=True,
        description="The score that it would be.",
        resolver=lambda would, info: would.change.after,
    )
    points = graphene.Float(
        required=True,
        description="By how much it would move.",
        resolver=lambda would, info: would.change.points,
    )
    is_certain = graphene.Boolean(
        required=True,
        description="Whether it would move by more than `bound`.",
        resolver=lambda would, info: abs(would.change.points) > would.change.bound,
    )
    band_before = graphene.String(
        description="The band as it stands.",
        resolver=lambda would, info: band_of(would.programme, would.change.before),
    )
    band_after = graphene.String(
        description="The band that it would be.",
        resolver=lambda would, info: band_of(would.programme, would.change.after),
    )


def _resolve_changes(found: _WhatIf, info: GraphQLResolveInfo, first: int) -> list[_Would]:
    shown = found.answer.changes[: page_size(first)]
    view = RequestContext.of(info).view(found.programme.purpose)
    view.note(AuditAction.READ_SCORE, [change.subject for change in shown])
    return [_Would(change, found.programme) for change in shown]


class WhatIf(graphene.ObjectType):
    """Every score that would move; nothing published moves."""

    bound = graphene.Float(
        required=True,
        description="Largest possible error of each movement, in points.",
        resolver=lambda found, info: found.answer.bound,
    )
    total = graphene.Int(
        required=True,
        description="How many scores would move.",
        resolver=lambda found, info: len(found.answer.changes),
    )
    changes = graphene.List(
        graphene.NonNull(WhatIfScoreChange),
        required=True,
        description="The scores that would move most, the largest movement first.",
        first=graphene.Int(
            required=True, default_value=100, description="How many at most, from 1 to 1000."
        ),
        resolver=_resolve_changes,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a score is, what is asked of it, and the answer."""

    score: float
    goal: float
    remedy: Remedy | None
    records: list[StoredRecord[Record]]


class WhatWouldChangeRecord(graphene.ObjectType):
    """A record that stands in the way."""

    sequence = graphene.Field(
        Long, required=True, description="Its place among all records, from 1."
    )
    record_type = graphene.String(
        required=True,
        description="What it is: event, report or listing.",
        resolver=lambda stored, info: RecordType(stored.record.record_type).value,
    )
    source = graphene.String(
        required=True,
        description="Who stated it.",
        resolver=lambda stored, info: stored.record.source,
    )
    external_id = graphene.String(
        required=True,
        description="The source's own id of it.",
        resolver=lambda stored, info: stored.record.external_id,
    )


class WhatWouldChange(graphene.ObjectType):
    """The fewest records without which a score would reach a goal."""

    score = graphene.Float(required=True, description="The score as it stands.")
    goal = graphene.Float(required=True, description="The score that is asked for.")
    is_possible = graphene.Boolean(
        required=True,
        description="Whether there are such records; they are none where it is there already.",
        resolver=lambda asked, info: asked.remedy is not None,
    )
    records = graphene.List(
        graphene.NonNull(WhatWouldChangeRecord),
        required=True,
        description="Those that would have to go.",
        resolver=lambda asked, info: asked.records,
    )
    would_be = graphene.Float(
        description="The score without them; null where it is not possible.",
        resolver=lambda asked, info: None if asked.remedy is None else asked.remedy.score,
    )
    bound = graphene.Float(
        description="Largest possible error of `wouldBe`, in points.",
        resolver=lambda asked, info: None if asked.remedy is None else asked.remedy.bound,
    )
    is_smallest = graphene.Boolean(
        description="Whether every smaller set was tried and is not enough. Else the set was found "
        "greedily, and no record of it can be left out.",
        resolver=lambda asked, info: None if asked.remedy is None else asked.remedy.is_smallest,
    )


def _resolve_what_if(
    root: None, info: GraphQLResolveInfo, *, purpose: str, changes: list[Values]
) -> _WhatIf:
    view = _asking_view(info, purpose)
    if not 1 <= len(changes) <= MOST_CHANGES:
        raise InvalidInputError(f"changes: are {len(changes)}; from 1 to {MOST_CHANGES} are needed")
    hosted = view.live()
    engine = hosted.life().engine
    hypothesis = Hypothesis()
    for place, change in enumerate(changes):
        hypothesis |= _hypothesis(view, place, change)
    return _WhatIf(engine.what_if(purpose, hypothesis), hosted.programme)


def _resolve_what_would_change(
    root: None,
    info: GraphQLResolveInfo,
    *,
    purpose: str,
    subject: SubjectRef,
    band: str | None = None,
    score: float | None = None,
) -> _Asked:
    view = _asking_view(info, purpose)
    hosted = view.live()
    engine, name = hosted.life().engine, hosted.purpose.name
    goal = _goal(hosted.programme, band, score)
    now = view.live_score(subject)
    remedy = engine.what_would_change_it(name, subject, goal)
    view.note(AuditAction.READ_EXPLANATION, [subject])
    found = [view.record_at(one) for one in (remedy.sequences if remedy else ())]
    records = [stored for stored in found if stored is not None]
    return _Asked(now.reading.live.score, goal, remedy, records)


def _asking_view(info: GraphQLResolveInfo, purpose: str) -> PurposeView:
    view = RequestContext.of(info).view(purpose)
    view.require_role("ask what would be", Role.ANALYST, Role.REVIEWER)
    return view


def _goal(programme: Programme, band: str | None, score: float | None) -> float:
    starts = {found.name: found.starts_at for found in programme.bands}
    if (band is None) == (score is None):
        raise InvalidInputError("band, score: exactly one of them is needed")
    if score is not None:
        return score
    if band not in starts:
        raise InvalidInputError(
            f"band: {str(band)[:64]!r} is none of {', '.join(starts) or 'none at all'}"
        )
    return starts[band]


def _hypothesis(view: PurposeView, place: int, change: Values) -> Hypothesis:
    given = {name: value for name, value in change.items() if value is not None}
    if len(given) != 1:
        raise InvalidInputError(f"changes[{place}]: has {len(given)} fields; exactly one is needed")
    ((name, value),) = given.items()
    return _MADE[name](view, place, value)


def _gone(view: PurposeView, place: int, sequence: int) -> Hypothesis:
    return Hypothesis(frozenset({sequence}))


def _upheld(view: PurposeView, place: int, sequence: int) -> Hypothesis:
    return decided_for(view.live(), view.record_at, sequence, ReportStatus.UPHELD)


def _rejected(view: PurposeView, place: int, sequence: int) -> Hypothesis:
    return decided_for(view.live(), view.record_at, sequence, ReportStatus.REJECTED)


def _listing(view: PurposeView, place: int, values: Values) -> Hypothesis:
    now = datetime.now(UTC)
    listing = Listing(
        source=SOURCE,
        external_id=str(place),
        subject=values["subject"],
        list_name=values["list_name"],
        list_kind=list_kind(view.live().programme, values["list_name"]),
        severity=values["severity"],
        reason_code="WHAT_IF",
        authority=SOURCE,
        effective_from=now - timedelta(days=1),
        until=now + LASTING,
    )
    return Hypothesis(also=(listing,))


def _link(view: PurposeView, place: int, values: Values) -> Hypothesis:
    link = Link(
        source=SOURCE,
        external_id=str(place),
        kind=values["kind"],
        src=values["src"],
        dst=values["dst"],
        weight=values["weight"],
        valid_from=datetime.now(UTC) - timedelta(minutes=1),
    )
    return Hypothesis(also=(link,))


def _event(view: PurposeView, place: int, values: Values) -> Hypothesis:
    event = Event(
        source=SOURCE,
        external_id=str(place),
        kind=values["kind"],
        subject=values["subject"],
        occurred_at=values.get("occurred_at") or datetime.now(UTC) - timedelta(minutes=1),
        value=values.get("value"),
    )
    return Hypothesis(also=(event,))


def _report(view: PurposeView, place: int, values: Values) -> Hypothesis:
    report = Report(
        source=SOURCE,
        external_id=str(place),
        category=values["category"],
        subject=values["subject"],
        reporter=values.get("reporter"),
        severity=values["severity"],
        status=values["status"],
        reported_at=datetime.now(UTC) - timedelta(minutes=1),
    )
    return Hypothesis(also=(report,))


_MADE: dict[str, Callable[[PurposeView, int, Any], Hypothesis]] = {
    "record_gone": _gone,
    "report_upheld": _upheld,
    "report_rejected": _rejected,
    "listing_added": _listing,
    "link_added": _link,
    "event_added": _event,
    "report_added": _report,
}


class WhatIfQueries(graphene.ObjectType):
    """Fields of Query that ask what would be."""

    what_if = graphene.Field(
        WhatIf,
        description="Which scores would move, and by how much, if all of these changes were so. "
        "For analysts and reviewers; needs live scores for the purpose. Null only with an error.",
        purpose=graphene.String(required=True, description="What the scores are read for."),
        changes=graphene.List(
            graphene.NonNull(WhatIfChange),
            required=True,
            description=f"What would be otherwise, all together; from 1 to {MOST_CHANGES}.",
        ),
        resolver=_resolve_what_if,
    )
    what_would_change = graphene.Field(
        WhatWouldChange,
        description="The fewest records without which a subject's score would reach a band or a "
        "score: its own bad events, reports and blacklistings, and the blacklistings of those that "
        "it is most exposed to. For analysts and reviewers. Null only with an error.",
        purpose=graphene.String(required=True, description="What the score is read for."),
        subject=graphene.Argument(SubjectInput, required=True, description="Whose score."),
        band=graphene.String(description="Name of the band to reach; this or `score`."),
        score=graphene.Float(description="The score to reach, in points; this or `band`."),
        resolver=_resolve_what_would_change,
    )
