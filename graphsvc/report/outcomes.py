"""Who has a favourable outcome of a run, and who would have if contacts took nothing away.

The same rules as `graphsvc.advice`, over columns: a run may hold millions of subjects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphsvc.model import Condition, Policy, Programme, Purpose
from graphsvc.runs import PublishedScores
from graphsvc.scoring.scorecard import PointScale

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Columns in order of rank, bool (n,), and what "favourable" means in them."""

    favourable: Flags
    on_own_record: Flags
    meaning: str


@dataclass(frozen=True, slots=True, eq=False)
class _Standings:
    score: Floats
    band: NDArray[np.uint8]
    band_names: tuple[str, ...]
    own_points: Floats
    width: Floats

    def meet(self, condition: Condition) -> Flags:
        holds = np.ones(self.score.size, np.bool_)
        for values, least, below in (
            (self.score, condition.score_at_least, condition.score_below),
            (self.own_points, condition.own_points_at_least, condition.own_points_below),
        ):
            if least is not None:
                holds &= values >= least
            if below is not None:
                holds &= values < below
        if condition.width_at_most is not None:
            holds &= self.width <= condition.width_at_most
        if condition.width_at_least is not None:
            holds &= self.width >= condition.width_at_least
        if condition.bands is not None:
            wanted = [code for code, name in enumerate(self.band_names) if name in condition.bands]
            holds &= np.isin(self.band, wanted)
        return holds


def outcomes(
    scores: PublishedScores, programme: Programme, purpose: Purpose, policy: Policy | None
) -> Outcomes:
    """Return who has a favourable outcome: no adverse advice, or a score of at least the base.

    Args:
        scores: the run.
        programme: the version that it was made with.
        purpose: whose cap on association holds.
        policy: whose advice counts; without one, a favourable score is the base or more.
    """
    own = own_points(scores)
    alone = _score_without_adverse_association(scores, programme, purpose)
    if policy is None:
        base = programme.scorecard.base
        meaning = f"a score of at least {base:g}, what everybody starts with"
        return Outcomes(scores.column("score") >= base, alone >= base, meaning)
    names, width = scores.band_names, scores.column("width")
    as_scored = _Standings(scores.column("score"), scores.band_codes, names, own, width)
    band_alone = PointScale.of(programme, purpose).band(alone)
    on_own = _Standings(alone, band_alone, names, own, width)
    return Outcomes(
        ~_is_adverse(policy, as_scored),
        ~_is_adverse(policy, on_own),
        f"no adverse advice by policy {policy.name} v{policy.version}",
    )


def own_points(scores: PublishedScores) -> Floats:
    """Return the points of every subject's own record, as `SubjectScore.own_points` does."""
    return (
        scores.column("own_listing_points")
        + scores.column("event_points")
        + scores.column("report_points")
        + scores.column("rejected_report_points")
    )


def _score_without_adverse_association(
    scores: PublishedScores, programme: Programme, purpose: Purpose
) -> Floats:
    total = (
        programme.scorecard.base
        + scores.column("own_listing_points")
        + scores.column("event_points")
        + scores.column("report_points")
        + scores.column("rejected_report_points")
        + np.maximum(scores.column("association_points"), 0.0)
    )
    return PointScale.of(programme, purpose).score(total)


def _is_adverse(policy: Policy, standings: _Standings) -> Flags:
    adverse = np.zeros(standings.score.size, np.bool_)
    is_open = np.ones(standings.score.size, np.bool_)
    for rule in policy.rules:
        decided = is_open & standings.meet(rule.when)
        adverse |= decided & np.bool_(rule.advice.is_adverse)
        is_open &= ~decided
    return adverse
