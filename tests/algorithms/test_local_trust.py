"""EigenTrust, Appleseed and MoleTrust agree with their published definitions."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    ConvergenceError,
    CSRGraph,
    InvalidArgumentError,
    appleseed,
    eigentrust,
    moletrust,
    to_networkx,
)
from tests.algorithms import naive_methods
from tests.algorithms.strategies import graphs


@given(graphs(most=7), st.sampled_from([0.1, 0.5]), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_eigentrust_is_the_first_eigenvector(graph, a, seed):
    pretrusted = np.random.default_rng(seed).random(graph.n) + 0.01
    result = eigentrust(graph, pretrusted, a, 1e-9)
    wanted = naive_methods.eigentrust(graph, pretrusted, a)
    assert np.abs(result.values - wanted).sum() <= result.certificate.bound_1 + 1e-12
    assert result.certificate.bound_1 <= 1e-9
    assert result.values.sum() == pytest.approx(1.0, abs=1e-12)


def test_eigentrust_is_networkx_pagerank_with_the_pretrusted_as_fallback():
    graph = CSRGraph.from_edges([0, 1, 2, 2, 4], [1, 2, 0, 3, 0], [1.0, 2.0, 3.0, 1.0, 1.0])
    chances = {0: 0.5, 1: 0.5, 2: 0.0, 3: 0.0, 4: 0.0}
    wanted = nx.pagerank(
        to_networkx(graph), 0.8, chances, max_iter=1000, tol=1e-15, dangling=chances
    )
    values = eigentrust(graph, [1.0, 1.0, 0, 0, 0], 0.2, 1e-10).values
    np.testing.assert_allclose(values, [wanted[i] for i in range(5)], atol=1e-10)


@given(graphs(most=6), st.sampled_from([0.5, 0.85]), st.data())
@settings(max_examples=30, deadline=None)
def test_appleseed_is_the_limit_of_the_published_loop(graph, spreading, data):
    source = data.draw(st.integers(0, graph.n - 1))
    values = appleseed(graph, source, 200.0, spreading, 1e-8).values
    wanted = naive_methods.appleseed(graph, source, 200.0, spreading, rounds=400)
    np.testing.assert_allclose(values, wanted, atol=1e-6)


@given(graphs(most=7), st.data())
@settings(max_examples=40, deadline=None)
def test_appleseed_spends_all_its_energy_and_nothing_out_of_reach(graph, data):
    source = data.draw(st.integers(0, graph.n - 1))
    values = appleseed(graph, source, 100.0, 0.85, 1e-8).values
    reached = nx.descendants(to_networkx(graph), source) | {source}
    outside = sorted(set(range(graph.n)) - reached)
    assert (values[outside] == 0.0).all()
    if len(reached) > 1:
        assert values.sum() == pytest.approx(100.0, abs=1e-6)


def test_appleseed_stops_at_its_horizon():
    chain = CSRGraph.from_edges([0, 1, 2], [1, 2, 3])
    values = appleseed(chain, 0, 1.0, 0.85, 1e-9, max_hops=2).values
    assert values[2] > 0.0 == values[3]


@given(
    graphs(weights=st.floats(0.05, 1.0), most=7),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.4, 0.6]),
    st.data(),
)
@settings(max_examples=80, deadline=None)
def test_moletrust_walks_outwards_as_published(graph, horizon, threshold, data):
    source = data.draw(st.integers(0, graph.n - 1))
    result = moletrust(graph, source, horizon=horizon, threshold=threshold)
    wanted = naive_methods.moletrust(graph, source, horizon, threshold)
    for i in range(graph.n):
        if i in wanted:
            assert result.values[i] == pytest.approx(wanted[i], rel=1e-12)
        else:
            assert np.isnan(result.values[i])


def test_moletrust_does_not_ask_whom_it_hardly_trusts():
    graph = CSRGraph.from_edges([0, 0, 1, 2], [1, 2, 3, 3], [1.0, 0.5, 0.2, 1.0])
    result = moletrust(graph, 0)
    assert result.values[3] == 0.2
    assert result.hops.tolist() == [0, 1, 1, 2]


def test_what_is_out_of_domain_is_refused():
    graph = CSRGraph.from_edges([0], [1], [2.0])
    with pytest.raises(InvalidArgumentError, match="pretrusted is 0 everywhere"):
        eigentrust(graph, [0.0, 0.0], 0.1, 1e-6)
    with pytest.raises(InvalidArgumentError, match="a is 0"):
        eigentrust(graph, [1.0, 0.0], 0.0, 1e-6)
    with pytest.raises(ConvergenceError):
        eigentrust(graph, [1.0, 0.0], 0.1, 1e-17)
    wide = CSRGraph.from_edges([0], [1], n=4000)
    with pytest.raises(ConvergenceError, match="rounding alone"):
        eigentrust(wide, np.ones(4000), 0.9, 4e-13)
    with pytest.raises(InvalidArgumentError, match="source is 5"):
        appleseed(graph, 5, 1.0, 0.85, 1e-6)
    with pytest.raises(InvalidArgumentError, match=r"graph.weights\[0\] is 2.0"):
        moletrust(graph, 0)
    with pytest.raises(InvalidArgumentError, match="horizon is 0"):
        moletrust(graph, 0, horizon=0)
