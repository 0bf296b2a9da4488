"""Many vectors at once are each within the bound that it states, on any number of threads."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    ConvergenceError,
    CSRGraph,
    InvalidArgumentError,
    accelerate,
    exposure,
    exposure_many,
    rmat,
    trust_mass,
    trust_mass_many,
)
from tests.algorithms import naive
from tests.algorithms.strategies import WILD_WEIGHTS, problems


def close(found, exact, worst):
    """Each vector is within its stated bound, which is at most what was asked."""
    assert len(found) == len(exact)
    for one, other in zip(found, exact, strict=True):
        assert one.certificate.bound_inf <= one.certificate.tolerance
        assert worst(one.values - other.values) <= (
            one.certificate.bound_inf + other.certificate.bound_inf
        )


def largest(errors):
    return np.abs(errors).max(initial=0.0)


def total(errors):
    return np.abs(errors).sum()


def on_threads(run):
    """What ``run`` gives on one thread and on two, as bytes and certificates."""
    before = numba.get_num_threads()
    bits = []
    try:
        for threads in sorted({1, min(2, numba.config.NUMBA_NUM_THREADS)}):
            numba.set_num_threads(threads)
            bits.append([(each.values.tobytes(), each.certificate) for each in run()])
    finally:
        numba.set_num_threads(before)
    return bits


@given(problems(WILD_WEIGHTS, most=6), st.integers(1, 4), st.sampled_from([1e-3, 1e-9]))
@settings(max_examples=40, deadline=None)
def test_the_true_error_of_each_vector_never_exceeds_its_bound(problem, count, tolerance):
    graph, own, damping = problem
    rows = np.array([np.roll(own, v) / (v + 1) for v in range(count)])
    for result, row in zip(exposure_many(graph, rows, damping, tolerance), rows, strict=True):
        errors = naive.exact_errors(result.values, naive.exact_exposure(graph, row, damping))
        assert max(errors) <= result.certificate.bound_inf <= tolerance
        assert sum(errors) <= result.certificate.bound_1
    for result, row in zip(trust_mass_many(graph, rows, damping, tolerance), rows, strict=True):
        errors = naive.exact_errors(result.values, naive.exact_trust(graph, row, damping))
        assert sum(errors) <= result.certificate.bound_1 <= tolerance


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("mutual", [False, True])
def test_more_vectors_than_a_group_on_any_number_of_threads(weighted, mutual, monkeypatch):
    # However small the graph, let every thread have its part.
    monkeypatch.setattr(accelerate, "WORTH_A_THREAD", 1)
    src, dst = rmat(12, 16, seed=1)
    if mutual:
        src, dst = np.concatenate([src, dst]), np.concatenate([dst, src])
    graph = CSRGraph.from_edges(src, dst)
    graph = graph if weighted else graph.without_weights()
    # One hub whose row is summed in compensated blocks.
    assert graph.longest_row > 512 or graph.transpose().longest_row > 512
    rows = np.random.default_rng(1).random((18, graph.n)) * (np.arange(18) % 3 / 2.0)[:, None]
    for many, one, worst in (
        (exposure_many, exposure, largest),
        (trust_mass_many, trust_mass, total),
    ):
        close(many(graph, rows, 0.85, 1e-7), [one(graph, row, 0.85, 1e-9) for row in rows], worst)
        bits = on_threads(lambda many=many: many(graph, rows, 0.85, 1e-7))
        assert all(each == bits[0] for each in bits)


def test_slow_pairs_and_chains_beside_a_dense_world_are_certified_too():
    src, dst = rmat(11, 16, seed=3)
    n = 1 << 11
    chain = np.arange(n, n + 60)
    src = np.concatenate([src, dst, chain[:-1], chain[1:]])
    dst = np.concatenate([dst, src[: dst.size], chain[1:], chain[:-1]])
    graph = CSRGraph.from_edges(src, dst, n=n + 60).without_weights()
    rows = np.random.default_rng(2).random((5, graph.n)) < 0.02
    exact = [exposure(graph, row, 0.99, 1e-11) for row in rows.astype(float)]
    close(exposure_many(graph, rows, 0.99, 1e-8), exact, largest)


def test_vectors_with_several_slow_modes_are_certified_without_stretching():
    ring = np.arange(600)
    graph = CSRGraph.from_edges(ring, (ring + 1) % 600)
    rows = np.eye(600)[[0, 7]]
    close(
        trust_mass_many(graph, rows, 0.97, 1e-7),
        [trust_mass(graph, row, 0.97, 1e-10) for row in rows],
        total,
    )


def test_no_vectors_have_no_answers():
    graph = CSRGraph.from_edges([0], [1])
    assert exposure_many(graph, np.empty((0, 2)), 0.5, 1e-9) == ()


def test_a_vector_that_cannot_be_certified_fails_them_all():
    graph = CSRGraph.from_edges([0, 1, 2, 3, 4], [1, 2, 3, 4, 0])
    rows = np.eye(5)[:2]
    with pytest.raises(ConvergenceError, match="after 2 sweeps"):
        trust_mass_many(graph, rows, 0.99, 1e-9, max_sweeps=2)
    with pytest.raises(ConvergenceError, match="rounding alone"):
        exposure_many(graph, rows, 0.99, 1e-17)


def test_vectors_come_in_a_table_of_the_right_width():
    graph = CSRGraph.from_edges([0], [1])
    with pytest.raises(InvalidArgumentError, match=r"own has shape \(2,\); it must be \(vectors"):
        exposure_many(graph, [0.0, 1.0], 0.5, 1e-9)
    with pytest.raises(InvalidArgumentError, match=r"seeds has shape \(3,\); it must be \(2,\)"):
        trust_mass_many(graph, [[0.0, 1.0, 2.0]], 0.5, 1e-9)
