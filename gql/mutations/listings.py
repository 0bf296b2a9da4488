# mypy: allow-subclassing-any
"""Recording entries on lists, and lifting them."""

from __future__ import annotations

import graphene
from graphql import GraphQLResolveInfo

from gql.enums import described_enum
from gql.inputs import SubjectInput
from gql.mutations.amending import amend, require_type
from gql.mutations.inputs import (
    EXTERNAL_ID,
    RecordingInput,
    RecordInput,
    WritingInput,
)
from gql.mutations.payloads import OneOutcome, RecordPayload
from gql.mutations.recording import item_of, items_of, record_many, record_one
from gql.scalars import DateTime
from graphsvc.model import AuditAction, Listing, ListKind, Record
from graphsvc.permissions import Act
from graphsvc.writing import Proposed, ended

ListKindEnum = described_enum(
    ListKind,
    "Which way a list points.",
    {
        ListKind.BLACKLIST: "Its entries are sources of exposure.",
        ListKind.ALLOWLIST: "Its entries are sources of trust.",
    },
)


class ListingInput(graphene.InputObjectType):
    """An entry on a list; it always ends."""

    subject = graphene.Field(SubjectInput, required=True, description="Who is listed.")
    list_name = graphene.String(required=True, description="Name of the list.")
    list_kind = graphene.Field(ListKindEnum, required=True, description="Which way it points.")
    severity = graphene.Float(
        required=True, default_value=1.0, description="How much it counts, above 0 up to 1."
    )
    reason_code = graphene.String(required=True, description="Why, as a code.")
    authority = graphene.String(required=True, description="Who decided it.")
    effective_from = graphene.Field(
        DateTime, required=True, description="Since when; at most a day from now."
    )
    until = graphene.Field(DateTime, required=True, description="Until when, excluded.")
    external_id = graphene.String(description=EXTERNAL_ID)


class RecordListingsInput(RecordingInput):
    """Entries to record."""

    items = items_of(ListingInput)


class RecordListingInput(RecordingInput):
    """An entry to record."""

    item = item_of(ListingInput)


class LiftListingInput(WritingInput):
    """An entry that is lifted."""

    record = graphene.Field(RecordInput, required=True, description="The entry.")
    at = graphene.Field(
        DateTime, required=True, description="When it ends; earlier than it does so far."
    )


def _proposed(item: ListingInput) -> Proposed:
    def make(source: str, external_id: str) -> Listing:
        return Listing(
            source=source,
            external_id=external_id,
            subject=item.subject,
            list_name=item.list_name,
            list_kind=item.list_kind,
            severity=item.severity,
            reason_code=item.reason_code,
            authority=item.authority,
            effective_from=item.effective_from,
            until=item.until,
        )

    return Proposed(make, item.external_id)


def _resolve_lift_listing(
    root: None, info: GraphQLResolveInfo, input: LiftListingInput
) -> OneOutcome:
    def lift(record: Record, external_id: str) -> Record:
        return ended(require_type(record, Listing), external_id, input.at)

    return amend(info, input, Act.LIFT_LISTINGS, AuditAction.LISTING_LIFTED, lift)


class ListingMutations(graphene.ObjectType):
    """Fields of Mutation that write entries on lists."""

    record_listings = record_many(
        Act.RECORD_LISTINGS,
        RecordListingsInput,
        _proposed,
        "Record entries on lists. Needs the role operator. Null only with an error.",
    )
    record_listing = record_one(
        Act.RECORD_LISTINGS,
        RecordListingInput,
        _proposed,
        "Record one entry on a list. Needs the role operator. Null only with an error.",
    )
    lift_listing = graphene.Field(
        RecordPayload,
        description="End an entry on a list before its time: a new record supersedes it. Needs the "
        "role operator. Null only with an error.",
        input=graphene.Argument(
            LiftListingInput, required=True, description="What is lifted, and when."
        ),
        resolver=_resolve_lift_listing,
    )
