"""From scores to probabilities, fitted on calibration labels only, and how far they are off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.proof.view import Floats


def isotonic(scores: Floats, is_bad: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return steps (score, probability) of the monotone fit: pool adjacent violators.

    Ayer, Brunk, Ewing, Reid & Silverman, Ann. Math. Stat. 26 (1955). Equal scores are one step.
    Probabilities keep half a subject's distance from 0 and 1: nothing is ever certain.
    """
    values, member = np.unique(scores, return_inverse=True)
    bad = np.bincount(member, is_bad, values.size)
    size = np.bincount(member, minlength=values.size).astype(float)
    pools: list[list[float]] = []
    for value, hits, count in zip(values, bad, size, strict=True):
        pools.append([value, hits, count])
        while len(pools) > 1 and pools[-2][1] * pools[-1][2] >= pools[-1][1] * pools[-2][2]:
            _, hits_above, count_above = pools.pop()
            pools[-1][1] += hits_above
            pools[-1][2] += count_above
    steps = np.array(pools)
    margin = 0.5 / scores.size
    return steps[:, 0], np.clip(steps[:, 1] / steps[:, 2], margin, 1.0 - margin)


def calibrated(fit: tuple[Floats, Floats], scores: Floats) -> Floats:
    """Return the probability that the fit gives each score."""
    starts, probability = fit
    step = np.clip(np.searchsorted(starts, scores, "right") - 1, 0, starts.size - 1)
    found: Floats = probability[step]
    return found


def expected_calibration_error(
    is_bad: NDArray[np.bool_], probability: Floats, bins: int = 10
) -> float:
    """Return Σ |mean probability − share of bad| · share of subjects, over bins of like size."""
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, min(bins, order.size))
    off = [
        abs(probability[part].mean() - is_bad[part].mean()) * part.size
        for part in parts
        if part.size
    ]
    return float(sum(off) / order.size)
