"""Ranking measures agree with their definitions, ties included."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import InvalidArgumentError, auc, average_precision, precision_at
from tests.algorithms import naive

LABELLED = st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=30).filter(
    lambda rows: 0 < sum(label for label, _ in rows) < len(rows)
)


@given(LABELLED)
@settings(deadline=None)
def test_auc_counts_pairs(rows):
    labels, scores = zip(*rows, strict=True)
    assert auc(labels, scores) == pytest.approx(naive.auc(labels, scores))
    assert auc(labels, [-s for s in scores]) == pytest.approx(1.0 - auc(labels, scores))


@given(st.lists(st.booleans(), min_size=1, max_size=20).filter(any))
@settings(deadline=None)
def test_average_precision_without_ties_is_the_mean_precision_at_the_positives(labels):
    hits = np.cumsum(labels)
    wanted = np.mean([hits[k] / (k + 1) for k in range(len(labels)) if labels[k]])
    assert average_precision(labels, -np.arange(len(labels))) == pytest.approx(wanted)


def test_average_precision_of_one_great_tie_is_the_share_of_positives():
    assert average_precision([1, 0, 0, 1, 0], np.zeros(5)) == pytest.approx(0.4)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=1, max_size=5).filter(
        lambda rows: any(label for label, _ in rows)
    ),
    st.sampled_from([0.1, 0.2, 0.5, 0.6, 1.0]),
)
@settings(deadline=None)
def test_precision_at_is_the_mean_over_all_orders_of_the_tied(rows, fraction):
    labels, scores = zip(*rows, strict=True)
    top = max(1, int(np.ceil(round(fraction * len(rows), 6))))
    # sorted() is stable, so each permutation breaks the ties in its own way.
    orders = [sorted(each, key=lambda row: -row[1])[:top] for each in permutations(rows)]
    wanted = np.mean([sum(label for label, _ in order) / top for order in orders])
    assert precision_at(labels, scores, fraction) == pytest.approx(wanted)


@pytest.mark.parametrize("measure", [auc, average_precision, lambda a, b: precision_at(a, b, 0.5)])
@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 0], [0.1, 0.2], "no positive"),
        ([0, 2], [0.1, 0.2], "must be a vector of 0 and 1"),
        ([0, 1], [0.1], "scores has shape"),
        ([0, 1], [0.1, np.nan], r"scores\[1\] is nan"),
    ],
)
def test_what_cannot_be_ranked_is_refused(measure, labels, scores, message):
    with pytest.raises(InvalidArgumentError, match=message):
        measure(labels, scores)


def test_auc_needs_a_negative_and_precision_a_fraction():
    with pytest.raises(InvalidArgumentError, match="no negative"):
        auc([1, 1], [0.1, 0.2])
    with pytest.raises(InvalidArgumentError, match="fraction is 0"):
        precision_at([1, 0], [0.1, 0.2], 0)
