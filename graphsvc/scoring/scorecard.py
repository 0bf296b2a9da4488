"""Points: how own listings, exposure and trust become one score with a certified bound.

points = base + own listings + cap(trust points − exposure points). Association goes through
f(v) = v / (v + half), which rises from 0 to 1 and is nowhere steeper than 1/half, so that an error
of δ in a value is at most |points|·δ/half in the score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from graphsvc.model import Programme, Purpose

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The parts of every score, float64 (n,) each, in points.

    `score` = clip(`base` + `own_listings` + `association`) to the programme's range;
    `association` = cap(`exposure` + `trust`).
    """

    own_listings: Floats
    exposure: Floats
    trust: Floats
    association: Floats
    score: Floats


@dataclass(frozen=True, slots=True)
class PointScale:
    """A programme's scorecard under its purpose's cap."""

    programme: Programme
    cap: float

    @classmethod
    def of(cls, programme: Programme, purpose: Purpose) -> PointScale:
        """Return the scale of a programme, association capped as its purpose says."""
        return cls(programme, purpose.association_cap_points)

    def points(
        self,
        own_risk: Floats,
        trust_seed: Floats,
        association_exposure: Floats,
        association_trust: Floats,
    ) -> Points:
        """Return every subject's points.

        Args:
            own_risk: float64 (n,), from its own blacklistings, each in [0, 1].
            trust_seed: float64 (n,), from its own allowlistings, each in [0, 1].
            association_exposure: float64 (n,), exposure that came through contacts.
            association_trust: float64 (n,), trust mass that came from others, a seed's own = 1.
        """
        card = self.programme.scorecard
        own = card.own_listing_points * own_risk + card.own_allowlisting_points * trust_seed
        exposure = card.exposure_points * saturated(
            association_exposure, self.programme.exposure.half_points_at
        )
        trust = card.trust_points * saturated(
            association_trust, self.programme.trust.half_points_at
        )
        association = np.clip(exposure + trust, -self.cap, self.cap)
        score = np.clip(card.base + own + association, card.range_low, card.range_high)
        return Points(own, exposure, trust, association, score)

    def score_bound(self, exposure_bound: float, trust_bound: float) -> float:
        """Return how far any score can be off, in points, for these bounds of the values."""
        card, exposure, trust = (
            self.programme.scorecard,
            self.programme.exposure,
            self.programme.trust,
        )
        from_exposure = -card.exposure_points * exposure_bound / exposure.half_points_at
        from_trust = card.trust_points * trust_bound / trust.half_points_at
        # The points themselves are rounded: a handful of operations on numbers below 10⁴.
        rounding = 64 * np.finfo(np.float64).eps * max(abs(card.range_low), abs(card.range_high))
        return float(np.nextafter(from_exposure + from_trust + rounding, np.inf))


@overload
def saturated(value: Floats, half: float) -> Floats: ...
@overload
def saturated(value: float, half: float) -> float: ...
def saturated(value: Floats | float, half: float) -> Floats | float:
    """Return value / (value + half): 0 at 0, ½ at `half`, below 1 always.

    >>> saturated(0.05, half=0.05)
    0.5
    """
    return value / (value + half)
