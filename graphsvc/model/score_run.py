"""Score runs: one immutable recomputation with its certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCertificate:
    """What is guaranteed of every value in one column of a run.

    `bound` is the largest possible distance of any single value from the exact fixed point,
    `bound_1` that of all values added up; both come from the residual measured in float64.
    """

    bound: float
    bound_1: float
    residual: float
    tolerance: float
    sweeps: int


class RunMethod(StrEnum):
    """How a run's values were computed; both are certified, their last bits differ."""

    CORE = "core"  # by the core, on one machine
    SWEEPS = "sweeps"  # by plain sweeps, on one machine or on many: the same bits on any


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRun:
    """One published recomputation of one programme.

    A pure function of programme, snapshot sequence, as-of time, tolerance and method: `checksum`
    (SHA-256 of the payload) is equal for equal inputs. `erasures` counts those in the store before
    it was made: after a later one its evidence may be gone, and it can't be computed again. Since
    `pruned_at` its values are no longer kept; what it was made of still is.
    """

    run_id: str
    purpose: str
    purpose_version: int
    programme: str
    programme_version: int
    snapshot_sequence: int
    as_of: datetime
    tolerance: float
    created_at: datetime
    subjects: int
    links: int
    exposure: RunCertificate
    trust: RunCertificate
    score_bound: float
    checksum: str
    payload_bytes: int
    erasures: int = 0
    pruned_at: datetime | None = None
    method: RunMethod = RunMethod.CORE


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRun:
    """A run that is staged whole and that nobody reads: it waits for a person's release.

    `reasons` say which limits it passed, in words that name no subject.
    """

    run: ScoreRun
    held_at: datetime
    reasons: tuple[str, ...]
