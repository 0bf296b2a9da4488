"""Outcomes by an attribute that no score may use: rates, ratios, and where a gap comes from.

The ratio is that of the four-fifths rule (Uniform Guidelines, 29 CFR § 1607.4 D): a group's
favourable rate over that of the best-off group. A gap of mean scores is taken apart exactly: base
is everybody's, so gap = gap of own points + gap of association points + gap of what the range cuts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphsvc.model import SubjectRef
from graphsvc.report import intervals
from graphsvc.report.model import Disparity, GroupRates, Interval
from graphsvc.report.outcomes import Outcomes, own_points
from graphsvc.runs import PublishedScores

Floats = NDArray[np.float64]

LEAST_COMPARED = 30
"""Smaller groups are shown, with their intervals, and not compared: chance alone moves them."""


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    score: Floats
    own: Floats
    association: Floats
    favourable: NDArray[np.bool_]
    on_own_record: NDArray[np.bool_]


def disparity(
    attribute: str,
    values: Mapping[SubjectRef, str],
    scores: PublishedScores,
    outcome: Outcomes,
    least_compared: int = LEAST_COMPARED,
) -> Disparity:
    """Return outcomes by an attribute's groups.

    Args:
        attribute: its name.
        values: whose value it is, and the value.
        scores: the run.
        outcome: who has a favourable outcome of it.
        least_compared: scored subjects that a group needs to be compared with others.
    """
    members, unscored = _members(values, scores)
    columns = _Columns(
        scores.column("score"),
        own_points(scores),
        scores.column("association_points"),
        outcome.favourable,
        outcome.on_own_record,
    )
    names = sorted({*members, *unscored})
    stated = (
        np.concatenate([members[name] for name in names if name in members])
        if members
        else np.zeros(0, np.int64)
    )
    best = _best_off(members, columns, least_compared)
    groups = tuple(
        _rates(
            name,
            members.get(name, np.zeros(0, np.int64)),
            unscored[name],
            stated,
            best,
            columns,
            least_compared,
        )
        for name in names
    )
    compared = [group.ratio.value for group in groups if group.is_compared and group.ratio]
    return Disparity(
        attribute=attribute,
        groups=groups,
        lowest_ratio=min(compared) if len(compared) > 1 else None,
        without_group=len(scores) - int(stated.size),
    )


def _members(
    values: Mapping[SubjectRef, str], scores: PublishedScores
) -> tuple[dict[str, NDArray[np.int64]], Counter[str]]:
    """Return the ranks of each group's scored subjects, and how many it has without a score."""
    ranks = scores.ranks_of(list(values))
    groups, place = np.unique(list(values.values()), return_inverse=True)
    members = {
        str(name): np.sort(ranks[(place == number) & (ranks >= 0)])
        for number, name in enumerate(groups)
    }
    unscored = Counter(
        {
            str(name): int(((place == number) & (ranks < 0)).sum())
            for number, name in enumerate(groups)
        }
    )
    return {name: found for name, found in members.items() if found.size}, unscored


def _best_off(
    members: Mapping[str, NDArray[np.int64]], columns: _Columns, least: int
) -> tuple[int, int]:
    """Return how many of the best-off group have a favourable outcome, and of how many."""
    counts = [
        (int(columns.favourable[ranks].sum()), int(ranks.size))
        for ranks in members.values()
        if ranks.size >= least
    ]
    return max(counts, key=lambda one: (one[0] / one[1], one[1]), default=(0, 0))


def _rates(
    name: str,
    ranks: NDArray[np.int64],
    without_score: int,
    stated: NDArray[np.int64],
    best: tuple[int, int],
    columns: _Columns,
    least: int,
) -> GroupRates:
    others = np.setdiff1d(stated, ranks, assume_unique=True)
    hits = int(columns.favourable[ranks].sum())

    def gap(values: Floats) -> float | None:
        if not ranks.size or not others.size:
            return None
        return float(values[ranks].mean() - values[others].mean())

    return GroupRates(
        group=name,
        subjects=int(ranks.size),
        without_score=without_score,
        mean_score=intervals.mean(columns.score[ranks]),
        favourable=intervals.rate(hits, int(ranks.size)),
        favourable_on_own_record=(
            float(columns.on_own_record[ranks].mean()) if ranks.size else None
        ),
        ratio=_ratio((hits, int(ranks.size)), best),
        gap=gap(columns.score),
        gap_own=gap(columns.own),
        gap_association=gap(columns.association),
        is_compared=ranks.size >= least,
    )


def _ratio(group: tuple[int, int], best: tuple[int, int]) -> Interval | None:
    # The best-off group is what all are measured by: of itself there is nothing to be unsure of.
    if group == best and best[0]:
        return Interval(1.0, 1.0, 1.0)
    return intervals.ratio(*group, *best)
