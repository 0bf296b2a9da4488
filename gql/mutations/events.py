# mypy: allow-subclassing-any
"""Recording events: what subjects did."""

from __future__ import annotations

import graphene

from gql.inputs import SubjectInput
from gql.mutations.inputs import EXTERNAL_ID, RecordingInput
from gql.mutations.recording import item_of, items_of, record_many, record_one
from gql.purposes import EventKindEnum
from gql.scalars import DateTime
from graphsvc.model import Event
from graphsvc.permissions import Act
from graphsvc.writing import Proposed


class EventInput(graphene.InputObjectType):
    """One thing that one subject did."""

    kind = graphene.Field(EventKindEnum, required=True, description="What it did.")
    subject = graphene.Field(SubjectInput, required=True, description="Who did it.")
    occurred_at = graphene.Field(
        DateTime, required=True, description="When; at most a day from now."
    )
    value = graphene.Float(description="How much: days late, a balance; what the kind says.")
    external_id = graphene.String(description=EXTERNAL_ID)


class RecordEventsInput(RecordingInput):
    """Events to record."""

    items = items_of(EventInput)


class RecordEventInput(RecordingInput):
    """An event to record."""

    item = item_of(EventInput)


def _proposed(item: EventInput) -> Proposed:
    def make(source: str, external_id: str) -> Event:
        return Event(
            source=source,
            external_id=external_id,
            kind=item.kind,
            subject=item.subject,
            occurred_at=item.occurred_at,
            value=item.value,
        )

    return Proposed(make, item.external_id)


class EventMutations(graphene.ObjectType):
    """Fields of Mutation that write events."""

    record_events = record_many(
        Act.RECORD_EVENTS,
        RecordEventsInput,
        _proposed,
        "Record events. Needs the role service or operator. Null only with an error.",
    )
    record_event = record_one(
        Act.RECORD_EVENTS,
        RecordEventInput,
        _proposed,
        "Record one event. Needs the role service or operator. Null only with an error.",
    )
