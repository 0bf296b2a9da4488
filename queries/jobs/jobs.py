"""Jobs, who is at them, and the occasions of schedules. Each change says whether it was made."""

from __future__ import annotations

from sqlite3 import Connection

from queries._load import load
from queries.rows import Parameters, Row
from queries.sqlite._run import first, rows

_JOBS = load("jobs/jobs.sql")


def insert(connection: Connection, job: Parameters) -> bool:
    """Ask for a job; no where there is one of its id or its occasion already."""
    return _changed(connection, "insert_job", job)


def one(connection: Connection, job_id: str) -> Row | None:
    """Return one job."""
    return next(iter(rows(connection, _JOBS["select_job"], {"job_id": job_id})), None)


def latest(connection: Connection, state: str | None, limit: int) -> list[Row]:
    """Return jobs, the latest request first."""
    return rows(connection, _JOBS["select_jobs"], {"state": state, "limit": limit})


def unfinished(connection: Connection, now_us: int) -> list[Row]:
    """Return jobs that are due, and those that somebody is at, in order of request."""
    return rows(connection, _JOBS["select_unfinished_jobs"], {"now_us": now_us})


def take(connection: Connection, job: Parameters) -> bool:
    """Give a job to a runner."""
    return _changed(connection, "take_job", job)


def extend_lease(connection: Connection, job_id: str, fence: int, lease_until_us: int) -> bool:
    """Keep a job."""
    values = {"job_id": job_id, "fence": fence, "lease_until_us": lease_until_us}
    return _changed(connection, "extend_lease", values)


def enter_stage(connection: Connection, job_id: str, fence: int, stage: str) -> bool:
    """Note what a job is at."""
    values = {"job_id": job_id, "fence": fence, "stage": stage}
    return _changed(connection, "enter_stage", values)


def save_checkpoint(connection: Connection, checkpoint: Parameters) -> bool:
    """Note how far a job is."""
    return _changed(connection, "save_checkpoint", checkpoint)


def leave(connection: Connection, ending: Parameters) -> bool:
    """End a runner's work on a job."""
    return _changed(connection, "leave_job", ending)


def request_cancel(connection: Connection, job_id: str, cancelled_by: str, now_us: int) -> bool:
    """Note that a job is to be cancelled; one that nobody has begun is so at once."""
    values = {"job_id": job_id, "cancelled_by": cancelled_by, "now_us": now_us}
    is_asked = _changed(connection, "request_cancel", values)
    _changed(connection, "cancel_untouched_job", {"job_id": job_id, "now_us": now_us})
    return is_asked


def revive(connection: Connection, job_id: str, now_us: int) -> bool:
    """Let a job that ended go on from its last finished stage."""
    return _changed(connection, "revive_job", {"job_id": job_id, "now_us": now_us})


def delete_finished(connection: Connection, before_us: int) -> int:
    """Forget jobs that ended long ago; return how many."""
    cursor = connection.execute(_JOBS["delete_finished_jobs"].text, {"before_us": before_us})
    return cursor.rowcount


def schedule_seen(connection: Connection, schedule: str) -> int | None:
    """Return up to when a schedule's occasions became jobs, None where it is new."""
    found = first(connection, _JOBS["select_schedule_seen"], {"schedule": schedule})
    return None if found is None else int(found[0])


def see_schedule(connection: Connection, schedule: str, until_us: int) -> None:
    """Note up to when a schedule's occasions became jobs."""
    _changed(connection, "upsert_schedule_seen", {"schedule": schedule, "until_us": until_us})


def _changed(connection: Connection, name: str, values: Parameters) -> bool:
    return connection.execute(_JOBS[name].text, values).rowcount > 0
