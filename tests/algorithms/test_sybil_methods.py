"""SybilRank, SybilSCAR and linearised belief propagation agree with dense linear algebra."""

import networkx as nx
import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    ConvergenceError,
    CSRGraph,
    InvalidArgumentError,
    from_networkx,
    linear_beliefs,
    sybil_rank,
    sybil_scar,
)
from tests.algorithms import naive, naive_methods
from tests.algorithms.strategies import undirected


def two_regions(links_between, size=60, seed=0):
    """Two like regions, the second fake, and a few links between them."""
    region = nx.barabasi_albert_graph(size, 4, seed=seed)
    network = nx.disjoint_union(region, region)
    rng = np.random.default_rng(seed)
    for _ in range(links_between):
        network.add_edge(int(rng.integers(size)), size + int(rng.integers(size)))
    return from_networkx(network)[0]


@given(undirected(), st.integers(0, 9), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_sybil_rank_is_a_power_of_the_walk_divided_by_degree(graph, steps, seed):
    seeds = np.random.default_rng(seed).random(graph.n)
    result = sybil_rank(graph, seeds, steps=steps)
    wanted = naive_methods.sybil_rank(graph, seeds, steps)
    np.testing.assert_allclose(result.values, wanted, rtol=1e-12, atol=1e-12)


@given(undirected(), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_sybil_rank_keeps_all_trust_of_seeds_with_links(graph, steps):
    result = sybil_rank(graph, np.ones(graph.n), steps=steps)
    trust = (result.values * graph.weight_sum).sum()
    assert trust == pytest.approx((graph.out_degree > 0).sum(), rel=1e-12)


def test_sybil_rank_walks_log_n_steps_unless_told():
    assert sybil_rank(two_regions(3), np.ones(120)).steps == 7
    assert sybil_rank(CSRGraph.from_edges([], [], n=1), [1.0]).values.tolist() == [0.0]


@pytest.mark.parametrize("strength", [0.002, 0.05, None])
def test_sybil_methods_tell_the_regions_apart(strength):
    graph = two_regions(4)
    seeds = np.zeros(120)
    seeds[:5] = 1.0
    prior = np.full(120, 0.5)
    prior[:5], prior[60:65] = 0.1, 0.9
    rank = sybil_rank(graph, seeds).values
    scar = sybil_scar(graph, prior, strength=strength).values
    is_fake = np.arange(120) >= 60
    assert naive.auc(is_fake, -rank) > 0.9
    assert naive.auc(is_fake, scar) > 0.95


@given(undirected(), st.integers(0, 99), st.sampled_from([0.01, 0.1, 0.3]), st.integers(1, 40))
@settings(max_examples=50, deadline=None)
def test_sybil_scar_is_within_its_bound_of_the_solved_system(graph, seed, part, sweeps):
    heaviest = max(graph.weight_sum.max(initial=0.0), 1.0)
    strength = part / heaviest
    q = np.random.default_rng(seed).uniform(-0.1, 0.1, graph.n)
    result = sybil_scar(graph, 0.5 + q, strength=strength, sweeps=sweeps, enough_change=0.0)
    solved = np.linalg.solve(np.eye(graph.n) - 2.0 * strength * naive.dense(graph), q)
    assert result.bound_inf < np.inf
    # |p̂| stays below a quarter here, so it is nowhere cut off.
    assert np.abs(result.values - 0.5 - solved).max(initial=0.0) <= result.bound_inf + 1e-15
    assert result.sweeps <= sweeps


def test_sybil_scar_claims_no_bound_where_it_diverges():
    graph = two_regions(4)
    prior = np.where(np.arange(120) < 5, 0.4, 0.5)
    assert sybil_scar(graph, prior, strength=0.5).bound_inf == np.inf
    assert sybil_scar(graph, prior).bound_inf == np.inf
    assert sybil_scar(graph, prior, strength=1e-4).bound_inf < 1e-4


@given(undirected(most=7), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_sybil_scar_swaps_sides_when_the_labels_do(graph, seed):
    prior = np.random.default_rng(seed).random(graph.n)
    one = sybil_scar(graph, prior, strength=0.05).values
    other = sybil_scar(graph, 1.0 - prior, strength=0.05).values
    np.testing.assert_allclose(one, 1.0 - other, atol=1e-12)


@given(undirected(most=6), st.integers(0, 99), st.booleans(), st.sampled_from([1e-3, 1e-9]))
@settings(max_examples=50, deadline=None)
def test_beliefs_solve_the_kronecker_system(graph, seed, echo_cancelled, tolerance):
    rng = np.random.default_rng(seed)
    heaviest = max(graph.weight_sum.max(initial=0.0), 1.0)
    H = 0.2 / heaviest * np.array([[0.6, -0.3, -0.3], [-0.3, 0.2, 0.1], [-0.3, 0.1, 0.2]])
    E = rng.uniform(-1.0, 1.0, (graph.n, 3))
    E -= E.mean(axis=1, keepdims=True)
    result = linear_beliefs(graph, E, H, tolerance, echo_cancelled=echo_cancelled)
    wanted = naive_methods.linear_beliefs(graph, E, H, echo_cancelled)
    worst = np.abs(result.values - wanted).max(initial=0.0)
    assert worst <= result.certificate.bound_inf <= tolerance


def test_beliefs_refuse_a_coupling_that_may_not_converge():
    graph = two_regions(4)
    with pytest.raises(ConvergenceError, match="no contraction was found"):
        linear_beliefs(graph, np.zeros((120, 2)), [[0.4, -0.4], [-0.4, 0.4]], 1e-6)


def test_threads_move_no_bit():
    graph = two_regions(40, size=12_000)
    prior = np.random.default_rng(0).random(graph.n)
    before = numba.get_num_threads()
    try:
        bits = []
        for threads in sorted({1, before}):
            numba.set_num_threads(threads)
            bits.append(sybil_scar(graph, prior, strength=0.01).values.tobytes())
    finally:
        numba.set_num_threads(before)
    assert all(each == bits[0] for each in bits)


def test_directed_graphs_and_bad_arguments_are_refused():
    arrow = CSRGraph.from_edges([0], [1])
    with pytest.raises(InvalidArgumentError, match="graph is directed"):
        sybil_rank(arrow, [1.0, 0.0])
    with pytest.raises(InvalidArgumentError, match="graph is directed"):
        sybil_scar(CSRGraph.from_edges([0, 1], [1, 0], [1.0, 2.0]), [0.5, 0.5])
    pair = CSRGraph.from_edges([0, 1], [1, 0])
    with pytest.raises(InvalidArgumentError, match=r"prior\[1\] is 2.0"):
        sybil_scar(pair, [0.5, 2.0])
    for H, message in (
        ([[0.1, -0.1]], "finite square matrix"),
        ([[0.1, -0.1], [0.1, -0.1]], "symmetric"),
        ([[0.1, 0.1], [0.1, 0.1]], "rows? sums to 0"),
    ):
        with pytest.raises(InvalidArgumentError, match=message):
            linear_beliefs(pair, np.zeros((2, 2)), H, 1e-6)
    with pytest.raises(InvalidArgumentError, match="explicit must be finite"):
        linear_beliefs(pair, np.zeros((2, 3)), [[0.1, -0.1], [-0.1, 0.1]], 1e-6)
