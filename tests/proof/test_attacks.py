"""An attack does what it says and nothing else: it knows no secrets and leaves no labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import auc
from benchmarks.proof import attacks, protocol, robustness, safeguards
from benchmarks.proof.attacks import ATTACKS, Scene, attacked
from benchmarks.proof.methods import Method, degree_in
from benchmarks.proof.protocol import LabelledSet
from benchmarks.proof.view import Links, View

N = 300
BY_NAME = {each.name: each for each in ATTACKS}
every_attack = pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.name)
every_kind = pytest.mark.parametrize("kind", ["signed", "payments", "social"])


def a_set(kind):
    rng = np.random.default_rng(7)
    src, dst = rng.integers(0, N, 3000), rng.integers(0, N, 3000)
    is_bad = np.arange(N) % 3 == 0
    weight = {
        "signed": np.where(is_bad[dst] & (rng.random(3000) < 0.8), -0.4, 0.3),
        "payments": rng.uniform(1.0, 90.0, 3000),
        "social": np.ones(3000),
    }[kind]
    time = np.sort(rng.uniform(0.0, 9.0, 3000)) if kind == "payments" else None
    subjects = np.arange(0, N, 2)
    links = Links(src, dst, weight, time)
    return LabelledSet("small", kind, N, links, subjects, is_bad[subjects], subjects)


def a_scene(kind):
    data = a_set(kind)
    trial = next(protocol.cross_validated(data, 0))
    return data, trial, robustness.scene_of(trial, data.subjects)


def pairs(src, dst):
    return set(zip(src.tolist(), dst.tolist(), strict=True))


def new_links(scene, view):
    first = scene.view.links.src.size
    return view.links.src[first:], view.links.dst[first:], view.links.weight[first:]


@every_attack
@every_kind
def test_what_was_there_stays_and_only_links_are_added(attack, kind):
    _, trial, scene = a_scene(kind)
    before = [array.copy() for array in (*vars(scene.view.links).values(), trial.test.is_bad)
              if array is not None]  # fmt: skip
    view = attacked(attack, scene, attack.strengths[-1], 0)
    count = scene.view.links.src.size
    assert view.links.weight[:count].tolist() == scene.view.links.weight.tolist()
    if attack.name != "whitewash":
        assert view.links.src[:count].tolist() == scene.view.links.src.tolist()
        assert view.links.dst[:count].tolist() == scene.view.links.dst.tolist()
    assert view.links.src.size > count
    after = [array for array in (*vars(scene.view.links).values(), trial.test.is_bad)
             if array is not None]  # fmt: skip
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


@every_attack
@every_kind
def test_what_is_known_stays_and_no_link_joins_labelled_subjects(attack, kind):
    data, _, scene = a_scene(kind)
    view = attacked(attack, scene, attack.strengths[-1], 0)
    assert view.bad is scene.view.bad
    assert view.good is scene.view.good
    labelled = set(data.subjects.tolist())
    ends = pairs(view.links.src, view.links.dst)
    assert not any(i in labelled and j in labelled for i, j in ends)
    assert max(max(pair) for pair in ends) < view.n


@every_attack
@every_kind
def test_an_attack_is_the_same_again_for_its_seed_and_nothing_without_strength(attack, kind):
    _, _, scene = a_scene(kind)
    first, again, other = (
        attacked(attack, scene, attack.strengths[0], seed).links for seed in (1, 1, 2)
    )
    assert first.src.tolist() == again.src.tolist()
    assert first.dst.tolist() == again.dst.tolist()
    assert (first.src.tolist(), first.dst.tolist()) != (other.src.tolist(), other.dst.tolist())
    assert attacked(attack, scene, 0, 1).links.src.size == scene.view.links.src.size


@every_attack
def test_new_payments_are_the_last(attack):
    _, _, scene = a_scene("payments")
    time = attacked(attack, scene, attack.strengths[-1], 0).links.time
    assert (np.diff(time) >= 0.0).all()
    assert time.max() == scene.view.links.time.max()


@every_attack
def test_mutual_links_go_both_ways(attack):
    _, _, scene = a_scene("social")
    mutual = Scene(scene.view, scene.attackers, scene.victims, scene.bystanders, is_mutual=True)
    src, dst, _ = new_links(scene, attacked(attack, mutual, attack.strengths[-1], 0))
    assert pairs(src, dst) == pairs(dst, src)


@given(st.integers(1, 30), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_bought_links_come_from_bystanders_to_attackers(strength, seed):
    _, _, scene = a_scene("signed")
    src, dst, weight = new_links(scene, attacked(BY_NAME["bought links"], scene, strength, seed))
    assert set(src.tolist()) <= set(scene.bystanders.tolist())
    assert np.bincount(dst, minlength=N)[scene.attackers].tolist() == [strength] * (
        scene.attackers.size
    )
    assert (weight == 0.3).all()


def test_a_ring_has_k_fakes_for_each_attacker_and_few_attack_links():
    _, _, scene = a_scene("signed")
    view = attacked(BY_NAME["ring"], scene, 5, 0)
    fakes = 5 * scene.attackers.size
    assert view.n == N + fakes
    src, dst, _ = new_links(scene, view)
    by_fakes = src >= N
    assert np.bincount(src[by_fakes], minlength=view.n)[N:].tolist() == [6] * fakes
    assert np.bincount(dst[dst < N], minlength=N)[scene.attackers].tolist() == [5] * (
        scene.attackers.size
    )
    assert set(src[~by_fakes].tolist()) <= set(scene.bystanders.tolist())
    assert int((~by_fakes).sum()) == -(-fakes // 10)
    assert not pairs(src, dst) & {(i, i) for i in range(view.n)}


def test_a_ring_of_one_fake_has_nobody_to_link_to_but_its_attacker():
    _, _, scene = a_scene("social")
    alone = Scene(scene.view, scene.attackers[:1], scene.victims, scene.bystanders)
    src, dst, _ = new_links(alone, attacked(BY_NAME["ring"], alone, 1, 0))
    assert pairs(src[:1], dst[:1]) == {(N, int(alone.attackers[0]))}
    assert src.size == 2


def test_whitewashing_moves_the_past_to_an_old_identity_and_leaves_one_new_link():
    _, _, scene = a_scene("signed")
    view = attacked(BY_NAME["whitewash"], scene, 0.5, 0)
    leaving = round(0.5 * scene.attackers.size)
    assert view.n == N + leaving
    first = scene.view.links.src.size
    now = np.arange(view.n)
    moved = scene.view.links.src != view.links.src[:first]
    now[view.links.src[:first][moved]] = scene.view.links.src[moved]
    moved = scene.view.links.dst != view.links.dst[:first]
    now[view.links.dst[:first][moved]] = scene.view.links.dst[moved]
    assert set(now[N:].tolist()) <= set(scene.attackers.tolist())
    assert now[view.links.src[:first]].tolist() == scene.view.links.src.tolist()
    assert now[view.links.dst[:first]].tolist() == scene.view.links.dst.tolist()
    links = np.bincount(view.links.src, minlength=view.n) + np.bincount(
        view.links.dst, minlength=view.n
    )
    assert int((links[scene.attackers] == 1).sum()) >= leaving


def test_camouflaged_ratings_are_fair():
    _, _, scene = a_scene("signed")
    src, dst, weight = new_links(scene, attacked(BY_NAME["camouflage"], scene, 5, 0))
    assert set(src.tolist()) <= set(scene.attackers.tolist())
    assert set(dst.tolist()) <= set(scene.bystanders.tolist())
    links = scene.view.links
    means = [links.weight[links.dst == target].mean() for target in dst]
    assert weight == pytest.approx(means)


def test_slander_hits_each_good_subject_equally_and_no_attacker():
    _, _, scene = a_scene("signed")
    src, dst, weight = new_links(scene, attacked(BY_NAME["slander"], scene, 5, 0))
    assert np.bincount(dst, minlength=N)[scene.victims].tolist() == [5] * scene.victims.size
    assert set(dst.tolist()) == set(scene.victims.tolist())
    assert (src >= N).all()
    assert (weight == -0.4).all()
    assert len(pairs(src, dst)) == src.size


def test_slander_without_ratings_carries_money_from_the_known_bad():
    _, _, scene = a_scene("payments")
    src, dst, _ = new_links(scene, attacked(BY_NAME["slander"], scene, 5, 0))
    to_fakes = dst >= N
    assert set(src[to_fakes].tolist()) <= set(scene.view.bad.tolist())
    assert set(dst[~to_fakes].tolist()) == set(scene.victims.tolist())
    # Dirty before it is passed on, or taint would not be.
    assert not to_fakes[int(to_fakes.sum()) :].any()


def test_bystanders_have_links_no_label_and_no_bad_name():
    links = Links(np.array([0, 1, 2, 3]), np.array([1, 2, 3, 0]), np.array([0.5, -0.5, 0.5, 0.5]))
    view = View(6, links, np.empty(0, int), np.empty(0, int))
    # 2 is distrusted, 4 and 5 are linked to nobody, 3 is labelled.
    assert attacks.bystanders(view, np.array([3])).tolist() == [0, 1]


def run_with(monkeypatch, methods, kind="signed", seeds=2):
    data = a_set(kind)
    monkeypatch.setattr(robustness, "METHODS", methods)

    def scenes():
        for seed in range(seeds):
            for trial in protocol.cross_validated(data, seed, use=1):
                yield seed, trial, robustness.scene_of(trial, data.subjects)

    return robustness.run(robustness.AttackedSet("small", "", kind, scenes))


def test_who_knows_the_answers_does_not_fall_and_keeps_its_direction(monkeypatch):
    truth = (np.arange(N) % 3 == 0).astype(float)
    told = Method("told", lambda view: np.resize(-truth, view.n), has_direction=False)
    result = run_with(monkeypatch, (told,))
    assert result.repetitions == 2
    assert len(result.conditions) == 18
    for condition in [robustness.QUIET, *result.conditions]:
        assert result.falls[0].level(condition, "AUC") == (1.0, 0.0)


def test_an_attack_cannot_turn_a_score_round(monkeypatch):
    links_in = Method("links in", degree_in, has_direction=False)
    fall = run_with(monkeypatch, (links_in,), seeds=8).falls[0]
    # Whoever buys twenty links has the most: all right or all wrong, as was learned before.
    expected = []
    for seed in range(8):
        trial = next(protocol.cross_validated(a_set("signed"), seed))
        known = degree_in(trial.calibration_view)[trial.calibration.subjects]
        expected.append(float(auc(trial.calibration.is_bad, known) >= 0.5))
    assert fall.by_repetition(("bought links", 20), "AUC").tolist() == expected
    assert set(expected) == {0.0, 1.0}


def test_falls_are_paired_by_repetition():
    fall = robustness.Fall(Method("m", lambda view: np.zeros(view.n)))
    for repetition, (quiet, hit) in enumerate([(0.9, 0.6), (0.7, 0.4)]):
        fall.note(robustness.QUIET, repetition, (quiet, quiet))
        fall.note(("ring", 5), repetition, (hit, 1.0))
    lost, half = fall.fall(("ring", 5), "AUC")
    assert lost == pytest.approx(0.3)
    assert half == pytest.approx(0.0, abs=1e-12)
    assert fall.worst("AUC")[0] == ("ring", 5)


def scores_of(name, view):
    return next(each for each in safeguards.METHODS if each.name == name).score(view)


def test_slander_by_strangers_does_nothing_where_reporters_are_believed_by_their_trust():
    _, _, scene = a_scene("signed")
    slandered = attacked(BY_NAME["slander"], scene, 20, 0)
    quiet = scores_of("programme, as shipped", scene.view)
    assert scores_of("programme, as shipped", slandered)[:N] == pytest.approx(quiet, abs=1e-6)
    alike = scores_of("programme, all believed alike", slandered)[:N] - scores_of(
        "programme, all believed alike", scene.view
    )
    assert (alike[scene.victims] > 1.0).all()


def test_the_cap_bounds_what_slander_takes():
    _, _, scene = a_scene("signed")
    slandered = attacked(BY_NAME["slander"], scene, 20, 0)

    def most_lost(name):
        lost = scores_of(name, slandered)[:N] - scores_of(name, scene.view)
        return lost[scene.victims].max()

    # Open reports weigh half a report at most, which is worth a third of 150 points.
    assert 40.0 < most_lost("programme, all believed alike") < 50.0001
    assert most_lost("programme, all alike, no cap") > 100.0


def test_trust_that_fakes_bought_makes_them_believed():
    _, _, scene = a_scene("signed")
    lost = scores_of("programme, as shipped", attacked(BY_NAME["trusted slander"], scene, 20, 0))
    free = scores_of("programme, as shipped", attacked(BY_NAME["slander"], scene, 20, 0))
    assert lost[scene.victims].mean() > free[scene.victims].mean()
