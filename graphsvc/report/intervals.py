"""95 % intervals of rates, of means and of ratios of rates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from graphsvc.report.model import Interval

Z = 1.959963984540054
"""Φ(Z) = 0.975."""


def rate(hits: int, total: int) -> Interval | None:
    """Return a share with its interval, None of nobody.

    Wilson, J. Am. Stat. Assoc. 22 (1927): holds near 0 and 1 and for small groups.

    >>> rate(0, 0) is None, round(rate(8, 10).low, 3)
    (True, 0.49)
    """
    if not total:
        return None
    share = hits / total
    denominator = 1.0 + Z * Z / total
    middle = (share + Z * Z / (2 * total)) / denominator
    half = Z / denominator * math.sqrt(share * (1 - share) / total + (Z / (2 * total)) ** 2)
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))


def mean(values: NDArray[np.float64]) -> Interval | None:
    """Return a mean with its interval by the normal law, None of nobody.

    One value alone shows no spread: its interval is itself, and says nothing.
    """
    if not values.size:
        return None
    value = float(values.mean())
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    half = Z * spread / math.sqrt(values.size)
    return Interval(value, value - half, value + half)


def ratio(hits: int, total: int, hits_best: int, total_best: int) -> Interval | None:
    """Return the ratio of two shares with its interval; None where the second is 0.

    Katz et al., Biometrics 34 (1978): the normal law for the logarithm. Of a share of 0 the lower
    limit is 0 and the upper one that of the share's own interval over the best share.
    """
    if not total or not total_best or not hits_best:
        return None
    best = hits_best / total_best
    value = (hits / total) / best
    if not hits:
        own = rate(hits, total)
        return Interval(0.0, 0.0, own.high / best if own else 0.0)
    deviation = math.sqrt((1 - hits / total) / hits + (1 - hits_best / total_best) / hits_best)
    return Interval(value, value * math.exp(-Z * deviation), value * math.exp(Z * deviation))
