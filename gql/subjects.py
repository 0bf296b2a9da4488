# mypy: allow-subclassing-any
"""Subjects: a handle that says nothing by itself, and what a purpose shows of it.

`subject` answers for every well-formed key: whether a subject is known is asked of a purpose, never
of the store, so that a subject known through forbidden evidence alone looks like an unknown one.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.connections import after_argument, first_argument
from gql.context import RequestContext
from gql.enums import described_enum
from gql.ids import global_id
from gql.paging import page_size, sequence_after
from gql.scalars import DateTime
from gql.seen import (
    Page,
    ReadDecision,
    ReadScore,
    SeenEvent,
    SeenLink,
    SeenListing,
    SeenReport,
)
from graphsvc.explain import Explanation
from graphsvc.live.host import HostedReading
from graphsvc.model import EventKind, LinkKind, ReportCategory, SubjectKind, SubjectRef
from graphsvc.model.checks import check_key
from graphsvc.reading import Wanted

if TYPE_CHECKING:
    from gql.links import LinkDirection

PROGRAMME = "Name of one of the purpose's scoring models; its champion where it is left out."

SubjectKindEnum = described_enum(
    SubjectKind,
    "What a subject is.",
    {
        SubjectKind.PERSON: "A natural person.",
        SubjectKind.BUSINESS: "A legal entity or trader.",
        SubjectKind.ACCOUNT: "An account on a platform or at a bank.",
        SubjectKind.DEVICE: "A phone, computer or card terminal.",
        SubjectKind.ADDRESS: "A postal, network or ledger address.",
        SubjectKind.PHONE: "A telephone number.",
        SubjectKind.KEY: "A cryptographic key that speaks for its holder.",
    },
)


def _resolve_id(subject: SubjectRef, info: GraphQLResolveInfo) -> str:
    return global_id("Subject", subject)


def _resolve_score(
    subject: SubjectRef, info: GraphQLResolveInfo, purpose: str, programme: str | None = None
) -> ReadScore:
    return RequestContext.of(info).view(purpose).score(subject, programme)


def _resolve_decision(
    subject: SubjectRef, info: GraphQLResolveInfo, purpose: str, programme: str | None = None
) -> ReadDecision:
    return RequestContext.of(info).view(purpose).decision(subject, programme)


def _resolve_live_score(
    subject: SubjectRef, info: GraphQLResolveInfo, purpose: str
) -> HostedReading:
    return RequestContext.of(info).view(purpose).live_score(subject)


def _resolve_explanation(
    subject: SubjectRef, info: GraphQLResolveInfo, purpose: str, programme: str | None = None
) -> Explanation:
    return RequestContext.of(info).view(purpose).explanation(subject, programme)


def _resolve_links(
    subject: SubjectRef,
    info: GraphQLResolveInfo,
    first: int,
    after: str | None = None,
    purpose: str | None = None,
    kind: LinkKind | None = None,
    direction: LinkDirection | None = None,
) -> Page[SeenLink]:
    wanted = Wanted(
        kinds=None if kind is None else (kind,),
        is_outgoing=None if direction is None else direction.value == "outgoing",
    )
    view = RequestContext.of(info).view(purpose)
    return view.links(subject, wanted, sequence_after("link", after), page_size(first))


def _resolve_events(
    subject: SubjectRef,
    info: GraphQLResolveInfo,
    first: int,
    after: str | None = None,
    purpose: str | None = None,
    kind: EventKind | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page[SeenEvent]:
    wanted = Wanted(kinds=None if kind is None else (kind,), since=since, until=until)
    view = RequestContext.of(info).view(purpose)
    return view.events(subject, wanted, sequence_after("event", after), page_size(first))


def _resolve_reports(
    subject: SubjectRef,
    info: GraphQLResolveInfo,
    first: int,
    open_only: bool,
    after: str | None = None,
    purpose: str | None = None,
    category: ReportCategory | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page[SeenReport]:
    wanted = Wanted(
        kinds=None if category is None else (category,),
        since=since,
        until=until,
        is_open=True if open_only else None,
    )
    view = RequestContext.of(info).view(purpose)
    return view.reports(subject, wanted, sequence_after("report", after), page_size(first))


def _resolve_listings(
    subject: SubjectRef,
    info: GraphQLResolveInfo,
    first: int,
    after: str | None = None,
    purpose: str | None = None,
    list_name: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    in_force_at: datetime | None = None,
) -> Page[SeenListing]:
    wanted = Wanted(
        kinds=None if list_name is None else (list_name,),
        since=since,
        until=until,
        in_force_at=in_force_at,
    )
    view = RequestContext.of(info).view(purpose)
    return view.listings(subject, wanted, sequence_after("listing", after), page_size(first))


def _resolve_subject(
    root: None, info: GraphQLResolveInfo, kind: SubjectKind, key: str
) -> SubjectRef:
    check_key("key", key)
    return SubjectRef(kind, key)


def _record_arguments(what: str) -> dict[str, Any]:
    """Return the arguments that every list of a subject's records has."""
    return {
        "first": first_argument(),
        "after": after_argument(),
        "purpose": graphene.String(
            description=f"What the {what} are read for. May be left out by a credential that holds "
            "exactly one purpose."
        ),
    }


def _time_arguments(what: str) -> dict[str, Any]:
    return {
        "since": graphene.Argument(DateTime, description=f"Only what {what} then or later."),
        "until": graphene.Argument(DateTime, description=f"Only what {what} before."),
    }


class Subject(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(SubjectRef,)
):
    """A person, business, account, device or address, named by kind and key.

    To hold one says nothing about whether it is known; each field below answers for one purpose.
    """

    id = graphene.ID(
        required=True, description="Opaque id, unique over all types.", resolver=_resolve_id
    )
    kind = graphene.Field(SubjectKindEnum, required=True, description="What the subject is.")
    key = graphene.String(required=True, description="The caller's own key, unique for each kind.")
    score = graphene.Field(
        "gql.scores.Score",
        description="The published score for a purpose. Null, with the error code "
        "SUBJECT_NOT_FOUND, where nothing that the purpose may see mentions the subject.",
        purpose=graphene.String(required=True, description="What the score is read for."),
        programme=graphene.String(description=PROGRAMME),
        resolver=_resolve_score,
    )
    live_score = graphene.Field(
        "gql.live.LiveScore",
        description="The score for a purpose as it stands now, within milliseconds of the records. "
        "Null, with an error, where `score` would be, and with the code LIVE_OFF or LIVE_BUILDING "
        "where this server keeps no live scores for the purpose, or not yet.",
        purpose=graphene.String(required=True, description="What the score is read for."),
        resolver=_resolve_live_score,
    )
    decision = graphene.Field(
        "gql.decisions.Decision",
        description="What the purpose's policy advises. Null, with an error, wherever `score` is.",
        purpose=graphene.String(required=True, description="What the decision is read for."),
        programme=graphene.String(description=PROGRAMME),
        resolver=_resolve_decision,
    )
    explanation = graphene.Field(
        "gql.explanations.Explanation",
        description="Why the score is what it is: parts that add up to it. Null, with an error, "
        "wherever `score` is.",
        purpose=graphene.String(required=True, description="What the explanation is read for."),
        programme=graphene.String(description=PROGRAMME),
        resolver=_resolve_explanation,
    )
    links = graphene.Field(
        "gql.links.LinkConnection",
        description="Links at either end of the subject, of the kinds that the purpose may see, "
        "that are neither corrected nor withdrawn; in the order in which they were recorded.",
        **_record_arguments("links"),
        kind=graphene.Argument("gql.links.LinkKindEnum", description="Only links of this kind."),
        direction=graphene.Argument(
            "gql.links.LinkDirectionEnum", description="Only links that lead this way."
        ),
        resolver=_resolve_links,
    )
    events = graphene.Field(
        "gql.records.EventConnection",
        description="What the subject did, of the kinds that the purpose may see, neither "
        "corrected nor withdrawn; in the order in which it was recorded.",
        **_record_arguments("events"),
        kind=graphene.Argument(
            "gql.purposes.EventKindEnum", description="Only events of this kind."
        ),
        **_time_arguments("took place"),
        resolver=_resolve_events,
    )
    reports = graphene.Field(
        "gql.records.ReportConnection",
        description="Reports on the subject, of the categories that the purpose may see, neither "
        "corrected nor withdrawn; in the order in which they were recorded.",
        **_record_arguments("reports"),
        category=graphene.Argument(
            "gql.purposes.ReportCategoryEnum", description="Only reports of this category."
        ),
        open_only=graphene.Boolean(
            required=True,
            default_value=False,
            description="Only those that nobody has decided yet.",
        ),
        **_time_arguments("was reported"),
        resolver=_resolve_reports,
    )
    listings = graphene.Field(
        "gql.records.ListingConnection",
        description="The subject's entries on the lists that the purpose may see, neither "
        "corrected nor withdrawn; in the order in which they were recorded.",
        **_record_arguments("listings"),
        list_name=graphene.String(description="Only entries on this list."),
        **_time_arguments("began"),
        in_force_at=graphene.Argument(DateTime, description="Only entries in force at this time."),
        resolver=_resolve_listings,
    )


class SubjectQueries(graphene.ObjectType):
    """Fields of Query that lead to a subject."""

    subject = graphene.Field(
        Subject,
        description="The subject of that kind and key, known or not. Null, with an error, only "
        "where no subject could have such a key.",
        kind=graphene.Argument(SubjectKindEnum, required=True, description="What the subject is."),
        key=graphene.String(required=True, description="The caller's own key of the subject."),
        resolver=_resolve_subject,
    )
