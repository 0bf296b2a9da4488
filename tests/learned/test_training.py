"""Training is deterministic, learns what is there, and can't learn what comes later."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import InvalidArgumentError, auc
from algorithms.learned import (
    FEATURES,
    Evidence,
    History,
    Lesson,
    Messages,
    NetworkKind,
    Told,
    cross_fitted,
    dated_lessons,
    expected_calibration_error,
    score,
    sign_lessons,
)
from algorithms.learned.networks import NETWORKS
from algorithms.learned.sampling import sample_neighbours
from algorithms.learned.scoring import forward, standardised
from algorithms.learned.training import TrainingSettings, device_of, tensor_hop, train

QUICK = TrainingSettings(members=2, steps=60, batch=256)
KINDS = list(NetworkKind)


@pytest.fixture(scope="module")
def lessons(ratings):
    n, src, dst, weight, time, is_bad = ratings
    known = np.arange(n // 2)
    labels = known[is_bad[known]], known[~is_bad[known]]
    evidence = Evidence(n, src, dst, weight, time, *labels)
    return evidence, cross_fitted(evidence, 3, seed=0)


@pytest.fixture(scope="module")
def models(lessons):
    return {kind: train(kind, lessons[1], QUICK, name="made up") for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bits(kind, lessons, models):
    again = train(kind, lessons[1], QUICK, name="made up")
    assert again.fingerprint == models[kind].fingerprint


def test_another_seed_gives_another_model(lessons, models):
    other = train(NetworkKind.ALONE, lessons[1], replace(QUICK, seed=5), name="made up")
    assert other.fingerprint != models[NetworkKind.ALONE].fingerprint


def test_the_number_of_torch_threads_moves_no_bit(lessons, models):
    before = torch.get_num_threads()
    torch.set_num_threads(1 if before > 1 else 2)
    try:
        again = train(NetworkKind.ALONE, lessons[1], QUICK, name="made up")
    finally:
        torch.set_num_threads(before)
    assert again.fingerprint == models[NetworkKind.ALONE].fingerprint


def test_training_leaves_torch_and_its_random_numbers_as_they_were(lessons):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    train(NetworkKind.ALONE, lessons[1], replace(QUICK, members=1, steps=2))
    assert torch.equal(torch.rand(4), expected)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("kind", KINDS)
def test_scoring_without_torch_agrees_with_torch(kind, lessons, models):
    evidence, model = lessons[0], models[kind]
    told = Told.of(evidence)
    x = standardised(model, told.features)
    weights = {name: torch.from_numpy(np.array(w)) for name, w in model.members[0].items()}
    network = NETWORKS[kind](len(FEATURES), QUICK.width)
    network.load_state_dict(weights)
    everybody = sample_neighbours(told.messages, np.arange(evidence.n), (10**6, 10**6), seed=0)
    near, far = (tensor_hop(hop, told.messages, torch.device("cpu")) for hop in everybody.hops)
    with torch.no_grad():
        expected = network(torch.from_numpy(x[everybody.subjects]), (near, far)).numpy()
    np.testing.assert_allclose(
        forward(kind, model.members[0], x, told.messages), expected, rtol=0, atol=2e-5
    )


def test_networks_that_hear_neighbours_beat_chance_clearly(ratings, lessons, models):
    n, *_, is_bad = ratings
    asked = np.arange(n // 2, n)
    for kind in (NetworkKind.SIGNED, NetworkKind.ATTENTION):
        found = score(models[kind], Told.of(lessons[0])).probability[asked]
        assert auc(is_bad[asked], found) > 0.75, kind


def test_labels_that_say_nothing_teach_nothing(ratings, lessons):
    n, *_, is_bad = ratings
    drawn = np.random.default_rng(0).permutation(is_bad)
    known = np.arange(n // 2)
    evidence = lessons[0].with_labels(known[drawn[known]], known[~drawn[known]])
    model = train(NetworkKind.ATTENTION, cross_fitted(evidence, 3, seed=0), QUICK)
    asked = np.arange(n // 2, n)
    found = score(model, Told.of(evidence)).probability[asked]
    assert auc(drawn[asked], found) == pytest.approx(0.5, abs=0.12)


def with_tomorrow(seed):
    """From the day when a subject becomes known on, its links are all distrust; before, none."""
    rng = np.random.default_rng(seed)
    n, m = 400, 12_000
    known_at = np.where(rng.random(n) < 0.5, rng.uniform(0, 100, n), np.inf)
    src, dst = rng.integers(0, n, m), rng.integers(0, n, m)
    time = rng.uniform(0, 100, m)
    weight = np.where(time >= known_at[dst], -1.0, rng.choice([-1.0, 1.0], m, p=[0.2, 0.8]))
    return History(n, src, dst, weight, time, known_at)


def test_a_planted_future_tells_the_whole_when_it_is_seen():
    history = with_tomorrow(1)
    then, tomorrow = history.known_at(60.0), history.known_at(100.0)
    becomes = (history.bad_known_at > 60.0) & (history.bad_known_at <= 80.0)
    asked = np.flatnonzero(becomes | np.isposinf(history.bad_known_at))
    leaking = Lesson.of(tomorrow.with_labels(then.bad, then.good), asked, becomes[asked])
    model = train(NetworkKind.ALONE, [leaking], QUICK)
    found = score(model, Told.of(leaking.evidence)).probability[asked]
    assert auc(becomes[asked], found) > 0.9


def test_a_planted_future_tells_nothing_to_lessons_of_the_past():
    found = []
    for seed in range(3):
        history = with_tomorrow(seed)
        model = train(NetworkKind.ATTENTION, dated_lessons(history, 60.0, 20.0, 2), QUICK)
        becomes = (history.bad_known_at > 60.0) & (history.bad_known_at <= 80.0)
        asked = np.flatnonzero(becomes | np.isposinf(history.bad_known_at))
        told = score(model, Told.of(history.known_at(60.0))).probability[asked]
        found.append(auc(becomes[asked], told))
    assert np.mean(found) == pytest.approx(0.5, abs=0.12)


def test_whatever_comes_after_now_a_model_is_the_same_to_the_last_bit():
    history = with_tomorrow(2)
    rng = np.random.default_rng(9)
    late = np.asarray(history.time) > 60.0
    # Everything after 60 is made up anew: links, signs, and who is found when.
    other = History(
        history.n,
        np.where(late, rng.integers(0, history.n, late.size), history.src),
        np.where(late, rng.integers(0, history.n, late.size), history.dst),
        np.where(late, rng.choice([-1.0, 1.0], late.size), history.weight),
        history.time,
        np.where(
            history.bad_known_at > 60.0, rng.choice([70.0, np.inf], history.n), history.bad_known_at
        ),
    )
    one, two = (
        train(NetworkKind.SIGNED, dated_lessons(each, 60.0, 20.0, 2), QUICK)
        for each in (history, other)
    )
    assert one.fingerprint == two.fingerprint


def test_calibration_makes_probabilities_come_true():
    rng = np.random.default_rng(3)
    n = 3000
    # Half of all labels are coins: nobody can be surer than three to one.
    links_in = rng.integers(1, 12, n)
    is_bad = np.where(rng.random(n) < 0.5, rng.random(n) < 0.5, links_in > 6)
    dst = np.repeat(np.arange(n), links_in)
    src = rng.integers(n, n + 200, dst.size)
    evidence = Evidence(n + 200, src, dst, np.ones(dst.size), None, [], [])
    parts = np.array_split(rng.permutation(n), [60, 1500])
    lessons = [Lesson.of(evidence, part, is_bad[part]) for part in parts]
    overfitted = TrainingSettings(members=2, steps=200, forget=0.0, weight_decay=0.0)
    before = train(NetworkKind.ALONE, lessons[:1], overfitted)
    after = train(NetworkKind.ALONE, lessons[:1], overfitted, later=lessons[1])
    asked = parts[2]
    off = [
        expected_calibration_error(
            is_bad[asked], score(model, Told.of(evidence)).probability[asked]
        )
        for model in (before, after)
    ]
    assert off[1] < 0.05 < off[0]
    assert after.calibration.answers == parts[1].size
    assert after.trained_on == before.trained_on


def test_the_networks_disagree_where_they_have_seen_nothing(lessons, models):
    evidence = lessons[0]
    found = score(models[NetworkKind.ATTENTION], Told.of(evidence))
    assert (found.low <= found.probability).all()
    assert (found.probability <= found.high).all()
    assert (found.high - found.low).max() > 0.02


def test_signs_are_learned_from_links_that_the_lesson_hides(ratings):
    n, src, dst, weight, time, _ = ratings
    evidence = Evidence(n, src, dst, weight, time, [], [])
    for lesson in sign_lessons(evidence, 2, 0.2, seed=0):
        assert lesson.evidence.time.max() < np.quantile(time, 0.81)
    model = train(NetworkKind.SIGNED, sign_lessons(evidence, 2, 0.2, seed=0), QUICK)
    assert model.trained_on.until < np.quantile(time, 0.81)


def test_one_kind_of_answer_alone_is_refused(lessons):
    empty = Evidence(3, [0], [1], [1.0], None, [], [])
    with pytest.raises(InvalidArgumentError, match="hold 0 bad answers and 1 good ones"):
        train(NetworkKind.ALONE, [Lesson.of(empty, [0], [False])])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused_and_auto_does_without():
    with pytest.raises(InvalidArgumentError, match="torch finds no GPU; cpu or auto work"):
        device_of(TrainingSettings(device="cuda"))
    assert device_of(TrainingSettings(device="auto")).type == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_learns_the_same_thing(lessons):
    model = train(NetworkKind.ATTENTION, lessons[1], replace(QUICK, device="cuda"))
    assert np.isfinite(score(model, Told.of(lessons[0])).logit).all()


def test_messages_of_reordered_links_train_the_same_model(ratings, lessons, models):
    n, src, dst, weight, time, _ = ratings
    order = np.random.default_rng(4).permutation(src.size)
    first = Messages.of(lessons[0])
    again = Messages.of(Evidence(n, src[order], dst[order], weight[order], time[order], [], []))
    assert np.array_equal(first.sender, again.sender)
    assert np.array_equal(first.features, again.features)
