"""What a backtest is asked and what it answers: frozen records of plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from graphsvc.backtest.measures import Measured
from graphsvc.backtest.outcome import Outcome
from graphsvc.errors import InvalidInputError
from graphsvc.report.model import Interval

MOST_CUTS = 500


class Knowledge(StrEnum):
    """What counts as known at a past time."""

    RECORDED = "recorded"  # what was in the store by then; nothing else can prove it
    DATED = "dated"  # what tells of that time or earlier: for history that was imported later


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which times are tested, against what, within which time after each.

    Raises:
        InvalidInputError: no time would be tested, too many would, or a span is not positive.
    """

    first: datetime
    last: datetime
    every: timedelta
    horizon: timedelta
    outcomes: tuple[Outcome, ...]
    knowledge: Knowledge = Knowledge.RECORDED

    def __post_init__(self) -> None:
        if self.every <= timedelta(0) or self.horizon <= timedelta(0):
            raise InvalidInputError("--every and --horizon must be longer than nothing")
        if self.last < self.first:
            raise InvalidInputError("--to: lies before --from")
        if not self.outcomes:
            raise InvalidInputError("--outcome: name at least one, e.g. listing:marketplace-fraud")
        if (self.last - self.first) // self.every >= MOST_CUTS:
            raise InvalidInputError(f"--every: makes more than {MOST_CUTS} times; ask for fewer")

    def cuts(self) -> tuple[datetime, ...]:
        """Return the times, the earliest first."""
        count = (self.last - self.first) // self.every + 1
        return tuple(self.first + number * self.every for number in range(count))


@dataclass(frozen=True, slots=True)
class BandRate:
    """How many subjects in a band had the outcome, over all times."""

    band: str
    subjects: int
    bad: int
    rate: Interval | None


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Subjects of like foretold probability: what was told, and what came."""

    subjects: int
    told: float
    came: Interval | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Probabilities from scores, by a monotone fit on windows that had ended at the time told.

    Attributes:
        subjects: how many were told a probability.
        brier: mean squared distance of what was told from what came.
        brier_of_base_rate: the same for the share of bad in the windows before, told to everybody.
        bins: of like many subjects, the lowest probability first.
    """

    subjects: int
    brier: float
    brier_of_base_rate: float
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """One time: what was known, whom it concerned, and how well the scores told."""

    at: datetime
    known_at: int
    left_out: int
    all: Measured
    thin_file: Measured
    full_file: Measured


@dataclass(frozen=True, slots=True)
class Backtest:
    """All times together; `overall` compares subjects with others of the same time only."""

    purpose: str
    programme: str
    programme_version: int
    plan: Plan
    cuts: tuple[Cut, ...]
    overall: Measured
    thin_file: Measured
    full_file: Measured
    bands: tuple[BandRate, ...]
    calibration: Calibration | None
    notes: tuple[str, ...]
