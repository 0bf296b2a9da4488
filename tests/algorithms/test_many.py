"""Many vectors at once are each vector alone, to the bit, with its own certificate."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    ConvergenceError,
    CSRGraph,
    InvalidArgumentError,
    exposure,
    exposure_many,
    rmat,
    trust_mass,
    trust_mass_many,
)
from tests.algorithms.strategies import WILD_WEIGHTS, problems


def same(found, alone):
    assert len(found) == len(alone)
    for one, other in zip(found, alone, strict=True):
        assert one.values.tobytes() == other.values.tobytes()
        assert one.certificate == other.certificate


@given(problems(WILD_WEIGHTS), st.integers(1, 4), st.sampled_from([1e-3, 1e-9]))
@settings(max_examples=40, deadline=None)
def test_each_vector_comes_out_as_it_would_alone(problem, count, tolerance):
    graph, own, damping = problem
    rows = np.array([np.roll(own, v) / (v + 1) for v in range(count)])
    same(
        exposure_many(graph, rows, damping, tolerance),
        [exposure(graph, row, damping, tolerance) for row in rows],
    )
    same(
        trust_mass_many(graph, rows, damping, tolerance),
        [trust_mass(graph, row, damping, tolerance) for row in rows],
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_more_vectors_than_a_group_on_any_number_of_threads(weighted):
    graph = CSRGraph.from_edges(*rmat(12, 16, seed=1))
    graph = graph if weighted else graph.without_weights()
    # One hub whose row is summed in compensated blocks.
    assert graph.longest_row > 512 or graph.transpose().longest_row > 512
    rows = np.random.default_rng(1).random((18, graph.n)) * (np.arange(18) % 3 / 2.0)[:, None]
    alone = [trust_mass(graph, row, 0.85, 1e-7) for row in rows]
    before = numba.get_num_threads()
    try:
        for threads in sorted({1, min(2, numba.config.NUMBA_NUM_THREADS)}):
            numba.set_num_threads(threads)
            same(trust_mass_many(graph, rows, 0.85, 1e-7), alone)
    finally:
        numba.set_num_threads(before)
    same(exposure_many(graph, rows, 0.85, 1e-7), [exposure(graph, row, 0.85, 1e-7) for row in rows])


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
