"""Calibration is fitted on calibration labels alone, and every method can be asked and answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.proof import calibration, protocol, runner
from benchmarks.proof.methods import Method
from benchmarks.proof.protocol import LabelledSet
from benchmarks.proof.view import Links

SCORED = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40)


@given(SCORED)
@settings(max_examples=80, deadline=None)
def test_probabilities_rise_with_the_score_and_are_never_certain(rows):
    scores = np.array([score for score, _ in rows], float)
    is_bad = np.array([bad for _, bad in rows])
    fit = calibration.isotonic(scores, is_bad)
    probability = calibration.calibrated(fit, np.arange(-1.0, 8.0))
    assert ((probability > 0.0) & (probability < 1.0)).all()
    assert (np.diff(probability) >= 0.0).all()


def test_isotonic_is_the_least_squares_monotone_fit():
    # Worked by hand: 1 and 3 violate, and are pooled.
    starts, probability = calibration.isotonic(
        np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, True, True, False])
    )
    assert starts.tolist() == [1.0, 2.0]
    assert probability == pytest.approx([0.125, 2.0 / 3.0])


def test_calibration_error_is_the_mean_gap_between_told_and_true():
    is_bad = np.array([True, False, False, False])
    assert calibration.expected_calibration_error(is_bad, np.full(4, 0.25), bins=1) == 0.0
    assert calibration.expected_calibration_error(is_bad, np.full(4, 0.75), bins=1) == 0.5


@pytest.fixture
def small():
    rng = np.random.default_rng(0)
    n = 120
    is_bad = np.arange(n) < 40
    src, dst = rng.integers(0, n, 2000), rng.integers(0, n, 2000)
    weight = np.where(rng.random(2000) < np.where(is_bad[dst], 0.8, 0.1), -0.5, 1.0)
    time = np.sort(rng.uniform(0.0, 1e6, 2000))
    subjects = np.arange(0, n, 2)
    return LabelledSet(
        "small", "signed", n, Links(src, dst, weight, time), subjects, is_bad[subjects], subjects
    )


@pytest.mark.parametrize("kind", ["signed", "payments"])
def test_every_method_answers_and_the_same_again(small, kind):
    links = small.links
    if kind == "payments":
        links = Links(links.src, links.dst, np.abs(links.weight) * 10.0, links.time)
    data = LabelledSet("small", kind, small.n, links, small.subjects, small.is_bad, small.groups)
    results = [
        runner.run("small", kind, "", ((0, t) for t in protocol.cross_validated(data, 0, use=1)))
        for _ in range(2)
    ]
    expected = {method.name for method in runner.ALL_METHODS if kind in method.kinds}
    assert {each.method.name for each in results[0].outcomes} == expected
    for first, second in zip(results[0].outcomes, results[1].outcomes, strict=True):
        assert first.measures == second.measures
        assert all(0.0 <= value <= 1.0 for row in first.measures[0] for value in row)


def test_a_score_without_direction_gets_it_from_the_calibration_labels(small):
    known = np.zeros(small.n)
    known[small.subjects[small.is_bad]] = 1.0
    trial = next(protocol.cross_validated(small, 0))
    for sign in (1.0, -1.0):
        method = Method("either", lambda view, s=sign: s * known, has_direction=False)
        outcome = runner.Outcome(method)
        runner.measured(outcome, 0, trial)
        assert outcome.mean("AUC") == 1.0


def test_intervals_are_students(small):
    outcome = runner.Outcome(runner.ALL_METHODS[0])
    outcome.measures = {0: [(0.7, 0, 0, 0)], 1: [(0.8, 0, 0, 0)], 2: [(0.9, 0, 0, 0)]}
    assert outcome.mean("AUC") == pytest.approx(0.8)
    # t(0.975, 2) = 4.3027, standard error 0.1/√3.
    assert outcome.half_width("AUC") == pytest.approx(4.3027 * 0.1 / np.sqrt(3), rel=1e-4)
