# mypy: allow-subclassing-any
"""Policies: the rules that turn a purpose's scores into advice."""

from __future__ import annotations

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.decisions import AdviceEnum
from gql.ids import global_id
from graphsvc.model import Condition as DeclaredCondition
from graphsvc.model import Policy as DeclaredPolicy


def _resolve_bands(condition: DeclaredCondition, info: GraphQLResolveInfo) -> list[str] | None:
    return None if condition.bands is None else sorted(condition.bands)


class Condition(graphene.ObjectType):
    """Holds where everything that it names holds; what is null isn't looked at."""

    score_at_least = graphene.Float(description="The score is this or above.")
    score_below = graphene.Float(description="The score is below this.")
    bands = graphene.List(
        graphene.NonNull(graphene.String),
        description="The score lies in one of these bands.",
        resolver=_resolve_bands,
    )
    own_points_at_least = graphene.Float(
        description="The points of the subject's own record are this or above."
    )
    own_points_below = graphene.Float(
        description="The points of the subject's own record are below this."
    )
    width_at_most = graphene.Float(description="The score's width is this or below.")
    width_at_least = graphene.Float(description="The score's width is this or above.")


class PolicyRule(graphene.ObjectType):
    """Where the condition holds, this advice with this reason."""

    when = graphene.Field(Condition, required=True, description="The condition.")
    advice = graphene.Field(AdviceEnum, required=True, description="What is advised.")
    reason_code = graphene.String(required=True, description="Code of the reason.")
    text = graphene.String(required=True, description="The reason in plain words.")


class Policy(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(DeclaredPolicy,)
):
    """Rules over a purpose's scores; the first whose condition holds gives the advice."""

    id = graphene.ID(
        required=True,
        description="Opaque id, unique over all types.",
        resolver=lambda policy, info: global_id("Policy", policy.purpose, policy.name),
    )
    name = graphene.String(required=True, description="Name of the policy.")
    version = graphene.Int(required=True, description="Version of the declaration.")
    purpose = graphene.String(required=True, description="Name of the purpose.")
    description = graphene.String(required=True, description="What it is about.")
    rules = graphene.List(
        graphene.NonNull(PolicyRule),
        required=True,
        description="The rules in order; the last has no condition.",
    )


def _resolve_policies(root: None, info: GraphQLResolveInfo, purpose: str) -> list[DeclaredPolicy]:
    return RequestContext.of(info).view(purpose).policies()


class PolicyQueries(graphene.ObjectType):
    """Fields of Query that lead to policies."""

    policies = graphene.List(
        graphene.NonNull(Policy),
        description="The policy that advises for a purpose; empty where it has none. Null only "
        "with an error.",
        purpose=graphene.String(required=True, description="Whose policies."),
        resolver=_resolve_policies,
    )
