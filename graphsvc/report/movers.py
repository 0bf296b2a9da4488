"""What changed between two runs of a programme, and who moved most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphsvc.reasons import Reason
from graphsvc.report.drift import drift
from graphsvc.report.model import Changes, Mover
from graphsvc.runs import PublishedScores, SubjectScore

MOVERS = 12
_PARTS = (
    ("OWN_LISTINGS", "own_listing_points", "Own entries on lists."),
    ("OWN_EVENTS", "event_points", "Own record of dealings."),
    ("REPORTS", "report_points", "Reports on it, upheld or not decided yet."),
    ("FALSE_REPORTS", "rejected_report_points", "Reports by it found false."),
    ("EXPOSED_THROUGH_CONTACTS", "exposure_points", "Dealings or ties with listed subjects."),
    ("TRUSTED_THROUGH_CONTACTS", "trust_points", "Ties with trusted subjects."),
)


def changes(scores: PublishedScores, previous: PublishedScores, limit: int = MOVERS) -> Changes:
    """Return what differs from the previous run of the same programme.

    Args:
        scores: this run.
        previous: the run before it.
        limit: how many movers are named.
    """
    there = scores.ranks_in(previous)
    here = np.flatnonzero(there >= 0)
    there = there[here]
    run, former = scores.run, previous.run
    slacks = {
        "score": run.score_bound + former.score_bound,
        "exposure": run.exposure.bound + former.exposure.bound,
        "trust": run.trust.bound + former.trust.bound,
    }
    return Changes(
        previous=former,
        drift=tuple(
            drift(name, previous.column(name), scores.column(name), slack)
            for name, slack in slacks.items()
        ),
        subjects_in_both=int(here.size),
        joined=len(scores) - int(here.size),
        left=len(previous) - int(here.size),
        band_changes=_band_changes(scores, previous, here, there),
        movers=_movers(scores, previous, here, there, slacks["score"], limit),
    )


def _band_changes(
    scores: PublishedScores,
    previous: PublishedScores,
    here: NDArray[np.int64],
    there: NDArray[np.int64],
) -> float:
    if not here.size or not scores.band_names or not previous.band_names:
        return 0.0
    # By name: another version of the programme may have other bands.
    code_of = {name: code for code, name in enumerate(scores.band_names)}
    as_now = np.array([code_of.get(name, -1) for name in previous.band_names])
    moved = scores.band_codes[here].astype(np.int64) != as_now[previous.band_codes[there]]
    return float(moved.mean())


def _movers(
    scores: PublishedScores,
    previous: PublishedScores,
    here: NDArray[np.int64],
    there: NDArray[np.int64],
    slack: float,
    limit: int,
) -> tuple[Mover, ...]:
    moved_by = np.abs(scores.column("score")[here] - previous.column("score")[there])
    moved = np.flatnonzero(moved_by > slack)
    if moved.size > limit:
        edge = np.partition(moved_by[moved], moved.size - limit)[moved.size - limit]
        moved = moved[moved_by[moved] >= edge]
    order = moved[np.argsort(-moved_by[moved], kind="stable")][:limit]
    return tuple(
        _mover(scores.at_rank(int(here[place])), previous.at_rank(int(there[place])))
        for place in order
    )


def _mover(now: SubjectScore, before: SubjectScore) -> Mover:
    reasons = [
        Reason(code, points, text)
        for code, name, text in _PARTS
        if (points := getattr(now, name) - getattr(before, name)) != 0.0
    ]
    reasons.sort(key=lambda reason: -abs(reason.points))
    return Mover(now.subject, before.score, now.score, before.band, now.band, tuple(reasons))
