"""REV2 is the fixed point of the paper's three equations, with and without behaviour."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    Behaviour,
    ConvergenceError,
    InvalidArgumentError,
    Ratings,
    Rev2Weights,
    rev2,
)
from tests.algorithms import naive_methods
from tests.algorithms.strategies import rated

WEIGHTS = st.builds(
    Rev2Weights,
    alpha1=st.sampled_from([0.0, 1.0, 2.0]),
    beta1=st.sampled_from([0.0, 1.0]),
    gamma1=st.sampled_from([0.0, 1.0, 2.0]),
    gamma2=st.sampled_from([0.5, 1.0]),
)


@given(rated(), WEIGHTS, st.sampled_from([1e-2, 1e-10]))
@settings(max_examples=40, deadline=None)
def test_the_true_error_never_exceeds_the_bound(case, weights, tolerance):
    ratings, rows = case
    result = rev2(ratings, weights, tolerance)
    fairness, goodness, reliability = naive_methods.rev2(rows, ratings.n, weights)
    bound = result.certificate.bound_inf
    assert bound <= tolerance
    for u, wanted in fairness.items():
        assert abs(result.fairness[u] - wanted) <= bound + 1e-13
    for p, wanted in goodness.items():
        assert abs(result.goodness[p] - wanted) <= bound + 1e-13
    assert np.abs(result.reliability - reliability).max() <= bound + 1e-13


@given(rated(), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_behaviour_enters_as_the_paper_has_it(case, seed):
    ratings, rows = case
    rng = np.random.default_rng(seed)
    behaviour = (
        rng.random(ratings.n),
        rng.uniform(-1.0, 1.0, ratings.n),
        rng.random(ratings.m),
    )
    weights = Rev2Weights(1.0, 2.0, 1.0, 1.0, 1.0, 2.0, 1.0)
    result = rev2(ratings, weights, 1e-10, behaviour=Behaviour(*behaviour))
    fairness, goodness, _ = naive_methods.rev2(rows, ratings.n, weights, behaviour)
    assert all(result.fairness[u] == pytest.approx(f, abs=1e-10) for u, f in fairness.items())
    assert all(result.goodness[p] == pytest.approx(g, abs=1e-10) for p, g in goodness.items())


@given(rated(), WEIGHTS)
@settings(max_examples=30, deadline=None)
def test_all_three_stay_in_their_ranges(case, weights):
    result = rev2(case[0], weights, 1e-9)
    assert ((result.fairness >= -1e-9) & (result.fairness <= 1.0 + 1e-9)).all()
    assert ((result.goodness >= -1.0 - 1e-9) & (result.goodness <= 1.0 + 1e-9)).all()
    assert ((result.reliability >= -1e-9) & (result.reliability <= 1.0 + 1e-9)).all()


def test_pseudo_ratings_pull_a_lone_rating_to_the_mean():
    rows = [(u, v, 0.5) for u in range(6) for v in range(6, 10)] + [(0, 10, -1.0)]
    source, target, score = zip(*rows, strict=True)
    ratings = Ratings(source, target, score, 11)
    without = rev2(ratings, Rev2Weights(), 1e-9).goodness[10]
    with_prior = rev2(ratings, Rev2Weights(beta1=2.0), 1e-9).goodness[10]
    assert without < with_prior


def test_what_is_out_of_domain_or_out_of_reach_is_refused():
    ratings = Ratings([0, 1, 1], [2, 2, 0], [1.0, -0.5, 0.5], 3)
    with pytest.raises(InvalidArgumentError, match="gamma2 and gamma3 are 0"):
        Rev2Weights(gamma2=0.0)
    with pytest.raises(InvalidArgumentError, match="alpha1 is -1"):
        Rev2Weights(alpha1=-1.0)
    with pytest.raises(InvalidArgumentError, match="behaviour is None, but its weights"):
        rev2(ratings, Rev2Weights(alpha2=1.0), 1e-6)
    with pytest.raises(InvalidArgumentError, match=r"behaviour.rater\[0\] is 2.0"):
        rev2(ratings, Rev2Weights(), 1e-6, behaviour=Behaviour([2, 0, 0], [0] * 3, [0] * 3))
    with pytest.raises(ConvergenceError, match="after 2 sweeps"):
        rev2(ratings, Rev2Weights(), 1e-10, max_sweeps=2)
    assert rev2(Ratings([], [], [], 0), Rev2Weights(), 1e-9).fairness.size == 0
