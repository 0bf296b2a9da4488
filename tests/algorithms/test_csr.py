"""The graph is canonical: the same links are the same arrays, and nothing unsound gets in."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    AlgorithmError,
    CSRGraph,
    InvalidArgumentError,
    InvalidGraphError,
    column_stochastic,
    from_networkx,
    locality_order,
    rmat,
    row_stochastic,
    to_networkx,
)
from tests.algorithms import naive
from tests.algorithms.strategies import WILD_WEIGHTS, graphs

ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from([0.0, 0.1, 0.2, 0.7, 1e16])),
    max_size=30,
)


def same(a, b):
    weights_agree = (a.weights is None) == (b.weights is None)
    return (
        weights_agree
        and a.indptr.tobytes() == b.indptr.tobytes()
        and a.indices.tobytes() == b.indices.tobytes()
        and (a.weights is None or a.weights.tobytes() == b.weights.tobytes())
    )


@given(ROWS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_rows_moves_no_bit(rows, random):
    shuffled = rows[:]
    random.shuffle(shuffled)
    first = CSRGraph.from_edges(
        *np.array(rows).reshape(-1, 3).T[:2].astype(int), [r[2] for r in rows], 5
    )
    second = CSRGraph.from_edges(
        *np.array(shuffled).reshape(-1, 3).T[:2].astype(int), [r[2] for r in shuffled], 5
    )
    assert same(first, second)


@given(ROWS)
@settings(deadline=None)
def test_duplicates_are_summed_and_nothings_dropped(rows):
    wanted = np.zeros((5, 5))
    for i, j, w in rows:
        wanted[i, j] += w
    graph = CSRGraph.from_edges([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], 5)
    np.testing.assert_allclose(naive.dense(graph), wanted, rtol=1e-12)
    assert graph.m == np.count_nonzero(wanted)


def test_duplicates_without_weights_count():
    graph = CSRGraph.from_edges([0, 0, 0], [1, 1, 2])
    assert graph.weights.tolist() == [2.0, 1.0]


@given(graphs(WILD_WEIGHTS))
@settings(deadline=None)
def test_transposing_twice_changes_nothing(graph):
    assert same(graph.transpose().transpose(), graph)
    np.testing.assert_array_equal(naive.dense(graph.transpose()), naive.dense(graph).T)


@given(graphs(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_relabelling_moves_rows_and_columns_together(graph, random):
    names = list(range(graph.n))
    random.shuffle(names)
    moved = naive.dense(graph.relabel(names))
    np.testing.assert_array_equal(moved[np.ix_(names, names)], naive.dense(graph))


@given(graphs())
@settings(deadline=None)
def test_networkx_there_and_back_is_the_same_graph(graph):
    back, nodes = from_networkx(to_networkx(graph))
    assert nodes == list(range(graph.n))
    assert same(back, graph)


def test_undirected_edges_become_links_both_ways_and_parallel_ones_are_summed():
    network = nx.MultiGraph([("a", "b", {"weight": 2.0}), ("a", "b", {"weight": 0.5}), ("c", "c")])
    graph, nodes = from_networkx(network)
    assert nodes == ["a", "b", "c"]
    assert naive.dense(graph).tolist() == [[0, 2.5, 0], [2.5, 0, 0], [0, 0, 1]]
    assert from_networkx(network, weight=None)[0].weights.tolist() == [2.0, 2.0, 1.0]


@given(graphs(WILD_WEIGHTS))
@settings(deadline=None)
def test_rows_of_W_and_columns_of_P_sum_to_one_or_are_empty(graph):
    W = CSRGraph(graph.indptr, graph.indices, graph.weights)
    sums = np.add.reduceat(np.append(row_stochastic(W), 0.0), W.indptr[:-1]) * (W.out_degree > 0)
    np.testing.assert_allclose(sums, W.out_degree > 0, rtol=1e-14)
    back = graph.transpose()
    total = np.zeros(graph.n)
    np.add.at(total, back.indices, column_stochastic(graph, back))
    np.testing.assert_allclose(total, graph.out_degree > 0, rtol=1e-14)


def test_arrays_are_read_only_and_not_copied():
    indptr, indices = np.array([0, 1, 1]), np.array([1], np.int32)
    graph = CSRGraph(indptr, indices)
    assert np.shares_memory(graph.indices, indices)
    with pytest.raises(ValueError, match="read-only"):
        graph.indices[0] = 0


def test_a_memory_mapped_file_serves_as_it_is(tmp_path):
    np.save(tmp_path / "indices.npy", np.array([1, 0], np.int32))
    mapped = np.load(tmp_path / "indices.npy", mmap_mode="r")
    graph = CSRGraph(np.array([0, 1, 2]), mapped)
    assert np.shares_memory(graph.indices, mapped)
    assert graph.transpose().indices.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("src", "dst", "weight", "n", "message"),
    [
        ([0, 1], [1, 0], [1.0, np.nan], None, r"weight\[1\] is nan; it must be finite"),
        ([0, 1], [1, 0], [-1.0, 1.0], None, r"weight\[0\] is -1.0"),
        ([0, 1], [1, 0], [1.0, np.inf], None, r"weight\[1\] is inf"),
        ([0, 1], [1, 0], [1.0], None, r"weight has shape \(1,\); it must be \(2,\)"),
        ([0, -1], [1, 0], None, None, r"src\[1\] is -1; it must be in \[0, 2\)"),
        ([0, 1], [1, 7], None, 3, r"dst\[1\] is 7; it must be in \[0, 3\)"),
        ([0, 1], [1], None, None, "src has 2 rows, dst has 1"),
        ([0.5], [1], None, None, "src is 1-dimensional float64; it must hold whole numbers"),
        ([0, 0], [1, 1], [1.7e308, 1.7e308], None, "must be positive and finite"),
        ([0, 0], [1, 0], [7e307, 7e307], None, "row 0 must sum to at most"),
    ],
)
def test_an_unsound_row_is_refused_with_its_position(src, dst, weight, n, message):
    with pytest.raises(InvalidGraphError, match=message):
        CSRGraph.from_edges(src, dst, weight, n)


@pytest.mark.parametrize(
    ("indptr", "indices", "weights", "message"),
    [
        ([], [], None, "indptr must run from 0"),
        ([0, 2], [0], None, "indptr must run from 0"),
        ([0, 2, 1], [0], None, r"indptr\[1\]"),
        ([0, 1, 0, 2], [0, 0], None, r"indptr\[2\]"),
        ([0, 1, 1], [2], None, r"indices\[0\] must be in \[0, 2\)"),
        ([0, 2, 2], [1, 1], None, r"indices\[1\] must be larger"),
        ([0, 1, 1], [1], [0.0], r"weights\[0\] must be positive"),
        ([0, 1, 1], [1], [1.0, 2.0], "2 weights for 1 links"),
        ([[0]], [1], None, "indptr is 2-dimensional"),
        ([0.0, 1.0], [0], None, "indptr is 1-dimensional float64"),
    ],
)
def test_arrays_that_break_the_promise_are_refused(indptr, indices, weights, message):
    loads = None if weights is None else np.array(weights)
    whole = np.array(indptr) if indptr else np.zeros(0, np.int64)
    with pytest.raises(InvalidGraphError, match=message):
        CSRGraph(whole, np.array(indices, np.int32), loads)


@pytest.mark.parametrize("wrong", [[0], [0, 0], [0, 2], [0.0, 1.0], [-1, 0]])
def test_only_a_permutation_relabels(wrong):
    with pytest.raises(InvalidArgumentError, match="permutation"):
        CSRGraph.from_edges([0], [1]).relabel(wrong)


@pytest.mark.parametrize("n", [-1, 2**31])
def test_the_number_of_subjects_fits_the_indices(n):
    with pytest.raises(InvalidArgumentError, match="n is"):
        CSRGraph.from_edges([], [], n=n)


def test_the_empty_graph_and_the_linkless_one_are_graphs():
    assert CSRGraph.from_edges([], []).n == 0
    assert CSRGraph.from_edges([], [], [], n=3).out_degree.tolist() == [0, 0, 0]
    assert CSRGraph.from_edges([0], [1], [0.0]).m == 0


def test_a_transpose_of_another_graph_is_refused():
    graph = CSRGraph.from_edges([0], [1])
    with pytest.raises(AlgorithmError, match=r"it must be graph\.transpose"):
        column_stochastic(graph, CSRGraph.from_edges([0], [2]))


def test_locality_order_names_the_most_linked_first_and_is_a_permutation():
    graph = CSRGraph.from_edges(*rmat(8, 6, seed=5), n=256)
    order = locality_order(graph)
    assert sorted(order.tolist()) == list(range(256))
    moved = graph.relabel(order)
    degree = moved.out_degree + moved.transpose().out_degree
    assert (np.diff(degree) <= 0).all()
