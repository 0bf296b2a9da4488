# mypy: allow-subclassing-any
"""How a job gets on, told as it happens, until it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import graphene
from anyio import to_thread
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.jobs import Job
from graphsvc.jobs.model import Job as JobRecord
from graphsvc.jobs.operating import Operating

LOOK_S = 0.5
"""How often the job's file is asked; workers of other processes write to it."""


def _resolve_job_progress(
    job: JobRecord, info: GraphQLResolveInfo, *, job_id: str, purpose: str | None = None
) -> JobRecord:
    # Asked for every event: what a credential holds may have changed meanwhile.
    RequestContext.of(info).operating(purpose)
    return job


async def _subscribe_job_progress(
    root: None, info: GraphQLResolveInfo, *, job_id: str, purpose: str | None = None
) -> AsyncIterator[JobRecord]:
    operating = RequestContext.of(info).operating(purpose)
    first = await to_thread.run_sync(operating.job, job_id)
    return _events(operating, first)


async def _events(operating: Operating, first: JobRecord) -> AsyncIterator[JobRecord]:
    yield first
    told = first
    while not told.state.is_over:
        await asyncio.sleep(LOOK_S)
        job = await to_thread.run_sync(partial(operating.job, told.job_id))
        if _without_lease(job) != _without_lease(told):
            yield job
            told = job


def _without_lease(job: JobRecord) -> JobRecord:
    """Return a job without what says only that its worker is alive."""
    return replace(job, lease_until=None)


class JobSubscriptions(graphene.ObjectType):
    """Fields of Subscription that tell of jobs."""

    job_progress = graphene.Field(
        Job,
        required=True,
        description="A job as it stands, at once and whenever that changes, until it is over. "
        "Whoever comes back begins with how it stands then. Needs the role operator.",
        job_id=graphene.String(required=True, description="Id of the job."),
        purpose=graphene.String(
            description="A purpose that it concerns. May be left out by a credential that holds "
            "exactly one purpose."
        ),
        resolver=_resolve_job_progress,
    )
    subscribe_job_progress = _subscribe_job_progress
