"""Signed walks and Guha's propagation agree with dense algebra; signs keep their meaning."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    ConvergenceError,
    CSRGraph,
    Distrust,
    InvalidArgumentError,
    SignedGraph,
    Steps,
    guha_beliefs,
    ratings_from_networkx,
    ratings_to_networkx,
    rounded_by_majority,
    signed_from_networkx,
    signed_to_networkx,
    signed_walk,
)
from tests.algorithms import naive, naive_methods
from tests.algorithms.strategies import rated, signed

SHARES = st.sampled_from([0.0, 0.3, 1.0])


@given(signed(), st.sampled_from([0.05, 0.5, 1.0]), SHARES, SHARES, st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_true_error_of_a_signed_walk_never_exceeds_the_bound(graph, c, beta, gamma, seed):
    seeds = np.random.default_rng(seed).random(graph.n)
    result = signed_walk(graph, seeds, c, 1e-9, balance_beta=beta, balance_gamma=gamma)
    positive, negative = naive_methods.signed_walk(graph, seeds, c, beta, gamma)
    error = np.abs(result.positive - positive).sum() + np.abs(result.negative - negative).sum()
    assert error <= result.certificate.bound_1 + 1e-14 <= 1e-9 + 1e-14


@given(signed(), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_a_signed_walk_makes_no_mass(graph, seed):
    seeds = np.random.default_rng(seed).random(graph.n)
    result = signed_walk(graph, seeds, 0.2, 1e-9)
    assert (result.positive >= 0.0).all()
    assert (result.negative >= 0.0).all()
    assert result.positive.sum() + result.negative.sum() <= seeds.sum() + 1e-8


def test_without_distrust_it_is_personalised_pagerank():
    network = nx.gnp_random_graph(30, 0.15, seed=3, directed=True)
    graph = signed_from_networkx(network)[0]
    seeds = np.zeros(30)
    seeds[0] = 1.0
    values = signed_walk(graph, seeds, 0.15, 1e-12, balance_gamma=1.0).values
    wanted = nx.pagerank(network, 0.85, {0: 1.0}, tol=1e-14, max_iter=1000, dangling={0: 1.0})
    values = values / values.sum()
    np.testing.assert_allclose(values, [wanted[i] for i in range(30)], atol=1e-10)


def test_an_enemy_is_distrusted_and_a_friends_enemy_too():
    graph = SignedGraph.from_edges([0, 0, 1], [1, 2, 3], [1.0, -1.0, -1.0])
    values = signed_walk(graph, [1.0, 0, 0, 0], 0.2, 1e-9).values
    assert values[1] > 0.0 > values[2]
    assert values[3] < 0.0


@given(
    signed(most=5),
    st.integers(1, 4),
    st.sampled_from(list(Distrust)),
    st.sampled_from([None, 0.3]),
    st.data(),
)
@settings(max_examples=80, deadline=None)
def test_guha_carries_one_row_of_the_matrix_products(graph, rounds, distrust, decay, data):
    source = data.draw(st.integers(0, graph.n - 1))
    alpha = (0.4, 0.4, 0.1, 0.1)
    row = guha_beliefs(
        graph, source, rounds=rounds, distrust=distrust, steps=Steps(*alpha), decay=decay
    )
    wanted = naive_methods.guha(graph, alpha, rounds, distrust.value, decay)[source]
    if decay is None:
        # Scaled by powers of two on the way.
        scale = max(np.abs(row).max(), 1e-300)
        if np.abs(wanted).max() > 0.0:
            row, wanted = row / scale, wanted / np.abs(wanted).max()
    size = max(1.0, np.abs(wanted).max())
    np.testing.assert_allclose(row / size, wanted / size, atol=1e-9)


def test_co_citation_and_coupling_go_where_the_paper_says():
    # 0 trusts 2, 1 trusts 2 and 3: trusted together with 2 is 3.
    graph = SignedGraph.from_edges([0, 1, 1], [2, 2, 3], [1.0, 1.0, 1.0])
    only = {"rounds": 1, "distrust": Distrust.IGNORED}
    co_cited = guha_beliefs(graph, 2, steps=Steps(0, 1, 0, 0), **only)
    assert np.flatnonzero(co_cited).tolist() == [2, 3]
    coupled = guha_beliefs(graph, 0, steps=Steps(0, 0, 0, 1), **only)
    assert np.flatnonzero(coupled).tolist() == [0, 1]
    back = guha_beliefs(graph, 3, steps=Steps(0, 0, 1, 0), **only)
    assert np.flatnonzero(back).tolist() == [1]


def test_rows_may_be_normalised_first():
    graph = SignedGraph.from_edges([0, 0, 1], [1, 2, 2], [3.0, -1.0, 5.0])
    whole = SignedGraph.from_edges([0, 0, 1], [1, 2, 2], [0.75, -0.25, 1.0])
    settings_ = {"rounds": 3, "decay": 0.5}
    np.testing.assert_allclose(
        guha_beliefs(graph, 0, normalised=True, **settings_),
        guha_beliefs(whole, 0, **settings_),
        rtol=1e-14,
    )


@pytest.mark.parametrize(
    ("beliefs", "verdicts", "trusted"),
    [
        ([0.9, 0.8, 0.1, 0.85], [1, 1, 0], True),
        ([0.9, 0.2, 0.1, 0.15], [1, 0, 0], False),
        # Left and right disagree: the next two decide.
        ([0.1, 0.4, 0.6, 0.9, 0.5], [1, 1, 0, 1], True),
        # As many on both sides: the sign of the belief decides.
        ([-0.4, 0.1, -0.2], [1, 0], False),
    ],
)
def test_majority_rounding_asks_the_nearest_verdicts(beliefs, verdicts, trusted):
    judged = np.arange(len(beliefs) - 1)
    wanted = rounded_by_majority(beliefs, judged, np.array(verdicts, bool), len(beliefs) - 1)
    assert wanted is trusted


@given(signed())
@settings(max_examples=30, deadline=None)
def test_signed_graphs_go_to_networkx_and_back(graph):
    back, nodes = signed_from_networkx(signed_to_networkx(graph))
    assert nodes == list(range(graph.n))
    for part in ("positive", "negative"):
        before, after = naive.dense(getattr(graph, part)), naive.dense(getattr(back, part))
        np.testing.assert_array_equal(before, after)


@given(rated())
@settings(max_examples=30, deadline=None)
def test_ratings_go_to_networkx_and_back(case):
    ratings, rows = case
    back, _ = ratings_from_networkx(ratings_to_networkx(ratings))
    again = zip(back.source.tolist(), back.target.tolist(), back.score.tolist(), strict=True)
    assert sorted(again) == sorted(rows)


def test_what_is_out_of_domain_is_refused():
    graph = SignedGraph.from_edges([0], [1], [-1.0])
    with pytest.raises(InvalidArgumentError, match="negative has 2 subjects"):
        SignedGraph(CSRGraph.from_edges([], [], n=1), graph.negative)
    with pytest.raises(InvalidArgumentError, match=r"weight\[0\] is nan"):
        SignedGraph.from_edges([0], [1], [np.nan])
    with pytest.raises(InvalidArgumentError, match="restart is 0"):
        signed_walk(graph, [1.0, 0.0], 0.0, 1e-6)
    with pytest.raises(InvalidArgumentError, match="balance_beta"):
        signed_walk(graph, [1.0, 0.0], 0.5, 1e-6, balance_beta=2.0)
    with pytest.raises(ConvergenceError, match="after 1 sweeps"):
        signed_walk(graph, [1.0, 0.0], 0.1, 1e-9, max_sweeps=1)
    with pytest.raises(InvalidArgumentError, match="decay is 1"):
        guha_beliefs(graph, 0, decay=1.0)
    with pytest.raises(InvalidArgumentError, match="direct is -1"):
        Steps(direct=-1.0)
    with pytest.raises(InvalidArgumentError, match="verdicts has 1 rows, judged has 0"):
        rounded_by_majority([0.0], [], [True], 0)
    loops = SignedGraph.from_edges([0], [0], [1e100])
    with pytest.raises(InvalidArgumentError, match="does not outweigh"):
        guha_beliefs(loops, 0, decay=0.5)
    with pytest.raises(InvalidArgumentError, match="graph's weights overflow"):
        guha_beliefs(SignedGraph.from_edges([0], [0], [1e200]), 0)
