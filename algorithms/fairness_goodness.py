"""Fairness and goodness: how reliable a rater is, how good whom they rate, each by the other.

Kumar, Spezzano, Subrahmanian & Faloutsos, Edge weight prediction in weighted signed networks,
ICDM 2016, eq. 1 and 2: g(v) = Σ_u f(u) W(u,v) / |in(v)| and
f(u) = 1 − Σ_v |W(u,v) − g(v)| / 2|out(u)|.
"""

from dataclasses import dataclass

import numpy as np

from algorithms import _fairness_goodness_kernels as kernels
from algorithms._contraction import contract_inf
from algorithms.accelerate import threads_worth
from algorithms.arguments import Floats, float_vector, tolerance_value
from algorithms.certificate import Certificate, gamma
from algorithms.errors import InvalidArgumentError
from algorithms.ratings import Ratings

# Σ of (1/2)^k: what a map that halves distances makes of a residual.
HALVING = 2.0
NOBODY_SKIPPED = -1


@dataclass(frozen=True, eq=False)
class FairnessGoodness:
    """``fairness`` float64 (n,) in [0, 1], ``goodness`` float64 (n,) in [-1, 1], and their worth.

    The certificate's bound_inf holds for every value of both.
    """

    fairness: Floats
    goodness: Floats
    certificate: Certificate

    def predicted(self, ratings: Ratings) -> Floats:
        """Return f(source) · g(target) of each rating, float64 (m,): §III-C of the paper.

        >>> ratings = Ratings([0], [1], [0.5], 2)
        >>> fairness_goodness(ratings, 1e-9).predicted(ratings)
        array([0.5])
        """
        return self.fairness[ratings.source] * self.goodness[ratings.target]


def fairness_goodness(
    ratings: Ratings,
    tolerance: float,
    *,
    unrated: float = 0.0,
    max_sweeps: int | None = None,
) -> FairnessGoodness:
    """Return the one solution of both equations, each value within ``tolerance``.

    Who rates nobody has fairness 1, whom nobody rates has goodness ``unrated``. As scores lie in
    [-1, 1], a sweep brings two fairness vectors to half their distance at most (Theorem 1), so
    ‖f − f*‖∞ ≤ 2 ‖r‖∞ with r the residual measured at f; and ‖g − g*‖∞ ≤ ‖f − f*‖∞.

    Args:
        ratings: scores in [-1, 1]; others are divided by their largest magnitude beforehand.
        tolerance: largest acceptable error of any value, > 0.
        unrated: goodness of a subject without ratings, in [-1, 1]; the authors' code has 0.
        max_sweeps: give up after so many sweeps; None for as many as halving can need.

    Raises:
        InvalidArgumentError: an argument out of its domain.
        ConvergenceError: the tolerance was not certified.

    >>> fairness_goodness(Ratings([0, 1], [2, 2], [1.0, 0.0], 3), 1e-9).goodness.round(6)
    array([0.      , 0.      , 0.333333])
    """
    tolerance = tolerance_value(tolerance)
    unrated = _score("unrated", unrated)
    in_starts, in_order = ratings.by_target
    out_starts, out_order = ratings.by_source
    rater, W_in = ratings.source[in_order], ratings.score[in_order]
    rated, W_out = ratings.target[out_order], ratings.score[out_order]
    g = np.full(ratings.n, unrated)

    def step(f: Floats) -> Floats:
        after = np.ones_like(f)
        kernels.goodness_of(in_starts, rater, W_in, f, g, NOBODY_SKIPPED)
        kernels.fairness_of(out_starts, rated, W_out, g, after, NOBODY_SKIPPED)
        return after

    longest = int(max(ratings.given.max(initial=0), ratings.received.max(initial=0)))
    f, certificate = contract_inf(
        step,
        np.ones(ratings.n),
        amplified=HALVING,
        rounding=2.0 * gamma(longest + 4),
        tolerance=tolerance,
        max_sweeps=max_sweeps,
    )
    # step() has just written g of this very f.
    return FairnessGoodness(f, g, certificate)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """For each rating, of the ratings without it: ``fairness`` of its source, ``goodness`` of its
    target, float64 (m,), each within ``tolerance``; their product predicts the rating."""

    fairness: Floats
    goodness: Floats
    tolerance: float


def fairness_goodness_left_out(
    ratings: Ratings, tolerance: float, *, unrated: float = 0.0
) -> LeftOut:
    """Return what the other ratings say about each rating: the paper's leave-one-out setting.

    Every rating is left out in turn and the equations are solved anew from the solution for all,
    until the last sweep moved no fairness by more than half the ``tolerance``; as sweeps halve
    the distance, no value is further than ``tolerance`` from its own fixed point (rounding of
    some 1e-13 apart). Time grows with m²: half a minute for 36,000 ratings on one core.

    Args:
        ratings: as for ``fairness_goodness``.
        tolerance: largest acceptable error of any value, in [1e-12, 1].
        unrated: as for ``fairness_goodness``.

    Raises:
        InvalidArgumentError: an argument out of its domain.

    >>> fairness_goodness_left_out(Ratings([0, 1], [2, 2], [1.0, 0.5], 3), 1e-6).goodness.round(3)
    array([0.5, 1. ])
    """
    if not 1e-12 <= tolerance_value(tolerance) <= 1.0:
        raise InvalidArgumentError("tolerance", f"is {tolerance}; it must be in [1e-12, 1]")
    whole = fairness_goodness(ratings, max(tolerance, 1e-9), unrated=unrated)
    in_starts, in_order = ratings.by_target
    out_starts, out_order = ratings.by_source
    place_in, place_out = np.empty_like(in_order), np.empty_like(out_order)
    place_in[in_order] = place_out[out_order] = np.arange(ratings.m)
    fair, good = np.empty(ratings.m), np.empty(ratings.m)
    with threads_worth(ratings.m * ratings.m):
        kernels.each_left_out(
            in_starts, ratings.source[in_order], ratings.score[in_order],
            out_starts, ratings.target[out_order], ratings.score[out_order],
            place_in, place_out, ratings.source, ratings.target,
            whole.fairness, whole.goodness, _score("unrated", unrated), tolerance / 2.0,
            fair, good,
        )  # fmt: skip
    return LeftOut(fair, good, tolerance)


def _score(name: str, value: float) -> float:
    return float(float_vector(name, [value], 1, low=-1.0, high=1.0)[0])
