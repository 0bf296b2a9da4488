"""What the mere passing of time can do to scores: a bound, in place of touching every link.

A conductance that decays with half-life h shrinks within Δ by a factor in [1 − ε, 1],
ε = 1 − 2^(−Δ/h). So no normalised weight changes by more than a factor of 1/(1 − ε), and no row of
W (or column of P) by more than ε/(1 − ε) in all; hence exposure moves by β/(1 − β) · ε/(1 − ε) of
the largest own risk at most, and trust mass by α/(1 − α) · ε/(1 − ε) of all seeds together. Points
of a sum s that decays go through s/(s + half), which is nowhere steeper in ln s than 1/4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from graphsvc.model import Programme

SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class ClockBound:
    """How far values may be off for being of an earlier time; `points` is that of own records."""

    exposure: float
    trust_1: float
    points: float


def clock_bound(programme: Programme, seeds: float, since: datetime, now: datetime) -> ClockBound:
    """Return what the time between can have done.

    Args:
        programme: its half-lives.
        seeds: sum of all trust seeds.
        since: the time that values were computed for.
        now: the time that they are read for.
    """
    days = max((now - since).total_seconds(), 0.0) / SECONDS_PER_DAY
    rules = programme.conductances.values()
    felt = _lost(days, (rule.half_life_days for rule in rules))
    trusted = _lost(days, (rule.half_life_days for rule in rules if rule.carries_trust))
    beta, alpha = programme.exposure.beta, programme.trust.alpha
    points = sum(
        abs(rule.points) * _lost(days, [rule.half_life_days]) / 4.0
        for rule in programme.events.values()
    )
    if programme.reports is not None:
        both = abs(programme.reports.points) + abs(programme.reports.rejected_points)
        points += both * _lost(days, [programme.reports.half_life_days]) / 4.0
    return ClockBound(
        exposure=beta / (1.0 - beta) * felt / (1.0 - felt),
        trust_1=alpha / (1.0 - alpha) * seeds * trusted / (1.0 - trusted),
        points=points,
    )


def good_until(
    programme: Programme, seeds: float, since: datetime, exposure: float, trust_1: float
) -> datetime:
    """Return until when neither clock bound passes its share; at most a day."""
    low, high = 0.0, SECONDS_PER_DAY
    for _ in range(40):
        middle = (low + high) / 2.0
        bound = clock_bound(programme, seeds, since, since + timedelta(seconds=middle))
        if bound.exposure <= exposure and bound.trust_1 <= trust_1:
            low = middle
        else:
            high = middle
    return since + timedelta(seconds=low)


def _lost(days: float, half_lives_days: Iterable[float | None]) -> float:
    """Return ε for the shortest of the half-lives, 0 where nothing decays."""
    shortest = min((value for value in half_lives_days if value is not None), default=math.inf)
    return -math.expm1(-math.log(2.0) * days / shortest)
