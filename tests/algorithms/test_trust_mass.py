"""Trust mass is the fixed point within its bound, linear in its seeds, and never piles up."""

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
    _fixed_point,
    accelerate,
    distrust_mass,
    rmat,
    to_networkx,
    trust_mass,
)
from tests.algorithms import naive
from tests.algorithms.strategies import WILD_WEIGHTS, problems

TOLERANCE = 1e-9


@given(problems(WILD_WEIGHTS, most=6), st.sampled_from([1e-1, 1e-4, 1e-10]))
@settings(max_examples=60, deadline=None)
def test_the_true_error_never_exceeds_the_bound(problem, tolerance):
    graph, seeds, alpha = problem
    result = trust_mass(graph, seeds, alpha, tolerance)
    errors = naive.exact_errors(result.values, naive.exact_trust(graph, seeds, alpha))
    assert sum(errors) <= result.certificate.bound_1 <= tolerance
    assert max(errors) <= result.certificate.bound_inf


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.3, 0.85, 0.97])
def test_normalised_it_is_networkx_pagerank_with_dangling_mass_sent_to_the_seeds(weighted, alpha):
    graph = CSRGraph.from_edges(*rmat(8, 6, seed=5), n=256)
    graph = graph if weighted else graph.without_weights()
    seeds = np.random.default_rng(0).random(256) * (np.arange(256) % 7 == 0)
    chances = dict(enumerate(seeds / seeds.sum()))
    wanted = nx.pagerank(
        to_networkx(graph), alpha, chances, max_iter=10_000, tol=1e-15, dangling=chances
    )
    values = trust_mass(graph, seeds, alpha, 1e-11).values
    np.testing.assert_allclose(values / values.sum(), [wanted[i] for i in range(256)], atol=1e-11)


@given(problems())
@settings(deadline=None)
def test_mass_is_never_created(problem):
    graph, seeds, alpha = problem
    values = trust_mass(graph, seeds, alpha, TOLERANCE).values
    assert (values >= 0.0).all()
    assert values.sum() <= seeds.sum() + 2 * TOLERANCE


@given(problems(), st.floats(0, 1))
@settings(deadline=None)
def test_it_is_linear_in_the_seeds(problem, share):
    graph, seeds, alpha = problem
    first = np.where(np.arange(graph.n) % 2, seeds, share * seeds)
    whole = trust_mass(graph, seeds, alpha, TOLERANCE).values
    parts = [trust_mass(graph, s, alpha, TOLERANCE).values for s in (first, seeds - first)]
    np.testing.assert_allclose(sum(parts), whole, rtol=0, atol=3 * TOLERANCE)


@given(problems(), st.integers(0, 12))
@settings(deadline=None)
def test_a_hop_limit_is_the_truncated_series(problem, hops):
    graph, seeds, alpha = problem
    result = trust_mass(graph, seeds, alpha, TOLERANCE, hop_limit=hops)
    wanted = naive.trust_series(graph, seeds, alpha, hops)
    np.testing.assert_allclose(result.values, wanted, rtol=0, atol=1e-13)
    assert result.certificate.bound_1 < 1e-11


@given(problems())
@settings(deadline=None)
def test_distrust_is_trust_on_reversed_links(problem):
    graph, seeds, alpha = problem
    wanted = naive.trust(graph.transpose(), seeds, alpha)
    for reverse in (None, graph.transpose()):
        values = distrust_mass(graph, seeds, alpha, TOLERANCE, transposed=reverse).values
        np.testing.assert_allclose(values, wanted, rtol=0, atol=2 * TOLERANCE)


def test_a_dead_end_gains_nothing_by_being_one():
    graph = CSRGraph.from_edges([0, 0, 1], [1, 2, 3])
    values = trust_mass(graph, [1.0, 0.0, 0.0, 0.0], 0.8, 1e-12).values
    assert values[2] == pytest.approx(values[1], abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_threads_move_no_bit(weighted, monkeypatch):
    # However small the graph, let every thread have its part.
    monkeypatch.setattr(accelerate, "WORTH_A_THREAD", 1)
    graph = CSRGraph.from_edges(*rmat(13, 16, seed=1))
    graph = graph if weighted else graph.without_weights()
    seeds = np.random.default_rng(1).random(graph.n)
    before = numba.get_num_threads()
    try:
        bits = []
        for threads in sorted({1, 2, before} & set(range(1, numba.config.NUMBA_NUM_THREADS + 1))):
            numba.set_num_threads(threads)
            result = trust_mass(graph, seeds, 0.85, TOLERANCE)
            bits.append((result.values.tobytes(), result.certificate))
    finally:
        numba.set_num_threads(before)
    assert all(each == bits[0] for each in bits)


@pytest.mark.parametrize("length", [2, 3, 7])
def test_rounding_that_goes_round_in_a_cycle_does_not_keep_the_residual_up(length):
    ring = CSRGraph.from_edges(np.arange(length), (np.arange(length) + 1) % length)
    seeds = np.arange(length) == 0
    result = trust_mass(ring, seeds, 0.999, 1e-11)
    errors = naive.exact_errors(result.values, naive.exact_trust(ring, seeds * 1.0, 0.999))
    assert sum(errors) <= result.certificate.bound_1 <= 1e-11


@pytest.mark.parametrize("weights", [(5.0, -3.0), (float("nan"), 0.0), (0.0, 0.0)])
def test_however_badly_points_are_mixed_what_is_returned_is_certified(monkeypatch, weights):
    monkeypatch.setattr(_fixed_point.Mixing, "weights", lambda self, norms: weights)
    graph = CSRGraph.from_edges(*rmat(6, 4, seed=2))
    seeds = np.arange(graph.n) % 5 / 2.0
    result = trust_mass(graph, seeds, 0.85, TOLERANCE)
    error = np.abs(result.values - naive.trust(graph, seeds, 0.85)).sum()
    assert error <= result.certificate.bound_1 + 1e-12 <= TOLERANCE + 1e-12


@pytest.mark.parametrize("unit", [2.0**-900, 1e-200, 1e-30, 3e35, 1e200])
def test_the_unit_of_the_seeds_does_not_matter(unit):
    graph = CSRGraph.from_edges(*rmat(8, 6, seed=5), n=256)
    seeds = np.random.default_rng(0).random(256)
    plain = trust_mass(graph, seeds, 0.85, TOLERANCE)
    scaled = trust_mass(graph, seeds * unit, 0.85, TOLERANCE * unit)
    np.testing.assert_allclose(scaled.values / unit, plain.values, rtol=0, atol=2 * TOLERANCE)
    assert scaled.certificate.bound_1 <= TOLERANCE * unit


def test_mixing_saves_most_of_the_sweeps_that_the_damping_rate_needs():
    graph = CSRGraph.from_edges(*rmat(13, 16, seed=1)).without_weights()
    seeds = np.full(graph.n, 1.0 / graph.n)
    assert trust_mass(graph, seeds, 0.85, 1e-6).certificate.sweeps < 20
    # 0.85^k reaches 1e-6 after 85.


def test_a_good_start_saves_sweeps():
    graph = CSRGraph.from_edges(*rmat(10, 8, seed=2))
    seeds = np.full(graph.n, 1.0 / graph.n)
    cold = trust_mass(graph, seeds, 0.9, 1e-8)
    warm = trust_mass(graph, seeds, 0.9, 1e-8, start=cold.values)
    assert warm.certificate.sweeps == 1
    assert warm.values.tobytes() == cold.values.tobytes()


@pytest.mark.parametrize("hops", [None, 0, 3])
def test_the_smallest_graphs_have_answers(hops):
    empty, linkless = CSRGraph.from_edges([], []), CSRGraph.from_edges([], [], n=2)
    assert trust_mass(empty, [], 0.5, 1e-9, hop_limit=hops).values.shape == (0,)
    assert trust_mass(linkless, [1.0, 0.0], 0.5, 1e-9, hop_limit=hops).values.tolist() == [0.5, 0]
    assert trust_mass(linkless, [0.0, 0.0], 0.5, 1e-300, hop_limit=hops).values.tolist() == [0, 0]


def test_a_self_link_keeps_its_share():
    loop = CSRGraph.from_edges([0], [0])
    assert trust_mass(loop, [1.0], 0.5, 1e-12).values[0] == pytest.approx(1.0, abs=1e-12)


def test_what_cannot_be_certified_fails():
    graph = CSRGraph.from_edges([0, 1], [1, 0])
    with pytest.raises(ConvergenceError, match="float64 rounding alone is larger"):
        trust_mass(graph, [1.0, 0.0], 0.99, 1e-16)
    with pytest.raises(ConvergenceError, match="float64 rounding alone is larger"):
        trust_mass(graph, [1.0, 0.0], 0.99, 1e-17, hop_limit=2)
    with pytest.raises(ConvergenceError, match="after 2 sweeps"):
        trust_mass(graph, [1.0, 0.0], 0.99, 1e-9, max_sweeps=2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seeds": [-0.5, 0.0]}, r"seeds\[0\] is -0.5; it must be finite and at least 0"),
        ({"seeds": [1e305, 0.0]}, r"seeds sums to 1e\+305; it must stay below"),
        ({"seeds": [1.7e308, 1.7e308]}, "seeds sums to inf"),
        ({"start": [1e304, 0.0]}, "start sums to"),
        ({"alpha": 1.0}, "alpha is 1.0"),
        ({"tolerance": -1.0}, "tolerance is -1.0"),
        ({"hop_limit": 1, "start": [0.0, 0.0]}, "start means nothing"),
        ({"start": [-1.0, 0.0]}, r"start\[0\] is -1.0"),
        ({"transposed": CSRGraph.from_edges([0], [2])}, "transposed has 3 subjects"),
    ],
)
def test_an_argument_out_of_its_domain_is_named(changed, message):
    sound = {"seeds": [0.0, 1.0], "alpha": 0.5, "tolerance": 1e-6}
    with pytest.raises(InvalidArgumentError, match=message):
        trust_mass(CSRGraph.from_edges([0], [1]), **(sound | changed))
