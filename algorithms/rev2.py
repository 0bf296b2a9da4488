"""REV2: fairness of raters, goodness of the rated and reliability of each rating, together.

Kumar, Hooi, Makhija, Kumar, Faloutsos & Subrahmanian, REV2: fraudulent user prediction in rating
platforms, WSDM 2018: the mutually recursive definition with priors for the cold start (α₁, β₁) and
behaviour (α₂, β₂, γ₃).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms import _rev2_kernels as kernels
from algorithms._contraction import contract_inf
from algorithms.arguments import Floats, Int64s, float_vector, tolerance_value
from algorithms.certificate import Certificate, gamma, upward
from algorithms.errors import InvalidArgumentError
from algorithms.ratings import Bools, Ratings


@dataclass(frozen=True)
class Rev2Weights:
    """How much each part counts; whole numbers in the paper, any weight >= 0 here.

    Attributes:
        alpha1: pseudo-ratings of mean reliability that each rater starts with.
        alpha2: weight of a rater's behaviour, in ratings.
        beta1: pseudo-ratings of mean goodness that each rated subject starts with.
        beta2: weight of a rated subject's behaviour, in ratings.
        gamma1: share of the rater's fairness in a rating's reliability.
        gamma2: share of the rating's agreement with its target's goodness.
        gamma3: share of the rating's own behaviour.

    Raises:
        InvalidArgumentError: a weight is negative or not finite, or gamma2 + gamma3 is 0: then
            every fairness would do, and nothing would be decided.

    >>> Rev2Weights(alpha1=1.0).gamma2
    1.0
    """

    alpha1: float = 0.0
    alpha2: float = 0.0
    beta1: float = 0.0
    beta2: float = 0.0
    gamma1: float = 1.0
    gamma2: float = 1.0
    gamma3: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value >= 0.0):
                raise InvalidArgumentError(name, f"is {value}; it must be finite and at least 0")
        if self.gamma2 + self.gamma3 == 0.0:
            raise InvalidArgumentError("gamma2", "and gamma3 are 0; one must be positive")

    @property
    def reliability_rate(self) -> float:
        """Lipschitz constant of reliability in (F, G): (γ₁ + γ₂/2) / (γ₁ + γ₂ + γ₃), below 1.

        >>> Rev2Weights().reliability_rate
        0.75
        """
        return (self.gamma1 + self.gamma2 / 2.0) / (self.gamma1 + self.gamma2 + self.gamma3)


@dataclass(frozen=True, eq=False)
class Behaviour:
    """How normal each looks by behaviour alone: 1 is normal, 0 is not (BIRDNEST's Π in the paper).

    Attributes:
        rater: float64 (n,), each in [0, 1].
        rated: float64 (n,), each in [-1, 1]: the goodness that behaviour alone would give.
        rating: float64 (m,), each in [0, 1].
    """

    rater: ArrayLike
    rated: ArrayLike
    rating: ArrayLike


@dataclass(frozen=True, eq=False)
class Rev2:
    """``fairness`` float64 (n,) in [0, 1], ``goodness`` (n,) in [-1, 1], ``reliability`` (m,) in
    [0, 1], and what they are worth: the certificate's bound_inf holds for every one of them.

    Who rated nobody has the mean fairness, whom nobody rated the mean goodness.
    """

    fairness: Floats
    goodness: Floats
    reliability: Floats
    certificate: Certificate


def rev2(
    ratings: Ratings,
    weights: Rev2Weights,
    tolerance: float,
    *,
    behaviour: Behaviour | None = None,
    max_sweeps: int | None = None,
) -> Rev2:
    """Return the fixed point of

    F(u) = (Σ R + α₁ μ_F + α₂ Π_U(u)) / (|Out(u)| + α₁ + α₂),
    G(p) = (Σ R score + β₁ μ_G + β₂ Π_P(p)) / (|In(p)| + β₁ + β₂),
    R(u,p) = (γ₁ F(u) + γ₂ (1 − |score − G(p)|/2) + γ₃ Π_R) / (γ₁ + γ₂ + γ₃),

    μ the means of F over raters and of G over the rated. One sweep of (F, G) contracts in the
    largest norm by λ = max (d q + a) / (d + a + b) over raters and rated with d ratings, a = α₁
    or β₁, b = α₂ or β₂, q = (γ₁ + γ₂/2)/(γ₁ + γ₂ + γ₃) < 1; so both are within ‖r‖∞/(1 − λ) of
    the only fixed point, r the residual measured at them, and R is no further.

    Args:
        ratings: scores in [-1, 1].
        weights: α, β and γ; without behaviour α₂, β₂ and γ₃ must be 0.
        tolerance: largest acceptable error of any value, > 0.
        behaviour: Π of raters, rated and ratings; None for REV2 on ratings alone.
        max_sweeps: give up after so many sweeps; None for as many as λ can need.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: the tolerance was not certified.

    >>> rev2(Ratings([0], [1], [1.0], 2), Rev2Weights(), 1e-9).reliability.round(6)
    array([1.])
    """
    tolerance = tolerance_value(tolerance)
    n, m = ratings.n, ratings.m
    rates, is_rated = ratings.given > 0, ratings.received > 0
    pi_u, pi_p, pi_r = _behaviour(behaviour, weights, n, m)
    reliability, sum_F, sum_G = np.empty(m), np.empty(n), np.empty(n)
    total_F: Floats = ratings.given.astype(np.float64) + (weights.alpha1 + weights.alpha2)
    total_G: Floats = ratings.received.astype(np.float64) + (weights.beta1 + weights.beta2)

    def step(x: Floats) -> Floats:
        F, G = x[:n], x[n:]
        kernels.reliability_sums(
            ratings.source, ratings.target, ratings.score, pi_r,
            weights.gamma1, weights.gamma2, weights.gamma3, F, G, reliability, sum_F, sum_G,
        )  # fmt: skip
        y = np.empty_like(x)
        y[:n] = _shrunk(sum_F, weights.alpha1, weights.alpha2 * pi_u, total_F, F, rates)
        y[n:] = _shrunk(sum_G, weights.beta1, weights.beta2 * pi_p, total_G, G, is_rated)
        return y

    q = weights.reliability_rate
    rate = max(
        _rate(ratings.given[rates], q, weights.alpha1, weights.alpha2),
        _rate(ratings.received[is_rated], q, weights.beta1, weights.beta2),
    )
    longest = int(max(ratings.given.max(initial=0), ratings.received.max(initial=0)))
    start = np.concatenate([np.ones(n), np.zeros(n)])
    x, certificate = contract_inf(
        step, start, amplified=upward(1.0 / (1.0 - rate)), rounding=gamma(longest + n + 16),
        tolerance=tolerance, max_sweeps=max_sweeps,
    )  # fmt: skip
    return Rev2(x[:n].copy(), x[n:].copy(), reliability, certificate)


def _shrunk(
    sums: Floats, mean_weight: float, behaviour: Floats, total: Floats, before: Floats, has: Bools
) -> Floats:
    """The mean over own ratings, pseudo-ratings and behaviour; the mean itself where none is."""
    mean = float(before[has].mean()) if has.any() else 0.0
    after = np.full(before.size, mean)
    after[has] = (sums[has] + mean_weight * mean + behaviour[has]) / total[has]
    return after


def _rate(counts: Int64s, q: float, mean_weight: float, behaviour_weight: float) -> float:
    if counts.size == 0:
        return 0.0
    rates = (counts * q + mean_weight) / (counts + mean_weight + behaviour_weight)
    return upward(float(rates.max()))


def _behaviour(
    behaviour: Behaviour | None, weights: Rev2Weights, n: int, m: int
) -> tuple[Floats, Floats, Floats]:
    if behaviour is None:
        if weights.alpha2 or weights.beta2 or weights.gamma3:
            raise InvalidArgumentError("behaviour", "is None, but its weights are not 0")
        return np.zeros(n), np.zeros(n), np.zeros(m)
    return (
        float_vector("behaviour.rater", behaviour.rater, n, low=0.0, high=1.0),
        float_vector("behaviour.rated", behaviour.rated, n, low=-1.0, high=1.0),
        float_vector("behaviour.rating", behaviour.rating, m, low=0.0, high=1.0),
    )
