"""Rates by groups against other ways to compute them, and gaps that add up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from graphsvc.advice import advise
from graphsvc.errors import InvalidInputError
from graphsvc.report import intervals
from graphsvc.report.attributes import AuditAttributes
from graphsvc.report.disparity import disparity
from graphsvc.report.model import Interval
from graphsvc.report.outcomes import outcomes
from tests.report.runs import POLICY, PROGRAMME, PURPOSE, account, of_scores, published

points = st.floats(-400, 300)
subjects = st.fixed_dictionaries(
    {
        "own_listing_points": st.sampled_from([-300.0, -100.0, 0.0, 100.0]),
        "event_points": points,
        "report_points": st.floats(-200, 0),
        "rejected_report_points": st.floats(-50, 0),
        "association_points": st.floats(-150, 150),
        "width": st.floats(0, 600),
    }
)


@given(st.lists(subjects, min_size=1, max_size=12))
def test_outcomes_are_those_that_the_advice_gives_one_by_one(
    rows: list[dict[str, float]],
) -> None:
    scores = published({f"{n:02d}": row for n, row in enumerate(rows)})
    found = outcomes(scores, PROGRAMME, PURPOSE, POLICY)
    advised = [
        advise(POLICY, PROGRAMME, PURPOSE, scores.at_rank(rank), "run")
        for rank in range(len(scores))
    ]
    assert found.favourable.tolist() == [not one.advice.is_adverse for one in advised]
    assert found.on_own_record.tolist() == [not one.on_own_evidence.is_adverse for one in advised]


def test_without_a_policy_the_base_is_what_is_favourable() -> None:
    found = outcomes(of_scores([649.9, 650.0, 700.0]), PROGRAMME, PURPOSE, None)
    assert found.favourable.tolist() == [False, True, True]


@given(st.integers(0, 40), st.integers(1, 40))
def test_the_interval_of_a_rate_is_wilson_s(hits: int, more: int) -> None:
    total = hits + more
    oracle = binomtest(hits, total).proportion_ci(method="wilson")
    found = intervals.rate(hits, total)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


def test_the_interval_of_a_ratio_holds_the_truth_in_95_of_100_samples() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(2000):
        one, best = rng.binomial(300, 0.6), rng.binomial(400, 0.8)
        found = intervals.ratio(int(one), 300, int(best), 400)
        assert found is not None
        held += found.low <= 0.6 / 0.8 <= found.high
    assert 0.93 <= held / 2000 <= 0.97


def test_a_ratio_with_nobody_favoured_on_either_side_says_nothing_false() -> None:
    assert intervals.ratio(0, 10, 0, 10) is None
    assert intervals.ratio(1, 0, 5, 10) is None
    none_of_ten = intervals.ratio(0, 10, 9, 10)
    assert none_of_ten is not None
    assert none_of_ten.low == none_of_ten.value == 0.0 < none_of_ten.high


def test_the_four_fifths_ratio_and_the_parts_of_a_gap() -> None:
    own = {f"a{n:02d}": {"event_points": 100.0} for n in range(40)}
    own |= {
        f"b{n:02d}": {
            "event_points": 60.0 if n < 30 else -200.0,
            "association_points": -30.0,
        }
        for n in range(40)
    }
    scores = published(own)
    values = {account(key): key[0] for key in own}
    found = disparity("group", values, scores, outcomes(scores, PROGRAMME, PURPOSE, None))
    a, b = found.groups
    assert (a.group, b.group) == ("a", "b")
    assert a.ratio == Interval(1.0, 1.0, 1.0)
    assert b.ratio is not None
    assert b.ratio.value == pytest.approx(0.75)
    assert b.ratio.low < 0.75 < b.ratio.high
    assert found.lowest_ratio == pytest.approx(0.75)
    assert b.gap_association == pytest.approx(-30.0)
    assert b.gap_own == pytest.approx((60.0 * 30 - 200.0 * 10) / 40 - 100.0)
    assert b.gap == pytest.approx((b.gap_own or 0.0) + (b.gap_association or 0.0))


def test_what_contacts_take_shows_as_the_rate_on_own_record() -> None:
    rows = {f"{n:02d}": {"association_points": -20.0} for n in range(30)}
    scores = published(rows)
    values = dict.fromkeys(map(account, rows), "x")
    (only,) = disparity("group", values, scores, outcomes(scores, PROGRAMME, PURPOSE, None)).groups
    assert only.favourable is not None
    assert only.favourable.value == 0.0
    assert only.favourable_on_own_record == 1.0


def test_small_and_empty_groups_are_shown_and_not_compared() -> None:
    scores = of_scores([700.0] * 40 + [400.0] * 5)
    values = {account(f"{n:04d}"): "large" if n < 40 else "small" for n in range(45)}
    values |= {account("nobody"): "empty"}
    found = disparity("group", values, scores, outcomes(scores, PROGRAMME, PURPOSE, None))
    empty, large, small = found.groups
    assert (empty.subjects, empty.without_score) == (0, 1)
    assert (empty.mean_score, empty.favourable, empty.ratio, empty.gap) == (None,) * 4
    assert large.is_compared
    assert not small.is_compared
    assert small.ratio is not None
    assert found.lowest_ratio is None
    assert found.without_group == 0


def test_attributes_are_read_as_text_from_csv_and_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    path = tmp_path / "attributes.csv"
    path.write_text("kind,key,region,age\naccount,007,north,\naccount,7,,young\n")
    wanted = {
        "region": {account("007"): "north"},
        "age": {account("7"): "young"},
    }
    assert AuditAttributes.read(path).values == wanted
    table = pa.table({"subject": ["account:007"], "region": ["north"]})
    pa.parquet.write_table(table, tmp_path / "attributes.parquet")
    found = AuditAttributes.read(tmp_path / "attributes.parquet").values
    assert found == {"region": {account("007"): "north"}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "no columns kind and key"),
        ("kind,key,x\nplanet,9,y\n", "row 1"),
        ("kind,key,x\naccount,9,y\naccount,9,z\n", "1 rows name a subject that was named before"),
        ("", "can't be read as CSV"),
    ],
)
def test_a_wrong_attribute_file_is_refused_with_its_reason(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "attributes.csv"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=said):
        AuditAttributes.read(path)
