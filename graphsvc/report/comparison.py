"""Champion and challenger on the same subjects: is the order alike, and whose outcome is not."""

from __future__ import annotations

import numpy as np

from graphsvc.report.model import Comparison, SwapSet
from graphsvc.report.outcomes import Outcomes
from graphsvc.runs import PublishedScores


def comparison(
    scores: PublishedScores,
    outcome: Outcomes,
    other: PublishedScores,
    other_outcome: Outcomes,
) -> Comparison:
    """Return how a run differs from that of another programme of its purpose."""
    there = scores.ranks_in(other)
    here = np.flatnonzero(there >= 0)
    there = there[here]
    mine, theirs = scores.column("score")[here], other.column("score")[there]
    good, good_there = outcome.favourable[here], other_outcome.favourable[there]
    return Comparison(
        other=other.run,
        subjects=int(here.size),
        rank_correlation=_spearman(mine, theirs),
        mean_difference=float((mine - theirs).mean()) if here.size else 0.0,
        swap_set=SwapSet(
            both=int((good & good_there).sum()),
            only_this=int((good & ~good_there).sum()),
            only_other=int((~good & good_there).sum()),
            neither=int((~good & ~good_there).sum()),
        ),
    )


def _spearman(one: np.ndarray[tuple[int], np.dtype[np.float64]], other: object) -> float | None:
    if one.size < 2:
        return None
    # Imported here, and not by each server that starts.
    from scipy import stats

    ranks = [stats.rankdata(values) for values in (one, other)]
    if any(np.ptp(values) == 0.0 for values in ranks):
        return None
    return float(np.corrcoef(*ranks)[0, 1])
