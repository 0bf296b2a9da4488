# mypy: allow-subclassing-any
"""Score runs: when a purpose's scores were computed, from what, and how exact they are."""

from __future__ import annotations

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.ids import global_id
from gql.paging import page_size
from gql.scalars import DateTime, Long
from graphsvc.model import ScoreRun


class Certificate(graphene.ObjectType):
    """What is guaranteed of every value of one kind in a run."""

    bound = graphene.Float(
        required=True, description="Largest possible distance of any one value from the exact one."
    )
    bound_sum = graphene.Float(
        required=True,
        description="Largest possible distance of all values added up.",
        resolver=lambda certificate, info: certificate.bound_1,
    )
    residual = graphene.Float(
        required=True, description="Largest residual measured; the bounds follow from it."
    )
    tolerance = graphene.Float(required=True, description="The bound that was asked for.")
    sweeps = graphene.Int(required=True, description="Passes over all links that it took.")


class Run(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(ScoreRun,)
):
    """One published recomputation of all scores of a purpose; it never changes."""

    id = graphene.ID(
        required=True,
        description="Opaque id, unique over all types.",
        resolver=lambda run, info: global_id("Run", run.purpose, run.run_id),
    )
    run_id = graphene.String(required=True, description="Id of the run; ids sort by time.")
    purpose = graphene.String(required=True, description="Name of the purpose.")
    purpose_version = graphene.Int(
        required=True, description="Version of the purpose that said what may be seen."
    )
    programme = graphene.String(required=True, description="Name of the scoring model.")
    programme_version = graphene.Int(required=True, description="Version of the scoring model.")
    snapshot_sequence = graphene.Field(
        Long, required=True, description="Sequence number of the last record that the run knows."
    )
    as_of = graphene.Field(DateTime, required=True, description="The time that was scored.")
    created_at = graphene.Field(DateTime, required=True, description="When the run was computed.")
    subjects = graphene.Field(Long, required=True, description="How many subjects have a score.")
    links = graphene.Field(Long, required=True, description="How many links took part.")
    exposure = graphene.Field(
        Certificate, required=True, description="What is guaranteed of exposure values."
    )
    trust = graphene.Field(
        Certificate, required=True, description="What is guaranteed of trust values."
    )
    score_bound = graphene.Float(
        required=True, description="Largest possible error of any score, in points."
    )
    method = graphene.String(
        required=True,
        description="How the values were computed: `core`, or `sweeps`, the way of many machines. "
        "Both are certified.",
        resolver=lambda run, info: run.method.value,
    )
    checksum = graphene.String(
        required=True, description="SHA-256 of all values; equal inputs give an equal one."
    )


def _resolve_runs(root: None, info: GraphQLResolveInfo, purpose: str, first: int) -> list[ScoreRun]:
    return RequestContext.of(info).view(purpose).runs(page_size(first))


def _resolve_run(root: None, info: GraphQLResolveInfo, purpose: str, run_id: str) -> ScoreRun:
    return RequestContext.of(info).view(purpose).run(run_id)


class RunQueries(graphene.ObjectType):
    """Fields of Query that lead to runs."""

    runs = graphene.List(
        graphene.NonNull(Run),
        description="Published runs of a purpose, the latest first. Null only with an error.",
        purpose=graphene.String(required=True, description="Whose runs."),
        first=graphene.Int(
            required=True, default_value=20, description="How many at most, from 1 to 1000."
        ),
        resolver=_resolve_runs,
    )
    run = graphene.Field(
        Run,
        description="One published run. Null, with the error code RUN_NOT_FOUND, where the purpose "
        "has none of that id.",
        purpose=graphene.String(required=True, description="Whose run."),
        run_id=graphene.String(required=True, description="The run's `runId`."),
        resolver=_resolve_run,
    )
