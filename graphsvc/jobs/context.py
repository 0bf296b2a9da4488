"""What work sees of its job: where it stands, and whether it may go on."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import structlog

from graphsvc.errors import GraphsvcError, LeaseLostError
from graphsvc.jobs.model import Job
from graphsvc.jobs.ports import JobFile

if TYPE_CHECKING:
    from graphsvc.app import Service

log = structlog.get_logger(__name__)

HEARTBEATS_A_LEASE = 4


class CancelRequested(Exception):  # noqa: N818 - nothing went wrong
    """Somebody asked for the job's end."""


class Interrupted(Exception):  # noqa: N818 - nothing went wrong
    """The runner is told to stop; another one will go on."""


class Heartbeat:
    """Extends a lease from a thread of its own, and learns there whether it was lost."""

    def __init__(self, jobs: JobFile, job: Job, lease_s: float) -> None:
        self._jobs = jobs
        self._job = job
        self._lease_s = lease_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease {job.job_id}", daemon=True)
        self.is_lost = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(self._lease_s / HEARTBEATS_A_LEASE):
            try:
                self._jobs.keep(self._job, lease_end(self._lease_s))
            except LeaseLostError:
                self.is_lost = True
                return
            except GraphsvcError as error:
                log.warning("a lease could not be extended, trying again", why=str(error))


def lease_end(lease_s: float) -> datetime:
    """Return until when a lease that is taken now holds."""
    return datetime.now(UTC) + timedelta(seconds=lease_s)


class JobContext:
    """One runner's view of one job; every change goes to the job file before work goes on."""

    def __init__(
        self,
        service: Service,
        jobs: JobFile,
        job: Job,
        pulse: Heartbeat,
        *,
        stop: threading.Event,
        watch: Callable[[Job], None],
    ) -> None:
        self.service = service
        self.job = job
        self.checkpoint: dict[str, Any] = copy.deepcopy(dict(job.checkpoint))
        self._jobs = jobs
        self._pulse = pulse
        self._stop = stop
        self._watch = watch

    @property
    def fence(self) -> int:
        """The number that shows the store that the job is this runner's."""
        return self.job.fence

    @property
    def actor(self) -> str:
        """Who is named in the audit: whoever asked for the job."""
        return f"{self.job.requested_by} (job {self.job.job_id})"

    def enter(self, stage: str) -> None:
        """Begin a stage, unless the job was cancelled, lost, or the runner is told to stop.

        Raises:
            CancelRequested, Interrupted, LeaseLostError: one of these.
        """
        if self._pulse.is_lost:
            raise LeaseLostError(f"job {self.job.job_id}: another runner has taken it over")
        stands = self._jobs.enter(self.job, stage)
        if stands.cancelled_by is not None:
            raise CancelRequested
        if self._stop.is_set():
            raise Interrupted
        self._watch(stands)

    def save(
        self, *, done: float | None = None, total: float | None = None, unit: str = ""
    ) -> None:
        """Write the checkpoint, and how much is done; what isn't given stays as it is.

        Raises:
            LeaseLostError: another runner has taken the job.
        """
        self.job = self._jobs.save(
            self.job,
            self.checkpoint,
            done=self.job.done if done is None else done,
            total=self.job.total if total is None else total,
            unit=unit or self.job.unit,
            now=datetime.now(UTC),
        )
        self._watch(self.job)

    def once(self, stage: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Run a stage and keep what it returns; a stage that was finished is not run again."""
        finished: dict[str, Any] = self.checkpoint.setdefault("finished", {})
        if stage not in finished:
            self.enter(stage)
            finished[stage] = work()
            self.save(done=len(finished))
        found: dict[str, Any] = finished[stage]
        return found
