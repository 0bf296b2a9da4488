"""The estimate is what numpy allocates, within a fifth."""

import tracemalloc

import numpy as np
import pytest

from algorithms import (
    CSRGraph,
    exposure,
    exposure_many,
    memory_estimate,
    rmat,
    trust_mass,
    trust_mass_many,
)

N = 1 << 16


def peak(run):
    run()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("weighted", [False, True])
def test_a_run_holds_what_was_estimated(weighted):
    graph = CSRGraph.from_edges(*rmat(16, 16, seed=1), n=N)
    graph = graph if weighted else graph.without_weights()
    reverse = graph.transpose()
    own = np.random.default_rng(0).random(N)
    expected = memory_estimate(N, graph.m, weighted)
    held = sum(
        array.nbytes
        for array in (graph.indptr, graph.indices, graph.weights, graph.weight_sum)
        if array is not None
    )
    assert held == pytest.approx(expected.graph, rel=0.01)
    runs = (
        lambda: exposure(graph, own, 0.85, 1e-6),
        lambda: trust_mass(graph, own, 0.85, 1e-6, transposed=reverse),
    )
    for run in runs:
        assert peak(run) == pytest.approx(expected.working, rel=0.2)
    assert (expected.graph - 16 * N - 8) / graph.m <= 12
    # With row pointers and row weights.
    assert (expected.working + 16 * N) / N <= 40


def test_a_run_of_many_holds_what_was_estimated():
    graph = CSRGraph.from_edges(*rmat(16, 16, seed=1), n=N)
    reverse = graph.transpose()
    own = np.random.default_rng(0).random((16, N))
    expected = memory_estimate(N, graph.m, True, 16).working
    assert peak(lambda: exposure_many(graph, own, 0.85, 1e-6)) == pytest.approx(expected, rel=0.2)
    many = peak(lambda: trust_mass_many(graph, own, 0.85, 1e-3, transposed=reverse))
    assert many == pytest.approx(expected, rel=0.2)
