# mypy: allow-subclassing-any
"""What several mutations take: records that are there already, and the key of a retry."""

from __future__ import annotations

import graphene

from gql.scalars import Long
from graphsvc.writing import Target

KEY = (
    "Made up by the caller for this call; the same call again, under the same key, changes nothing "
    "and gets the same answer. From 1 to 256 printable characters."
)
PURPOSE = (
    "What it is written for; only what the purpose permits is taken. May be left out by a "
    "credential that holds exactly one purpose."
)
SOURCE = (
    "Who states it; the credential's own name where it is left out. A credential without the role "
    "operator may give its name, or its name followed by a slash and more."
)
EXTERNAL_ID = (
    "The source's own id of the statement, unique for all that the source states. Where it is left "
    "out, one is made of the idempotency key and the item's place."
)


class RecordInput(graphene.InputObjectType):
    """A record that is there already: by its sequence, or by source and external id."""

    sequence = graphene.Field(Long, description="Its place among all records.")
    external_id = graphene.String(description="The source's own id of it.")
    source = graphene.String(
        description="Who stated it; goes with externalId. The credential's own name where it is "
        "left out."
    )


class WritingInput(graphene.InputObjectType):
    """What every call that writes evidence takes."""

    class Meta:
        """Not a type of the schema by itself."""

        abstract = True

    idempotency_key = graphene.String(required=True, description=KEY)
    purpose = graphene.String(description=PURPOSE)


class RecordingInput(WritingInput):
    """What every call that records takes."""

    class Meta:
        """Not a type of the schema by itself."""

        abstract = True

    source = graphene.String(description=SOURCE)


def target_of(record: RecordInput) -> Target:
    """Return the record that an input names.

    Raises:
        InvalidInputError: it names none, or in two ways.
    """
    return Target(record.sequence, record.external_id, record.source)
