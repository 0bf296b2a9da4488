# mypy: allow-subclassing-any
"""Links of a subject: a Relay connection whose cursors stand for sequence numbers."""

from __future__ import annotations

from enum import StrEnum

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.enums import described_enum
from gql.paging import cursor_of
from gql.scalars import DateTime, Long
from gql.subjects import Subject
from gql.view import LinkPage, SeenLink
from graphsvc.model import LinkKind

LinkKindEnum = described_enum(
    LinkKind,
    "What ties two subjects together.",
    {
        LinkKind.KNOWS: "Social: acquaintance.",
        LinkKind.FOLLOWS: "Social: reads or subscribes to.",
        LinkKind.VOUCHES_FOR: "Social: stands in for, or certifies the identity of.",
        LinkKind.HOUSEHOLD: "Social: lives together with.",
        LinkKind.WORKS_AT: "Social: is employed by.",
        LinkKind.TRUSTS: "Social: states trust; the weight says how much.",
        LinkKind.RATES: "Social: a signed rating; the sign says trust or distrust.",
        LinkKind.PAID: "Transaction: the weight is the amount.",
        LinkKind.REFUNDED: "Transaction: the weight is the amount.",
        LinkKind.USES_DEVICE: "Shared identifier: a device.",
        LinkKind.USES_ADDRESS: "Shared identifier: an address.",
        LinkKind.USES_PHONE: "Shared identifier: a telephone number.",
    },
)


class LinkDirection(StrEnum):
    """Which way a link leads, seen from the subject that was asked about."""

    OUTGOING = "outgoing"  # from the subject to the other
    INCOMING = "incoming"  # from the other to the subject


LinkDirectionEnum = described_enum(
    LinkDirection,
    "Which way a link leads, seen from the subject that was asked about.",
    {
        LinkDirection.OUTGOING: "From the subject to the other.",
        LinkDirection.INCOMING: "From the other to the subject.",
    },
)


class Link(graphene.ObjectType):
    """A directed, typed, weighted tie, as one source stated it."""

    kind = graphene.Field(
        LinkKindEnum,
        required=True,
        description="What ties the two together.",
        resolver=lambda seen, info: seen.link.kind,
    )
    weight = graphene.Float(
        required=True,
        description="Strength, rating or amount.",
        resolver=lambda seen, info: seen.link.weight,
    )
    count = graphene.Field(
        Long,
        required=True,
        description="How many dealings it sums up.",
        resolver=lambda seen, info: seen.link.count,
    )
    currency = graphene.String(
        description="Currency of an amount.", resolver=lambda seen, info: seen.link.currency
    )
    valid_from = graphene.Field(
        DateTime,
        description="When it began, included; null: before anything was recorded.",
        resolver=lambda seen, info: seen.link.valid_from,
    )
    valid_to = graphene.Field(
        DateTime,
        description="When it ended, excluded; null: until further notice.",
        resolver=lambda seen, info: seen.link.valid_to,
    )
    source = graphene.String(
        required=True,
        description="Who stated it.",
        resolver=lambda seen, info: seen.link.source,
    )
    external_id = graphene.String(
        required=True,
        description="The source's own id of the statement.",
        resolver=lambda seen, info: seen.link.external_id,
    )
    sequence = graphene.Field(
        Long, required=True, description="Its place among all records, from 1."
    )
    recorded_at = graphene.Field(DateTime, required=True, description="When it was recorded.")


def _resolve_direction(seen: SeenLink, info: GraphQLResolveInfo) -> LinkDirection:
    return LinkDirection.OUTGOING if seen.is_outgoing else LinkDirection.INCOMING


def _cursor(seen: SeenLink) -> str:
    return cursor_of("link", seen.sequence)


class LinkEdge(graphene.ObjectType):
    """A link as seen from the subject that was asked about."""

    cursor = graphene.String(
        required=True,
        description="Opaque place of the link; send it as `after` to go on from here.",
        resolver=lambda seen, info: _cursor(seen),
    )
    direction = graphene.Field(
        LinkDirectionEnum,
        required=True,
        description="Which way it leads.",
        resolver=_resolve_direction,
    )
    other = graphene.Field(Subject, required=True, description="The subject at the other end.")
    node = graphene.Field(
        Link, required=True, description="The link.", resolver=lambda seen, info: seen
    )


def _resolve_page_info(page: LinkPage, info: GraphQLResolveInfo) -> relay.PageInfo:
    return relay.PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=_cursor(page.links[0]) if page.links else None,
        end_cursor=_cursor(page.links[-1]) if page.links else None,
    )


class LinkConnection(graphene.ObjectType):
    """One page of a subject's links."""

    edges = graphene.List(
        graphene.NonNull(LinkEdge),
        required=True,
        description="The links, in the order in which they were recorded.",
        resolver=lambda page, info: page.links,
    )
    page_info = graphene.Field(
        relay.PageInfo,
        required=True,
        description="Whether there are more, and where to go on.",
        resolver=_resolve_page_info,
    )
