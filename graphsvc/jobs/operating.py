"""What an operator may do to jobs from afar, for one purpose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from graphsvc.access import Principal
from graphsvc.errors import NotFoundError
from graphsvc.jobs.model import Job, JobKind, JobParameters, JobState
from graphsvc.model import Purpose
from graphsvc.permissions import Act, require_role

if TYPE_CHECKING:
    from graphsvc.app import Service

LOOKED_THROUGH = 1000


class Operating:
    """The jobs that concern one purpose, for one credential."""

    def __init__(self, service: Service, principal: Principal, purpose: Purpose) -> None:
        """Let the credential operate.

        Raises:
            NotPermittedError: it holds none of the roles that this needs.
        """
        require_role(principal, Act.RUN_JOBS)
        self._service = service
        self._actor = principal.actor
        self._purpose = purpose.name

    def jobs(self, state: JobState | None, limit: int) -> list[Job]:
        """Return the jobs that concern the purpose, the latest request first."""
        found = self._service.jobs.jobs(state, LOOKED_THROUGH)
        return [job for job in found if self._concerns(job)][:limit]

    def job(self, job_id: str) -> Job:
        """Return a job that concerns the purpose.

        Raises:
            NotFoundError: there is none of that id, or it does not concern the purpose.
        """
        missing = NotFoundError(f"there is no job {job_id[:64]!r} for purpose {self._purpose}")
        try:
            job = self._service.jobs.job(job_id)
        except NotFoundError:
            raise missing from None
        if not self._concerns(job):
            raise missing
        return job

    def start_recompute(
        self, programmes: Sequence[str], as_of: datetime | None, tolerance: float | None
    ) -> Job:
        """Ask for a recompute; one that nobody has begun yet and that is for the same is taken.

        Raises:
            DefinitionNotFoundError: a programme is not declared.
            ConflictError: a programme is for another purpose.
            InvalidInputError: the tolerance can't be used.
        """
        parameters = JobParameters.asked(
            purposes=(self._purpose,),
            programmes=tuple(programmes),
            as_of=as_of,
            tolerance=tolerance,
        )
        for job in self.jobs(JobState.WAITING, LOOKED_THROUGH):
            is_same = (job.kind, job.parameters) == (JobKind.RECOMPUTE, parameters)
            if is_same and job.started_at is None:
                return job
        return self._service.ask_for_job(JobKind.RECOMPUTE, parameters, actor=self._actor)

    def cancel(self, job_id: str) -> Job:
        """Ask for a job's end.

        Raises:
            NotFoundError: no job of that id is for this purpose alone.
            ConflictError: it is over already.
        """
        job = self._service.jobs.job(job_id)
        if job.parameters.purposes != (self._purpose,):
            raise NotFoundError(f"there is no job {job_id!r} for purpose {self._purpose} alone")
        return self._service.cancel_job(job_id, actor=self._actor)

    def _concerns(self, job: Job) -> bool:
        return not job.parameters.purposes or self._purpose in job.parameters.purposes
