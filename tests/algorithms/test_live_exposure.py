"""Live exposure is the exposure of the graph as it stands, within the bound that it states."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import spsolve

from algorithms import (
    ConvergenceError,
    CSRGraph,
    DynamicGraph,
    InvalidArgumentError,
    LiveExposure,
    exposure,
    rmat,
)
from tests.algorithms import naive
from tests.algorithms.strategies import DAMPINGS, SAFE_WEIGHTS, graphs, risks

HOPS = st.sampled_from([None, None, 0, 1, 2, 3])


def truth(live):
    graph = live.graph.to_csr()
    if live.hop_limit is None:
        return naive.exposure(graph, live.own, live.damping)
    return naive.exposure_series(graph, live.own, live.damping, live.hop_limit)


def assert_certified(live, certificate, tolerance):
    error = np.abs(live.values - truth(live))
    assert error.max(initial=0.0) <= certificate.bound_inf + 1e-13
    assert error.sum() <= certificate.bound_1 + 1e-12
    assert certificate.bound_inf <= tolerance
    lonely = live.graph.weight_sum == 0.0
    assert (live.values[lonely] == live.own[lonely]).all()


def change(live, data):
    """One drawn change of the graph or of own risks."""
    graph = live.graph
    kind = data.draw(st.sampled_from(["own", "links", "links", "subjects"]))
    subject = st.integers(0, graph.n - 1)
    if kind == "subjects":
        graph.add_subjects(data.draw(st.integers(0, 9)))
    elif kind == "own":
        pairs = data.draw(st.lists(st.tuples(subject, st.floats(0, 1)), max_size=4))
        live.set_own(np.array([i for i, _ in pairs], int), [o for _, o in pairs])
    else:
        weight = st.one_of(st.just(0.0), SAFE_WEIGHTS)
        batch = data.draw(st.lists(st.tuples(subject, subject, weight), max_size=6))
        src, dst, loads = ([each[at] for each in batch] for at in range(3))
        graph.set_links(np.array(src, int), np.array(dst, int), loads)


@given(graphs(), DAMPINGS, HOPS, st.sampled_from([1e-2, 1e-4, 1e-8]), st.data())
@settings(max_examples=150, deadline=None)
def test_after_any_changes_in_any_batches_every_value_is_within_the_bound(
    base, beta, hops, tolerance, data
):
    own = np.array(data.draw(risks(base.n)))
    live = LiveExposure(DynamicGraph(base), own, beta, tolerance, hop_limit=hops)
    for _ in range(data.draw(st.integers(1, 4))):
        for _ in range(data.draw(st.integers(0, 3))):
            change(live, data)
        before = live.certificate()
        assert np.abs(live.values - truth(live)).max(initial=0.0) <= before.bound_inf + 1e-13
        settled = live.settle(max_links=data.draw(st.sampled_from([None, 0, 4])))
        assert settled.certificate.tolerance == tolerance
        assert_certified(live, settled.certificate, tolerance)
    assert_certified(live, live.refresh(), tolerance)


@given(graphs(most=6), DAMPINGS, st.data())
@settings(max_examples=40, deadline=None)
def test_the_report_names_exactly_who_moved_since_it_last_did(base, beta, data):
    live = LiveExposure(DynamicGraph(base), data.draw(risks(base.n)), beta, 1e-6)
    reported = live.values.copy()
    for _ in range(3):
        change(live, data)
        threshold = data.draw(st.sampled_from([0.0, 1e-6, 0.1]))
        changed = live.settle(threshold=threshold).changed
        reported = np.append(reported, np.zeros(live.n - reported.size))
        assert (
            changed.tolist() == np.flatnonzero(np.abs(live.values - reported) > threshold).tolist()
        )
        reported[changed] = live.values[changed]


@pytest.fixture(scope="module")
def social():
    src, dst = rmat(11, 8, seed=3)
    loads = np.random.default_rng(3).random(src.size) + 0.1
    return CSRGraph.from_edges(np.r_[src, dst], np.r_[dst, src], np.r_[loads, loads], 2048)


def solved(graph, own, beta):
    lonely = graph.out_degree == 0
    A = sp.csr_array((graph.weights, graph.indices, graph.indptr), shape=(graph.n, graph.n))
    W = sp.diags_array(1.0 / np.where(lonely, 1.0, A.sum(axis=1))) @ A
    base = np.where(lonely, 1.0, 1.0 - beta) * own
    return spsolve(sp.csc_array(sp.eye_array(graph.n) - beta * W), base)


@pytest.mark.parametrize("batch", [1, 10, 400])
@pytest.mark.parametrize("beta", [0.5, 0.85])
def test_a_stream_of_changes_ends_where_a_sparse_direct_solver_does(social, batch, beta):
    random = np.random.default_rng(batch)
    own = random.random(social.n) * (random.random(social.n) < 0.05)
    live = LiveExposure(DynamicGraph(social), own, beta, 1e-7)
    for _ in range(400 // batch):
        i, j = random.integers(0, social.n, (2, batch))
        live.graph.set_links(i, j, np.where(random.random(batch) < 0.3, 0.0, random.random(batch)))
        live.set_own(random.integers(0, social.n, batch), random.random(batch))
        settled = live.settle()
    error = np.abs(live.values - solved(live.graph.to_csr(), live.own, beta)).max()
    assert error <= settled.certificate.bound_inf <= 1e-7


def test_a_long_row_that_changes_again_and_again_stays_certified():
    # A row so long that its residual is updated by differences, not taken anew.
    n = 1500
    random = np.random.default_rng(0)
    ends = np.arange(1, n)
    base = CSRGraph.from_edges(np.r_[np.zeros(n - 1, int), ends], np.r_[ends, np.roll(ends, 1)])
    live = LiveExposure(DynamicGraph(base), random.random(n), 0.9, 1e-9)
    for step in range(300):
        live.graph.set_link(0, int(random.integers(0, n)), float(random.random() * (step % 3)))
    settled = live.settle()
    assert settled.certificate.rounding_inf > 0.0
    wanted = exposure(live.graph.to_csr(), live.own, 0.9, 1e-12)
    error = np.abs(live.values - wanted.values).max()
    assert error <= settled.certificate.bound_inf + 1e-12 <= 1e-9 + 1e-12


def test_a_small_change_walks_few_links_and_a_great_one_sweeps(social):
    live = LiveExposure(DynamicGraph(social), np.zeros(social.n), 0.5, 1e-4)
    quiet = int(np.flatnonzero(social.out_degree == 2)[0])
    live.set_own(quiet, 1.0)
    small = live.settle()
    assert (small.sweeps, quiet in small.changed) == (0, True)
    assert 0 < small.links < social.m / 10
    live.set_own(np.arange(social.n), np.linspace(0.0, 1.0, social.n))
    great = live.settle()
    assert great.sweeps > 0
    # It was foreseen: hardly any work had been spent on pushes.
    assert great.links < social.m
    assert_certified(live, great.certificate, 1e-4)


def test_what_is_common_to_all_is_taken_out_at_once(social, monkeypatch):
    def listed():
        live = LiveExposure(DynamicGraph(social), np.zeros(social.n), 0.95, 1e-6)
        live.set_own(int(np.argmax(social.out_degree)), 1.0)
        settled = live.settle(max_links=10**9)
        assert settled.sweeps == 0
        error = np.abs(live.values - solved(social, live.own, 0.95)).max()
        assert error <= settled.certificate.bound_inf <= 1e-6
        assert settled.changed.tolist() == np.flatnonzero(live.values > 1e-6).tolist()
        return settled.links

    with_it = listed()
    monkeypatch.setattr(LiveExposure, "_recentre", lambda self, theta: None)
    assert 2 * with_it < listed()


def test_a_contact_without_contacts_leaves_nothing_in_common(social):
    graph = DynamicGraph(social)
    newcomer = graph.add_subjects(1)
    graph.set_link(0, newcomer, 50.0)
    live = LiveExposure(graph, np.zeros(graph.n), 0.95, 1e-6)
    live.set_own([0, newcomer], [1.0, 0.5])
    assert live.settle(max_links=10**9).sweeps == 0
    assert_certified(live, live.certificate(), 1e-6)


def test_without_changes_there_is_nothing_to_do(social):
    live = LiveExposure(DynamicGraph(social), np.full(social.n, 0.3), 0.5, 1e-6)
    settled = live.settle()
    assert (settled.links, settled.sweeps, settled.changed.size) == (0, 0, 0)


def test_a_tighter_tolerance_than_that_of_the_construction_is_met(social):
    own = np.random.default_rng(5).random(social.n)
    live = LiveExposure(DynamicGraph(social), own, 0.85, 1e-3)
    for tolerance in (1e-3, 1e-5, 1e-10, 1e-2):
        assert_certified(live, live.settle(tolerance).certificate, tolerance)


def test_equal_calls_give_equal_bits(social):
    def run():
        random = np.random.default_rng(9)
        live = LiveExposure(DynamicGraph(social), random.random(social.n), 0.85, 1e-6)
        for _ in range(30):
            live.graph.set_link(*random.integers(0, social.n, 2), random.random())
            live.set_own(int(random.integers(0, social.n)), random.random())
            live.settle()
        return live.values.tobytes()

    assert run() == run()


def test_it_begins_with_published_values(social):
    own = np.random.default_rng(4).random(social.n)
    known = exposure(social, own, 0.85, 1e-9)
    live = LiveExposure(DynamicGraph(social), own, 0.85, 1e-6, values=known.values)
    assert live.settle().sweeps == 0
    assert live.values.tobytes() == known.values.tobytes()


def test_drift_that_eats_the_tolerance_is_measured_away():
    pair = DynamicGraph(CSRGraph.from_edges([0, 1], [1, 0]))
    live = LiveExposure(pair, [0.0, 1.0], 0.5, 2e-12)
    swept = 0
    for step in range(2000):
        live.set_own(0, (step % 7) / 7.0)
        settled = live.settle()
        assert settled.certificate.bound_inf <= 2e-12
        swept += settled.sweeps
    assert 0 < swept < 500
    assert_certified(live, settled.certificate, 2e-12)


def test_a_tolerance_below_rounding_is_refused():
    pair = DynamicGraph(CSRGraph.from_edges([0, 1], [1, 0]))
    with pytest.raises(ConvergenceError):
        LiveExposure(pair, [0.0, 1.0], 0.99, 1e-15)


def test_two_programmes_follow_one_graph():
    graph = DynamicGraph(CSRGraph.from_edges([0, 1], [1, 2], n=3))
    both = [LiveExposure(graph, [0.0, 0.0, 1.0], beta, 1e-9) for beta in (0.5, 0.85)]
    graph.set_link(2, 0, 1.0)
    for live in both:
        assert_certified(live, live.settle().certificate, 1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda live: live.set_own(2, 0.5), r"subjects\[0\] is 2; it must be in \[0, 2\)"),
        (lambda live: live.set_own([0, 1], [0.5, 1.5]), r"risks\[1\] is 1.5"),
        (lambda live: live.set_own([0, 1], [0.5]), r"risks has shape \(1,\)"),
        (lambda live: live.settle(0.0), "tolerance is 0.0"),
        (lambda live: live.settle(max_links=-1), "max_links is -1"),
    ],
)
def test_a_refused_call_changes_nothing(call, message):
    live = LiveExposure(DynamicGraph(CSRGraph.from_edges([0], [1])), [0.0, 1.0], 0.5, 1e-9)
    before = live.values.tobytes(), live.own.tobytes()
    with pytest.raises(InvalidArgumentError, match=message):
        call(live)
    assert (live.values.tobytes(), live.own.tobytes()) == before
    assert live.settle().links == 0
