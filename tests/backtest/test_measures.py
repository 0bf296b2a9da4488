"""The measures against scikit-learn and the textbook's double loop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve

from graphsvc.backtest.calibration import Dated, calibration
from graphsvc.backtest.measures import Stratum, measured

AT = datetime(2024, 1, 1, tzinfo=UTC)
rows = st.lists(
    st.tuples(st.integers(350, 380).map(float), st.booleans()), min_size=4, max_size=60
).filter(lambda found: len({is_bad for _, is_bad in found}) == 2)


def stratum(found: list[tuple[float, bool]], first: int = 0) -> Stratum:
    score, is_bad = zip(*found, strict=True)
    return Stratum(np.array(score), np.array(is_bad), np.arange(first, first + len(found)))


@given(rows)
def test_auc_and_ks_are_those_of_scikit_learn(found: list[tuple[float, bool]]) -> None:
    one = stratum(found)
    result = measured([one])
    assert result.auc is not None
    assert result.auc.value == pytest.approx(roc_auc_score(one.is_bad, -one.score), abs=1e-12)
    false_alarms, hits, _ = roc_curve(one.is_bad, -one.score, drop_intermediate=False)
    assert result.ks == pytest.approx(np.abs(hits - false_alarms).max(), abs=1e-12)


@given(rows)
def test_the_interval_is_delong_s_by_the_double_loop(found: list[tuple[float, bool]]) -> None:
    one = stratum(found)
    bad, good = one.score[one.is_bad], one.score[~one.is_bad]
    if min(bad.size, good.size) < 2:
        return
    beats = (bad[:, None] < good) + 0.5 * (bad[:, None] == good)
    variance = (
        beats.mean(axis=1).var(ddof=1) / bad.size + beats.mean(axis=0).var(ddof=1) / good.size
    )
    auc = measured([one]).auc
    assert auc is not None
    half = 1.959963984540054 * np.sqrt(variance)
    wanted = (max(beats.mean() - half, 0.0), min(beats.mean() + half, 1.0))
    assert (auc.low, auc.high) == pytest.approx(wanted, abs=1e-9)


def test_the_same_subjects_at_two_times_are_not_twice_the_evidence() -> None:
    rng = np.random.default_rng(1)
    is_bad = rng.random(400) < 0.3
    one = Stratum(rng.normal(650 - 30 * is_bad, 60), is_bad, np.arange(400))
    again = Stratum(one.score, one.is_bad, np.arange(400))
    others = Stratum(one.score, one.is_bad, np.arange(400, 800))

    def width(*strata: Stratum) -> float:
        auc = measured(strata).auc
        assert auc is not None
        return auc.high - auc.low

    assert width(one, again) == pytest.approx(width(one), rel=1e-9)
    assert width(one, others) == pytest.approx(width(one) / np.sqrt(2), rel=1e-9)


def test_one_bad_outcome_alone_tells_next_to_nothing() -> None:
    auc = measured([stratum([(350.0, True), *((400.0 + n, False) for n in range(50))])]).auc
    assert auc is not None
    assert auc.value == auc.high == 1.0
    assert auc.low < 0.05


def test_times_are_not_compared_with_each_other() -> None:
    calm = stratum([(600.0, True), (610.0, False)])
    later = stratum([(400.0, True), (410.0, False)], first=2)
    auc = measured([calm, later]).auc
    assert auc is not None
    assert auc.value == 1.0


def test_precision_at_the_top_counts_the_lowest_scores() -> None:
    found = [(350.0 + n, n in (0, 2)) for n in range(20)]
    result = measured([stratum(found)])
    assert [one.share for one in result.precision] == [0.01, 0.05, 0.10]
    assert [one.subjects for one in result.precision] == [1, 1, 2]
    assert [one.value.value for one in result.precision] == [1.0, 1.0, 0.5]
    assert all(one.value.low <= one.value.value <= one.value.high for one in result.precision)


@pytest.mark.parametrize("is_bad", [True, False])
def test_where_all_or_none_are_bad_nothing_is_claimed(is_bad: bool) -> None:
    result = measured([stratum([(350.0, is_bad), (400.0, is_bad)])])
    assert (result.auc, result.ks, result.precision) == (None, None, ())
    assert result.bad == 2 * is_bad


def test_nobody_to_test_is_no_error() -> None:
    result = measured([Stratum(np.zeros(0), np.zeros(0, np.bool_), np.zeros(0, np.int64))])
    assert (result.subjects, result.base_rate, result.auc) == (0, None, None)


def months(count: int, size: int = 3000) -> list[Dated]:
    rng = np.random.default_rng(7)
    found = []
    for number in range(count):
        score = rng.uniform(350, 950, size)
        is_bad = rng.random(size) < 1.0 / (1.0 + np.exp((score - 500.0) / 60.0))
        found.append(
            Dated(AT + timedelta(days=30 * number), Stratum(score, is_bad, np.arange(size)))
        )
    return found


def test_a_probability_is_told_only_after_the_windows_that_it_was_fitted_on_ended() -> None:
    assert calibration(months(3), timedelta(days=90)) is None
    found = calibration(months(4), timedelta(days=90))
    assert found is not None
    assert found.subjects == 3000


def test_what_is_told_comes_and_beats_the_base_rate() -> None:
    times = months(2)
    found = calibration(times, timedelta(days=30))
    assert found is not None
    assert sum(one.subjects for one in found.bins) == 3000
    for one in found.bins:
        assert one.came is not None
        assert one.came.low - 0.03 <= one.told <= one.came.high + 0.03
    assert found.brier < 0.7 * found.brier_of_base_rate
    base = np.full(3000, times[0].rows.is_bad.mean())
    oracle = brier_score_loss(times[1].rows.is_bad, base)
    assert found.brier_of_base_rate == pytest.approx(oracle, abs=1e-12)
