"""A run's report: what changed, who moved, what stands beside it; as data, gate and page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from graphsvc.cli.output import plain
from graphsvc.model import Gate, SubjectKind, SubjectRef
from graphsvc.report import ReportSources, RunReport, StageUsage, judge, report
from graphsvc.report.attributes import AuditAttributes
from graphsvc.report.comparison import comparison
from graphsvc.report.model import Attack
from graphsvc.report.movers import changes
from graphsvc.report.outcomes import outcomes
from graphsvc.report.page import html_page
from graphsvc.runs import PublishedScores
from tests.report.runs import POLICY, PROGRAMME, PURPOSE, account, of_scores, published

SOURCES = ReportSources(programme=PROGRAMME, purpose=PURPOSE, policy=POLICY)
LONG = "ä" * 200 + "<script>alert('x')</script>"


def test_a_first_run_has_a_report_and_says_what_is_missing() -> None:
    made = report(of_scores([350.0, 650.0, 950.0]), SOURCES)
    assert made.changes is None
    assert made.distribution.counts_before is None
    assert sum(made.distribution.counts) == made.distribution.subjects == 3
    assert any("first run" in note for note in made.notes)


def test_the_bands_hold_every_subject_once() -> None:
    made = report(of_scores(np.linspace(350, 950, 61).tolist()), SOURCES)
    assert sum(band.subjects for band in made.distribution.bands) == 61
    assert sum(band.share for band in made.distribution.bands) == pytest.approx(1.0)


def test_those_who_moved_come_with_the_parts_that_moved_them() -> None:
    before = published({"a": {}, "b": {"event_points": 20.0}, "gone": {}}, "first")
    now = published(
        {
            "a": {"own_listing_points": -200.0, "trust_points": 5.0, "association_points": 5.0},
            "b": {"event_points": 20.0},
            "new": {},
        },
        "second",
    )
    found = changes(now, before)
    assert (found.subjects_in_both, found.joined, found.left) == (2, 1, 1)
    (mover,) = found.movers
    assert mover.subject == account("a")
    assert mover.points == pytest.approx(-195.0)
    assert [reason.points for reason in mover.reasons] == [-200.0, 5.0]
    assert mover.reasons[0].code == "OWN_LISTINGS"
    assert found.band_changes == 0.5
    assert found.previous == before.run


def test_what_two_certificates_can_explain_has_not_moved() -> None:
    before, now = of_scores([650.0, 700.0]), of_scores([650.0 + 1.9e-6, 700.0 + 2.1e-6])
    assert [mover.subject for mover in changes(now, before).movers] == [account("0001")]


@given(
    st.lists(st.floats(-200, 200), min_size=1, max_size=30),
    st.integers(1, 5),
)
def test_the_movers_are_the_largest_changes(moves: list[float], limit: int) -> None:
    before = of_scores([650.0] * len(moves))
    now = of_scores([650.0 + move for move in moves])
    found = changes(now, before, limit).movers
    largest = sorted((abs(move) for move in moves if abs(move) > 2e-6), reverse=True)[:limit]
    assert [abs(mover.points) for mover in found] == pytest.approx(largest, abs=1e-9)


@given(st.lists(st.tuples(st.integers(350, 950), st.integers(350, 950)), min_size=3, max_size=40))
def test_champion_and_challenger_are_compared_as_scipy_would(pairs: list[tuple[int, int]]) -> None:
    mine, theirs = (of_scores([float(pair[n]) for pair in pairs]) for n in (0, 1))
    good, good_there = (outcomes(one, PROGRAMME, PURPOSE, None) for one in (mine, theirs))
    found = comparison(mine, good, theirs, good_there)
    swap = found.swap_set
    assert swap.both + swap.only_this + swap.only_other + swap.neither == len(pairs)
    assert swap.only_this == sum(one >= 650 > other for one, other in pairs)
    if found.rank_correlation is None:
        assert any(len({pair[n] for pair in pairs}) == 1 for n in (0, 1))
    else:
        oracle = spearmanr(*zip(*pairs, strict=True)).statistic
        assert found.rank_correlation == pytest.approx(oracle, abs=1e-12)


def test_subjects_of_several_kinds_are_matched_between_runs() -> None:
    one = published({str(n): {} for n in range(0, 30)})
    other = published({str(n): {} for n in range(20, 50)})
    ranks = one.ranks_in(other)
    for rank in range(len(one)):
        ref = one.ref_at_rank(rank)
        expected = other.rank_of(ref) if int(ref.key) >= 20 else -1
        assert ranks[rank] == expected
    asked = [other.ref_at_rank(3), account("none"), other.ref_at_rank(0)]
    asked.append(SubjectRef(SubjectKind.PERSON, asked[0].key))
    assert other.ranks_of(asked).tolist() == [3, -1, 0, -1]


def gated(scores: PublishedScores, **more: object) -> RunReport:
    return report(scores, replace(SOURCES, **more))  # type: ignore[arg-type]


def test_a_gate_lets_through_what_keeps_every_limit_and_no_gate_lets_all_through() -> None:
    calm = of_scores([600.0, 650.0, 700.0] * 20)
    made = gated(calm, previous=calm)
    strict = Gate(psi_at_most=0.01, band_changes_at_most=0.0, score_bound_at_most=1e-6)
    assert judge(made, strict).is_released
    wild = gated(of_scores([350.0] * 60), previous=calm)
    assert judge(wild, None).is_released
    assert judge(wild, Gate()).is_released


def test_a_gate_says_which_limit_is_passed_by_how_much_and_names_nobody() -> None:
    wild = gated(of_scores([350.0] * 60), previous=of_scores([600.0, 650.0, 700.0] * 20))
    limits = Gate(psi_at_most=0.25, band_changes_at_most=0.1, score_bound_at_most=1e-7)
    certificate, drift, bands = judge(wild, limits).reasons
    assert (
        certificate == "certificate: a score may be off by 1e-06 points, above the limit of 1e-07"
    )
    assert re.fullmatch(r"drift: PSI of score is \d\.\d{3}, above the limit of 0\.25", drift)
    assert bands == "bands: 100.0% of the subjects change theirs, above the limit of 10.0%"


def test_a_first_run_has_no_drift_to_be_held_for() -> None:
    made = gated(of_scores([650.0]))
    assert judge(made, Gate(psi_at_most=0.001, band_changes_at_most=0.0)).is_released


def test_a_ratio_that_is_asked_for_and_can_t_be_measured_holds_the_run() -> None:
    scores = of_scores([650.0] * 80)
    limits = Gate(disparity_ratio_at_least=0.8)
    assert "none could be measured" in judge(gated(scores), limits).reasons[0]
    alike = {account(f"{n:04d}"): "ab"[n % 2] for n in range(80)}
    made = gated(scores, attributes=AuditAttributes({"group": alike}))
    assert judge(made, limits).is_released


def test_where_no_attributes_are_needed_only_given_ones_are_judged() -> None:
    scores = of_scores([900.0] * 40 + [350.0] * 40)
    limits = Gate(disparity_ratio_at_least=0.8, needs_attributes=False)
    assert judge(gated(scores), limits).is_released
    groups = {account(f"{n:04d}"): "a" if n < 40 else "b" for n in range(80)}
    assert judge(gated(scores, attributes=AuditAttributes({"group": groups})), limits).reasons
    few = AuditAttributes({"group": dict(list(groups.items())[:5])})
    assert "none could be measured" in judge(gated(scores, attributes=few), limits).reasons[0]


def test_drift_is_judged_where_both_runs_have_enough_subjects() -> None:
    few, many, wild = ([600.0] * 60, [650.0] * 80, [350.0] * 80)
    limits = Gate(psi_at_most=0.25, band_changes_at_most=0.1, drift_from_subjects=70)
    assert judge(gated(of_scores(wild), previous=of_scores(few)), limits).is_released
    assert judge(gated(of_scores(few), previous=of_scores(many)), limits).is_released
    assert judge(gated(of_scores(wild), previous=of_scores(many)), limits).reasons


def test_a_ratio_below_its_limit_holds_the_run() -> None:
    scores = of_scores([900.0] * 40 + [900.0] * 20 + [350.0] * 20)
    groups = {account(f"{n:04d}"): "a" if n < 40 else "b" for n in range(80)}
    made = gated(scores, attributes=AuditAttributes({"group": groups}))
    (reason,) = judge(made, Gate(disparity_ratio_at_least=0.8)).reasons
    assert reason == (
        "disparity: by group, the lowest ratio of favourable rates is 0.500, below the limit of 0.8"
    )


class _Structure(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [
            value or ""
            for name, value in attrs
            if name in ("src", "href", "xlink:href", "srcset", "data")
        ]


def full_report() -> RunReport:
    before = published({LONG: {}, "b": {}, "c": {"event_points": 40.0}}, "first")
    now = published({LONG: {"event_points": -290.0}, "b": {}, "c": {}}, "second")
    groups = {account("b"): "<b>" + "x" * 80, account("nobody"): "empty"}
    made = report(
        now,
        replace(
            SOURCES,
            previous=before,
            others=[(before, PROGRAMME)],
            attributes=AuditAttributes({"<i>group": groups}),
            stages=[StageUsage("propagate", 1.5, 3 << 20), StageUsage("publish", 0.25)],
        ),
    )
    attacks = (Attack(10, 0, "random", 0.0, 0.0), Attack(10, 1, "worst", 12.5, None))
    return replace(made, attacks=attacks, waiting_for=("drift: <too much>",))


def test_the_page_needs_no_other_file_and_runs_no_script() -> None:
    page = html_page(full_report())
    found = _Structure()
    found.feed(page)
    assert "script" not in found.tags
    assert "link" not in found.tags
    assert [link for link in found.links if not link.startswith("#")] == []
    assert not re.search(r"url\((?!#)", page)
    assert found.tags.count("svg") == 4


def test_what_records_say_stands_in_the_page_as_text() -> None:
    page = html_page(full_report())
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page
    assert "drift: &lt;too much&gt;" in page
    assert "<b>x" not in page
    assert "<i>group" not in page


def test_no_id_stands_twice_in_the_page_with_another_meaning() -> None:
    page = html_page(full_report())
    for name in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', page):
        assert page.count(f'id="{name[0] or name[1]}"') == 1, name


def test_the_smallest_report_makes_a_page_too() -> None:
    page = html_page(report(of_scores([]), replace(SOURCES, policy=None)))
    assert "Nobody has a score in this run." in page
    assert page.count("Not measured for this run.") == 2


def test_a_report_is_plain_json() -> None:
    made = full_report()
    told = json.loads(json.dumps(plain(made), allow_nan=False))
    assert told["changes"]["movers"][0]["subject"] == f"account:{LONG}"
    assert told["changes"]["drift"][0]["bins"][-1]["up_to"] is None
    assert told["waiting_for"] == ["drift: <too much>"]
