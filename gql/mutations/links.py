# mypy: allow-subclassing-any
"""Recording links between subjects, and ending them."""

from __future__ import annotations

import graphene
from graphql import GraphQLResolveInfo

from gql.inputs import SubjectInput
from gql.links import LinkKindEnum
from gql.mutations.amending import amend, require_type
from gql.mutations.inputs import (
    EXTERNAL_ID,
    RecordingInput,
    RecordInput,
    WritingInput,
)
from gql.mutations.payloads import OneOutcome, RecordPayload
from gql.mutations.recording import item_of, items_of, record_many, record_one
from gql.scalars import DateTime, Long
from graphsvc.model import AuditAction, Link, Record
from graphsvc.permissions import Act
from graphsvc.writing import Proposed, ended


class LinkInput(graphene.InputObjectType):
    """A directed, typed, weighted tie between two subjects."""

    kind = graphene.Field(LinkKindEnum, required=True, description="What ties the two together.")
    src = graphene.Field(SubjectInput, required=True, description="Where it leads from.")
    dst = graphene.Field(SubjectInput, required=True, description="Where it leads to.")
    weight = graphene.Float(
        required=True, default_value=1.0, description="Strength, rating or amount."
    )
    count = graphene.Field(
        Long, required=True, default_value=1, description="How many dealings it sums up."
    )
    currency = graphene.String(description="Currency of an amount: 3 to 12 letters or digits.")
    valid_from = graphene.Field(
        DateTime, description="When it began; left out: before anything was recorded."
    )
    valid_to = graphene.Field(
        DateTime, description="When it ended, excluded; left out: until further notice."
    )
    external_id = graphene.String(description=EXTERNAL_ID)


class RecordLinksInput(RecordingInput):
    """Links to record."""

    items = items_of(LinkInput)


class RecordLinkInput(RecordingInput):
    """A link to record."""

    item = item_of(LinkInput)


class EndLinkInput(WritingInput):
    """A link that ends."""

    record = graphene.Field(RecordInput, required=True, description="The link.")
    at = graphene.Field(
        DateTime, required=True, description="When it ends; earlier than it does so far."
    )


def _proposed(item: LinkInput) -> Proposed:
    def make(source: str, external_id: str) -> Link:
        return Link(
            source=source,
            external_id=external_id,
            kind=item.kind,
            src=item.src,
            dst=item.dst,
            weight=item.weight,
            count=item.count,
            currency=item.currency,
            valid_from=item.valid_from,
            valid_to=item.valid_to,
        )

    return Proposed(make, item.external_id)


def _resolve_end_link(root: None, info: GraphQLResolveInfo, input: EndLinkInput) -> OneOutcome:
    def end(record: Record, external_id: str) -> Record:
        return ended(require_type(record, Link), external_id, input.at)

    return amend(info, input, Act.END_LINKS, AuditAction.LINK_ENDED, end)


class LinkMutations(graphene.ObjectType):
    """Fields of Mutation that write links."""

    record_links = record_many(
        Act.RECORD_LINKS,
        RecordLinksInput,
        _proposed,
        "Record links. Needs the role service or operator. Null only with an error.",
    )
    record_link = record_one(
        Act.RECORD_LINKS,
        RecordLinkInput,
        _proposed,
        "Record one link. Needs the role service or operator. Null only with an error.",
    )
    end_link = graphene.Field(
        RecordPayload,
        description="End a link: a new record supersedes it, with the end of its validity. Needs "
        "the role service (for its own records) or operator. Null only with an error.",
        input=graphene.Argument(EndLinkInput, required=True, description="What ends, and when."),
        resolver=_resolve_end_link,
    )
