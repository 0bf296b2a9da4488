"""What learned models are told, how they are kept, and how they score; none of it needs torch."""

import doctest
import importlib
import pkgutil
import subprocess
import sys
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import algorithms.learned
from algorithms import InvalidArgumentError
from algorithms.learned import (
    FEATURES,
    Calibration,
    Evidence,
    History,
    LearnedModel,
    Lesson,
    Messages,
    ModelFileError,
    NetworkKind,
    Told,
    brier_score,
    cross_fitted,
    dated_lessons,
    expected_calibration_error,
    features,
    fit_calibration,
    sample_neighbours,
    score,
    sign_lessons,
)
from tests.algorithms.untaught import WIDTH, untaught

NEEDS_TORCH = {"algorithms.learned.networks", "algorithms.learned.training"}
MODULES = sorted(
    module.name
    for module in pkgutil.iter_modules(algorithms.learned.__path__, "algorithms.learned.")
    if module.name not in NEEDS_TORCH
)


def made_up(seed=0, n=40, m=160, labelled=20):
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, n, m), rng.integers(0, n, m)
    weight = rng.choice([-1.0, 0.5, 1.0], m)
    known = rng.permutation(n)[:labelled]
    return Evidence(n, src, dst, weight, rng.random(m), np.sort(known[::2]), np.sort(known[1::2]))


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_show(name):
    assert doctest.testmod(importlib.import_module(name), raise_on_error=False).failed == 0


def test_nothing_but_training_imports_torch():
    program = (
        "import sys, algorithms.learned, graphsvc.app, graphsvc.cli.main, gql.server; "
        "sys.exit(any(name.split('.')[0] in ('torch', 'torch_geometric') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=120, check=False).returncode == 0


# Sampling


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_a_sample_is_what_a_slow_look_at_the_graph_allows(seed, first, second):
    evidence = made_up(seed % 7)
    messages = Messages.of(evidence)
    asked = np.unique(np.random.default_rng(seed).integers(0, evidence.n, 5))
    found = sample_neighbours(messages, asked, (first, second), seed)
    heard = {i: set() for i in range(evidence.n)}
    for i in range(evidence.n):
        heard[i] = set(range(messages.indptr[i], messages.indptr[i + 1]))
    listeners = asked.tolist()
    for hop, most in zip(found.hops, (first, second), strict=True):
        assert found.subjects[: hop.listeners].tolist() == listeners
        assert hop.place.size == np.unique(hop.place).size
        for place, i in enumerate(listeners):
            drawn = hop.place[hop.listener == place].tolist()
            assert set(drawn) <= heard[i]
            assert len(drawn) == min(most, len(heard[i]))
        senders = messages.sender[hop.place]
        assert found.subjects[hop.sender].tolist() == senders.tolist()
        listeners += sorted(set(senders.tolist()) - set(listeners))
    assert found.subjects.tolist() == listeners


def test_a_draw_depends_on_seed_and_subject_and_not_on_who_else_is_asked():
    messages = Messages.of(made_up(1, n=30, m=600))
    alone = sample_neighbours(messages, [4], (5,), seed=3).hops[0]
    among = sample_neighbours(messages, [9, 4, 2], (5,), seed=3).hops[0]
    assert among.place[among.listener == 1].tolist() == alone.place.tolist()
    other = sample_neighbours(messages, [4], (5,), seed=4).hops[0]
    assert other.place.tolist() != alone.place.tolist()


def test_every_message_is_as_likely_to_be_drawn():
    star = Messages.of(Evidence(11, np.arange(1, 11), np.zeros(10, int), np.ones(10), None, [], []))
    drawn = np.zeros(10)
    for seed in range(4000):
        drawn[sample_neighbours(star, [0], (3,), seed).hops[0].place] += 1
    # Binomial with p = 0.3: five standard deviations are 145.
    assert np.abs(drawn - 1200).max() < 145


def test_a_subject_that_is_asked_about_twice_is_refused():
    with pytest.raises(InvalidArgumentError, match="asked holds a subject twice"):
        sample_neighbours(Messages.of(made_up()), [1, 1], (2,), 0)


# Features and messages


def test_features_agree_with_networkx():
    evidence = made_up(2)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(evidence.n))
    graph.add_edges_from(zip(evidence.src.tolist(), evidence.dst.tolist(), strict=True))
    found = features(evidence)
    degree_in = np.array([graph.in_degree(i) for i in range(evidence.n)])
    np.testing.assert_allclose(np.expm1(found.column("links in")), degree_in, atol=1e-5)
    positive = nx.Graph()
    positive.add_nodes_from(range(evidence.n))
    for i, j, w in zip(evidence.src, evidence.dst, evidence.weight, strict=True):
        if w > 0 and i != j:
            positive.add_edge(int(i), int(j))
    bad = set(evidence.bad.tolist())
    share = [len(bad & set(positive[i])) / (positive.degree(i) + 1.0) for i in range(evidence.n)]
    np.testing.assert_allclose(found.column("share of contacts known bad"), share, atol=1e-6)


def test_no_feature_depends_on_the_order_of_links_or_on_the_unit_of_time_or_weight():
    evidence = made_up(3)
    order = np.random.default_rng(0).permutation(evidence.m)
    other = Evidence(
        evidence.n, evidence.src[order], evidence.dst[order], 100.0 * evidence.weight[order],
        7.0 + 3600.0 * evidence.time[order], evidence.bad, evidence.good,
    )  # fmt: skip
    np.testing.assert_allclose(features(other).values, features(evidence).values, atol=1e-5)
    assert np.array_equal(Messages.of(other).features, Messages.of(evidence).features)


def test_an_own_label_is_in_no_feature_by_way_of_the_second_hop():
    evidence = Evidence(3, [0, 1], [1, 2], [1.0, 1.0], None, [0], [])
    found = features(evidence).column("labels within two hops")
    assert found[0] == pytest.approx(0.5)
    assert found[2] > 0.5


@given(st.floats(0.1, 0.9), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_whatever_comes_later_evidence_is_the_same_to_the_last_bit(now, seed):
    rng = np.random.default_rng(seed)
    known = made_up(seed)
    found_at = rng.choice([0.2, 0.5, 0.8, np.inf], known.n)
    later = known.time > now
    history = History(known.n, known.src, known.dst, known.weight, known.time, found_at, found_at)
    other_found = np.where(found_at > now, rng.choice([now + 0.1, np.inf], known.n), found_at)
    other = History(
        known.n,
        np.where(later, rng.integers(0, known.n, known.m), known.src),
        np.where(later, rng.integers(0, known.n, known.m), known.dst),
        np.where(later, 99.0, known.weight),
        np.where(later, now + rng.random(known.m), known.time),
        other_found,
        other_found,
    )
    told = [Told.of(each.known_at(now)) for each in (history, other)]
    assert told[0].features.tobytes() == told[1].features.tobytes()
    assert told[0].messages.features.tobytes() == told[1].messages.features.tobytes()
    lessons = [dated_lessons(each, now, 0.1, 2) for each in (history, other)]
    for one, two in zip(*lessons, strict=True):
        assert one.subjects.tolist() == two.subjects.tolist()
        assert one.bad.tolist() == two.bad.tolist()
        assert one.evidence.weight.tolist() == two.evidence.weight.tolist()


# Lessons


def test_no_lesson_knows_what_it_asks_and_a_ring_is_asked_about_together():
    evidence = made_up(4)
    groups = np.arange(evidence.n) // 4
    asked = []
    for lesson in cross_fitted(evidence, 3, seed=1, groups=groups):
        known = set(lesson.evidence.bad.tolist()) | set(lesson.evidence.good.tolist())
        assert not known & set(lesson.subjects.tolist())
        assert not set(groups[list(known)]) & set(groups[lesson.subjects])
        asked += lesson.subjects.tolist()
    assert sorted(asked) == sorted([*evidence.bad.tolist(), *evidence.good.tolist()])


def test_who_is_found_after_the_period_is_not_called_good():
    found_at = np.array([0.05, 0.25, 0.45, np.inf])
    history = History(4, [0], [1], [1.0], [0.0], found_at)
    lesson = dated_lessons(history, 0.5, 0.2, 2)[0]
    assert lesson.subjects.tolist() == [1, 3]
    assert lesson.bad.tolist() == [1.0, 0.0]


def test_hidden_signs_are_hidden_both_ways():
    n = 50
    rng = np.random.default_rng(0)
    src, dst = rng.integers(0, n, 300), rng.integers(0, n, 300)
    links = np.concatenate([src, dst]), np.concatenate([dst, src])
    evidence = Evidence(n, *links, np.ones(600), None, [], [])
    for lesson in sign_lessons(evidence, 2, 0.2, seed=0):
        pairs = set(zip(lesson.evidence.src.tolist(), lesson.evidence.dst.tolist(), strict=True))
        assert all((j, i) in pairs for i, j in pairs)
        assert len(pairs) < len(set(zip(*(end.tolist() for end in links), strict=True)))


def test_questions_about_one_subject_are_counted():
    lesson = Lesson.of(made_up(), [3, 3, 5], [True, False, False])
    assert (lesson.subjects.tolist(), lesson.bad.tolist(), lesson.good.tolist()) == (
        [3, 5], [1.0, 0.0], [1.0, 1.0],
    )  # fmt: skip


# Scoring and model files


@pytest.mark.parametrize("kind", list(NetworkKind))
def test_a_model_comes_back_from_its_file_as_it_was(kind, tmp_path):
    model, told = untaught(kind), Told.of(made_up())
    model.save(tmp_path / "a.npz")
    model.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = LearnedModel.load(tmp_path / "a.npz", model.fingerprint)
    assert again.fingerprint == model.fingerprint
    assert score(again, told).probability.tobytes() == score(model, told).probability.tobytes()


@pytest.mark.parametrize("kind", list(NetworkKind))
def test_scores_are_the_same_bits_on_any_number_of_threads(kind):
    import numba

    model, told = untaught(kind), Told.of(made_up(5, n=9000, m=30_000))
    before = numba.get_num_threads()
    found = []
    for threads in {1, before}:
        numba.set_num_threads(threads)
        found.append(score(model, told).logit.tobytes())
    numba.set_num_threads(before)
    assert len(set(found)) == 1


def test_attention_is_what_its_equation_says():
    model, evidence = untaught(NetworkKind.ATTENTION, members=1), made_up(6, n=6, m=12)
    told = Told.of(evidence)
    w, messages = model.members[0], told.messages

    def layer(name, x):
        left = x @ w[f"{name}.lin_l.weight"].T + w[f"{name}.lin_l.bias"]
        right = x @ w[f"{name}.lin_r.weight"].T + w[f"{name}.lin_r.bias"]
        out = x @ w[f"{name}.res.weight"].T + w[f"{name}.bias"]
        half = WIDTH // 2
        for i in range(evidence.n):
            places = range(messages.indptr[i], messages.indptr[i + 1])
            for head in (slice(0, half), slice(half, WIDTH)):
                told_by = []
                for e in places:
                    s = left[messages.sender[e]] + right[i]
                    s = s + w[f"{name}.lin_edge.weight"] @ messages.features[e]
                    s = np.where(s > 0, s, 0.2 * s)[head]
                    told_by.append(np.exp(s @ w[f"{name}.att"].reshape(-1)[head]))
                for e, share in zip(places, told_by, strict=True):
                    out[i, head] += share / sum(told_by) * left[messages.sender[e], head]
        return np.maximum(out, 0.0)

    x = np.clip(told.features.astype(np.float64), -10.0, 10.0)
    hidden = layer("second", layer("first", x))
    expected = (x @ w["head_own.weight"].T + hidden @ w["head.weight"].T + w["head.bias"])[:, 0]
    np.testing.assert_allclose(score(model, told).logit, expected, rtol=0, atol=1e-4)


def test_other_features_are_refused_and_the_training_is_named():
    model = replace(untaught(NetworkKind.ALONE), features=(*FEATURES[:-1], "shoe size"))
    with pytest.raises(
        ModelFileError,
        match=r"missing shoe size; unknown to it signed walk.*trained on drawn numbers: 40 subj",
    ):
        score(model, Told.of(made_up()))


def test_another_model_under_the_same_name_is_refused(tmp_path):
    untaught(NetworkKind.ALONE, seed=1).save(tmp_path / "m.npz")
    wanted = untaught(NetworkKind.ALONE, seed=2).fingerprint
    with pytest.raises(ModelFileError, match=f"but {wanted} is asked for: another model"):
        LearnedModel.load(tmp_path / "m.npz", wanted)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "m.npz"
    with pytest.raises(ModelFileError, match="no such model file"):
        LearnedModel.load(path)
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ModelFileError, match="is no model file, or damaged"):
        LearnedModel.load(path)
    np.savez(path, header=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ModelFileError, match="is no model file, or damaged"):
        LearnedModel.load(path)


@pytest.mark.parametrize("what", ["weight", "calibration", "training"])
def test_a_fingerprint_covers_everything_that_a_model_says(what):
    model = untaught(NetworkKind.ALONE)
    weights = dict(model.members[0])
    weights["head.bias"] = weights["head.bias"] + np.float32(1e-3)
    other = {
        "weight": replace(model, members=(weights, *model.members[1:])),
        "calibration": replace(model, calibration=Calibration(1.5, -0.2501, 9)),
        "training": replace(model, trained_on=replace(model.trained_on, answers=21)),
    }
    assert other[what].fingerprint != model.fingerprint


# Calibration


def test_calibration_finds_the_slope_that_the_answers_were_drawn_with():
    rng = np.random.default_rng(0)
    logit = rng.normal(0.0, 3.0, 40_000)
    is_bad = rng.random(logit.size) < 1.0 / (1.0 + np.exp(-(0.4 * logit - 1.0)))
    found = fit_calibration(logit, is_bad, ~is_bad)
    assert found.slope == pytest.approx(0.4, abs=0.02)
    assert found.offset == pytest.approx(-1.0, abs=0.05)
    told = found.probability(logit)
    raw = Calibration().probability(logit)
    assert brier_score(is_bad, told) < brier_score(is_bad, raw)
    assert expected_calibration_error(is_bad, told) < 0.01
    assert (np.diff(found.probability(np.sort(logit))) >= 0.0).all()


def test_calibration_agrees_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    logit = rng.normal(0.0, 2.0, 5000)
    is_bad = rng.random(logit.size) < 1.0 / (1.0 + np.exp(-logit))
    found = fit_calibration(logit, is_bad, ~is_bad)
    peer = LogisticRegression(C=np.inf).fit(logit[:, None], is_bad)
    # Platt's targets are a hair away from 0 and 1.
    assert found.slope == pytest.approx(float(peer.coef_[0, 0]), abs=0.02)
    assert found.offset == pytest.approx(float(peer.intercept_[0]), abs=0.02)


def test_answers_of_one_kind_calibrate_nothing():
    assert fit_calibration([0.5, 1.0], [0.0, 0.0], [1.0, 1.0]) == Calibration()


@pytest.mark.parametrize("logit", [[-9.0, 9.0], [3.0, -3.0]])
def test_calibration_keeps_the_order_whatever_the_answers(logit):
    assert fit_calibration(logit, [0.0, 1.0], [1.0, 0.0]).slope > 0.0
