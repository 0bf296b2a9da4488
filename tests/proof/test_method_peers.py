"""Rivals written here give our values: a wrong one would win or lose for nothing."""

import numpy as np
import pytest

import algorithms as a
from benchmarks import method_peers as peers
from benchmarks import methods
from benchmarks.proof.view import Links, View

N = 120


@pytest.fixture
def view():
    rng = np.random.default_rng(3)
    weight = np.where(rng.random(900) < 0.2, -1.0, 1.0)
    # The last twenty have no links out, and the first two thirds are linked to most.
    src, dst = rng.integers(0, N - 20, 900), rng.integers(0, N, 900)
    pair = np.unique(src * N + dst, return_index=True)[1]
    links = Links(src[pair], dst[pair], weight[pair])
    return View(N, links, np.arange(5), np.arange(90, 95))


@pytest.mark.parametrize(
    "rows",
    [
        methods.general_methods,
        methods.local_methods,
        methods.signed_methods,
        methods.taint_methods,
    ],
    ids=lambda f: f.__name__,
)
def test_rivals_give_our_values(view, rows):
    if rows is methods.taint_methods:
        links = Links(view.links.src, view.links.dst, np.abs(view.links.weight) * 7.0)
        view = View(N, links, view.bad, view.good)
    compared = 0
    for contest in rows(view):
        exact = contest.ours()
        for rival in contest.rivals:
            try:
                solve = rival.build()
            except ImportError:
                continue
            assert methods.distance(exact, solve()) <= contest.allowed, (contest, rival)
            compared += 1
    assert compared >= 2


def test_who_knows_other_subjects_is_infinitely_far():
    assert methods.distance(np.array([1.0, np.nan]), np.array([1.0, 0.0])) == np.inf
    assert methods.distance(np.array([2.0, 1.0]), np.array([2.0, 0.0])) == 0.5


def test_a_rival_that_is_wrong_is_left_out(capsys):
    contest = methods.Contest(
        "m", lambda: np.ones(3), (methods.Rival("off", lambda: lambda: np.zeros(3)),)
    )
    assert list(methods.fought(contest, 1)) == []
    assert "left out: off on m" in capsys.readouterr().out


def test_fifo_of_a_worked_payment():
    payments = a.Payments([0, 2, 1], [1, 1, 3], [5, 5, 6], 4)
    received = peers.python_fifo(payments, np.array([True, False, False, False]))()
    assert received.tolist() == [0.0, 5.0, 0.0, 5.0]
