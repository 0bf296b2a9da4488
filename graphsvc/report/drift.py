"""How far a value's distribution moved: the population stability index over stated bins.

PSI = Σ (a − e) ln(a / e), e and a being the shares of a bin then and now (Siddiqi, Credit Risk
Scorecards, 2006, ch. 8): Jeffreys' divergence of the two histograms. By custom, below 0.1 is calm
and above 0.25 is a shift.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from graphsvc.report.model import Drift, DriftBin

Floats = NDArray[np.float64]

BINS = 10


def drift(name: str, before: Floats, now: Floats, slack: float) -> Drift:
    """Return the drift of one value from one run to the next.

    The bins are the deciles of the earlier run, equal ones joined. Every bin counts half a subject
    more than there is, so that an empty one doesn't make the index infinite.

    Args:
        name: what the value is called.
        before: float64 (n,), the earlier run's values.
        now: float64 (m,), this run's.
        slack: what the certificates leave open of a difference; limits of bins are raised by it, so
            that many subjects with one value don't change bins for a rounding.
    """
    limits = bin_limits(before, slack)
    counts_before, counts_now = (counted(values, limits) for values in (before, now))
    share_before, share_now = _smoothed(counts_before), _smoothed(counts_now)
    psi = float(np.sum((share_now - share_before) * np.log(share_now / share_before)))
    ends = [*limits.tolist(), None]
    plain_before, plain_now = (
        (counts / max(counts.sum(), 1)).tolist() for counts in (counts_before, counts_now)
    )
    bins = [DriftBin(*one) for one in zip(ends, plain_before, plain_now, strict=True)]
    return Drift(name, psi, tuple(bins))


def bin_limits(values: Floats, slack: float) -> Floats:
    """Return the upper limits, ascending, of all bins but the last: deciles, equal ones joined."""
    if not values.size:
        return np.zeros(0)
    # A value that is there, not a mean of two: many subjects share one.
    deciles = np.quantile(values, np.arange(1, BINS) / BINS, method="inverted_cdf") + slack
    kept = [float(deciles[0])]
    for one, other in pairwise(deciles.tolist()):
        if other - one > 2.0 * slack:
            kept.append(other)
    return np.array(kept)


def counted(values: Floats, limits: Floats) -> NDArray[np.int64]:
    """Return how many values lie in each bin, limits belonging to the bin below."""
    return np.bincount(np.searchsorted(limits, values, side="left"), minlength=limits.size + 1)


def _smoothed(counts: NDArray[np.int64]) -> Floats:
    shares: Floats = (counts + 0.5) / (counts.sum() + 0.5 * counts.size)
    return shares
