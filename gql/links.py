# mypy: allow-subclassing-any
"""Links of a subject: a Relay connection whose cursors stand for sequence numbers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.connections import connection_fields, edge_fields, sequence_cursor
from gql.enums import described_enum
from gql.ids import global_id
from gql.scalars import DateTime, Long, time_text
from gql.seen import Page, SeenLink
from gql.subjects import Subject
from gql.tables import Column, Table, subject_table
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


class Link(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(SeenLink,)
):
    """A directed, typed, weighted tie, as one source stated it."""

    id = graphene.ID(
        required=True,
        description="Opaque id, unique over all types.",
        resolver=lambda seen, info: global_id("Link", seen.purpose, seen.sequence),
    )
    kind = graphene.Field(
        LinkKindEnum,
        required=True,
        description="What ties the two together.",
        resolver=lambda seen, info: seen.link.kind,
    )
    src = graphene.Field(
        Subject,
        required=True,
        description="The subject that it leads from.",
        resolver=lambda seen, info: seen.link.src,
    )
    dst = graphene.Field(
        Subject,
        required=True,
        description="The subject that it leads to.",
        resolver=lambda seen, info: seen.link.dst,
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
        resolver=lambda seen, info: seen.source,
    )
    external_id = graphene.String(
        required=True,
        description="The source's own id of the statement.",
        resolver=lambda seen, info: seen.external_id,
    )
    sequence = graphene.Field(
        Long, required=True, description="Its place among all records, from 1."
    )
    recorded_at = graphene.Field(DateTime, required=True, description="When it was recorded.")


def _resolve_direction(seen: SeenLink, info: GraphQLResolveInfo) -> LinkDirection:
    return LinkDirection.OUTGOING if seen.is_outgoing else LinkDirection.INCOMING


_CURSOR = sequence_cursor("link")
_EDGE: dict[str, Any] = edge_fields(Link, "link", _CURSOR)


class LinkEdge(graphene.ObjectType):
    """A link as seen from the subject that was asked about."""

    cursor = _EDGE["cursor"]
    direction = graphene.Field(
        LinkDirectionEnum,
        required=True,
        description="Which way it leads.",
        resolver=_resolve_direction,
    )
    other = graphene.Field(Subject, required=True, description="The subject at the other end.")
    node = _EDGE["node"]


# Looked up, for `name` of an enum's member is a call.
_KIND_NAMES = {kind: kind.name for kind in LinkKind}


def _edge_table(page: Page[SeenLink]) -> Table:
    seen = page.items
    columns: dict[str, Column] = {
        "cursor": lambda: [_CURSOR(one) for one in seen],
        "direction": lambda: ["OUTGOING" if one.is_outgoing else "INCOMING" for one in seen],
        "other": lambda: subject_table([one.other for one in seen]),
        "node": lambda: _link_table(seen),
    }
    return Table(len(seen), seen.__getitem__, columns)


def _link_table(seen: list[SeenLink]) -> Table:
    links = [one.link for one in seen]
    columns: dict[str, Column] = {
        "id": lambda: [global_id("Link", one.purpose, one.sequence) for one in seen],
        "kind": lambda: [_KIND_NAMES[link.kind] for link in links],
        "src": lambda: subject_table([link.src for link in links]),
        "dst": lambda: subject_table([link.dst for link in links]),
        "weight": lambda: [link.weight for link in links],
        "count": lambda: [link.count for link in links],
        "currency": lambda: [link.currency for link in links],
        "validFrom": lambda: [_time(link.valid_from) for link in links],
        "validTo": lambda: [_time(link.valid_to) for link in links],
        "source": lambda: [link.source for link in links],
        "externalId": lambda: [link.external_id for link in links],
        "sequence": lambda: [one.sequence for one in seen],
        "recordedAt": lambda: [time_text(one.recorded_at) for one in seen],
    }
    return Table(len(seen), seen.__getitem__, columns)


def _time(value: datetime | None) -> str | None:
    return None if value is None else time_text(value)


_CONNECTION = connection_fields(
    LinkEdge, "in the order in which they were recorded", _CURSOR, _edge_table
)


class LinkConnection(graphene.ObjectType):
    """One page of a subject's links."""

    edges = _CONNECTION["edges"]
    page_info = _CONNECTION["page_info"]
