"""What an operator may do to jobs from afar, for one purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from graphsvc.access import Principal
from graphsvc.errors import ConflictError, NotFoundError
from graphsvc.jobs.model import Job, JobKind, JobParameters, JobState
from graphsvc.model import Purpose
from graphsvc.permissions import Act, require_role
from graphsvc.writing import RefusalCode, RefusedItemError, hash_of_key

if TYPE_CHECKING:
    from graphsvc.app import Service

LOOKED_THROUGH = 1000
EXPORTS_FOLDER = "exports"


@dataclass(frozen=True, slots=True)
class Asked:
    """A job that was asked for, or to end, now or before (`was_done`)."""

    job: Job
    was_done: bool


class Operating:
    """The jobs that concern one purpose, for one credential."""

    def __init__(self, service: Service, principal: Principal, purpose: Purpose) -> None:
        """Let the credential operate.

        Raises:
            NotPermittedError: it holds none of the roles that this needs.
        """
        require_role(principal, Act.RUN_JOBS)
        self._service = service
        self._principal = principal
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
        self,
        programmes: Sequence[str],
        as_of: datetime | None,
        tolerance: float | None,
        *,
        key: str,
    ) -> Asked:
        """Ask for a recompute; the same call again, under the same key, finds its job.

        Raises:
            DefinitionNotFoundError: a programme is not declared.
            ConflictError: a programme is for another purpose.
            InvalidInputError: the tolerance or the key can't be used.
            RefusedItemError: the key was used for another job.
        """
        parameters = JobParameters.asked(
            purposes=(self._purpose,),
            programmes=tuple(programmes),
            as_of=as_of,
            tolerance=tolerance,
        )
        return self._asked(JobKind.RECOMPUTE, parameters, key)

    def start_export(self, programmes: Sequence[str], what: str, form: str, *, key: str) -> Asked:
        """Ask for published values to be written to a folder of the service's own.

        Args:
            programmes: names of programmes; the champion where there are none.
            what: as `ExportParameters` takes it.
            form: likewise.
            key: of the call, as for `start_recompute`.

        Raises:
            NotPermittedError: no role for exports.
            DefinitionNotFoundError, ConflictError, InvalidInputError, RefusedItemError: see
                `start_recompute`.
        """
        require_role(self._principal, Act.EXPORT)
        # A folder of the caller's choice would let it write wherever the service may.
        folder = self._service.settings.data_dir.resolve() / EXPORTS_FOLDER / self._id_of(key)
        parameters = JobParameters.asked(
            purposes=(self._purpose,),
            programmes=tuple(programmes),
            export={"what": what, "folder": folder, "form": form},
        )
        return self._asked(JobKind.EXPORT, parameters, key)

    def cancel(self, job_id: str) -> Asked:
        """Ask for a job's end; one that somebody asked to end already stays as it is.

        Raises:
            NotFoundError: no job of that id is for this purpose alone.
            ConflictError: it is over already.
        """
        missing = NotFoundError(
            f"there is no job {job_id[:64]!r} for purpose {self._purpose} alone"
        )
        try:
            job = self._service.jobs.job(job_id)
        except NotFoundError:
            raise missing from None
        if job.parameters.purposes != (self._purpose,):
            raise missing
        if job.cancelled_by is not None:
            return Asked(job, was_done=True)
        return Asked(self._service.cancel_job(job_id, actor=self._actor), was_done=False)

    def _asked(self, kind: JobKind, parameters: JobParameters, key: str) -> Asked:
        job_id = self._id_of(key)
        former = self._found(job_id)
        if former is None:
            try:
                job = self._service.ask_for_job(kind, parameters, actor=self._actor, job_id=job_id)
                return Asked(job, was_done=False)
            except ConflictError:
                # An equal request may have come first by a hair.
                former = self._found(job_id)
                if former is None:
                    raise
        if (former.kind, former.parameters) != (kind, parameters):
            raise RefusedItemError(
                "idempotency_key",
                RefusalCode.IDEMPOTENCY_CONFLICT,
                "was used for another job; send a new key with new content",
            )
        return Asked(former, was_done=True)

    def _id_of(self, key: str) -> str:
        return f"J-{hash_of_key(self._principal, key)}"

    def _found(self, job_id: str) -> Job | None:
        try:
            return self._service.jobs.job(job_id)
        except NotFoundError:
            return None

    def _concerns(self, job: Job) -> bool:
        return not job.parameters.purposes or self._purpose in job.parameters.purposes
