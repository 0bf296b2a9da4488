# mypy: allow-subclassing-any
"""Jobs: long work that is asked for, watched and cancelled by an operator."""

from __future__ import annotations

import graphene
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.enums import described_enum
from gql.paging import page_size
from gql.scalars import DateTime
from graphsvc.jobs.model import Job as JobRecord
from graphsvc.jobs.model import JobKind, JobState

JobKindEnum = described_enum(
    JobKind,
    "What a job does.",
    {
        JobKind.RECOMPUTE: "Computes scores anew and publishes them.",
        JobKind.BACKTEST: "Tests scoring models over past times against what came afterwards.",
        JobKind.EXPORT: "Writes published scores, reasons, runs or graphs to files.",
        JobKind.RETENTION: "Erases what is past its retention, and prunes old runs.",
        JobKind.RECONCILE: "Compares live scores with full solutions.",
        JobKind.SNAPSHOT: "Brings the evidence's snapshots up to date.",
    },
)


JobStateEnum = described_enum(
    JobState,
    "Where a job stands.",
    {
        JobState.WAITING: "It waits for a worker.",
        JobState.RUNNING: "A worker is at it.",
        JobState.RETRYING: "Something failed in passing; it goes on by itself at dueAt.",
        JobState.SUCCEEDED: "It is done.",
        JobState.FAILED: "It ended with an error; a person has to look.",
        JobState.CANCELLED: "Somebody ended it.",
    },
)


def _resolve_files(job: JobRecord, info: GraphQLResolveInfo) -> list[str]:
    is_export = job.kind is JobKind.EXPORT and job.result is not None
    return [str(written["path"]) for written in (job.result or {}).values()] if is_export else []


class Job(graphene.ObjectType):
    """Long work, how far it is and what became of it. It holds no evidence and no scores."""

    job_id = graphene.String(required=True, description="Id of the job.")
    kind = graphene.Field(JobKindEnum, required=True, description="What it does.")
    state = graphene.Field(JobStateEnum, required=True, description="Where it stands.")
    stage = graphene.String(description="What it is at, or was last.")
    share_done = graphene.Float(description="How much of it is done, from 0 to 1.")
    rate = graphene.Float(description="Units a second that its worker does.")
    unit = graphene.String(description="What the rate counts, say links.")
    seconds_left = graphene.Float(description="How long the rest takes at that rate.")
    requested_by = graphene.String(required=True, description="Who asked for it.")
    requested_at = graphene.Field(DateTime, required=True, description="When it was asked for.")
    started_at = graphene.Field(DateTime, description="When a worker first took it.")
    due_at = graphene.Field(
        DateTime, required=True, description="From when on it may be worked on."
    )
    finished_at = graphene.Field(DateTime, description="When it was over.")
    is_cancel_requested = graphene.Boolean(
        required=True,
        description="Whether somebody asked for its end; it ends before its next stage.",
        resolver=lambda job, info: job.cancelled_by is not None,
    )
    attempts = graphene.Int(
        required=True, description="How often its present stage failed in passing."
    )
    files = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="Paths, on the server, of what an export has written.",
        resolver=_resolve_files,
    )
    error_code = graphene.String(description="Code of the error that it met last.")
    error = graphene.String(description="What went wrong, and what would be right.")


def _resolve_jobs(
    root: None,
    info: GraphQLResolveInfo,
    first: int,
    purpose: str | None = None,
    state: JobState | None = None,
) -> list[JobRecord]:
    return RequestContext.of(info).operating(purpose).jobs(state, page_size(first))


class JobQueries(graphene.ObjectType):
    """Fields of Query that lead to jobs."""

    jobs = graphene.List(
        graphene.NonNull(Job),
        description="Jobs that concern a purpose, the latest request first. Needs the role "
        "operator. Null only with an error.",
        purpose=graphene.String(
            description="Whose jobs. May be left out by a credential that holds exactly one "
            "purpose."
        ),
        state=graphene.Argument(JobStateEnum, description="Only jobs in one state."),
        first=graphene.Int(
            required=True, default_value=20, description="How many at most, from 1 to 1000."
        ),
        resolver=_resolve_jobs,
    )
