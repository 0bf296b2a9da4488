"""Takes a job, does its work, and leaves it: over, or due again. One job at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import structlog
import tenacity

from graphsvc.errors import GraphsvcError, LeaseLostError, StoreUnavailableError
from graphsvc.jobs import chores, recompute
from graphsvc.jobs.context import (
    CancelRequested,
    Heartbeat,
    Interrupted,
    JobContext,
    lease_end,
)
from graphsvc.jobs.model import Ending, Job, JobKind, JobState
from graphsvc.jobs.presence import Presence

if TYPE_CHECKING:
    from graphsvc.app import Service

log = structlog.get_logger(__name__)

LEASE_S = 60.0
MOST_ATTEMPTS = 60
"""How often a stage is tried that fails in passing: some hours, with the longest wait between."""

MOST_DEATHS = 5
"""How many runners a stage may cost, say for want of memory, before a person has to look."""

BACKOFF = tenacity.wait_exponential_jitter(initial=1.0, max=300.0, jitter=1.0)

WORK: Mapping[JobKind, Callable[[JobContext], dict[str, Any]]] = {
    JobKind.RECOMPUTE: recompute.recompute,
    JobKind.BACKTEST: chores.backtest,
    JobKind.EXPORT: chores.export,
    JobKind.RETENTION: chores.retention,
    JobKind.RECONCILE: chores.reconcile,
    JobKind.SNAPSHOT: chores.snapshot,
}


class Runner:
    """Does jobs in the thread that asks it to; one in each thread."""

    def __init__(
        self,
        service: Service,
        *,
        lease_s: float = LEASE_S,
        most_deaths: int = MOST_DEATHS,
        backoff: tenacity.wait.wait_base = BACKOFF,
        stop: threading.Event | None = None,
        watch: Callable[[Job], None] = lambda _: None,
    ) -> None:
        """Make itself known as somebody who may hold jobs.

        Args:
            service: what jobs work on.
            lease_s: for how long it may stand still before others take its job, in seconds.
            most_deaths: how many runners one stage may cost.
            backoff: how long what failed in passing waits, by the number of attempts.
            stop: once set, work stops before its next stage and is left to others.
            watch: called with the job each time that it has come further.
        """
        self._service = service
        self._jobs = service.jobs
        self._lease_s = lease_s
        self._most_deaths = most_deaths
        self._backoff = backoff
        self._stop = stop or threading.Event()
        self._watch = watch
        self._presence = Presence(service.jobs_folder / "runners")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._presence.close()

    def run_next(self, job_id: str | None = None) -> Job | None:
        """Take the job that waits longest, or one by name, and do it; None where none is due."""
        job = self._jobs.take(
            self._presence.name,
            now=datetime.now(UTC),
            lease_until=lease_end(self._lease_s),
            is_gone=self._presence.is_gone,
            job_id=job_id,
        )
        if job is None:
            return None
        bound = structlog.contextvars.bound_contextvars(job=job.job_id, kind=job.kind.value)
        with bound, Heartbeat(self._jobs, job, self._lease_s) as pulse:
            context = JobContext(
                self._service, self._jobs, job, pulse, stop=self._stop, watch=self._watch
            )
            try:
                ended = self._jobs.leave(context.job, self._ending(context))
            except LeaseLostError:
                log.warning("another runner has taken the job over")
                return self._jobs.job(job.job_id)
        log.info("job left", state=ended.state.value, error=ended.error)
        self._watch(ended)
        return ended

    def _ending(self, context: JobContext) -> Ending:
        job = context.job
        if job.deaths > self._most_deaths:
            return _failed("JOB_DIED", f"its runner died {job.deaths} times in one stage")
        if job.cancelled_by is not None:
            return self._cancelled(context)
        try:
            result = WORK[job.kind](context)
        except CancelRequested:
            return self._cancelled(context)
        except Interrupted:
            return Ending(
                state=JobState.WAITING, due_at=datetime.now(UTC), attempts=context.job.attempts
            )
        except LeaseLostError:
            raise
        except StoreUnavailableError as error:
            return self._later(context.job, error)
        except GraphsvcError as error:
            return _failed(error.code, str(error))
        except Exception as error:
            log.exception("a job failed for want of a better program")
            return _failed("INTERNAL", f"{type(error).__name__}; the log says where")
        now = datetime.now(UTC)
        return Ending(state=JobState.SUCCEEDED, due_at=now, finished_at=now, result=result)

    def _cancelled(self, context: JobContext) -> Ending:
        try:
            if context.job.kind is JobKind.RECOMPUTE:
                recompute.discard(context)
        except StoreUnavailableError as error:
            return self._later(context.job, error)
        now = datetime.now(UTC)
        return Ending(state=JobState.CANCELLED, due_at=now, finished_at=now)

    def _later(self, job: Job, error: GraphsvcError) -> Ending:
        """Leave a job that failed in passing for later, unless that has happened too often."""
        attempts = self._jobs.job(job.job_id).attempts + 1
        if attempts >= MOST_ATTEMPTS:
            return _failed(error.code, f"{error}; tried {attempts} times")
        state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
        state.attempt_number = attempts
        return Ending(
            state=JobState.RETRYING,
            due_at=datetime.now(UTC) + timedelta(seconds=self._backoff(state)),
            attempts=attempts,
            error_code=error.code,
            error=str(error),
        )


def _failed(code: str, message: str) -> Ending:
    now = datetime.now(UTC)
    return Ending(
        state=JobState.FAILED, due_at=now, finished_at=now, error_code=code, error=message
    )
