"""The proof of learned models begins, and a network can't peek past the protocol either."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from algorithms import auc
from algorithms.learned import NetworkKind
from benchmarks.proof import protocol
from benchmarks.proof.learned_methods import LESSONS, Learner, by_labels, by_time
from benchmarks.proof.protocol import DatedSet, LabelledSet
from benchmarks.proof.sets import SETS
from benchmarks.proof.view import Links

N, LABELLED = 400, 300


def test_it_can_be_imported_and_has_lessons_for_every_set_of_the_proof():
    assert callable(import_module("benchmarks.proof.learned").main)
    assert set(LESSONS) == {each.name for each in SETS}
    assert set(import_module("benchmarks.proof.learned").SETS) == set(LESSONS)


def test_circular_ratings_teach_a_network_nothing_under_the_protocol():
    """Labelled subjects rate each other by their labels; everybody else rates at random."""
    rng = np.random.default_rng(1)
    subjects = rng.permutation(N)[:LABELLED]
    is_bad = rng.random(LABELLED) < 0.5
    rater, rated = rng.integers(0, LABELLED, (2, 4000))
    src, dst = rng.integers(0, N, (2, 4000))
    links = Links(
        np.concatenate([subjects[rater], src]),
        np.concatenate([subjects[rated], dst]),
        np.concatenate([np.where(is_bad[rated], -1.0, 1.0), rng.choice([-0.5, 0.5], 4000)]),
    )
    data = LabelledSet("circular", "signed", N, links, subjects, is_bad, np.arange(LABELLED))
    learner = Learner(by_labels, (NetworkKind.SIGNED,))
    found = []
    for trial in protocol.cross_validated(data, 0, use=3):
        said = learner.scores(trial.view)[NetworkKind.SIGNED].probability
        found.append(auc(trial.test.is_bad, said[trial.test.subjects]))
    assert np.mean(found) == pytest.approx(0.5, abs=0.15)


def test_lessons_of_a_forecast_end_before_its_cut():
    rng = np.random.default_rng(2)
    known_at = np.where(rng.random(N) < 0.5, rng.uniform(0, 100, N), np.inf)
    src, dst = rng.integers(0, N, (2, 8000))
    time = rng.uniform(0, 100, src.size)
    data = DatedSet("dated", "payments", N, Links(src, dst, np.ones(src.size), time), known_at)
    trial = protocol.forecast(data, 80.0, 20.0)
    for view, cut, count in ((trial.view, 80.0, 3), (trial.calibration_view, 60.0, 2)):
        lessons = by_time(view)
        assert len(lessons) == count
        assert lessons[-1].evidence.time.max() <= cut - 20.0
        for lesson in lessons:
            bad = lesson.subjects[lesson.bad > 0]
            assert (known_at[bad] <= cut).all()
            assert not np.isin(trial.test.subjects[trial.test.is_bad], bad).any()
