# mypy: allow-subclassing-any
"""Events, reports and listings: what is recorded of a subject, as its sources stated it."""

from __future__ import annotations

from typing import Any

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.connections import connection_of, sequence_cursor
from gql.enums import described_enum
from gql.ids import global_id
from gql.purposes import EventKindEnum, ReportCategoryEnum
from gql.scalars import DateTime, Long
from gql.seen import SeenEvent, SeenListing, SeenRecord, SeenReport
from gql.subjects import Subject
from graphsvc.model import ListKind, ReportStatus, SubjectRef

ReportStatusEnum = described_enum(
    ReportStatus,
    "How far a report has come.",
    {
        ReportStatus.OPEN: "Not decided: weighs by the reporter's own trust.",
        ReportStatus.UPHELD: "Found true.",
        ReportStatus.REJECTED: "Found false.",
    },
)

ListKindEnum = described_enum(
    ListKind,
    "Which way a list points.",
    {
        ListKind.BLACKLIST: "Its entries are a source of exposure.",
        ListKind.ALLOWLIST: "Its entries are seeds of trust.",
    },
)

RECORDED_ORDER = "in the order in which they were recorded"


def _id_field(noun: str) -> Any:
    def resolve(seen: SeenRecord, info: GraphQLResolveInfo) -> str:
        return global_id(noun, seen.purpose, seen.sequence)

    return graphene.ID(
        required=True, description="Opaque id, unique over all types.", resolver=resolve
    )


def _sequence_field() -> Any:
    return graphene.Field(Long, required=True, description="Its place among all records, from 1.")


def _recorded_at_field() -> Any:
    return graphene.Field(DateTime, required=True, description="When it was recorded.")


def _source_field() -> Any:
    return graphene.String(required=True, description="Which system stated it.")


class Event(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(SeenEvent,)
):
    """One thing that a subject did."""

    id = _id_field("Event")
    kind = graphene.Field(
        EventKindEnum,
        required=True,
        description="What it did.",
        resolver=lambda seen, info: seen.event.kind,
    )
    subject = graphene.Field(
        Subject,
        required=True,
        description="Who did it.",
        resolver=lambda seen, info: seen.event.subject,
    )
    occurred_at = graphene.Field(
        DateTime,
        required=True,
        description="When it took place.",
        resolver=lambda seen, info: seen.event.occurred_at,
    )
    value = graphene.Float(
        description="An amount, a balance, days: what the kind says. Null where none was stated.",
        resolver=lambda seen, info: seen.event.value,
    )
    source = _source_field()
    external_id = graphene.String(
        required=True, description="The source's own id of the statement."
    )
    sequence = _sequence_field()
    recorded_at = _recorded_at_field()


def _resolve_reporter(seen: SeenReport, info: GraphQLResolveInfo) -> SubjectRef | None:
    return seen.report.reporter if seen.is_told_in_full else None


def _resolve_external_id(seen: SeenReport, info: GraphQLResolveInfo) -> str | None:
    return seen.external_id if seen.is_told_in_full else None


def _resolve_evidence(seen: SeenReport, info: GraphQLResolveInfo) -> tuple[str, ...] | None:
    return seen.report.evidence if seen.is_told_in_full else None


class Report(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(SeenReport,)
):
    """A statement that a subject breached trust.

    Who made it is told to the roles `analyst` and `reviewer` only, and with it what its source may
    have made of a name: the external id and the evidence.
    """

    id = _id_field("Report")
    category = graphene.Field(
        ReportCategoryEnum,
        required=True,
        description="What the subject is said to have done.",
        resolver=lambda seen, info: seen.report.category,
    )
    subject = graphene.Field(
        Subject,
        required=True,
        description="Who is said to have done it.",
        resolver=lambda seen, info: seen.report.subject,
    )
    severity = graphene.Float(
        required=True,
        description="How severe, from 0 to 1.",
        resolver=lambda seen, info: seen.report.severity,
    )
    reported_at = graphene.Field(
        DateTime,
        required=True,
        description="When it was reported.",
        resolver=lambda seen, info: seen.report.reported_at,
    )
    status = graphene.Field(
        ReportStatusEnum,
        required=True,
        description="How far it has come.",
        resolver=lambda seen, info: seen.report.status,
    )
    text = graphene.String(
        description="The report in words. Null where there are none.",
        resolver=lambda seen, info: seen.report.text,
    )
    is_by_analyst = graphene.Boolean(
        required=True,
        description="Whether no subject but an analyst made it.",
        resolver=lambda seen, info: seen.report.reporter is None,
    )
    reporter = graphene.Field(
        Subject,
        description="Who made it. Null where an analyst did, and where it is withheld.",
        resolver=_resolve_reporter,
    )
    evidence = graphene.List(
        graphene.NonNull(graphene.String),
        description="References to what supports it. Null where they are withheld.",
        resolver=_resolve_evidence,
    )
    source = _source_field()
    external_id = graphene.String(
        description="The source's own id of the statement. Null where it is withheld.",
        resolver=_resolve_external_id,
    )
    sequence = _sequence_field()
    recorded_at = _recorded_at_field()


class Listing(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(SeenListing,)
):
    """An entry on a list."""

    id = _id_field("Listing")
    subject = graphene.Field(
        Subject,
        required=True,
        description="Who is on the list.",
        resolver=lambda seen, info: seen.listing.subject,
    )
    list_name = graphene.String(
        required=True,
        description="Name of the list.",
        resolver=lambda seen, info: seen.listing.list_name,
    )
    list_kind = graphene.Field(
        ListKindEnum,
        required=True,
        description="Which way the list points.",
        resolver=lambda seen, info: seen.listing.list_kind,
    )
    severity = graphene.Float(
        required=True,
        description="How severe, above 0 up to 1.",
        resolver=lambda seen, info: seen.listing.severity,
    )
    reason_code = graphene.String(
        required=True,
        description="Why, as the authority codes it.",
        resolver=lambda seen, info: seen.listing.reason_code,
    )
    authority = graphene.String(
        required=True,
        description="Who put it there.",
        resolver=lambda seen, info: seen.listing.authority,
    )
    effective_from = graphene.Field(
        DateTime,
        required=True,
        description="Since when, included.",
        resolver=lambda seen, info: seen.listing.effective_from,
    )
    until = graphene.Field(
        DateTime,
        required=True,
        description="Until when, excluded.",
        resolver=lambda seen, info: seen.listing.until,
    )
    source = _source_field()
    external_id = graphene.String(
        required=True, description="The source's own id of the statement."
    )
    sequence = _sequence_field()
    recorded_at = _recorded_at_field()


EventConnection = connection_of(Event, "event", RECORDED_ORDER, sequence_cursor("event"))
ReportConnection = connection_of(Report, "report", RECORDED_ORDER, sequence_cursor("report"))
ListingConnection = connection_of(Listing, "listing", RECORDED_ORDER, sequence_cursor("listing"))
