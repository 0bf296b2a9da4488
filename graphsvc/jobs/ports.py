"""What jobs need of the file that they are kept in.

Each change that a runner makes names its fence; where somebody else has taken the job meanwhile, it
is refused, and nothing was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from graphsvc.jobs.model import Ending, Job, JobKind, JobParameters, JobState


class JobFile(Protocol):
    """Keeps jobs for the processes of one machine; safe to share by threads."""

    def add(
        self,
        kind: JobKind,
        parameters: JobParameters,
        requested_by: str,
        *,
        now: datetime,
        schedule: str | None = None,
        scheduled_for: datetime | None = None,
        job_id: str | None = None,
    ) -> Job | None:
        """Ask for a job; None where there is one of that id, or for that occasion, already."""

    def job(self, job_id: str) -> Job:
        """Return one job.

        Raises:
            NotFoundError: there is none of that id.
        """

    def jobs(self, state: JobState | None = None, limit: int = 50) -> list[Job]:
        """Return jobs, the latest request first."""

    def take(
        self,
        runner: str,
        *,
        now: datetime,
        lease_until: datetime,
        is_gone: Callable[[str], bool],
        job_id: str | None = None,
    ) -> Job | None:
        """Give a runner the due job that was asked for first, or one by name; None where none is.

        A job that is running is given away when its lease is over or its runner is gone.
        """

    def keep(self, job: Job, lease_until: datetime) -> None:
        """Extend a lease.

        Raises:
            LeaseLostError: another runner has taken it.
        """

    def enter(self, job: Job, stage: str) -> Job:
        """Note what the job is at; return it as it stands.

        Raises:
            LeaseLostError: another runner has taken it.
        """

    def save(
        self,
        job: Job,
        checkpoint: Mapping[str, Any],
        *,
        done: float,
        total: float | None,
        unit: str | None,
        now: datetime,
    ) -> Job:
        """Note how far the job is; return it as it stands.

        Raises:
            LeaseLostError: another runner has taken it.
        """

    def leave(self, job: Job, ending: Ending) -> Job:
        """End the runner's work; return the job as it stands.

        Raises:
            LeaseLostError: another runner has taken it.
        """

    def request_cancel(self, job_id: str, by: str, now: datetime) -> Job:
        """Ask for a job's end; one that nobody has begun is over at once.

        Raises:
            NotFoundError: there is none of that id.
            ConflictError: it is over already.
        """

    def revive(self, job_id: str, now: datetime) -> Job:
        """Let a job that failed or was cancelled go on from its last finished stage.

        Raises:
            NotFoundError: there is none of that id.
            ConflictError: it did not fail, and was not cancelled.
        """

    def forget_before(self, before: datetime) -> int:
        """Remove jobs that ended before a time; return how many."""

    def schedule_seen(self, schedule: str) -> datetime | None:
        """Return up to when a schedule's occasions became jobs, None where it is new."""

    def see_schedule(self, schedule: str, until: datetime) -> None:
        """Note up to when a schedule's occasions became jobs."""

    def close(self) -> None:
        """Release connections; the file can't be used afterwards."""
