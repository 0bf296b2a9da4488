"""The strongest paths are those that trying all paths finds."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    CSRGraph,
    InvalidArgumentError,
    barabasi_albert,
    exposure,
    exposure_contributions,
    strongest_exposure_paths,
    strongest_trust_paths,
    trust_mass,
)
from tests.algorithms import naive
from tests.algorithms.strategies import problems


def assert_same_paths(result, wanted, entries, k):
    assert result.is_complete
    shares = [path.share for path in result.paths]
    np.testing.assert_allclose(shares, [share for share, _ in wanted[:k]], rtol=1e-12)
    by_walk = {walk: share for share, walk in wanted}
    for path in result.paths:
        assert by_walk[path.subjects] == pytest.approx(path.share, rel=1e-12)
        hops = pairwise(path.subjects)
        np.testing.assert_allclose(path.hop_weights, [entries[i, j] for i, j in hops], rtol=1e-14)


@given(problems(most=6), st.data(), st.integers(1, 5), st.integers(1, 5))
@settings(deadline=None)
def test_they_are_the_ones_that_brute_force_finds(problem, data, k, max_hops):
    graph, own, beta = problem
    own = np.where(own < 1e-100, 0.0, own)
    i = data.draw(st.integers(0, graph.n - 1))
    W = naive.averaging(graph)
    worth = np.where(graph.out_degree > 0, 1.0 - beta, 1.0) * own
    result = strongest_exposure_paths(graph, own, beta, i, k=k, max_hops=max_hops)
    assert_same_paths(result, naive.paths(W, worth, beta, i, max_hops), W, k)
    back = naive.handing_on(graph)
    result = strongest_trust_paths(graph, own, beta, i, k=k, max_hops=max_hops)
    assert_same_paths(result, naive.paths(back, (1.0 - beta) * own, beta, i, max_hops), back, k)


@given(problems(most=6), st.data(), st.integers(1, 4), st.booleans())
@settings(deadline=None)
def test_published_values_shorten_the_search_and_change_nothing(problem, data, k, is_limited):
    graph, own, beta = problem
    own = np.where(own < 1e-100, 0.0, own)
    i = data.draw(st.integers(0, graph.n - 1))
    limit = 4 if is_limited else None
    asked = {"k": k, "max_hops": 4}
    x = exposure(graph, own, beta, 1e-6, hop_limit=limit)
    known = {"values": x.values, "values_bound": x.certificate.bound_inf}
    plain = strongest_exposure_paths(graph, own, beta, i, **asked)
    found = strongest_exposure_paths(graph, own, beta, i, **asked, **known)
    assert found.paths == plain.paths
    assert found.links <= plain.links
    t = trust_mass(graph, own, beta, 1e-6, hop_limit=limit)
    known = {"values": t.values, "values_bound": t.certificate.bound_1}
    plain = strongest_trust_paths(graph, own, beta, i, **asked)
    found = strongest_trust_paths(graph, own, beta, i, **asked, **known)
    assert found.paths == plain.paths
    assert found.links <= plain.links


def test_published_values_keep_a_search_out_of_where_nothing_is():
    src, dst = barabasi_albert(3000, 3, seed=1)
    graph = CSRGraph.from_edges([*src, *dst], [*dst, *src])
    own = (np.arange(3000) >= 2989) * 1.0
    own[2999] = 0.0
    x = exposure(graph, own, 0.85, 1e-9)
    known = {"values": x.values, "values_bound": x.certificate.bound_inf}
    plain = strongest_exposure_paths(graph, own, 0.85, 2999, max_hops=4)
    found = strongest_exposure_paths(graph, own, 0.85, 2999, max_hops=4, **known)
    assert found.paths == plain.paths
    assert len(found.paths) == 3
    assert found.is_complete
    assert found.links < plain.links / 10


def test_ties_go_to_fewer_hops_then_to_the_lower_subject():
    graph = CSRGraph.from_edges([0, 0, 0], [3, 1, 2])
    result = strongest_exposure_paths(graph, [0.0, 1.0, 1.0, 1.0], 0.5, 0, k=2)
    assert [path.subjects for path in result.paths] == [(0, 1), (0, 2)]


def test_a_path_never_exceeds_the_share_of_its_source():
    graph = CSRGraph.from_edges(*barabasi_albert(300, 3, seed=1))
    own = (np.arange(300) < 5) * 1.0
    shares = exposure_contributions(graph, own, 0.85, 299, 1e-9)
    by_subject = dict(zip(shares.subjects.tolist(), shares.shares.tolist(), strict=True))
    for path in strongest_exposure_paths(graph, own, 0.85, 299).paths:
        assert path.share <= by_subject[path.subjects[-1]] + 1e-9


def test_a_spent_budget_is_admitted_with_what_may_be_missing():
    graph = CSRGraph.from_edges(*barabasi_albert(300, 3, seed=1))
    own = (np.arange(300) == 0) * 1.0
    cut = strongest_exposure_paths(graph, own, 0.85, 299, max_links=3)
    full = strongest_exposure_paths(graph, own, 0.85, 299)
    assert not cut.is_complete
    assert full.is_complete
    assert full.unseen_share == 0.0
    assert cut.unseen_share >= full.paths[0].share > 0.0


def test_no_risk_or_no_contacts_means_no_paths():
    graph = CSRGraph.from_edges([0], [1])
    assert strongest_exposure_paths(graph, [1.0, 0.0], 0.5, 0).paths == ()
    assert strongest_exposure_paths(graph, [1.0, 1.0], 0.5, 1).paths == ()
    assert strongest_exposure_paths(graph, [1.0, 1.0], 0.0, 0).paths == ()


@pytest.mark.parametrize("changed", [{"k": 0}, {"max_hops": 0}, {"max_links": 0}])
def test_limits_must_be_positive(changed):
    with pytest.raises(InvalidArgumentError, match="at least 1"):
        strongest_exposure_paths(CSRGraph.from_edges([0], [1]), [0.0, 1.0], 0.5, 0, **changed)
