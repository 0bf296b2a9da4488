"""A dynamic graph is at any moment the graph of its links, in both directions."""

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import CSRGraph, DynamicGraph, InvalidGraphError
from algorithms._rows_kernels import gathered
from tests.algorithms.strategies import SAFE_WEIGHTS, graphs


def links_of(graph):
    loads = np.ones(graph.m) if graph.weights is None else graph.weights
    rows = np.repeat(np.arange(graph.n), graph.out_degree)
    return {(int(i), int(j)): float(w) for i, j, w in zip(rows, graph.indices, loads, strict=True)}


def rebuilt(links, n):
    ends = list(links)
    return CSRGraph.from_edges(
        [i for i, _ in ends], [j for _, j in ends], [links[each] for each in ends], n
    )


def assert_equal(graph, wanted):
    assert graph.indptr.tobytes() == wanted.indptr.tobytes()
    assert graph.indices.tobytes() == wanted.indices.tobytes()
    assert (graph.weights is None) == (wanted.weights is None)
    if graph.weights is not None:
        assert graph.weights.tobytes() == wanted.weights.tobytes()


def assert_is(graph, links):
    wanted = rebuilt(links, graph.n)
    assert_equal(graph.to_csr(), wanted)
    indptr, indices, weights, all_one = gathered(graph.reverse.rows, graph.n)
    assert_equal(CSRGraph(indptr, indices, None if all_one else weights), wanted.transpose())
    np.testing.assert_allclose(graph.weight_sum, wanted.weight_sum, rtol=2.0**-51, atol=0)
    assert (graph.m, graph.linking) == (wanted.m, wanted.linking)


def follow(links, src, dst, weight):
    for i, j, w in zip(np.asarray(src).tolist(), np.asarray(dst).tolist(), weight, strict=True):
        links.pop((i, j), None)
        if w > 0.0:
            links[i, j] = float(w)


@given(graphs(), st.data())
@settings(max_examples=60, deadline=None)
def test_after_any_changes_it_equals_the_graph_built_from_its_links(base, data):
    graph, links = DynamicGraph(base), links_of(base)
    for _ in range(data.draw(st.integers(1, 5))):
        if data.draw(st.booleans()):
            assert graph.add_subjects(data.draw(st.integers(0, 3))) <= graph.n
        subject = st.integers(0, graph.n - 1)
        weight = st.one_of(st.just(0.0), st.just(1.0), SAFE_WEIGHTS)
        batch = data.draw(st.lists(st.tuples(subject, subject, weight), max_size=12))
        src, dst, loads = ([each[at] for each in batch] for at in range(3))
        graph.set_links(np.array(src, int), np.array(dst, int), loads)
        follow(links, src, dst, loads)
        assert_is(graph, links)
        for i, j in ((0, 0), (graph.n - 1, 0)):
            assert graph.weight(i, j) == links.get((i, j), 0.0)


@pytest.mark.parametrize("batch", [1, 37, 2000])
def test_a_long_row_grows_shrinks_and_grows_again(batch):
    random = np.random.default_rng(batch)
    n, hub = 3000, 7
    base = CSRGraph.from_edges(np.full(900, hub), np.arange(900) * 3, n=n)
    graph, links = DynamicGraph(base), links_of(base)
    for step in range(3000 // batch + 2):
        dst = random.integers(0, n, batch)
        weight = np.where(random.random(batch) < 0.2 + 0.4 * (step % 2), 0.0, random.random(batch))
        graph.set_links(np.full(batch, hub), dst, weight)
        follow(links, np.full(batch, hub), dst, weight)
    assert_is(graph, links)
    graph.set_links(np.full(n, hub), np.arange(n), np.zeros(n))
    assert graph.weight_sum[hub] == 0.0
    graph.set_link(hub, 5, 0.25)
    assert_is(graph, {(hub, 5): 0.25})


def test_a_sum_does_not_remember_a_heavy_link_that_has_gone():
    n = 2000
    graph = DynamicGraph(
        CSRGraph.from_edges(np.zeros(n - 1, int), np.arange(1, n), np.full(n - 1, 0.1))
    )
    graph.set_link(0, 0, 1e200)
    graph.set_link(0, 0, 0.0)
    np.testing.assert_allclose(graph.weight_sum[0], 0.1 * (n - 1), rtol=2.0**-51)


def test_the_base_is_read_where_it_lies_and_never_written(tmp_path):
    base = CSRGraph.from_edges([0, 0, 1], [1, 2, 2], [1.0, 2.0, 3.0])
    for name in ("indptr", "indices", "weights"):
        np.save(tmp_path / f"{name}.npy", getattr(base, name))
    mapped = CSRGraph(
        *(
            np.load(tmp_path / f"{name}.npy", mmap_mode="r")
            for name in ("indptr", "indices", "weights")
        )
    )
    before = (tmp_path / "weights.npy").read_bytes()
    graph = DynamicGraph(mapped)
    assert np.shares_memory(graph.forward.rows.indices, mapped.indices)
    graph.set_links([0, 2], [1, 0], [0.5, 4.0])
    assert mapped.weights.tolist() == [1.0, 2.0, 3.0]
    assert (tmp_path / "weights.npy").read_bytes() == before
    assert_is(graph, {(0, 1): 0.5, (0, 2): 2.0, (1, 2): 3.0, (2, 0): 4.0})


def test_of_a_link_given_twice_the_later_one_stays():
    graph = DynamicGraph(CSRGraph.from_edges([], [], n=2))
    graph.set_links([0, 0, 0], [1, 0, 1], [3.0, 1.0, 0.0])
    assert_is(graph, {(0, 0): 1.0})


@pytest.mark.parametrize(
    ("src", "dst", "weight", "message"),
    [
        ([0, 2], [1, 1], [1.0, 1.0], r"src\[1\] is 2; it must be in \[0, 2\)"),
        ([0, 0], [1, -1], [1.0, 1.0], r"dst\[1\] is -1"),
        ([0, 0], [1, 0], [1.0, np.nan], r"weight\[1\] is nan; it must be 0 or in"),
        ([0, 0], [1, 0], [1.0, -1.0], r"weight\[1\] is -1.0"),
        ([0, 0], [1, 0], [1.0, 1e300], r"weight\[1\] is 1e\+300"),
        ([0], [1, 0], [1.0, 1.0], "src has 1 entries, dst 2 and weight 2"),
        ([0.5], [1], [1.0], "src is float64; it must hold whole numbers"),
    ],
)
def test_a_refused_change_changes_nothing(src, dst, weight, message):
    graph = DynamicGraph(CSRGraph.from_edges([0], [1]))
    with pytest.raises(InvalidGraphError, match=message):
        graph.set_links(src, dst, weight)
    assert_is(graph, {(0, 1): 1.0})


def test_a_base_out_of_range_is_refused():
    with pytest.raises(InvalidGraphError, match="must be 0 or in"):
        DynamicGraph(CSRGraph.from_edges([0], [1], [1e-290]))


def test_who_is_no_longer_held_is_no_longer_told():
    told = []

    class Listener:
        def rows_changed(self, changes):
            told.append(changes.rows.tolist())

        def subjects_added(self, n):
            told.append(n)

    graph = DynamicGraph(CSRGraph.from_edges([0], [1]))
    listener = Listener()
    graph.follow(listener)
    graph.set_links([1, 0], [0, 0], [1.0, 1.0])
    graph.add_subjects(2)
    del listener
    gc.collect()
    graph.set_link(0, 1, 2.0)
    assert told == [[0, 1], 4]
