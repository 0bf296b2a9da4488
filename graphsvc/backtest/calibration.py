"""Probabilities from scores, told before the outcome, and how far they were off.

For each time a monotone map from score to probability is fitted to the windows that had ended by
then (isotonic regression; Ayer et al., Ann. Math. Stat. 26, 1955), so that no probability knows its
own answer. Brier's score: Mon. Weather Rev. 78 (1950).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from graphsvc.backtest.measures import Stratum
from graphsvc.backtest.model import Calibration, ReliabilityBin
from graphsvc.report import intervals

Floats = NDArray[np.float64]

BINS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Dated:
    """The rows of one time."""

    at: datetime
    rows: Stratum


def calibration(times: Sequence[Dated], horizon: timedelta) -> Calibration | None:
    """Return how far told probabilities were off; None where no window had ended before another."""
    told: list[Floats] = []
    came: list[NDArray[np.bool_]] = []
    base: list[Floats] = []
    for time in times:
        ended = [other.rows for other in times if other.at + horizon <= time.at]
        if not ended or not time.rows.score.size:
            continue
        score = np.concatenate([rows.score for rows in ended])
        is_bad = np.concatenate([rows.is_bad for rows in ended])
        if not score.size:
            continue
        told.append(_fitted(score, is_bad, time.rows.score))
        base.append(np.full(time.rows.score.size, is_bad.mean()))
        came.append(time.rows.is_bad)
    if not told:
        return None
    probability, outcome = np.concatenate(told), np.concatenate(came)
    return Calibration(
        subjects=outcome.size,
        brier=_brier(probability, outcome),
        brier_of_base_rate=_brier(np.concatenate(base), outcome),
        bins=_bins(probability, outcome),
    )


def _fitted(score: Floats, is_bad: NDArray[np.bool_], asked: Floats) -> Floats:
    """Return the probability of a bad outcome at each score asked for, falling as scores rise."""
    # Imported here, and not by each server that starts.
    from scipy.optimize import isotonic_regression

    values, place = np.unique(score, return_inverse=True)
    size = np.bincount(place)
    share = np.bincount(place, is_bad) / size
    fit = isotonic_regression(share, weights=size, increasing=False).x
    # Between two scores that were seen, the line between them; nothing is ever certain.
    margin = 0.5 / score.size
    found: Floats = np.clip(np.interp(asked, values, fit), margin, 1.0 - margin)
    return found


def _brier(probability: Floats, outcome: NDArray[np.bool_]) -> float:
    return float(np.mean(np.square(probability - outcome)))


def _bins(probability: Floats, outcome: NDArray[np.bool_]) -> tuple[ReliabilityBin, ...]:
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, min(BINS, order.size))
    return tuple(
        ReliabilityBin(
            subjects=part.size,
            told=float(probability[part].mean()),
            came=intervals.rate(int(outcome[part].sum()), part.size),
        )
        for part in parts
    )
