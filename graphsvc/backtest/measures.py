"""How well low scores told bad outcomes: AUC, KS and precision at the top, with intervals.

Several times are strata: a pair is one subject that had the outcome and one that had not, of the
same time. AUC's variance is DeLong, DeLong & Clarke-Pearson's (Biometrics 44, 1988), with the
components of one subject at several times added up first (Obuchowski, Biometrics 53, 1997), for the
same subject at two times is no two subjects.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import algorithms
from graphsvc.report import intervals
from graphsvc.report.model import Interval

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Int64s = NDArray[np.int64]

TOP_SHARES = (0.01, 0.05, 0.10)
MOST_DEVIATION = 0.5
"""Largest standard deviation of anything between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Precision:
    """Share of bad outcomes among the lowest-scored `share` of the subjects."""

    share: float
    subjects: int
    value: Interval


@dataclass(frozen=True, slots=True)
class Measured:
    """What came out; AUC, KS and precision are None where all, or none, had the outcome.

    Attributes:
        subjects: rows that were tested; a subject counts once for each time.
        bad: how many of them had the outcome.
        base_rate: their share.
        auc: chance that one with the outcome was scored below one without, ties counting half.
        ks: largest distance between the two distributions of scores.
        precision: at several depths.
    """

    subjects: int
    bad: int
    base_rate: Interval | None
    auc: Interval | None
    ks: float | None
    precision: tuple[Precision, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Stratum:
    """One time: scores (n,), whether each had the outcome, and whose they are."""

    score: Floats
    is_bad: Flags
    subject: Int64s

    def only(self, chosen: Flags) -> Stratum:
        """Return some of the rows."""
        return Stratum(self.score[chosen], self.is_bad[chosen], self.subject[chosen])

    @property
    def has_both(self) -> bool:
        """Whether some had the outcome and some had not."""
        return bool(self.is_bad.any()) and not self.is_bad.all()


def measured(strata: Sequence[Stratum]) -> Measured:
    """Return how well low scores told the outcome, over one or several times."""
    subjects = sum(stratum.score.size for stratum in strata)
    bad = sum(int(stratum.is_bad.sum()) for stratum in strata)
    with_both = [stratum for stratum in strata if stratum.has_both]
    return Measured(
        subjects=subjects,
        bad=bad,
        base_rate=intervals.rate(bad, subjects),
        auc=_auc(with_both),
        ks=_ks(with_both),
        precision=tuple(_precision(with_both, share) for share in TOP_SHARES) if with_both else (),
    )


def _auc(strata: Sequence[Stratum]) -> Interval | None:
    if not strata:
        return None
    pairs = np.array([float(one.is_bad.sum()) * float((~one.is_bad).sum()) for one in strata])
    weights = pairs / pairs.sum()
    found = [_with_influence(stratum) for stratum in strata]
    value = float(sum(weight * auc for weight, (auc, _) in zip(weights, found, strict=True)))
    names = np.concatenate([stratum.subject for stratum in strata])
    influence = np.concatenate(
        [weight * each for weight, (_, each) in zip(weights, found, strict=True)]
    )
    _, place = np.unique(names, return_inverse=True)
    half = intervals.Z * math.sqrt(float(np.square(np.bincount(place, influence)).sum()))
    return Interval(value, max(value - half, 0.0), min(value + half, 1.0))


def _with_influence(stratum: Stratum) -> tuple[float, Floats]:
    """Return AUC and what each row adds to its error; their squares sum to DeLong's variance."""
    # Imported here: it takes longer than all else that a server needs to start.
    from scipy import stats

    risk, is_bad = -stratum.score, stratum.is_bad
    auc = algorithms.auc(is_bad, risk)
    bad, good = int(is_bad.sum()), int((~is_bad).sum())
    among_all = stats.rankdata(risk)
    share = np.empty(risk.size)
    share[is_bad] = (among_all[is_bad] - stats.rankdata(risk[is_bad])) / good
    share[~is_bad] = 1.0 - (among_all[~is_bad] - stats.rankdata(risk[~is_bad])) / bad
    scale = np.where(is_bad, bad * max(bad - 1, 1), good * max(good - 1, 1))
    influence = (share - auc) / np.sqrt(scale)
    # One subject shows no spread: the most that a share can have is taken for it.
    for side, size in ((is_bad, bad), (~is_bad, good)):
        if size == 1:
            influence[side] = MOST_DEVIATION
    return auc, influence


def _ks(strata: Sequence[Stratum]) -> float | None:
    """Return the largest distance, the times weighed by their subjects."""
    if not strata:
        return None
    sizes = np.array([stratum.score.size for stratum in strata])
    found = [_distance(one.score[one.is_bad], one.score[~one.is_bad]) for one in strata]
    return float(np.average(found, weights=sizes))


def _distance(one: Floats, other: Floats) -> float:
    """Return the largest distance of two samples' distribution functions (Kolmogorov, Smirnov)."""
    points = np.concatenate([one, other])
    below = [
        np.searchsorted(np.sort(sample), points, side="right") / sample.size
        for sample in (one, other)
    ]
    return float(np.abs(below[0] - below[1]).max())


def _precision(strata: Sequence[Stratum], share: float) -> Precision:
    """Return the precision in the lowest share of every time; a tie is broken by chance."""
    hits, total = 0.0, 0
    for stratum in strata:
        top = max(1, math.ceil(share * stratum.score.size - 1e-9))
        hits += top * algorithms.precision_at(stratum.is_bad, -stratum.score, share)
        total += top
    value = hits / total
    around = intervals.rate(round(hits), total)
    assert around is not None
    return Precision(share, total, Interval(value, min(around.low, value), max(around.high, value)))
