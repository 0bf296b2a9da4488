# mypy: allow-subclassing-any
"""Disputes: what subjects contest, and what became of it."""

from __future__ import annotations

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.connections import after_argument, connection_of, first_argument, sequence_cursor
from gql.context import RequestContext
from gql.enums import described_enum
from gql.ids import global_id, local_id
from gql.inputs import SubjectInput
from gql.paging import page_size, sequence_after
from gql.scalars import DateTime, Long
from gql.seen import Page
from gql.subjects import Subject
from graphsvc.dispute_desk import SeenDispute
from graphsvc.model import DisputeStatus, RecordType, SubjectRef

DisputeStatusEnum = described_enum(
    DisputeStatus,
    "How far a dispute has come.",
    {
        DisputeStatus.OPEN: "Under review; the contested record still counts.",
        DisputeStatus.SUSPENDED: "Under review; the record counts for nobody meanwhile.",
        DisputeStatus.CORRECTED: "Decided: a correction has taken the record's place.",
        DisputeStatus.REMOVED: "Decided: the record was withdrawn.",
        DisputeStatus.KEPT: "Decided: the record, or the score, stands.",
    },
)
RecordTypeEnum = described_enum(
    RecordType,
    "What a record is.",
    {
        RecordType.SUBJECT: "A subject registered by itself.",
        RecordType.LINK: "A tie between two subjects.",
        RecordType.EVENT: "One thing that one subject did.",
        RecordType.REPORT: "A statement that a subject breached trust.",
        RecordType.LISTING: "An entry on a named list.",
        RecordType.DISPUTE: "A step of a dispute.",
        RecordType.CASE_ENTRY: "A step of an analyst's case.",
        RecordType.RETRACTION: "The withdrawal of an earlier record.",
    },
)
PURPOSE = (
    "What it is read for. May be left out by a credential that holds exactly one purpose. Disputes "
    "of records that it does not permit, and of scores of others, are not shown."
)


class ContestedRecord(graphene.ObjectType):
    """The record that a dispute contests."""

    sequence = graphene.Field(
        Long,
        required=True,
        description="Its place among all records.",
        resolver=lambda seen, info: seen.contested.sequence,
    )
    record_type = graphene.Field(
        RecordTypeEnum,
        required=True,
        description="What it is.",
        resolver=lambda seen, info: seen.contested.record_type,
    )
    sort = graphene.String(
        required=True,
        description="Its kind, category or list, in small letters.",
        resolver=lambda seen, info: seen.contested.sort,
    )
    source = graphene.String(
        required=True,
        description="Who stated it.",
        resolver=lambda seen, info: seen.dispute.contested_source,
    )
    external_id = graphene.String(
        required=True,
        description="The source's own id of it.",
        resolver=lambda seen, info: seen.dispute.contested_id,
    )


def _resolve_contested(seen: SeenDispute, info: GraphQLResolveInfo) -> SeenDispute | None:
    return None if seen.contested is None else seen


class Dispute(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(SeenDispute,)
):
    """A subject contests a record that concerns it, or its score: the request for human review."""

    id = graphene.ID(
        required=True,
        description="Opaque id, unique over all types.",
        resolver=lambda seen, info: global_id("Dispute", seen.purpose, seen.dispute_id),
    )
    dispute_id = graphene.String(required=True, description="The service's own id of it.")
    subject = graphene.Field(
        Subject,
        required=True,
        description="Who contests.",
        resolver=lambda seen, info: seen.dispute.subject,
    )
    status = graphene.Field(
        DisputeStatusEnum,
        required=True,
        description="How far it has come.",
        resolver=lambda seen, info: seen.dispute.status,
    )
    contested = graphene.Field(
        ContestedRecord,
        description="The record that is contested; null where the score is.",
        resolver=_resolve_contested,
    )
    contested_score = graphene.String(
        description="Purpose whose score is contested; null where a record is.",
        resolver=lambda seen, info: seen.dispute.purpose,
    )
    grounds = graphene.String(
        required=True,
        description="What is wrong, in the subject's words.",
        resolver=lambda seen, info: seen.dispute.grounds,
    )
    opened_at = graphene.Field(
        DateTime,
        required=True,
        description="When it was opened.",
        resolver=lambda seen, info: seen.dispute.opened_at,
    )
    opened_by = graphene.String(
        required=True,
        description="Who entered it.",
        resolver=lambda seen, info: seen.dispute.opened_by,
    )
    decided_at = graphene.Field(
        DateTime,
        description="When it was decided; null while it isn't.",
        resolver=lambda seen, info: seen.dispute.decided_at,
    )
    decided_by = graphene.String(
        description="Who decided it.", resolver=lambda seen, info: seen.dispute.decided_by
    )
    decision = graphene.String(
        description="Why, in plain words.", resolver=lambda seen, info: seen.dispute.decision
    )


DisputeConnection = connection_of(
    Dispute, "dispute", "the one that changed longest ago first", sequence_cursor("dispute")
)


def _resolve_dispute(
    root: None, info: GraphQLResolveInfo, id: str, purpose: str | None = None
) -> SeenDispute:
    purpose, dispute_id = local_id("Dispute", id, purpose)
    return RequestContext.of(info).disputes(purpose).find(dispute_id)


def _resolve_disputes(
    root: None,
    info: GraphQLResolveInfo,
    *,
    first: int,
    purpose: str | None = None,
    after: str | None = None,
    subject: SubjectRef | None = None,
    status: list[DisputeStatus] | None = None,
) -> Page[SeenDispute]:
    found = (
        RequestContext.of(info)
        .disputes(purpose)
        .page(
            subject=subject,
            statuses=status,
            after_sequence=sequence_after("dispute", after),
            limit=page_size(first),
        )
    )
    return Page(found.disputes, found.has_previous, found.has_next)


class DisputeQueries(graphene.ObjectType):
    """Fields of Query that lead to disputes."""

    dispute = graphene.Field(
        Dispute,
        description="One dispute. Needs the role reviewer or auditor. Null only with an error.",
        id=graphene.ID(required=True, description="Its `id` or its `disputeId`."),
        purpose=graphene.String(description=PURPOSE),
        resolver=_resolve_dispute,
    )
    disputes = graphene.Field(
        DisputeConnection,
        description="Disputes that the purpose may see, the one that changed longest ago first; "
        "one that changes moves to the end. Needs the role reviewer or auditor. Null only with an "
        "error.",
        purpose=graphene.String(description=PURPOSE),
        subject=graphene.Argument(SubjectInput, description="Only this subject's."),
        status=graphene.List(
            graphene.NonNull(DisputeStatusEnum),
            description="Only those that have come so far; all where it is left out.",
        ),
        first=first_argument(),
        after=after_argument(),
        resolver=_resolve_disputes,
    )
