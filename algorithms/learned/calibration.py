"""From what a network says to a probability that comes true, and how far it is off.

Platt, Probabilistic outputs for support vector machines, 1999, with his target smoothing: two
numbers fitted on answers that came later than all training. It keeps the order of scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms.arguments import Floats, float_vector
from algorithms.errors import InvalidArgumentError

STEPS = 100
SMALLEST_SLOPE = 1e-3


@dataclass(frozen=True)
class Calibration:
    """p = 1 / (1 + exp(−(slope · logit + offset))); a slope of 1 and an offset of 0 change nothing.

    Attributes:
        slope: > 0, so that order is kept; 1 / slope is the temperature.
        offset: in logits.
        answers: how many answers it was fitted on; 0 where it was not.
    """

    slope: float = 1.0
    offset: float = 0.0
    answers: int = 0

    def probability(self, logit: ArrayLike) -> Floats:
        """Return the probability that each logit stands for, float64.

        >>> Calibration().probability([0.0]).tolist()
        [0.5]
        """
        z = np.clip(self.slope * np.asarray(logit, np.float64) + self.offset, -30.0, 30.0)
        found: Floats = 1.0 / (1.0 + np.exp(-z))
        return found


def fit_calibration(logit: ArrayLike, bad: ArrayLike, good: ArrayLike) -> Calibration:
    """Return the fit by Newton's method; without an answer of either kind, no change at all.

    Args:
        logit: float (k,).
        bad, good: float (k,), >= 0, how often the answer was each.

    Raises:
        InvalidArgumentError: lengths differ, or a count is negative.
    """
    z = np.asarray(logit, np.float64)
    counts = [
        float_vector(name, values, z.size, low=0.0, high=np.inf)
        for name, values in (("bad", bad), ("good", good))
    ]
    bads, goods = (float(each.sum()) for each in counts)
    if not bads or not goods:
        return Calibration()
    low, high = 1.0 / (goods + 2.0), (bads + 1.0) / (bads + 2.0)
    weight = counts[0] + counts[1]
    target = (counts[0] * high + counts[1] * low) / np.maximum(weight, 1e-300)
    theta = np.array([1.0, 0.0])
    columns = np.stack([z, np.ones_like(z)])
    for _ in range(STEPS):
        p = Calibration(float(theta[0]), float(theta[1])).probability(z)
        slope = columns @ (weight * (target - p))
        curvature = (columns * (weight * p * (1.0 - p))) @ columns.T + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, slope)
        # Far from the fit Newton may overshoot; a step of one logit is always safe.
        theta += step / max(1.0, float(np.abs(step).max()))
        if float(np.abs(step).max()) < 1e-10:
            break
    return Calibration(max(float(theta[0]), SMALLEST_SLOPE), float(theta[1]), int(bads + goods))


def brier_score(is_bad: ArrayLike, probability: ArrayLike) -> float:
    """Return the mean squared distance of probability and answer; 0 is best (Brier 1950).

    >>> brier_score([True, False], [1.0, 0.5])
    0.125
    """
    answer, told = _checked(is_bad, probability)
    return float(np.mean((told - answer) ** 2))


def expected_calibration_error(is_bad: ArrayLike, probability: ArrayLike, bins: int = 10) -> float:
    """Return Σ |mean probability − share of bad| · share of answers, over bins of like size.

    >>> round(expected_calibration_error([True, False], [0.9, 0.2], bins=2), 9)
    0.15
    """
    answer, told = _checked(is_bad, probability)
    parts = np.array_split(np.argsort(told, kind="stable"), min(bins, told.size))
    off = [abs(told[part].mean() - answer[part].mean()) * part.size for part in parts if part.size]
    return float(sum(off) / told.size)


def _checked(is_bad: ArrayLike, probability: ArrayLike) -> tuple[Floats, Floats]:
    answer = np.asarray(is_bad, np.bool_).astype(np.float64)
    if answer.size == 0:
        raise InvalidArgumentError("is_bad", "is empty; one answer at least is needed")
    return answer, float_vector("probability", probability, answer.size, low=0.0, high=1.0)
