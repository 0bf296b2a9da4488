"""The protocol sees no hidden label, no hidden link and no future, whatever a method tries.

Each leak is planted: the answer stands in plain sight in what must be hidden. A method that reads
it is right about everyone when nothing is hidden, and no better than a coin under the protocol.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import auc
from benchmarks.proof import protocol
from benchmarks.proof.protocol import DatedSet, LabelledSet, RatingSet
from benchmarks.proof.view import Links, View

COIN = 0.12
N, LABELLED = 600, 400


def mean_received(view: View):
    """The cheat: suspicion is what was said about a subject in the links it can see."""
    return -np.bincount(view.links.dst, view.links.weight, view.n) / np.maximum(
        np.bincount(view.links.dst, minlength=view.n), 1
    )


def noise(rng, count, n=N):
    return rng.integers(0, n, count), rng.integers(0, n, count), rng.choice([-0.5, 0.5], count)


@pytest.fixture
def circular():
    """Labelled subjects rate each other by their labels; everybody else rates at random."""
    rng = np.random.default_rng(1)
    subjects = rng.permutation(N)[:LABELLED]
    is_bad = rng.random(LABELLED) < 0.5
    rater = rng.integers(0, LABELLED, 20 * LABELLED)
    rated = rng.integers(0, LABELLED, rater.size)
    src, dst, weight = noise(rng, 4000)
    links = Links(
        np.concatenate([subjects[rater], src]),
        np.concatenate([subjects[rated], dst]),
        np.concatenate([np.where(is_bad[rated], -1.0, 1.0), weight]),
    )
    return LabelledSet("circular", "signed", N, links, subjects, is_bad, np.arange(LABELLED))


def test_circular_ratings_tell_all_when_they_are_seen(circular):
    view = View(N, circular.links, np.empty(0, int), np.empty(0, int))
    assert auc(circular.is_bad, mean_received(view)[circular.subjects]) > 0.99


def test_circular_ratings_tell_nothing_under_the_protocol(circular):
    found = [
        auc(trial.test.is_bad, mean_received(trial.view)[trial.test.subjects])
        for seed in range(3)
        for trial in protocol.cross_validated(circular, seed)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=COIN)


def test_no_view_holds_a_link_between_labelled_or_a_label_that_is_asked_for(circular):
    labelled = set(circular.subjects.tolist())
    for trial in protocol.cross_validated(circular, 0):
        ends = zip(trial.view.links.src.tolist(), trial.view.links.dst.tolist(), strict=True)
        assert not any(i in labelled and j in labelled for i, j in ends)
        known = set(trial.view.bad.tolist()) | set(trial.view.good.tolist())
        assert known
        assert not known & set(trial.test.subjects.tolist())
        assert not known & set(trial.calibration.subjects.tolist())
        assert not set(trial.test.subjects.tolist()) & set(trial.calibration.subjects.tolist())


def test_every_labelled_subject_is_tested_once(circular):
    tested = np.concatenate(
        [trial.test.subjects for trial in protocol.cross_validated(circular, 0)]
    )
    kept = protocol.keeping_links(circular, protocol.without_labelled_links(circular))
    assert sorted(tested.tolist()) == sorted(kept.subjects.tolist())
    assert kept.subjects.size > 0.99 * circular.subjects.size


def test_whom_hiding_leaves_without_links_is_not_asked_about():
    # The bad are linked to labelled subjects only: their absence would give them away.
    subjects = np.arange(20)
    is_bad = subjects < 10
    src, dst = np.arange(10, 20), np.arange(0, 10)
    outside = np.full(10, 25)
    links = Links(np.concatenate([src, src]), np.concatenate([dst, outside]), np.ones(20), None)
    data = LabelledSet("absent", "social", 30, links, subjects, is_bad, subjects)
    kept = protocol.keeping_links(data, protocol.without_labelled_links(data))
    assert kept.subjects.tolist() == list(range(10, 20))


@given(st.lists(st.integers(0, 12), min_size=10, max_size=60), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_a_ring_is_never_on_both_sides(groups, seed):
    size = len(groups)
    is_bad = np.random.default_rng(seed).random(size) < 0.5
    links = Links(np.arange(size), np.full(size, size), np.ones(size))
    data = LabelledSet(
        "rings", "social", size + 1, links, np.arange(size), is_bad, np.array(groups)
    )
    ring = dict(enumerate(groups))
    for trial in protocol.cross_validated(data, seed):
        sides = [
            {ring[i] for i in part.tolist()}
            for part in (
                np.concatenate([trial.view.bad, trial.view.good]),
                trial.test.subjects,
                trial.calibration.subjects,
            )
        ]
        assert not sides[0] & sides[1]
        assert not sides[1] & sides[2]
        assert not sides[0] & sides[2]


@pytest.fixture
def with_tomorrow():
    """From the day when a subject becomes known on, all its links say so; before, none does."""
    rng = np.random.default_rng(2)
    known_at = np.where(rng.random(N) < 0.3, rng.uniform(0, 100, N), np.inf)
    src, dst, weight = noise(rng, 40_000)
    time = rng.uniform(0, 100, src.size)
    weight = np.where(time >= known_at[dst], -1.0, weight)
    return DatedSet("tomorrow", "signed", N, Links(src, dst, weight, time), known_at)


def test_the_future_tells_all_when_it_is_seen(with_tomorrow):
    view = View(N, with_tomorrow.links, np.empty(0, int), np.empty(0, int))
    asked = protocol.forecast(with_tomorrow, 50.0, 25.0).test
    assert auc(asked.is_bad, mean_received(view)[asked.subjects]) > 0.95


def test_the_future_tells_nothing_under_the_protocol(with_tomorrow):
    found = []
    for cut in (40.0, 50.0, 60.0, 70.0):
        trial = protocol.forecast(with_tomorrow, cut, 20.0)
        assert trial.view.links.time.max() <= cut
        assert trial.calibration_view.links.time.max() <= cut - 20.0
        assert (with_tomorrow.known_at[trial.view.bad] <= cut).all()
        assert (with_tomorrow.known_at[trial.test.subjects] > cut).all()
        found.append(auc(trial.test.is_bad, mean_received(trial.view)[trial.test.subjects]))
    assert np.mean(found) == pytest.approx(0.5, abs=COIN)


def test_calibration_knows_nothing_later_than_the_cut(with_tomorrow):
    trial = protocol.forecast(with_tomorrow, 60.0, 20.0)
    late = with_tomorrow.known_at[trial.calibration.subjects]
    assert (late[trial.calibration.is_bad] <= 60.0).all()


def test_who_has_no_date_is_neither_bad_nor_good(with_tomorrow):
    known = with_tomorrow.known_at.copy()
    known[:50] = np.nan
    data = DatedSet("undated", "signed", N, with_tomorrow.links, known)
    trial = protocol.forecast(data, 60.0, 20.0)
    assert trial.test.subjects.min() >= 50
    assert trial.view.bad.min() >= 50


@pytest.fixture
def rated():
    """Signs are a coin; a copy of each rating's sign is rated at the very same moment after it."""
    rng = np.random.default_rng(3)
    src, dst, _ = noise(rng, 6000)
    sign = rng.choice([-1.0, 1.0], src.size)
    return RatingSet("rated", "signed", N, Links(src, dst, sign, np.arange(src.size, dtype=float)))


def test_a_rating_is_foretold_from_earlier_ones_alone(rated):
    for cut in (0.4, 0.6, 0.8):
        trial = protocol.next_ratings(rated, cut, 0.2)
        assert trial.view.links.time.max() < cut * rated.links.src.size
        score = mean_received(trial.view)[trial.test.subjects]
        assert auc(trial.test.is_bad, score) == pytest.approx(0.5, abs=COIN)


def test_a_hidden_rating_is_not_there_and_neither_is_its_answer():
    rng = np.random.default_rng(4)
    src, dst = rng.integers(0, N, 8000), rng.integers(0, N, 8000)
    sign = rng.choice([-1.0, 1.0], 8000)
    # Whoever is rated gives the same rating back.
    links = Links(np.concatenate([src, dst]), np.concatenate([dst, src]), np.tile(sign, 2))
    trial = protocol.hidden_ratings(RatingSet("back", "signed", N, links), 0)
    seen = set(zip(trial.view.links.src.tolist(), trial.view.links.dst.tolist(), strict=True))
    assert all((j, i) in seen for i, j in seen)
    assert trial.test.subjects.size + trial.calibration.subjects.size > 2000
    score = mean_received(trial.view)[trial.test.subjects]
    assert auc(trial.test.is_bad, score) == pytest.approx(0.5, abs=COIN)
