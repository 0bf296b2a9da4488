"""Schedules: which job is asked for when, by a cron expression in a time zone.

An occasion becomes one job, however many workers look at the schedule. Occasions that passed while
nobody worked, or while the job of the one before was not over, are made up for by one job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
import yaml
from cronsim import CronSim, CronSimError
from pydantic import Field, ValidationError, field_validator, model_validator

from graphsvc.errors import DefinitionError, InvalidInputError
from graphsvc.jobs.model import Job, JobKind, JobParameters, JobState
from graphsvc.jobs.ports import JobFile
from graphsvc.model.definition import NAME_PATTERN

log = structlog.get_logger(__name__)

UNFINISHED = (JobState.WAITING, JobState.RETRYING, JobState.RUNNING)
LOOKED_THROUGH = 1000


class Schedule(JobParameters):
    """When a job is done, and what it is for."""

    cron: str = Field(description="Minute, hour, day, month, weekday, as cron reads them.")
    job: JobKind = Field(description="What is done.")
    timezone: str = Field(default="UTC", description="Time zone of the expression.")

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is no time zone; write Europe/Berlin or UTC") from None
        return name

    @field_validator("cron")
    @classmethod
    def _is_readable(cls, expression: str) -> str:
        try:
            CronSim(expression, datetime.now(UTC))
        except CronSimError as error:
            raise ValueError(f"{expression!r} is no cron expression: {error}") from None
        return expression

    @model_validator(mode="after")
    def _fits_its_job(self) -> Schedule:
        try:
            self.parameters.require_fit(self.job)
        except InvalidInputError as error:
            raise ValueError(str(error)) from None
        return self

    @property
    def parameters(self) -> JobParameters:
        """What its jobs are asked for."""
        return JobParameters(**{name: getattr(self, name) for name in JobParameters.model_fields})

    def next_after(self, time: datetime) -> datetime:
        """Return the first occasion after a time."""
        return next(CronSim(self.cron, self._local(time))).astimezone(UTC)

    def last_before(self, time: datetime) -> datetime:
        """Return the last occasion before a time."""
        return next(CronSim(self.cron, self._local(time), reverse=True)).astimezone(UTC)

    def _local(self, time: datetime) -> datetime:
        return time.astimezone(ZoneInfo(self.timezone))


@dataclass(frozen=True, slots=True)
class Schedules:
    """All schedules of a file, by name."""

    by_name: Mapping[str, Schedule]

    @classmethod
    def load(cls, path: Path | None) -> Schedules:
        """Read the file; without one there are none.

        Raises:
            DefinitionError: it can't be read, or something in it is wrong; says where.
        """
        if path is None:
            return cls({})
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            raise DefinitionError(f"{path}: can't be read: {error}") from error
        names = [str(name) for name in document] if isinstance(document, dict) else [""]
        if not all(NAME_PATTERN.fullmatch(name) for name in names):
            raise DefinitionError(
                f"{path}: write NAME: {{cron: …, job: …}} for each schedule, names in lower case"
            )
        return cls({name: _checked(path, name, body) for name, body in document.items()})

    def ask_for_due(self, jobs: JobFile, now: datetime) -> list[Job]:
        """Ask for the jobs whose time has come; return them.

        A schedule that is seen for the first time begins now.
        """
        asked = (self._ask(jobs, name, schedule, now) for name, schedule in self.by_name.items())
        return [job for job in asked if job is not None]

    def _ask(self, jobs: JobFile, name: str, schedule: Schedule, now: datetime) -> Job | None:
        seen = jobs.schedule_seen(name)
        if seen is None:
            jobs.see_schedule(name, now)
            return None
        due = schedule.last_before(now)
        if due <= seen or _is_unfinished(jobs, name):
            return None
        job = jobs.add(
            schedule.job,
            schedule.parameters,
            f"schedule:{name}",
            now=now,
            schedule=name,
            scheduled_for=due,
        )
        jobs.see_schedule(name, due)
        if job is not None:
            log.info("a schedule's time has come", schedule=name, job=job.job_id)
        return job


def _checked(path: Path, name: str, body: object) -> Schedule:
    try:
        return Schedule.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in (name, *first["loc"]))
        raise DefinitionError(f"{path}: {field}: {first['msg']}") from error


def _is_unfinished(jobs: JobFile, schedule: str) -> bool:
    return any(
        job.schedule == schedule
        for state in UNFINISHED
        for job in jobs.jobs(state, limit=LOOKED_THROUGH)
    )
