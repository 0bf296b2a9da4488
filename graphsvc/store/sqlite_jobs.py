"""The job file: jobs and their leases in an SQLite file of their own.

It lies in the data folder, not in the store, so that what becomes of a job can be told while the
store is away. Whether a job's run may be published is asked of the store.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from graphsvc.errors import ConflictError, LeaseLostError, NotFoundError, StoreUnavailableError
from graphsvc.jobs.model import Ending, Job, JobKind, JobParameters, JobState
from graphsvc.model.checks import from_microseconds, to_microseconds
from graphsvc.store.sqlite_database import Database
from queries.jobs import jobs
from queries.rows import Row

APPLICATION_ID = 0x6773766A
LOCK_TIMEOUT_S = 20.0
_TIMES = (
    "requested_at",
    "scheduled_for",
    "due_at",
    "lease_until",
    "started_at",
    "attempt_at",
    "progress_at",
    "finished_at",
)


class SqliteJobFile:
    """A `JobFile` in one SQLite file, for any number of processes of one machine."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it where there is none.

        Raises:
            StoreUnavailableError: it can't be made.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        except OSError as error:
            raise StoreUnavailableError(
                f"no job file can be made at {path}: {error.strerror}; set GRAPHSVC_DATA_DIR to a "
                "folder that can be written"
            ) from error
        self._database = Database(
            path.absolute(),
            lock_timeout_s=LOCK_TIMEOUT_S,
            migrations="jobs",
            application_id=APPLICATION_ID,
        )
        self._database.migrate(lambda _: None)

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
        new_id = job_id or f"J-{now:%Y%m%d}-{secrets.token_hex(4)}"
        row = {
            "job_id": new_id,
            "kind": kind.value,
            "parameters": parameters.model_dump_json(),
            "requested_by": requested_by,
            "requested_at_us": to_microseconds(now),
            "schedule": schedule,
            "scheduled_for_us": None if scheduled_for is None else to_microseconds(scheduled_for),
            "state": JobState.WAITING.value,
            "due_at_us": to_microseconds(now),
        }

        def add(connection: Connection) -> Job | None:
            return _one(connection, new_id) if jobs.insert(connection, row) else None

        return self._database.write(add)

    def job(self, job_id: str) -> Job:
        """Return one job; see `JobFile.job`."""
        return self._database.read(lambda connection: _one(connection, job_id))

    def jobs(self, state: JobState | None = None, limit: int = 50) -> list[Job]:
        """Return jobs, the latest request first."""
        wanted = None if state is None else state.value
        found = self._database.read(
            lambda connection: jobs.latest(connection, wanted, max(limit, 0))
        )
        return [_job(row) for row in found]

    def take(
        self,
        runner: str,
        *,
        now: datetime,
        lease_until: datetime,
        is_gone: Callable[[str], bool],
        job_id: str | None = None,
    ) -> Job | None:
        """Give a runner the due job that was asked for first, or one by name."""

        def take(connection: Connection) -> Job | None:
            for row in jobs.unfinished(connection, to_microseconds(now)):
                job = _job(row)
                if job_id not in (None, job.job_id) or _is_held(job, now, is_gone):
                    continue
                values = {
                    "job_id": job.job_id,
                    "runner": runner,
                    "lease_until_us": to_microseconds(lease_until),
                    "now_us": to_microseconds(now),
                    "deaths": job.deaths + (job.state is JobState.RUNNING),
                }
                jobs.take(connection, values)
                return _one(connection, job.job_id)
            return None

        return self._database.write(take)

    def keep(self, job: Job, lease_until: datetime) -> None:
        """Extend a lease."""
        until_us = to_microseconds(lease_until)
        self._changed(
            job,
            lambda connection: jobs.extend_lease(connection, job.job_id, job.fence, until_us),
        )

    def enter(self, job: Job, stage: str) -> Job:
        """Note what the job is at; return it as it stands."""
        return self._changed(
            job, lambda connection: jobs.enter_stage(connection, job.job_id, job.fence, stage)
        )

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
        """Note how far the job is; return it as it stands."""
        row = {
            "job_id": job.job_id,
            "fence": job.fence,
            "checkpoint": json.dumps(checkpoint),
            "done": done,
            "total": total,
            "unit": unit,
            "now_us": to_microseconds(now),
        }
        return self._changed(job, lambda connection: jobs.save_checkpoint(connection, row))

    def leave(self, job: Job, ending: Ending) -> Job:
        """End the runner's work; return the job as it stands."""
        finished_at = ending.finished_at
        row = {
            "job_id": job.job_id,
            "fence": job.fence,
            "state": ending.state.value,
            "due_at_us": to_microseconds(ending.due_at),
            "attempts": ending.attempts,
            "finished_at_us": None if finished_at is None else to_microseconds(finished_at),
            "error_code": ending.error_code,
            "error": ending.error,
            "result": None if ending.result is None else json.dumps(ending.result),
        }
        return self._changed(job, lambda connection: jobs.leave(connection, row))

    def request_cancel(self, job_id: str, by: str, now: datetime) -> Job:
        """Ask for a job's end; one that nobody has begun is over at once."""

        def cancel(connection: Connection) -> Job:
            job = _one(connection, job_id)
            if job.state.is_over:
                raise ConflictError(f"job {job_id} is over: {job.state}")
            jobs.request_cancel(connection, job_id, by, to_microseconds(now))
            return _one(connection, job_id)

        return self._database.write(cancel)

    def revive(self, job_id: str, now: datetime) -> Job:
        """Let a job that failed or was cancelled go on from its last finished stage."""

        def revive(connection: Connection) -> Job:
            job = _one(connection, job_id)
            if not jobs.revive(connection, job_id, to_microseconds(now)):
                raise ConflictError(
                    f"job {job_id} is {job.state}; only one that failed or was cancelled is tried "
                    "again"
                )
            return _one(connection, job_id)

        return self._database.write(revive)

    def forget_before(self, before: datetime) -> int:
        """Remove jobs that ended before a time; return how many."""
        before_us = to_microseconds(before)
        return self._database.write(lambda connection: jobs.delete_finished(connection, before_us))

    def schedule_seen(self, schedule: str) -> datetime | None:
        """Return up to when a schedule's occasions became jobs, None where it is new."""
        seen_us = self._database.read(lambda connection: jobs.schedule_seen(connection, schedule))
        return None if seen_us is None else from_microseconds(seen_us)

    def see_schedule(self, schedule: str, until: datetime) -> None:
        """Note up to when a schedule's occasions became jobs."""
        until_us = to_microseconds(until)
        self._database.write(lambda connection: jobs.see_schedule(connection, schedule, until_us))

    def close(self) -> None:
        """Release connections; the file can't be used afterwards."""
        self._database.close()

    def _changed(self, job: Job, change: Callable[[Connection], bool]) -> Job:
        def work(connection: Connection) -> Job:
            if not change(connection):
                raise LeaseLostError(f"job {job.job_id}: another runner has taken it over")
            return _one(connection, job.job_id)

        return self._database.write(work)


def _is_held(job: Job, now: datetime, is_gone: Callable[[str], bool]) -> bool:
    if job.state is not JobState.RUNNING or job.lease_until is None or job.runner is None:
        return False
    return now < job.lease_until and not is_gone(job.runner)


def _one(connection: Connection, job_id: str) -> Job:
    row = jobs.one(connection, job_id)
    if row is None:
        raise NotFoundError(f"there is no job {job_id!r}; graphsvc jobs list names them")
    return _job(row)


def _job(row: Row) -> Job:
    values = {name: row[name] for name in Job.__slots__ if name in row}
    for name in _TIMES:
        at_us = row[f"{name}_us"]
        values[name] = None if at_us is None else from_microseconds(at_us)
    values["kind"], values["state"] = JobKind(row["kind"]), JobState(row["state"])
    values["parameters"] = JobParameters.model_validate_json(row["parameters"])
    values["checkpoint"] = json.loads(row["checkpoint"])
    values["result"] = None if row["result"] is None else json.loads(row["result"])
    return Job(**values)
