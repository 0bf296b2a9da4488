"""Live trust mass is the trust mass of the graph as it stands, within the bound that it states."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    ConvergenceError,
    CSRGraph,
    DynamicGraph,
    InvalidArgumentError,
    LiveTrustMass,
    rmat,
    trust_mass,
)
from tests.algorithms import naive
from tests.algorithms.strategies import DAMPINGS, SAFE_WEIGHTS, graphs, risks

HOPS = st.sampled_from([None, None, 0, 1, 2, 3])


def truth(live):
    graph = live.graph.to_csr()
    if live.hop_limit is None:
        return naive.trust(graph, live.own, live.damping)
    return naive.trust_series(graph, live.own, live.damping, live.hop_limit)


def assert_certified(live, certificate, tolerance):
    assert np.abs(live.values - truth(live)).sum() <= certificate.bound_1 + 1e-13
    assert certificate.bound_inf <= certificate.bound_1 <= tolerance


def change(live, data):
    """One drawn change of the graph or of the seeds."""
    graph = live.graph
    kind = data.draw(st.sampled_from(["seeds", "links", "links", "subjects"]))
    subject = st.integers(0, graph.n - 1)
    if kind == "subjects":
        graph.add_subjects(data.draw(st.integers(0, 9)))
    elif kind == "seeds":
        pairs = data.draw(st.lists(st.tuples(subject, st.floats(0, 1)), max_size=4))
        live.set_seeds(np.array([i for i, _ in pairs], int), [s for _, s in pairs])
    else:
        weight = st.one_of(st.just(0.0), SAFE_WEIGHTS)
        batch = data.draw(st.lists(st.tuples(subject, subject, weight), max_size=6))
        src, dst, loads = ([each[at] for each in batch] for at in range(3))
        graph.set_links(np.array(src, int), np.array(dst, int), loads)


@given(graphs(), DAMPINGS, HOPS, st.sampled_from([1e-2, 1e-4, 1e-8]), st.data())
@settings(max_examples=150, deadline=None)
def test_after_any_changes_in_any_batches_the_errors_sum_to_at_most_the_bound(
    base, alpha, hops, tolerance, data
):
    seeds = np.array(data.draw(risks(base.n)))
    live = LiveTrustMass(DynamicGraph(base), seeds, alpha, tolerance, hop_limit=hops)
    for _ in range(data.draw(st.integers(1, 4))):
        for _ in range(data.draw(st.integers(0, 3))):
            change(live, data)
        before = live.certificate()
        assert np.abs(live.values - truth(live)).sum() <= before.bound_1 + 1e-13
        settled = live.settle(max_links=data.draw(st.sampled_from([None, 0, 4])))
        assert_certified(live, settled.certificate, tolerance)
    assert_certified(live, live.refresh(), tolerance)


@pytest.fixture(scope="module")
def links():
    src, dst = rmat(11, 8, seed=5)
    return CSRGraph.from_edges(src, dst, np.random.default_rng(5).random(src.size) + 0.1, 2048)


def personalised(graph, seeds, alpha):
    """networkx puts the mass of dead ends back to the seeds: ours, but for the sum."""
    made = nx.DiGraph()
    made.add_nodes_from(range(graph.n))
    rows = np.repeat(np.arange(graph.n), graph.out_degree)
    made.add_weighted_edges_from(
        zip(rows.tolist(), graph.indices.tolist(), graph.weights.tolist(), strict=True)
    )
    wanted = dict(enumerate(seeds))
    ranks = nx.pagerank(
        made, alpha, personalization=wanted, dangling=wanted, tol=1e-13, max_iter=500
    )
    return np.array([ranks[i] for i in range(graph.n)])


@pytest.mark.parametrize("batch", [1, 10, 400])
def test_a_stream_of_changes_ends_at_the_personalised_pagerank(links, batch):
    random = np.random.default_rng(batch)
    seeds = np.where(random.random(links.n) < 0.02, 1.0, 0.0)
    live = LiveTrustMass(DynamicGraph(links), seeds, 0.85, 1e-6)
    for _ in range(400 // batch):
        i, j = random.integers(0, links.n, (2, batch))
        live.graph.set_links(i, j, np.where(random.random(batch) < 0.3, 0.0, random.random(batch)))
        live.set_seeds(random.integers(0, links.n, batch), random.random(batch) * 0.1)
        settled = live.settle()
    wanted = personalised(live.graph.to_csr(), live.own, 0.85) * live.values.sum()
    # The sum of the values is itself off by as much as the values are.
    assert np.abs(live.values - wanted).sum() <= 2.0 * settled.certificate.bound_1 + 1e-9
    assert settled.certificate.bound_1 <= 1e-6


def test_a_long_row_that_changes_again_and_again_stays_certified():
    n = 1500
    random = np.random.default_rng(0)
    ends = np.arange(1, n)
    base = CSRGraph.from_edges(np.r_[np.zeros(n - 1, int), ends], np.r_[ends, np.roll(ends, 1)])
    live = LiveTrustMass(DynamicGraph(base), np.full(n, 1.0 / n), 0.9, 1e-9)
    for step in range(300):
        live.graph.set_link(0, int(random.integers(0, n)), float(random.random() * (step % 3)))
    settled = live.settle()
    wanted = trust_mass(live.graph.to_csr(), live.own, 0.9, 1e-12)
    assert np.abs(live.values - wanted.values).sum() <= settled.certificate.bound_1 + 1e-12


def test_what_hardly_matters_is_not_pushed_and_what_matters_sweeps(links):
    seeds = np.full(links.n, 1.0 / links.n)
    live = LiveTrustMass(DynamicGraph(links), seeds, 0.85, 1e-3)
    live.graph.set_link(3, 5, 0.2)
    small = live.settle()
    assert (small.sweeps, small.links) == (0, 0)
    live.set_seeds(3, 0.01)
    local = live.settle(max_links=10**6)
    assert (local.sweeps, local.links > 0) == (0, True)
    live.set_seeds(np.arange(links.n), np.linspace(0.0, 1.0, links.n))
    great = live.settle()
    assert great.sweeps > 0
    assert_certified(live, great.certificate, 1e-3)


def test_equal_calls_give_equal_bits(links):
    def run():
        random = np.random.default_rng(9)
        live = LiveTrustMass(DynamicGraph(links), random.random(links.n), 0.85, 1e-4)
        for _ in range(30):
            live.graph.set_link(*random.integers(0, links.n, 2), random.random())
            live.set_seeds(int(random.integers(0, links.n)), random.random())
            live.settle()
        return live.values.tobytes()

    assert run() == run()


def test_the_report_names_who_moved(links):
    live = LiveTrustMass(DynamicGraph(links), np.full(links.n, 0.01), 0.5, 1e-5)
    before = live.values.copy()
    live.set_seeds(7, 1.0)
    changed = live.settle(threshold=1e-3).changed
    assert changed.tolist() == np.flatnonzero(np.abs(live.values - before) > 1e-3).tolist()
    assert 7 in changed


def test_it_begins_with_published_values(links):
    seeds = np.full(links.n, 1.0)
    known = trust_mass(links, seeds, 0.85, 1e-6)
    live = LiveTrustMass(DynamicGraph(links), seeds, 0.85, 1e-3, values=known.values)
    assert live.settle().sweeps == 0
    assert live.values.tobytes() == known.values.tobytes()


def test_arguments_out_of_their_domain_are_refused():
    graph = DynamicGraph(CSRGraph.from_edges([0], [1]))
    with pytest.raises(InvalidArgumentError, match="keep it below 2"):
        LiveTrustMass(graph, [1e200, 0.0], 0.5, 1e-9)
    with pytest.raises(InvalidArgumentError, match="mean nothing under a hop_limit"):
        LiveTrustMass(graph, [1.0, 0.0], 0.5, 1e-9, hop_limit=2, values=[0.0, 0.0])
    with pytest.raises(ConvergenceError):
        LiveTrustMass(graph, [1.0, 1.0], 0.99, 1e-16)
    live = LiveTrustMass(graph, [1.0, 0.0], 0.5, 1e-9)
    with pytest.raises(InvalidArgumentError, match=r"masses\[0\] is -1.0"):
        live.set_seeds(0, -1.0)
