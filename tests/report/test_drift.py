"""The stability index: what it is by hand, what leaves it alone, what moves it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from graphsvc.report.drift import bin_limits, counted, drift

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60).map(np.array)


def test_the_index_is_what_the_textbook_adds_up() -> None:
    before = np.repeat(np.arange(10.0), 10)
    now = np.repeat([0.0, 9.0], [40, 60])
    found = drift("score", before, now, slack=0.0)
    share_before = np.full(10, 10.5 / 105)
    share_now = (np.array([40, 0, 0, 0, 0, 0, 0, 0, 0, 60]) + 0.5) / 105
    by_hand = sum((a - e) * math.log(a / e) for a, e in zip(share_now, share_before, strict=True))
    assert found.psi == pytest.approx(by_hand, rel=1e-12)
    assert [one.now for one in found.bins] == [0.4, *[0.0] * 8, 0.6]
    assert [one.up_to for one in found.bins] == [*map(float, range(9)), None]


@given(values, values)
def test_the_index_is_the_divergence_both_ways_of_the_smoothed_shares(
    before: np.ndarray, now: np.ndarray
) -> None:
    limits = bin_limits(before, 0.0)
    e, a = (
        (counted(each, limits) + 0.5) / (each.size + 0.5 * (limits.size + 1))
        for each in (before, now)
    )
    found = drift("score", before, now, 0.0).psi
    assert found == pytest.approx(entropy(a, e) + entropy(e, a), abs=1e-12)
    assert found >= 0.0


@given(values)
def test_a_distribution_that_stays_has_no_drift(before: np.ndarray) -> None:
    assert drift("score", before, before[::-1], 0.0).psi == pytest.approx(0.0, abs=1e-12)


def test_many_subjects_with_one_value_don_t_drift_by_a_rounding() -> None:
    before = np.repeat([650.0, 700.0], [90, 10])
    now = before + 1e-9
    assert drift("score", before, now, slack=1e-8).psi == pytest.approx(0.0, abs=1e-12)
    assert drift("score", before, now, slack=0.0).psi > 1.0


def test_equal_deciles_are_one_bin() -> None:
    assert bin_limits(np.repeat([0.0, 5.0], [95, 5]), 0.0).tolist() == [0.0]
    assert bin_limits(np.zeros(0), 0.0).size == 0
