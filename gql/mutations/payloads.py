# mypy: allow-subclassing-any
"""What every write answers: what was accepted, and what was refused and why."""

from __future__ import annotations

from dataclasses import dataclass

import graphene
from graphene.utils.str_converters import to_camel_case
from graphql import GraphQLResolveInfo

from gql.enums import described_enum
from gql.scalars import Long
from graphsvc.writing import RefusalCode, Refused, WriteOutcome, Written

RefusalCodeEnum = described_enum(
    RefusalCode,
    "Why an item was refused. Each can be mended by the caller; what can't is a GraphQL error.",
    {
        RefusalCode.INVALID_RECORD: "A field breaks a rule; `field` says which.",
        RefusalCode.NOT_PERMITTED: "The purpose or the role doesn't admit this item.",
        RefusalCode.NOT_FOUND: "What it names isn't there, or not for this caller.",
        RefusalCode.CONFLICT: "It contradicts what is recorded.",
        RefusalCode.IDEMPOTENCY_CONFLICT: "Its idempotency key or external id was used for other "
        "content; nothing was changed.",
    },
)


class AcceptedRecord(graphene.ObjectType):
    """A record that is stored."""

    index = graphene.Int(required=True, description="Place of the item in the call, from 0.")
    sequence = graphene.Field(Long, required=True, description="Its place among all records.")
    source = graphene.String(required=True, description="Who states it.")
    external_id = graphene.String(
        required=True, description="Its id; unique together with the source."
    )
    already_recorded = graphene.Boolean(
        required=True,
        description="Whether it had been recorded before this call, which then changed nothing.",
        resolver=lambda written, info: written.was_recorded,
    )


def _resolve_field(refused: Refused, info: GraphQLResolveInfo) -> str:
    return str(to_camel_case(refused.field))


def _resolve_message(refused: Refused, info: GraphQLResolveInfo) -> str:
    return f"{to_camel_case(refused.field)}: {refused.reason}"


class Refusal(graphene.ObjectType):
    """Why nothing was done."""

    field = graphene.String(
        required=True, description="The field that is wrong.", resolver=_resolve_field
    )
    code = graphene.Field(RefusalCodeEnum, required=True, description="Why, for programs.")
    message = graphene.String(
        required=True,
        description="What is wrong and what would be right, for people.",
        resolver=_resolve_message,
    )


class RefusedRecord(graphene.ObjectType):
    """An item that is not stored; the others of the call are not affected."""

    index = graphene.Int(required=True, description="Place of the item in the call, from 0.")
    field = graphene.String(
        required=True, description="The field that is wrong.", resolver=_resolve_field
    )
    code = graphene.Field(RefusalCodeEnum, required=True, description="Why, for programs.")
    message = graphene.String(
        required=True,
        description="What is wrong and what would be right, for people.",
        resolver=_resolve_message,
    )


class RecordManyPayload(graphene.ObjectType):
    """What became of each item of a call; every item is in one of the two lists."""

    accepted = graphene.List(
        graphene.NonNull(AcceptedRecord),
        required=True,
        description="What is stored, in the order of the call.",
    )
    refused = graphene.List(
        graphene.NonNull(RefusedRecord),
        required=True,
        description="What is not stored, in the order of the call.",
    )


@dataclass(frozen=True, slots=True)
class OneOutcome:
    """What became of the only item of a call."""

    accepted: Written | None
    refused: Refused | None

    @classmethod
    def of(cls, outcome: WriteOutcome) -> OneOutcome:
        """Return the outcome of a call with one item."""
        return cls(next(iter(outcome.accepted), None), next(iter(outcome.refused), None))


class RecordPayload(graphene.ObjectType):
    """What became of one record: exactly one of the two is not null."""

    accepted = graphene.Field(AcceptedRecord, description="The record, if it is stored.")
    refused = graphene.Field(RefusedRecord, description="Why it is not stored, if it isn't.")
