"""Fairness–goodness is the one solution of its equations, and axioms of the paper hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    ConvergenceError,
    InvalidArgumentError,
    Ratings,
    fairness_goodness,
    fairness_goodness_left_out,
)
from tests.algorithms import naive_methods
from tests.algorithms.strategies import rated


@given(rated(), st.sampled_from([1e-2, 1e-6, 1e-12]))
@settings(max_examples=50, deadline=None)
def test_the_true_error_never_exceeds_the_bound(case, tolerance):
    ratings, rows = case
    result = fairness_goodness(ratings, tolerance)
    fairness, goodness = naive_methods.fairness_goodness(rows, ratings.n)
    bound = result.certificate.bound_inf
    assert bound <= tolerance
    assert np.abs(result.fairness - fairness).max() <= bound + 1e-14
    assert np.abs(result.goodness - goodness).max() <= bound + 1e-14


@given(rated())
@settings(max_examples=50, deadline=None)
def test_fairness_and_goodness_stay_in_their_ranges(case):
    result = fairness_goodness(case[0], 1e-9)
    assert ((result.fairness >= 0.0) & (result.fairness <= 1.0)).all()
    assert ((result.goodness >= -1.0) & (result.goodness <= 1.0)).all()


@given(rated(), st.randoms())
@settings(max_examples=30, deadline=None)
def test_neither_order_nor_names_matter(case, random):
    ratings, rows = case
    order, names = list(range(len(rows))), list(range(ratings.n))
    random.shuffle(order)
    random.shuffle(names)
    names = np.array(names)
    renamed = Ratings(
        names[ratings.source[order]], names[ratings.target[order]], ratings.score[order], ratings.n
    )
    plain, other = fairness_goodness(ratings, 1e-11), fairness_goodness(renamed, 1e-11)
    np.testing.assert_allclose(other.fairness[names], plain.fairness, atol=2e-11)
    np.testing.assert_allclose(other.goodness[names], plain.goodness, atol=2e-11)


@given(rated(most=5))
@settings(max_examples=25, deadline=None)
def test_what_is_left_out_is_solved_without_it(case):
    ratings, rows = case
    result = fairness_goodness_left_out(ratings, 1e-9)
    for e, (source, target, _) in enumerate(rows):
        fairness, goodness = naive_methods.fairness_goodness(rows[:e] + rows[e + 1 :], ratings.n)
        assert result.fairness[e] == pytest.approx(fairness[source], abs=2e-9)
        assert result.goodness[e] == pytest.approx(goodness[target], abs=2e-9)


def test_ratings_by_the_fair_count_more():
    # 0, 1 and 2 agree on 4 and 5; 3 contradicts them; 6 is rated by 0 and 3 alone.
    rows = [(u, v, 0.8) for u in (0, 1, 2) for v in (4, 5)]
    rows += [(3, 4, -1.0), (3, 5, -1.0), (0, 6, 0.5), (3, 6, -0.5)]
    source, target, score = zip(*rows, strict=True)
    result = fairness_goodness(Ratings(source, target, score, 7), 1e-9)
    assert result.fairness[3] < result.fairness[0]
    assert result.goodness[6] > 0.0


def test_who_is_not_rated_has_what_was_asked_for():
    ratings = Ratings([0], [1], [0.5], 3)
    result = fairness_goodness(ratings, 1e-9, unrated=0.25)
    assert result.goodness[[0, 2]].tolist() == [0.25, 0.25]
    assert result.fairness[[1, 2]].tolist() == [1.0, 1.0]
    assert fairness_goodness(Ratings([], [], [], 0), 1e-9).fairness.size == 0


def test_prediction_is_fairness_times_goodness():
    ratings = Ratings([0, 1, 1], [2, 2, 0], [1.0, -0.5, 0.5], 3)
    result = fairness_goodness(ratings, 1e-9)
    wanted = [
        result.fairness[u] * result.goodness[v]
        for u, v in zip(ratings.source, ratings.target, strict=True)
    ]
    assert result.predicted(ratings).tolist() == wanted


def test_what_cannot_be_certified_fails():
    ratings = Ratings([0, 1, 1], [2, 2, 0], [1.0, -0.5, 0.5], 3)
    with pytest.raises(ConvergenceError, match="float64 rounding alone"):
        fairness_goodness(ratings, 1e-17)
    with pytest.raises(ConvergenceError, match="after 1 sweeps"):
        fairness_goodness(ratings, 1e-12, max_sweeps=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0], [1], [1.5], 2), r"score\[0\] is 1.5; it must be in \[-1, 1\]"),
        (([0], [2], [1.0], 2), r"target\[0\] is 2; it must be in \[0, 2\)"),
        (([0, 1], [1], [1.0], 2), "target has 1 rows, source has 2"),
        (([0.5], [1], [1.0], 2), "source must be a vector of whole numbers"),
    ],
)
def test_ratings_out_of_their_domain_are_named(arguments, message):
    with pytest.raises(InvalidArgumentError, match=message):
        Ratings(*arguments)


def test_arguments_out_of_their_domain_are_named():
    ratings = Ratings([0], [1], [0.5], 2)
    with pytest.raises(InvalidArgumentError, match="unrated"):
        fairness_goodness(ratings, 1e-6, unrated=2.0)
    with pytest.raises(InvalidArgumentError, match=r"tolerance is 1e-15"):
        fairness_goodness_left_out(ratings, 1e-15)
    with pytest.raises(InvalidArgumentError, match="chosen has shape"):
        ratings.only([True, False])
