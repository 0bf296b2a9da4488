# mypy: allow-subclassing-any
"""Runs that passed a limit: nobody reads them until a person has decided."""

from __future__ import annotations

import graphene
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.paging import page_size
from gql.scalars import DateTime, Long
from graphsvc.model import HeldRun

PURPOSE = "Whose runs. May be left out by a credential that holds exactly one purpose."


class WaitingRun(graphene.ObjectType):
    """A run that is computed but not published; its values can't be read."""

    run_id = graphene.String(
        required=True, description="Id of the run.", resolver=lambda held, info: held.run.run_id
    )
    programme = graphene.String(
        required=True,
        description="Name of the scoring model.",
        resolver=lambda held, info: held.run.programme,
    )
    as_of = graphene.Field(
        DateTime,
        required=True,
        description="The time that was scored.",
        resolver=lambda held, info: held.run.as_of,
    )
    held_at = graphene.Field(DateTime, required=True, description="Since when it waits.")
    subjects = graphene.Field(
        Long,
        required=True,
        description="How many subjects have a score in it.",
        resolver=lambda held, info: held.run.subjects,
    )
    reasons = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="Which limits it passed, and by how much.",
    )


def _resolve_waiting_runs(
    root: None, info: GraphQLResolveInfo, first: int, purpose: str | None = None
) -> list[HeldRun]:
    return RequestContext.of(info).deciding_runs(purpose).waiting(page_size(first))


class WaitingRunQueries(graphene.ObjectType):
    """Fields of Query that lead to runs that wait."""

    waiting_runs = graphene.List(
        graphene.NonNull(WaitingRun),
        description="Runs that wait for a person's release, the latest first. Needs the role "
        "reviewer or operator. Null only with an error.",
        purpose=graphene.String(description=PURPOSE),
        first=graphene.Int(
            required=True, default_value=20, description="How many at most, from 1 to 1000."
        ),
        resolver=_resolve_waiting_runs,
    )
