# mypy: allow-subclassing-any
"""The two mutations that every kind of evidence has: record one, and record many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.mutations.inputs import RecordingInput
from gql.mutations.payloads import OneOutcome, RecordManyPayload, RecordPayload
from graphsvc.permissions import Act
from graphsvc.writing import Proposed, WriteOutcome

Propose = Callable[[Any], Proposed]
"""Makes a record to be of an item as graphene gives it."""


def record_many(act: Act, input_type: type[Any], propose: Propose, description: str) -> Any:
    """Return the mutation that records up to 1,000 items.

    Args:
        act: what it does, for the roles that it needs.
        input_type: its input; the items are in `items`.
        propose: makes a record to be of an item.
        description: for the schema.
    """

    def resolve(root: None, info: GraphQLResolveInfo, input: RecordingInput) -> WriteOutcome:
        return _recorded(info, act, input, input.items, propose)

    return graphene.Field(
        RecordManyPayload,
        description=description,
        input=graphene.Argument(input_type, required=True, description="What to record."),
        resolver=resolve,
    )


def record_one(act: Act, input_type: type[Any], propose: Propose, description: str) -> Any:
    """Return the mutation that records the one item in `item`; arguments as of `record_many`."""

    def resolve(root: None, info: GraphQLResolveInfo, input: RecordingInput) -> OneOutcome:
        return OneOutcome.of(_recorded(info, act, input, [input.item], propose))

    return graphene.Field(
        RecordPayload,
        description=description,
        input=graphene.Argument(input_type, required=True, description="What to record."),
        resolver=resolve,
    )


def items_of(item_type: type[Any]) -> Any:
    """Return the field for up to 1,000 items."""
    return graphene.List(
        graphene.NonNull(item_type), required=True, description="From 1 to 1000 items."
    )


def item_of(item_type: type[Any]) -> Any:
    """Return the field for one item."""
    return graphene.Field(item_type, required=True, description="The item.")


def _recorded(
    info: GraphQLResolveInfo,
    act: Act,
    call: RecordingInput,
    items: Sequence[Any],
    propose: Propose,
) -> WriteOutcome:
    writing = RequestContext.of(info).writing(call.purpose)
    proposed = [propose(item) for item in items]
    return writing.record(act, proposed, key=call.idempotency_key, source=call.source)
