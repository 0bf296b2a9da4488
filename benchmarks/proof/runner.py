"""Runs every method on every trial and sums up what came out."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import t as student

from algorithms import auc, average_precision, precision_at
from benchmarks.proof import methods, signed_methods
from benchmarks.proof.calibration import calibrated, expected_calibration_error, isotonic
from benchmarks.proof.methods import Method
from benchmarks.proof.protocol import Trial
from benchmarks.proof.view import Floats

MEASURES = ("AUC", "average precision", "precision at 1 %", "calibration error")
ALL_METHODS = methods.GENERAL + signed_methods.METHODS


@dataclass
class Outcome:
    """Of one method on one set: measures by repetition (a seed or a cut), and seconds a score."""

    method: Method
    measures: dict[int, list[tuple[float, ...]]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    # Tenths of probability: subjects, Σ of what was foretold, Σ of what was so.
    reliability: Floats = field(default_factory=lambda: np.zeros((10, 3)))

    def by_repetition(self, measure: str) -> Floats:
        """Return the mean over the trials of each repetition."""
        at = MEASURES.index(measure)
        return np.array([np.mean([row[at] for row in rows]) for rows in self.measures.values()])

    def mean(self, measure: str) -> float:
        """Return the mean over repetitions."""
        return float(self.by_repetition(measure).mean())

    def margin(self, other: Outcome, measure: str) -> tuple[float, float]:
        """Return the mean lead over another method, and half its 95 % interval, paired."""
        lead = self.by_repetition(measure) - other.by_repetition(measure)
        return float(lead.mean()), half_interval(lead)

    def half_width(self, measure: str) -> float:
        """Return half the 95 % interval of that mean, by Student's t over repetitions."""
        return half_interval(self.by_repetition(measure))


def half_interval(values: Floats) -> float:
    """Return half the 95 % interval of the mean of repetitions, by Student's t; NaN for one."""
    if values.size < 2:
        return float("nan")
    spread = float(values.std(ddof=1) / np.sqrt(values.size))
    return spread * float(student.ppf(0.975, values.size - 1))


@dataclass(frozen=True)
class Result:
    """All methods on one set, the best AUC first."""

    name: str
    description: str
    share_bad: float
    asked: int
    outcomes: list[Outcome]

    def best(self, *, is_baseline: bool) -> Outcome:
        """Return the method, or the baseline, with the highest AUC."""
        return next(each for each in self.outcomes if each.method.is_baseline is is_baseline)


def run(name: str, kind: str, description: str, trials: Iterable[tuple[int, Trial]]) -> Result:
    """Score every trial (repetition, trial) with every method that fits the set."""
    outcomes: dict[str, Outcome] = {}
    asked, bad = 0, 0
    for repetition, trial in trials:
        asked += trial.test.is_bad.size
        bad += int(trial.test.is_bad.sum())
        for method in ALL_METHODS:
            if not fits(method, kind, trial):
                continue
            outcome = outcomes.setdefault(method.name, Outcome(method))
            measured(outcome, repetition, trial)
    ranked = sorted(outcomes.values(), key=lambda each: -each.mean("AUC"))
    return Result(name, description, bad / max(asked, 1), asked, ranked)


def measured(outcome: Outcome, repetition: int, trial: Trial) -> None:
    """Score one trial with one method, and note what came out."""
    method = outcome.method
    begun = time.perf_counter()
    scores = method.score(trial.view)
    outcome.seconds.append(time.perf_counter() - begun)
    is_same = trial.calibration_view is trial.view
    earlier = scores if is_same else method.score(trial.calibration_view)
    known = earlier[trial.calibration.subjects]
    asked = scores[trial.test.subjects]
    if not method.has_direction and auc(trial.calibration.is_bad, known) < 0.5:
        known, asked = -known, -asked
    labels = trial.test.is_bad
    probability = calibrated(isotonic(known, trial.calibration.is_bad), asked)
    tenth = np.minimum((10.0 * probability).astype(int), 9)
    np.add.at(outcome.reliability, tenth, np.stack([np.ones_like(asked), probability, labels], 1))
    outcome.measures.setdefault(repetition, []).append(
        (
            auc(labels, asked),
            average_precision(labels, asked),
            precision_at(labels, asked, 0.01),
            expected_calibration_error(labels, probability),
        )
    )


def fits(method: Method, kind: str, trial: Trial) -> bool:
    """Return whether a method can be asked on a set of this kind, with the labels it needs."""
    views = (trial.view, trial.calibration_view)
    return kind in method.kinds and all(
        getattr(view, side).size > 0 for side in method.needs for view in views
    )
