"""A what-if says what would be, within its bound, and leaves no trace."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    CSRGraph,
    DynamicGraph,
    InvalidArgumentError,
    InvalidGraphError,
    LiveExposure,
    LiveTrustMass,
    rmat,
)
from tests.algorithms import naive
from tests.algorithms.strategies import DAMPINGS, SAFE_WEIGHTS, graphs, risks

KINDS = st.sampled_from([LiveExposure, LiveTrustMass])
HOPS = st.sampled_from([None, None, 0, 1, 2])


def traces(live):
    graph = live.graph
    parts = [*live._state, live._own, live._reported, graph.all_sums]
    return [part.tobytes() for part in parts]


def truth(live, own, links):
    graph = live.graph.fork()
    graph.set_links(*links)
    after = live.own.copy()
    after[np.array(own[0], int)] = own[1]
    is_trust = isinstance(live, LiveTrustMass)
    if live.hop_limit is None:
        solve = naive.trust if is_trust else naive.exposure
        return solve(graph.to_csr(), after, live.damping)
    solve = naive.trust_series if is_trust else naive.exposure_series
    return solve(graph.to_csr(), after, live.damping, live.hop_limit)


def assert_within(live, answer, wanted):
    values = live.values.copy()
    assert values[answer.subjects].tolist() == answer.before.tolist()
    values[answer.subjects] = answer.after
    error = np.abs(values - wanted)
    total = error.sum() if isinstance(live, LiveTrustMass) else error.max(initial=0.0)
    assert total <= answer.bound + 1e-13


@given(KINDS, graphs(), DAMPINGS, HOPS, st.sampled_from([1e-2, 1e-6]), st.data())
@settings(max_examples=150, deadline=None)
def test_any_changes_are_answered_within_the_bound_and_move_no_bit(
    kind, base, damping, hops, tolerance, data
):
    live = kind(DynamicGraph(base), data.draw(risks(base.n)), damping, tolerance, hop_limit=hops)
    subject = st.integers(0, base.n - 1)
    weight = st.one_of(st.just(0.0), SAFE_WEIGHTS)
    unsettled = data.draw(st.lists(st.tuples(subject, subject, weight), max_size=3))
    live.graph.set_links(*([each[at] for each in unsettled] for at in range(3)))
    knows_all = data.draw(st.booleans()) or not unsettled
    if knows_all:
        live.settle()
    before = traces(live)
    for _ in range(2):
        some = data.draw(st.dictionaries(subject, st.floats(0, 1), max_size=3))
        batch = data.draw(st.dictionaries(st.tuples(subject, subject), weight, max_size=4))
        own = (list(some), list(some.values()))
        links = ([i for i, _ in batch], [j for _, j in batch], list(batch.values()))
        answer = live.what_if(own=own, links=links)
        assert answer.bound <= tolerance
        assert_within(live, answer, truth(live, own, links))
        assert traces(live) == before
    # Where links changed that were not settled yet, even nothing more moves what is known.
    assert not knows_all or live.what_if().subjects.size == 0 or live._state.counts[1] > 0


@pytest.fixture(scope="module")
def social():
    src, dst = rmat(11, 8, seed=3)
    return CSRGraph.from_edges(np.r_[src, dst], np.r_[dst, src], n=2048).without_weights()


def questions(n, count):
    random = np.random.default_rng(1)
    return [
        {
            "own": (random.integers(0, n, 5), random.random(5)),
            "links": (*random.integers(0, n, (2, 5)), random.random(5)),
        }
        for _ in range(count)
    ]


@pytest.mark.parametrize("kind", [LiveExposure, LiveTrustMass])
def test_ten_at_once_do_not_disturb_each_other(social, kind):
    live = kind(DynamicGraph(social), np.full(social.n, 0.1), 0.5, 1e-3)
    asked = questions(social.n, 40)
    alone = [live.what_if(**each) for each in asked]
    before = traces(live)
    with ThreadPoolExecutor(10) as pool:
        together = list(pool.map(lambda each: live.what_if(**each), asked))
    for one, other in zip(alone, together, strict=True):
        assert one.subjects.tobytes() == other.subjects.tobytes()
        assert one.after.tobytes() == other.after.tobytes()
        assert (one.bound, one.links) == (other.bound, other.links)
    assert traces(live) == before


@pytest.mark.parametrize("kind", [LiveExposure, LiveTrustMass])
def test_what_was_imagined_is_what_then_happens(social, kind):
    live = kind(DynamicGraph(social), np.full(social.n, 0.1), 0.5, 1e-6)
    own, links = ([3, 700], [1.0, 0.0]), ([3, 900, 3], [900, 3, 5], [2.0, 1.0, 0.0])
    answer = live.what_if(own=own, links=links)
    live.graph.set_links(*links)
    set_own = live.set_seeds if kind is LiveTrustMass else live.set_own
    set_own(*own)
    worth = live.settle().certificate
    # Each is within its bound of the same truth.
    apart = np.abs(live.values[answer.subjects] - answer.after).max()
    assert apart <= answer.bound + worth.bound_inf


def test_one_that_reaches_everybody_is_swept(social):
    live = LiveExposure(DynamicGraph(social), np.zeros(social.n), 0.85, 1e-9)
    before = traces(live)
    everybody = np.arange(social.n)
    answer = live.what_if(own=(everybody, np.linspace(0.0, 1.0, social.n)))
    assert answer.sweeps > 0
    assert_within(
        live, answer, truth(live, (everybody, np.linspace(0.0, 1.0, social.n)), ((), (), ()))
    )
    assert traces(live) == before


def test_a_tighter_tolerance_than_the_published_one_is_met(social):
    live = LiveExposure(DynamicGraph(social), np.linspace(0.0, 1.0, social.n), 0.5, 1e-2)
    answer = live.what_if(own=([5], [1.0]), tolerance=1e-8)
    assert answer.bound <= 1e-8
    assert_within(live, answer, truth(live, ([5], [1.0]), ((), (), ())))


def test_a_row_that_loses_nearly_all_its_weight_is_answered_too():
    graph = DynamicGraph(CSRGraph.from_edges([0, 0, 1], [1, 2, 2], [1e12, 1e-3, 1.0], 3))
    for kind in (LiveExposure, LiveTrustMass):
        live = kind(graph, [0.1, 0.2, 0.7], 0.5, 1e-9)
        links = ([0], [1], [0.0])
        assert_within(live, live.what_if(links=links), truth(live, ((), ()), links))


def test_changes_out_of_their_domain_are_refused_and_leave_no_trace():
    live = LiveExposure(DynamicGraph(CSRGraph.from_edges([0], [1])), [0.0, 1.0], 0.5, 1e-9)
    before = traces(live)
    with pytest.raises(InvalidArgumentError, match=r"own\[0\] is 2.0"):
        live.what_if(own=([0], [2.0]))
    with pytest.raises(InvalidGraphError, match=r"src\[0\] is 5"):
        live.what_if(links=([5], [0], [1.0]))
    assert traces(live) == before
