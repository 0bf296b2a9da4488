"""What a job is, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from graphsvc.errors import InvalidInputError


class JobKind(StrEnum):
    """What a job does."""

    RECOMPUTE = "recompute"  # snapshot, propagate, score and publish runs
    BACKTEST = "backtest"  # test programmes over past times against what came afterwards
    EXPORT = "export"  # write current scores, reasons, runs or graphs to files
    RETENTION = "retention"  # erase what is past retention, prune old runs, forget old jobs
    RECONCILE = "reconcile"  # compare live scores with full solutions
    SNAPSHOT = "snapshot"  # build snapshots, so that the next recompute finds them warm


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"  # for a runner, or for its time
    RUNNING = "running"  # a runner holds its lease
    RETRYING = "retrying"  # something failed in passing; it goes on by itself when it is due
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # a person has to look; `retry` lets it go on
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing happens to the job by itself any more."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class Engine(StrEnum):
    """What spreads risk and trust in a recompute."""

    CORE = "core"  # this machine
    SPARK = "spark"  # Apache Spark, as GRAPHSVC_SPARK_MASTER says


class BacktestParameters(BaseModel):
    """Which times are tested, against what; as `graphsvc backtest` takes them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: AwareDatetime = Field(description="The first time that is scored.")
    last: AwareDatetime = Field(description="The last time that is scored.")
    outcomes: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="Bad outcomes: event:KIND, report:upheld or listing:LIST."
    )
    every_days: Annotated[float, Field(gt=0)] = Field(
        default=30.0, description="From one time to the next."
    )
    horizon_days: Annotated[float, Field(gt=0)] = Field(
        default=90.0, description="For how long after each time outcomes count."
    )
    knowledge: Literal["recorded", "dated"] = Field(
        default="recorded", description="What was in the store by then, or what tells of then."
    )


class ExportParameters(BaseModel):
    """What is written where; one file for each purpose and programme."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: Literal["scores", "reasons", "runs", "graph"] = Field(description="What is written.")
    folder: Path = Field(description="Where; must be absolute, for a worker may do it elsewhere.")
    form: Literal["parquet", "arrow", "csv", "graphml", "gexf"] = Field(
        default="parquet", description="Format of the files; the last two are for graphs."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.folder.is_absolute():
            raise ValueError(f"folder {self.folder} is not absolute; write it from / on")
        if self.form in ("graphml", "gexf") and self.what != "graph":
            raise ValueError(f"{self.form} is a format of graphs; write parquet, arrow or csv")
        return self


class JobParameters(BaseModel):
    """What is asked for; names no subject."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purposes: tuple[str, ...] = Field(
        default=(), description="Purposes it is for; all that are declared otherwise."
    )
    programmes: tuple[str, ...] = Field(
        default=(), description="Programmes it is for; all of the purposes otherwise."
    )
    as_of: AwareDatetime | None = Field(
        default=None, description="The time that is scored; when the job begins otherwise."
    )
    tolerance: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Largest error of a value; the programme's otherwise."
    )
    engine: Engine = Field(
        default=Engine.CORE, description="For recomputes only: what spreads risk and trust."
    )
    backtest: BacktestParameters | None = Field(
        default=None, description="For backtests only: which times, against what."
    )
    export: ExportParameters | None = Field(
        default=None, description="For exports only: what is written where."
    )

    def require_fit(self, kind: JobKind) -> None:
        """Refuse what doesn't go with a kind of job.

        Raises:
            InvalidInputError: a backtest without its times, an export without its folder, or what
                another kind of job doesn't take.
        """
        if self.engine is not Engine.CORE and kind is not JobKind.RECOMPUTE:
            raise InvalidInputError(f"{kind}: only a recompute takes an engine (--engine)")
        if (self.export is not None) != (kind is JobKind.EXPORT):
            raise InvalidInputError(
                f"{kind}: an export needs what it writes, and where (--what, --folder), and no "
                "other job takes them"
            )
        if (self.backtest is not None) != (kind is JobKind.BACKTEST):
            raise InvalidInputError(
                f"{kind}: a backtest needs its times and outcomes (--from, --to, --outcome), and "
                "no other job takes them"
            )

    @classmethod
    def asked(cls, **values: object) -> JobParameters:
        """Return what a person asked for.

        Raises:
            InvalidInputError: a value can't be used; names it.
        """
        try:
            return cls(**values)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise InvalidInputError(f"{field}: {first['msg']}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as its file keeps it.

    `fence` counts who took it: only the latest may change it. `attempts` failed in passing, and
    `deaths` left it with a dead runner, since its last finished stage. `done` of `total` is in
    `unit`; `attempt_done` was done when this runner began, at `attempt_at`.
    """

    number: int
    job_id: str
    kind: JobKind
    parameters: JobParameters
    requested_by: str
    requested_at: datetime
    state: JobState
    due_at: datetime
    fence: int
    attempts: int
    deaths: int
    done: float
    attempt_done: float
    checkpoint: Mapping[str, Any]
    schedule: str | None = None
    scheduled_for: datetime | None = None
    runner: str | None = None
    lease_until: datetime | None = None
    cancelled_by: str | None = None
    stage: str | None = None
    total: float | None = None
    unit: str | None = None
    started_at: datetime | None = None
    attempt_at: datetime | None = None
    progress_at: datetime | None = None
    finished_at: datetime | None = None
    error_code: str | None = None
    error: str | None = None
    result: Mapping[str, Any] | None = None

    @property
    def share_done(self) -> float | None:
        """How much of it is done, 0 to 1; None where that is not known."""
        if self.state is JobState.SUCCEEDED:
            return 1.0
        return self.done / self.total if self.total else None

    @property
    def rate(self) -> float | None:
        """Units a second that its present, or last, runner did; None before the first."""
        if self.attempt_at is None or self.progress_at is None:
            return None
        seconds = (self.progress_at - self.attempt_at).total_seconds()
        done = self.done - self.attempt_done
        return done / seconds if done > 0 and seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at that rate, counted from its last progress."""
        if self.state is not JobState.RUNNING or self.total is None or self.rate is None:
            return None
        return max(self.total - self.done, 0.0) / self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a runner leaves a job: over, or due again."""

    state: JobState
    due_at: datetime
    attempts: int = 0
    finished_at: datetime | None = None
    error_code: str | None = None
    error: str | None = None
    result: Mapping[str, Any] | None = None
