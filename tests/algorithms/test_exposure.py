"""Exposure is the fixed point, to within the bound that it states, on any number of threads."""

import numba
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import spsolve

from algorithms import ConvergenceError, CSRGraph, InvalidArgumentError, accelerate, exposure, rmat
from tests.algorithms import naive
from tests.algorithms.strategies import WILD_WEIGHTS, problems

TOLERANCE = 1e-9


@given(problems(WILD_WEIGHTS, most=6), st.sampled_from([1e-1, 1e-4, 1e-10]))
@settings(max_examples=60, deadline=None)
def test_the_true_error_never_exceeds_the_bound(problem, tolerance):
    graph, own, beta = problem
    result = exposure(graph, own, beta, tolerance)
    errors = naive.exact_errors(result.values, naive.exact_exposure(graph, own, beta))
    assert max(errors) <= result.certificate.bound_inf <= tolerance
    assert sum(errors) <= result.certificate.bound_1


@given(problems())
@settings(deadline=None)
def test_exposure_stays_between_the_extremes_of_own_risk(problem):
    graph, own, beta = problem
    values = exposure(graph, own, beta, TOLERANCE).values
    assert own.min() <= values.min()
    assert values.max() <= own.max()


@given(problems(), st.data())
@settings(deadline=None)
def test_more_own_risk_never_lowers_any_exposure(problem, data):
    graph, own, beta = problem
    raised = own.copy()
    raised[data.draw(st.integers(0, graph.n - 1))] = 1.0
    before = exposure(graph, own, beta, TOLERANCE).values
    assert (exposure(graph, raised, beta, TOLERANCE).values >= before - 2 * TOLERANCE).all()


@given(problems(), st.data())
@settings(deadline=None)
def test_exposures_of_parts_add_up_to_the_exposure_of_the_sum(problem, data):
    graph, own, beta = problem
    part = own * np.array(data.draw(st.lists(st.floats(0, 1), min_size=graph.n, max_size=graph.n)))
    together = exposure(graph, own, beta, TOLERANCE).values
    apart = [exposure(graph, piece, beta, TOLERANCE).values for piece in (part, own - part)]
    np.testing.assert_allclose(sum(apart), together, rtol=0, atol=3 * TOLERANCE)


@given(problems(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_names_do_not_matter(problem, random):
    graph, own, beta = problem
    names = list(range(graph.n))
    random.shuffle(names)
    moved = np.empty(graph.n)
    moved[names] = own
    after = exposure(graph.relabel(names), moved, beta, TOLERANCE).values
    before = exposure(graph, own, beta, TOLERANCE).values
    np.testing.assert_allclose(after[names], before, rtol=0, atol=2 * TOLERANCE)


@given(problems(), st.integers(0, 12))
@settings(deadline=None)
def test_a_hop_limit_is_the_truncated_series(problem, hops):
    graph, own, beta = problem
    result = exposure(graph, own, beta, TOLERANCE, hop_limit=hops)
    wanted = naive.exposure_series(graph, own, beta, hops)
    np.testing.assert_allclose(result.values, wanted, rtol=0, atol=1e-13)
    assert result.certificate.bound_inf < 1e-12
    assert (result.values <= naive.exposure(graph, own, beta) + 1e-12).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("beta", [0.5, 0.85, 0.999])
def test_it_solves_what_a_sparse_direct_solver_solves(weighted, beta):
    src, dst = rmat(10, 8, seed=3)
    graph = CSRGraph.from_edges(src, dst, n=1024)
    graph = graph if weighted else graph.without_weights()
    own = np.random.default_rng(0).random(1024)
    loads = np.ones(graph.m) if graph.weights is None else graph.weights
    A = sp.csr_array((loads, graph.indices, graph.indptr), shape=(1024, 1024))
    lonely = graph.out_degree == 0
    W = sp.diags_array(1.0 / np.where(lonely, 1.0, A.sum(axis=1))) @ A + sp.diags_array(
        lonely * 1.0
    )
    wanted = spsolve(sp.csc_array(sp.eye_array(1024) - beta * W), (1.0 - beta) * own)
    result = exposure(graph, own, beta, 1e-10)
    assert np.abs(result.values - wanted).max() <= result.certificate.bound_inf + 1e-12
    assert np.abs(result.values - wanted).sum() <= result.certificate.bound_1 + 1e-9


@pytest.mark.parametrize("mutual", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_threads_move_no_bit(weighted, mutual, monkeypatch):
    # However small the graph, let every thread have its part.
    monkeypatch.setattr(accelerate, "WORTH_A_THREAD", 1)
    src, dst = rmat(13, 16, seed=1)
    if mutual:
        src, dst = np.concatenate([src, dst]), np.concatenate([dst, src])
    graph = CSRGraph.from_edges(src, dst)
    graph = graph if weighted else graph.without_weights()
    own = np.random.default_rng(1).random(graph.n)
    before = numba.get_num_threads()
    try:
        bits = []
        for threads in sorted({1, 2, before} & set(range(1, numba.config.NUMBA_NUM_THREADS + 1))):
            numba.set_num_threads(threads)
            result = exposure(graph, own, 0.85, TOLERANCE)
            bits.append((result.values.tobytes(), result.certificate))
    finally:
        numba.set_num_threads(before)
    assert all(each == bits[0] for each in bits)


def test_a_hub_of_a_hundred_thousand_contacts_stays_certified():
    n = 100_001
    leaves = np.arange(1, n)
    own = np.where(np.arange(n) % 3 == 0, 0.1, 0.7)
    graph = CSRGraph.from_edges(np.zeros(n - 1, int), leaves)
    result = exposure(graph, own, 0.85, 1e-12)
    assert result.values[0] == pytest.approx(0.15 * 0.1 + 0.85 * own[1:].mean(), abs=1e-12)


@pytest.mark.parametrize("length", [2, 3, 7])
def test_rounding_that_goes_round_in_a_cycle_does_not_keep_the_residual_up(length):
    ring = CSRGraph.from_edges(np.arange(length), (np.arange(length) + 1) % length)
    own = (np.arange(length) == 0) * 1.0
    result = exposure(ring, own, 0.999, 1e-11)
    errors = naive.exact_errors(result.values, naive.exact_exposure(ring, own, 0.999))
    assert max(errors) <= result.certificate.bound_inf <= 1e-11


def world_with_corners(mutual):
    """A dense graph with pairs, a chain and a star beside it, which are slow for themselves."""
    src, dst = rmat(11, 16, seed=3)
    at = 1 << 11
    pairs, chain, star = np.arange(at, at + 40), np.arange(at + 40, at + 90), at + 90
    src = np.concatenate([src, pairs[::2], chain[:-1], np.full(30, star)])
    dst = np.concatenate([dst, pairs[1::2], chain[1:], np.arange(star + 1, star + 31)])
    if mutual:
        src, dst = np.concatenate([src, dst]), np.concatenate([dst, src])
    return CSRGraph.from_edges(src, dst, n=star + 31)


@pytest.mark.parametrize("mutual", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-9])
def test_slow_corners_are_settled_within_the_bound(mutual, weighted, tolerance):
    graph = world_with_corners(mutual)
    graph = graph if weighted else graph.without_weights()
    own = np.where(np.random.default_rng(4).random(graph.n) < 0.05, 0.9, 0.0)
    A = sp.csr_array(
        (np.ones(graph.m) if graph.weights is None else graph.weights, graph.indices, graph.indptr),
        shape=(graph.n, graph.n),
    )
    lonely = graph.out_degree == 0
    W = sp.diags_array(1.0 / np.where(lonely, 1.0, A.sum(axis=1))) @ A + sp.diags_array(
        lonely * 1.0
    )
    wanted = spsolve(sp.csc_array(sp.eye_array(graph.n) - 0.99 * W), 0.01 * own)
    result = exposure(graph, own, 0.99, tolerance)
    assert np.abs(result.values - wanted).max() <= result.certificate.bound_inf + 1e-12
    assert result.certificate.bound_inf <= tolerance


def test_a_graph_that_only_seems_mutual_is_certified_like_any_other():
    n = 4096
    ring = np.arange(n)
    src, dst = np.concatenate([ring, (ring + 1) % n]), np.concatenate([(ring + 1) % n, ring])
    # More links than there are probes go one way: some of them are not looked at.
    keep = np.ones(2 * n, bool)
    keep[np.arange(1, 2 * n, 97)] = False
    graph = CSRGraph.from_edges(src[keep], dst[keep], n=n)
    own = (np.arange(n) % 500 == 0) * 1.0
    loose, tight = (exposure(graph, own, 0.95, tolerance) for tolerance in (1e-6, 1e-11))
    assert np.abs(loose.values - tight.values).max() <= loose.certificate.bound_inf <= 1e-6


def test_a_good_start_saves_sweeps_and_changes_nothing_else():
    graph = CSRGraph.from_edges(*rmat(10, 8, seed=2))
    own = np.random.default_rng(2).random(graph.n)
    cold = exposure(graph, own, 0.9, 1e-8)
    warm = exposure(graph, own, 0.9, 1e-8, start=cold.values)
    assert warm.certificate.sweeps == 1
    assert warm.values.tobytes() == cold.values.tobytes()
    wild = exposure(graph, own, 0.9, 1e-8, start=np.linspace(-1e300, 1e300, graph.n))
    np.testing.assert_allclose(wild.values, cold.values, rtol=0, atol=2e-8)


def test_a_subject_without_contacts_keeps_its_own_risk_under_any_limit():
    graph = CSRGraph.from_edges([0], [1], n=3)
    own = [0.0, 0.3, 0.9]
    for hops in (None, 0, 1, 7):
        assert exposure(graph, own, 0.9, 1e-9, hop_limit=hops).values[1:].tolist() == [0.3, 0.9]


@pytest.mark.parametrize("hops", [None, 0, 3])
def test_the_smallest_graphs_have_answers(hops):
    empty, linkless = CSRGraph.from_edges([], []), CSRGraph.from_edges([], [], n=2)
    assert exposure(empty, [], 0.5, 1e-9, hop_limit=hops).values.shape == (0,)
    assert exposure(linkless, [0.2, 1.0], 0.5, 1e-300, hop_limit=hops).values.tolist() == [0.2, 1.0]
    loop = CSRGraph.from_edges([0], [0])
    assert exposure(loop, [0.0], 0.5, 1e-9, hop_limit=hops).values.tolist() == [0.0]


def test_a_self_link_is_a_contact_with_oneself():
    loop = CSRGraph.from_edges([0, 0], [0, 1])
    assert exposure(loop, [0.0, 1.0], 0.5, 1e-12).values[0] == pytest.approx(1.0 / 3.0, abs=1e-12)


def test_without_contacts_counting_own_risk_is_all():
    graph = CSRGraph.from_edges([0, 1], [1, 0])
    assert exposure(graph, [0.2, 0.7], 0.0, 1e-12).values.tolist() == [0.2, 0.7]


def test_a_tolerance_below_rounding_is_refused_before_any_sweep():
    graph = CSRGraph.from_edges([0, 1], [1, 0])
    with pytest.raises(ConvergenceError, match="float64 rounding alone is larger") as caught:
        exposure(graph, [0.0, 1.0], 0.99, 1e-15)
    assert caught.value.sweeps == 0
    assert caught.value.reached > caught.value.tolerance == 1e-15
    with pytest.raises(ConvergenceError, match="rounding"):
        exposure(graph, [0.0, 1.0], 0.99, 1e-16, hop_limit=5)


def test_too_few_sweeps_fail_and_say_how_far_they_came():
    graph = CSRGraph.from_edges([0, 1], [1, 0])
    with pytest.raises(ConvergenceError, match="after 3 sweeps: raise max_sweeps") as caught:
        exposure(graph, [0.0, 1.0], 0.99, 1e-9, max_sweeps=3)
    assert caught.value.reached > 1e-9


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"own": [0.0, 1.1]}, r"own\[1\] is 1.1; it must be in \[0, 1\]"),
        ({"own": [np.nan, 0.0]}, r"own\[0\] is nan"),
        ({"own": [0.0]}, r"own has shape \(1,\); it must be \(2,\)"),
        ({"beta": 1.0}, r"beta is 1.0; it must be in \[0, 1\)"),
        ({"beta": np.nan}, "beta is nan"),
        ({"tolerance": 0.0}, "tolerance is 0.0; it must be positive"),
        ({"hop_limit": -1}, "hop_limit is -1; it must be at least 0"),
        ({"hop_limit": 1.5}, "hop_limit is 1.5; it must be a whole number"),
        ({"hop_limit": 1, "start": [0.0, 0.0]}, "start means nothing under a hop_limit"),
        ({"start": [0.0, np.inf]}, r"start\[1\] is inf; it must be finite"),
        ({"max_sweeps": 0}, "max_sweeps is 0; it must be at least 1"),
    ],
)
def test_an_argument_out_of_its_domain_is_named(changed, message):
    sound = {"own": [0.0, 1.0], "beta": 0.5, "tolerance": 1e-6}
    with pytest.raises(InvalidArgumentError, match=message):
        exposure(CSRGraph.from_edges([0], [1]), **(sound | changed))
