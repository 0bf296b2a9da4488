"""Shares add up to the value, match the dense inverse, and cost only the neighbourhood."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import (
    ConvergenceError,
    CSRGraph,
    InvalidArgumentError,
    checked_vector,
    exposure,
    exposure_contributions,
    rmat,
    trust_contributions,
    trust_mass,
)
from tests.algorithms import naive
from tests.algorithms.strategies import WILD_WEIGHTS, problems


def spread(result, n):
    vector = np.zeros(n)
    vector[result.subjects] = result.shares
    return vector


@given(problems(), st.data(), st.sampled_from([1e-2, 1e-5, 1e-10]))
@settings(deadline=None)
def test_exposure_shares_are_a_row_of_the_inverse(problem, data, tolerance):
    graph, own, beta = problem
    i = data.draw(st.integers(0, graph.n - 1))
    result = exposure_contributions(graph, own, beta, i, tolerance)
    wanted = naive.exposure_shares(graph, own, beta)[i]
    if not result.sweeps:  # what was not walked is missing, never too much
        assert (spread(result, graph.n) <= wanted + 1e-12).all()
    np.testing.assert_allclose(spread(result, graph.n), wanted, rtol=0, atol=tolerance)


@given(problems(WILD_WEIGHTS, most=6), st.data(), st.sampled_from([1e-2, 1e-5, 1e-10]))
@settings(max_examples=50, deadline=None)
def test_exposure_shares_miss_the_exact_value_by_no_more_than_the_remainder(
    problem, data, tolerance
):
    graph, own, beta = problem
    i = data.draw(st.integers(0, graph.n - 1))
    result = exposure_contributions(graph, own, beta, i, tolerance)
    missed = naive.exact_errors([result.total], [naive.exact_exposure(graph, own, beta)[i]])[0]
    assert missed <= result.remainder <= tolerance


@given(problems(WILD_WEIGHTS, most=6), st.data(), st.sampled_from([1e-2, 1e-5, 1e-10]))
@settings(max_examples=50, deadline=None)
def test_trust_shares_miss_the_exact_value_by_no_more_than_the_remainder(problem, data, tolerance):
    graph, seeds, alpha = problem
    i = data.draw(st.integers(0, graph.n - 1))
    result = trust_contributions(graph, seeds, alpha, i, tolerance)
    missed = naive.exact_errors([result.total], [naive.exact_trust(graph, seeds, alpha)[i]])[0]
    assert missed <= result.remainder <= tolerance


@given(problems(), st.data())
@settings(deadline=None)
def test_trust_shares_are_a_row_of_the_inverse(problem, data):
    graph, seeds, alpha = problem
    i = data.draw(st.integers(0, graph.n - 1))
    wanted = naive.trust_shares(graph, seeds, alpha)[i]
    for reverse in (None, graph.transpose()):
        result = trust_contributions(graph, seeds, alpha, i, 1e-9, transposed=reverse)
        np.testing.assert_allclose(spread(result, graph.n), wanted, rtol=0, atol=1e-9)


@given(problems(), st.data(), st.integers(0, 6))
@settings(deadline=None)
def test_under_a_hop_limit_shares_explain_the_limited_value(problem, data, hops):
    graph, own, beta = problem
    i = data.draw(st.integers(0, graph.n - 1))
    result = exposure_contributions(graph, own, beta, i, 1e-9, hop_limit=hops)
    wanted = naive.exposure_series(graph, own, beta, hops)[i]
    assert result.total == pytest.approx(wanted, abs=1e-12)
    assert result.remainder < 1e-11
    trusted = trust_contributions(graph, own, beta, i, 1e-9, hop_limit=hops)
    assert trusted.total == pytest.approx(naive.trust_series(graph, own, beta, hops)[i], abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_on_a_larger_graph_shares_sum_to_the_published_values(weighted):
    graph = CSRGraph.from_edges(*rmat(12, 8, seed=4), n=4096)
    graph = graph if weighted else graph.without_weights()
    reverse = graph.transpose()
    own = np.random.default_rng(0).random(4096) * (np.arange(4096) % 11 == 0)
    x = exposure(graph, own, 0.85, 1e-9)
    t = trust_mass(graph, own, 0.85, 1e-9)
    for i in (0, 1, 17, 600, 4095):
        one = exposure_contributions(graph, own, 0.85, i, 1e-7)
        assert abs(one.total - x.values[i]) <= one.remainder + x.certificate.bound_inf
        two = trust_contributions(graph, own, 0.85, i, 1e-7, transposed=reverse)
        assert abs(two.total - t.values[i]) <= two.remainder + t.certificate.bound_inf


def test_shares_come_largest_first_and_ties_by_index():
    graph = CSRGraph.from_edges([0, 0, 0], [3, 1, 2])
    result = exposure_contributions(graph, [0.0, 0.5, 1.0, 0.5], 0.5, 0, 1e-9)
    assert result.subjects.tolist() == [2, 1, 3]
    assert result.shares[1] == result.shares[2]


def test_only_the_neighbourhood_is_walked():
    n = 100_000
    ring = CSRGraph.from_edges(np.arange(n), (np.arange(n) + 1) % n)
    own = np.ones(n)
    assert exposure_contributions(ring, own, 0.5, 0, 1e-6).links < 200
    assert trust_contributions(ring, own / n, 0.5, 0, 1e-6).links < 200


@given(problems(WILD_WEIGHTS, most=6), st.data(), st.sampled_from([1, 3, 20]))
@settings(max_examples=50, deadline=None)
def test_where_the_walk_is_too_long_sweeps_give_the_same_shares(problem, data, max_links):
    graph, own, damping = problem
    i = data.draw(st.integers(0, graph.n - 1))
    hops = data.draw(st.sampled_from([None, 4]))
    for explain, exact, series in (
        (exposure_contributions, naive.exact_exposure, naive.exposure_series),
        (trust_contributions, naive.exact_trust, naive.trust_series),
    ):
        limits = {"max_links": max_links, "hop_limit": hops}
        result = explain(graph, own, damping, i, 1e-9, **limits)
        if hops is None:
            missed = naive.exact_errors([result.total], [exact(graph, own, damping)[i]])[0]
        else:
            missed = abs(series(graph, own, damping, hops)[i] - result.total) - 1e-12
        assert missed <= result.remainder <= 1e-9
        walked = explain(graph, own, damping, i, 1e-9, hop_limit=hops, max_links=10**9)
        assert walked.sweeps == 0
        np.testing.assert_allclose(
            spread(result, graph.n), spread(walked, graph.n), rtol=0, atol=2e-9
        )


@given(problems(WILD_WEIGHTS, most=6), st.data(), st.sampled_from([1e-2, 1e-4, 1e-7]))
@settings(max_examples=80, deadline=None)
def test_with_published_values_the_remainder_still_holds(problem, data, tolerance):
    graph, own, damping = problem
    i = data.draw(st.integers(0, graph.n - 1))
    max_links = data.draw(st.sampled_from([None, 2, 10]))
    x = exposure(graph, own, damping, tolerance / 2)
    one = exposure_contributions(
        graph,
        own,
        damping,
        i,
        tolerance,
        max_links=max_links,
        values=x.values,
        values_bound=x.certificate.bound_inf,
    )
    exact = naive.exact_exposure(graph, own, damping)[i]
    assert naive.exact_errors([one.total], [exact])[0] <= one.remainder
    t = trust_mass(graph, own, damping, tolerance / 2)
    two = trust_contributions(
        graph,
        own,
        damping,
        i,
        tolerance,
        max_links=max_links,
        values=checked_vector(t.values),
        values_bound=t.certificate.bound_1,
    )
    exact = naive.exact_trust(graph, own, damping)[i]
    assert naive.exact_errors([two.total], [exact])[0] <= two.remainder
    assert max(one.remainder, two.remainder) <= tolerance


@given(problems(), st.data(), st.integers(0, 6), st.sampled_from([1e-1, 1e-3]))
@settings(deadline=None)
def test_under_a_hop_limit_only_what_matters_little_is_left_out(problem, data, hops, tolerance):
    graph, own, damping = problem
    i = data.draw(st.integers(0, graph.n - 1))
    for explain, series in (
        (exposure_contributions, naive.exposure_series),
        (trust_contributions, naive.trust_series),
    ):
        values = series(graph, own, damping, hops)
        result = explain(
            graph, own, damping, i, tolerance, hop_limit=hops, values=values, values_bound=1e-13
        )
        assert abs(values[i] - result.total) <= result.remainder + 1e-12
        assert result.remainder <= tolerance


def test_with_few_listings_and_published_values_only_what_leads_to_them_is_walked():
    # Subject 0 has one listed contact, and one that leads into a large harmless crowd.
    src, dst = rmat(12, 8, seed=4)
    graph = CSRGraph.from_edges(np.r_[0, 0, src + 2], np.r_[1, 2, dst + 2])
    own = np.zeros(graph.n)
    own[1] = 1.0
    x = exposure(graph, own, 0.6, 1e-9)
    known = {"values": checked_vector(x.values), "values_bound": x.certificate.bound_inf}
    blind = exposure_contributions(graph, checked_vector(own), 0.6, 0, 1e-7)
    seeing = exposure_contributions(graph, checked_vector(own), 0.6, 0, 1e-7, **known)
    assert seeing.subjects.tolist() == blind.subjects.tolist() == [1]
    assert seeing.links < 10 < 10_000 < blind.links


def test_rounding_above_the_tolerance_still_fails():
    graph = CSRGraph.from_edges([0, 1, 2], [1, 2, 0])
    with pytest.raises(ConvergenceError, match="rounding"):
        exposure_contributions(graph, [1.0] * 3, 0.9, 0, 1e-17)


def test_published_values_come_with_their_bound():
    graph = CSRGraph.from_edges([0, 1], [1, 0])
    with pytest.raises(InvalidArgumentError, match="values_bound is missing"):
        exposure_contributions(graph, [0.0, 1.0], 0.5, 0, 1e-9, values=[0.0, 1.0])
    with pytest.raises(InvalidArgumentError, match="values is missing"):
        trust_contributions(graph, [0.0, 1.0], 0.5, 0, 1e-9, values_bound=1e-9)


def test_a_checked_vector_is_the_same_vector_and_still_has_to_fit():
    own = np.array([0.0, 1.5])
    known = checked_vector(own)
    own[0] = 9.0
    assert np.asarray(known).tolist() == [0.0, 1.5]
    assert not known.values.flags.writeable
    with pytest.raises(InvalidArgumentError, match=r"own\[1\] is 1.5; it must be in \[0, 1\]"):
        exposure_contributions(CSRGraph.from_edges([0], [1]), known, 0.5, 0, 1e-9)
    with pytest.raises(InvalidArgumentError, match=r"values\[0\] is nan"):
        checked_vector([np.nan])


def test_without_any_risk_there_is_nothing_to_explain():
    graph = CSRGraph.from_edges([0, 1], [1, 0])
    for explain in (exposure_contributions, trust_contributions):
        result = explain(graph, [0.0, 0.0], 0.9, 0, 1e-9)
        assert (result.subjects.size, result.total, result.remainder) == (0, 0.0, 0.0)


@pytest.mark.parametrize("subject", [-1, 2, 0.5, True])
def test_the_subject_must_exist(subject):
    with pytest.raises(InvalidArgumentError, match="subject is"):
        exposure_contributions(CSRGraph.from_edges([0], [1]), [0.0, 1.0], 0.5, subject, 1e-9)


def test_an_explanation_that_reaches_everybody_is_swept():
    graph = CSRGraph.from_edges(*rmat(12, 8, 1))
    own = np.ones(graph.n)
    i = int(np.argmax(graph.out_degree))
    walked = exposure_contributions(graph, own, 0.85, i, 1e-8, max_links=10**9)
    swept = exposure_contributions(graph, own, 0.85, i, 1e-8)
    assert walked.sweeps == 0 < swept.sweeps
    np.testing.assert_allclose(spread(swept, graph.n), spread(walked, graph.n), rtol=0, atol=2e-8)
    one = trust_contributions(graph, own, 0.85, i, 1e-4, max_links=10**9)
    two = trust_contributions(graph, own, 0.85, i, 1e-4)
    assert one.sweeps == 0 < two.sweeps
    np.testing.assert_allclose(spread(two, graph.n), spread(one, graph.n), rtol=0, atol=2e-4)
