"""Conductance follows its formula, and refuses what has no meaning."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import InvalidArgumentError, Saturation, conductance, decay_factor


@given(st.floats(0, 1e300), st.floats(0, 1e4), st.floats(1.0, 1e4), st.sampled_from(Saturation))
@settings(deadline=None)
def test_conductance_is_its_formula(weight, age, half_life, saturation):
    f = {
        "linear": weight,
        "log1p": math.log1p(weight),
        "constant": 1.0,
        "saturating": weight / (weight + 5.0),
    }[saturation]
    got = conductance(0.5, weight, age, half_life, saturation, half_weight=5.0)
    np.testing.assert_allclose(got, 0.5 * f * 2.0 ** (-age / half_life), rtol=1e-12, atol=1e-300)


def test_a_saturating_weight_never_overflows():
    assert conductance(1.0, 1.7e308, 0.0, 1.0, "saturating", half_weight=1e308) == pytest.approx(
        1.7 / 2.7
    )


def test_ageing_all_links_alike_scales_them_alike():
    ages = np.array([0.0, 10.0, 400.0])
    np.testing.assert_allclose(
        decay_factor(ages + 30.0, 90.0), decay_factor(ages, 90.0) * decay_factor(30.0, 90.0)
    )


def test_an_infinite_half_life_never_fades():
    assert decay_factor([1e9], math.inf).tolist() == [1.0]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"c": -1.0}, "c is -1.0; it must be finite and at least 0"),
        ({"weight": [1.0, math.nan]}, r"weight\[1\] is nan"),
        ({"age_days": [-1.0]}, r"age_days\[0\] is -1.0"),
        ({"half_life_days": 0.0}, "half_life_days is 0.0; it must be positive"),
        ({"half_life_days": math.nan}, "half_life_days is nan"),
        ({"saturation": "cubic"}, "saturation is 'cubic'; one of linear, log1p"),
        ({"saturation": "saturating", "half_weight": 0.0}, "half_weight is 0.0"),
    ],
)
def test_what_has_no_meaning_is_refused(changed, message):
    sound = {"c": 1.0, "weight": 1.0, "age_days": 1.0, "half_life_days": 1.0}
    with pytest.raises(InvalidArgumentError, match=message):
        conductance(**(sound | changed))
