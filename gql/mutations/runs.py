# mypy: allow-subclassing-any
"""Deciding on runs that wait."""

from __future__ import annotations

import graphene
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.runs import Run
from gql.waiting_runs import PURPOSE
from graphsvc.run_desk import Decided


class ReleaseRunPayload(graphene.ObjectType):
    """The run that was released."""

    run = graphene.Field(Run, required=True, description="The run, which is published now.")
    already_done = graphene.Boolean(
        required=True,
        description="Whether it was published before this call, which then changed nothing.",
        resolver=lambda decided, info: decided.was_done,
    )


class DiscardRunPayload(graphene.ObjectType):
    """The run that was discarded."""

    run_id = graphene.String(required=True, description="Id of the run, which is gone.")


class DecideRunInput(graphene.InputObjectType):
    """A run that waits, and why it is decided so."""

    purpose = graphene.String(description=PURPOSE)
    run_id = graphene.String(required=True, description="Id of a run that waits.")
    reason = graphene.String(
        required=True,
        description="Why, for whoever reads the audit; it must name no subject.",
    )


def _resolve_release(root: None, info: GraphQLResolveInfo, input: DecideRunInput) -> Decided:
    return RequestContext.of(info).deciding_runs(input.purpose).release(input.run_id, input.reason)


def _resolve_discard(
    root: None, info: GraphQLResolveInfo, input: DecideRunInput
) -> DiscardRunPayload:
    desk = RequestContext.of(info).deciding_runs(input.purpose)
    return DiscardRunPayload(run_id=desk.discard(input.run_id, input.reason).run_id)


class RunMutations(graphene.ObjectType):
    """Fields of Mutation that decide on runs."""

    release_run = graphene.Field(
        ReleaseRunPayload,
        description="Publish a run that waits: a person has looked at its report. Needs the role "
        "reviewer or operator. Null only with an error.",
        input=graphene.Argument(DecideRunInput, required=True, description="Which run, and why."),
        resolver=_resolve_release,
    )
    discard_run = graphene.Field(
        DiscardRunPayload,
        description="Remove a run that waits; readers keep what they have. Needs the role reviewer "
        "or operator. Null only with an error.",
        input=graphene.Argument(DecideRunInput, required=True, description="Which run, and why."),
        resolver=_resolve_discard,
    )
