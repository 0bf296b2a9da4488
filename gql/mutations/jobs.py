# mypy: allow-subclassing-any
"""Asking for jobs, and for their end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import graphene
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.enums import described_enum
from gql.jobs import Job
from gql.mutations.inputs import KEY
from gql.mutations.payloads import Refusal
from gql.scalars import DateTime
from graphsvc.export.forms import ExportForm
from graphsvc.jobs.operating import Asked
from graphsvc.writing import Refused, RefusedItemError


class ExportContent(StrEnum):
    """What an export writes."""

    SCORES = "scores"
    REASONS = "reasons"
    RUNS = "runs"
    GRAPH = "graph"


ExportContentEnum = described_enum(
    ExportContent,
    "What an export writes.",
    {
        ExportContent.SCORES: "The current run's scores.",
        ExportContent.REASONS: "The reasons for the current run's scores.",
        ExportContent.RUNS: "The published runs, without their values.",
        ExportContent.GRAPH: "The graph that the current run was computed on.",
    },
)
ExportFormEnum = described_enum(
    ExportForm,
    "The format of exported files.",
    {
        ExportForm.PARQUET: "Apache Parquet.",
        ExportForm.ARROW: "Apache Arrow IPC.",
        ExportForm.CSV: "Comma-separated values.",
        ExportForm.GRAPHML: "GraphML; for GRAPH only.",
        ExportForm.GEXF: "GEXF; for GRAPH only.",
    },
)


@dataclass(frozen=True, slots=True)
class JobAnswer:
    """What became of a call that is about a job."""

    asked: Asked | None
    refused: Refused | None = None

    @classmethod
    def of(cls, ask: Callable[[], Asked]) -> JobAnswer:
        """Return what became of asking."""
        try:
            return cls(ask())
        except RefusedItemError as error:
            return cls(None, Refused(0, error.field, error.code, error.reason))


class JobPayload(graphene.ObjectType):
    """What became of a call about a job: exactly one of `job` and `refused` is not null."""

    job = graphene.Field(
        Job,
        description="The job as it stands now.",
        resolver=lambda answer, info: answer.asked and answer.asked.job,
    )
    already_done = graphene.Boolean(
        required=True,
        description="Whether the same had been asked before this call, which then changed nothing.",
        resolver=lambda answer, info: bool(answer.asked and answer.asked.was_done),
    )
    refused = graphene.Field(Refusal, description="Why nothing was asked for, if nothing was.")


class StartRecomputeInput(graphene.InputObjectType):
    """What is computed anew."""

    idempotency_key = graphene.String(required=True, description=KEY)
    purpose = graphene.String(
        description="Whose scores. May be left out by a credential that holds exactly one purpose."
    )
    programmes = graphene.List(
        graphene.NonNull(graphene.String),
        description="Names of scoring models of that purpose; all of them otherwise.",
    )
    as_of = graphene.Field(DateTime, description="The time that is scored; now otherwise.")
    tolerance = graphene.Float(
        description="Largest error of a value that is acceptable; the model's own otherwise."
    )


class StartExportInput(graphene.InputObjectType):
    """What is written to files."""

    idempotency_key = graphene.String(required=True, description=KEY)
    purpose = graphene.String(
        description="Whose values. May be left out by a credential that holds exactly one purpose."
    )
    programmes = graphene.List(
        graphene.NonNull(graphene.String),
        description="Names of scoring models of that purpose; its champion otherwise.",
    )
    content = graphene.Field(ExportContentEnum, required=True, description="What is written.")
    form = graphene.Field(
        ExportFormEnum,
        required=True,
        default_value=ExportForm.PARQUET.name,
        description="Format of the files.",
    )


class CancelJobInput(graphene.InputObjectType):
    """Which job ends."""

    purpose = graphene.String(
        description="The purpose that it is for. May be left out by a credential that holds "
        "exactly one purpose."
    )
    job_id = graphene.String(required=True, description="Id of the job.")


def _resolve_start_recompute(
    root: None, info: GraphQLResolveInfo, input: StartRecomputeInput
) -> JobAnswer:
    operating = RequestContext.of(info).operating(input.purpose)
    return JobAnswer.of(
        lambda: operating.start_recompute(
            input.programmes or (), input.as_of, input.tolerance, key=input.idempotency_key
        )
    )


def _resolve_start_export(
    root: None, info: GraphQLResolveInfo, input: StartExportInput
) -> JobAnswer:
    operating = RequestContext.of(info).operating(input.purpose)
    return JobAnswer.of(
        lambda: operating.start_export(
            input.programmes or (), input.content.value, input.form.value, key=input.idempotency_key
        )
    )


def _resolve_cancel_job(root: None, info: GraphQLResolveInfo, input: CancelJobInput) -> JobAnswer:
    operating = RequestContext.of(info).operating(input.purpose)
    return JobAnswer.of(lambda: operating.cancel(input.job_id))


class JobMutations(graphene.ObjectType):
    """Fields of Mutation that ask for jobs and end them."""

    start_recompute = graphene.Field(
        JobPayload,
        description="Ask for scores to be computed anew; a worker does it. Needs the role "
        "operator. Null only with an error.",
        input=graphene.Argument(
            StartRecomputeInput, required=True, description="What is computed."
        ),
        resolver=_resolve_start_recompute,
    )
    start_export = graphene.Field(
        JobPayload,
        description="Ask for published values to be written to files, in a folder of the service's "
        "own; a worker does it. Needs the roles operator and analyst. Null only with an error.",
        input=graphene.Argument(StartExportInput, required=True, description="What is written."),
        resolver=_resolve_start_export,
    )
    cancel_job = graphene.Field(
        JobPayload,
        description="Ask for a job's end, where it is for this purpose alone: it ends before its "
        "next stage; what it published stays. Needs the role operator. Null only with an error.",
        input=graphene.Argument(CancelJobInput, required=True, description="Which job."),
        resolver=_resolve_cancel_job,
    )
