"""Streams of random numbers by name, and seasonal times. A new stream leaves the others as is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from graphsvc.model.checks import to_microseconds
from graphsvc.world.columns import Floats, Ints
from graphsvc.world.settings import WorldSettings

DAY_S = 86_400
_HOUR_S = 3_600
_BY_WEEKDAY = np.array([0.95, 0.9, 0.95, 1.0, 1.15, 1.2, 0.85])
"""Monday to Sunday."""


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of one part of the world.

    >>> float(stream(1, "trade").random()) == float(stream(1, "trade").random())
    True
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *name.encode()])))


def heavy_tailed(rng: np.random.Generator, n: int, exponent: float) -> Floats:
    """Return float64 (n,) >= 1 with density ∝ x^−exponent, cut at √n so that none takes over."""
    return np.minimum(1.0 + rng.pareto(exponent - 1.0, n), max(10.0, np.sqrt(n)))


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Members sorted by segment (a community, say), for drawing within one by weight."""

    order: Ints
    first: Ints
    cumulative: Floats

    @classmethod
    def of(cls, segment: Ints, weight: Floats, segments: int) -> Segments:
        """Return the members of each of `segments` segments; `weight` > 0, one for each member."""
        order = np.argsort(segment, kind="stable")
        first = np.searchsorted(segment[order], np.arange(segments + 1))
        return cls(order, first, np.concatenate([[0.0], np.cumsum(weight[order])]))

    def draw(self, rng: np.random.Generator, segment: Ints) -> Ints:
        """Return one member of each given segment by weight, −1 where it has none."""
        low, high = self.first[segment], self.first[segment + 1]
        start, stop = self.cumulative[low], self.cumulative[high]
        target = start + rng.random(len(segment)) * (stop - start)
        place = np.searchsorted(self.cumulative, target, side="right") - 1
        place = np.clip(place, low, np.maximum(high - 1, low))
        found = self.order[np.minimum(place, len(self.order) - 1)]
        drawn: Ints = np.where(high > low, found, -1)
        return drawn


def draw_by_weight(rng: np.random.Generator, weight: Floats, n: int) -> Ints:
    """Return int64 (n,) places, each drawn with a chance ∝ its weight."""
    cumulative = np.cumsum(weight)
    places = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    drawn: Ints = np.minimum(places, len(weight) - 1)
    return drawn


class Calendar(NamedTuple):
    """When things happen: more from year to year, before Christmas, on Fridays, in the evening."""

    start_s: int
    end_s: int
    cumulative: Floats

    @classmethod
    def of(cls, settings: WorldSettings) -> Calendar:
        """Return the calendar from the world's start to its end."""
        start_s = to_microseconds(settings.start) // 1_000_000
        hours = start_s + _HOUR_S * np.arange(24 * settings.days, dtype=np.int64)
        day = hours // DAY_S
        growth = 1.0 + 0.5 * np.linspace(0.0, 1.0, len(hours))
        # Days from the nearest 8 December; an exact year is not needed for a season.
        from_peak = (day - 342 + 182.6) % 365.25 - 182.6
        season = 1.0 + 0.7 * np.exp(-((from_peak / 18.0) ** 2)) + 0.1 * np.cos(from_peak / 58.1)
        weekday = _BY_WEEKDAY[(day + 3) % 7]
        hour = 0.15 + np.sin(np.pi * ((hours // _HOUR_S) % 24 - 5) / 19).clip(0.0) ** 2
        rate = growth * season * weekday * hour
        cumulative = np.concatenate([[0.0], np.cumsum(rate)])
        return cls(start_s, start_s + settings.days * DAY_S, cumulative)

    def between(self, rng: np.random.Generator, low_s: Ints, high_s: Ints | int) -> Ints:
        """Return a seasonal time in [low_s, high_s) for each pair; low_s where that is empty."""
        grid = np.arange(len(self.cumulative)) * float(_HOUR_S)
        low = np.interp(low_s - self.start_s, grid, self.cumulative)
        high = np.interp(np.maximum(high_s, low_s) - self.start_s, grid, self.cumulative)
        wanted = low + rng.random(len(low_s)) * (high - low)
        time = self.start_s + np.interp(wanted, self.cumulative, grid).astype(np.int64)
        inside: Ints = np.clip(time, low_s, np.maximum(np.asarray(high_s) - 1, low_s))
        return inside


def later(rng: np.random.Generator, at_s: Ints, low_days: float, high_days: float) -> Ints:
    """Return each time plus an evenly drawn delay, in whole seconds."""
    delay = rng.uniform(low_days * DAY_S, high_days * DAY_S, len(at_s))
    return at_s + delay.astype(np.int64)
