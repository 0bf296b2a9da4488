"""Points: how own record, reports, exposure and trust become one score with a certified bound.

points = base + listings + events + reports + rejected reports + cap(trust − exposure). What is
uncertain goes through f(v) = v / (v + half), which is nowhere steeper than 1/half, so that an error
of δ in a value is at most |points|·δ/half in the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphsvc.model import Programme, Purpose, Valence
from graphsvc.scoring.own import OwnRecord
from graphsvc.scoring.reports import STEEPEST_CREDIBILITY, JointReports
from graphsvc.scoring.saturation import saturated

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The parts of every score, float64 (n,) each, in points.

    `score` = clip(`base` + `own_listings` + `events` + `reports` + `rejected_reports` +
    `association`) to the programme's range; `association` = cap(`exposure` + `trust` + `learned`),
    the last being None where the programme names no model. `width` is how far the missing part of
    a full file could move the score, `band` (uint8) the place of the score's band.
    """

    own_listings: Floats
    events: Floats
    reports: Floats
    rejected_reports: Floats
    exposure: Floats
    trust: Floats
    association: Floats
    score: Floats
    width: Floats
    band: NDArray[np.uint8]
    learned: Floats | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The least and the most that something can come to, in points."""

    low: float
    high: float


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
        own: OwnRecord,
        reports: JointReports,
        association_exposure: Floats,
        association_trust: Floats,
        learned: Floats | None = None,
    ) -> Points:
        """Return every subject's points.

        Args:
            own: what its own events and listings are worth.
            reports: what the reports on it, and the rejected ones by it, weigh.
            association_exposure: float64 (n,), exposure that came through contacts.
            association_trust: float64 (n,), trust mass that came from others, a seed's own = 1.
            learned: float64 (n,), the learned model's probabilities; None where there is none.
        """
        card, rule = self.programme.scorecard, self.programme.learned
        learned_points = None if rule is None or learned is None else rule.points * learned
        exposure = card.exposure_points * saturated(
            association_exposure, self.programme.exposure.half_points_at
        )
        trust = card.trust_points * saturated(
            association_trust, self.programme.trust.half_points_at
        )
        through_contacts = exposure + trust
        if learned_points is not None:
            through_contacts = through_contacts + learned_points
        association = np.clip(through_contacts, -self.cap, self.cap)
        reported = self.report_points(reports.on_subject)
        rejected = self.rejected_report_points(reports.on_reporter)
        listings, events = own.listings, own.events
        score = self.score(card.base + listings + events + reported + rejected + association)
        return Points(
            own_listings=listings,
            events=events,
            reports=reported,
            rejected_reports=rejected,
            exposure=exposure,
            trust=trust,
            association=association,
            score=score,
            width=self._width(own, reports, reported + rejected),
            band=self.band(score),
            learned=learned_points,
        )

    def score(self, points: Floats) -> Floats:
        """Return points clipped to the programme's range."""
        card = self.programme.scorecard
        return np.clip(points, card.range_low, card.range_high)

    def band(self, score: Floats) -> NDArray[np.uint8]:
        """Return the place of each score's band, 0 where there are none."""
        starts = np.array([band.starts_at for band in self.programme.bands])
        return np.maximum(np.searchsorted(starts, score, side="right") - 1, 0).astype(np.uint8)

    def report_points(self, weight: Floats) -> Floats:
        """Return the points, <= 0, of reports of this joint weight on a subject."""
        rule = self.programme.reports
        if rule is None:
            return np.zeros(weight.size)
        return rule.points * saturated(weight, rule.half_points_at)

    def rejected_report_points(self, weight: Floats) -> Floats:
        """Return the points, <= 0, of rejected reports of this joint weight on their reporter."""
        rule = self.programme.reports
        if rule is None:
            return np.zeros(weight.size)
        return rule.rejected_points * saturated(weight, rule.rejected_half_points_at)

    def own_span(self) -> Span:
        """Return the most that own evidence can take and give, at any amount of it."""
        rule = self.programme.reports
        bad = [rule.points, rule.rejected_points] if rule is not None else []
        bad += [min(self.programme.blacklist_points().values(), default=0.0)]
        good = [max(self.programme.allowlist_points().values(), default=0.0)]
        for kind, event_rule in self.programme.events.items():
            (good if kind.valence is Valence.GOOD else bad).append(event_rule.points)
        return Span(sum(bad), sum(good))

    def score_span(self) -> Span:
        """Return the lowest and the highest score that the points can come to, before the range."""
        card, own = self.programme.scorecard, self.own_span()
        learned = 0.0 if self.programme.learned is None else self.programme.learned.points
        return Span(
            card.base + own.low - min(self.cap, -card.exposure_points - learned),
            card.base + own.high + min(self.cap, card.trust_points),
        )

    def score_bound(
        self,
        exposure_bound: float,
        trust_bound: float,
        trust_bound_1: float = 0.0,
        most_records: int = 0,
    ) -> float:
        """Return how far any score can be off, in points.

        Args:
            exposure_bound: largest error of any exposure.
            trust_bound: largest error of any trust.
            trust_bound_1: errors of all trust values added up; it reaches the score by way of how
                far the reporters are believed.
            most_records: how many records any subject has.
        """
        card, exposure, trust = (
            self.programme.scorecard,
            self.programme.exposure,
            self.programme.trust,
        )
        off = -card.exposure_points * exposure_bound / exposure.half_points_at
        off += card.trust_points * trust_bound / trust.half_points_at
        rule = self.programme.reports
        if rule is not None:
            # Each reporter counts once a subject, so the errors of their trust add up to bound_1.
            steepest = STEEPEST_CREDIBILITY / (rule.credibility_half_at * rule.half_points_at)
            off += -rule.points * trust_bound_1 * steepest
        # The points themselves are rounded: a handful of operations, and one for each record.
        span = self.score_span()
        largest = max(
            abs(value) for value in (card.range_low, card.range_high, span.low, span.high)
        )
        rounding = (64 + 2 * most_records) * np.finfo(np.float64).eps * largest
        return float(np.nextafter(off + rounding, np.inf))

    def _width(self, own: OwnRecord, reports: JointReports, reported: Floats) -> Floats:
        """Return the missing share of a full file times what it could still do to the score.

        More records lower the share and, being spent, what is left to gain or lose. Contacts don't
        enter: what they say isn't the subject's own file.
        """
        card, span = self.programme.scorecard, self.own_span()
        bad = own.blacklistings + own.bad_events + reported
        good = own.allowlistings + own.good_events
        room = self.score(card.base + bad + span.high) - self.score(card.base + good + span.low)
        amount = own.amount + reports.on_subject + reports.on_reporter
        return room * (card.evidence_half_at / (card.evidence_half_at + amount))
