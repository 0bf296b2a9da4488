"""The shipped programmes declare what the table chose, and the file says what the document says."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.graphs import DATA
from benchmarks.proof import defaults, stakes
from benchmarks.proof.defaults import Finding
from benchmarks.proof.grid import Setting
from benchmarks.proof.judging import Judge
from benchmarks.proof.nested import Verdict
from benchmarks.proof.stakes import Answer
from graphsvc.definitions import DefinitionLibrary

LIBRARY = DefinitionLibrary.load()
CHOSEN = json.loads(defaults.RESULTS.read_text(encoding="utf-8"))
DOCUMENT = Path(__file__).parents[2] / "docs" / "proof.md"
BENCHES = {bench.purpose: bench for bench in stakes.BENCHES}


def test_every_shipped_purpose_is_in_the_table():
    assert set(CHOSEN) == set(LIBRARY.purpose_names()) == set(BENCHES)


@pytest.mark.parametrize("purpose", sorted(CHOSEN))
def test_a_shipped_champion_declares_what_the_table_says_it_ships(purpose):
    champion = LIBRARY.champion(purpose)
    assert CHOSEN[purpose]["programme"] == champion.name
    ships = defaults.read_setting(CHOSEN[purpose]["ships"])
    for kind in BENCHES[purpose].kinds & set(champion.conductances):
        assert Setting.of(champion, kind) == ships
    # One setting stands for both operators.
    assert champion.trust.alpha == champion.exposure.beta
    assert champion.trust.hop_limit == champion.exposure.hop_limit
    assert champion.trust.half_points_at == champion.exposure.half_points_at


@pytest.mark.parametrize("purpose", sorted(CHOSEN))
def test_only_a_choice_whose_interval_lies_above_zero_replaces_what_was_set_by_hand(purpose):
    row = CHOSEN[purpose]
    is_taken = row["margin"] - row["half_interval"] > 0.0 and not row["is_stand_in"]
    by_hand = BENCHES[purpose].by_hand
    expected = defaults.read_setting(row["chosen"]) if is_taken else by_hand
    assert defaults.read_setting(row["ships"]) == expected


@pytest.mark.parametrize("purpose", sorted(CHOSEN))
def test_the_document_tells_the_margin_that_the_file_holds(purpose):
    text = DOCUMENT.read_text(encoding="utf-8")
    part = text.split(f"### {purpose}\n")[1].split("\n### ")[0]
    row = CHOSEN[purpose]
    assert f"Margin {row['margin']:+.3f} ± {row['half_interval']:.3f}" in part
    assert defaults.described(defaults.read_setting(row["chosen"])) in part
    assert defaults.described(BENCHES[purpose].by_hand) in part


@pytest.fixture
def found():
    bench = BENCHES["deposit-waiver"]
    members = stakes.members_of(bench, LIBRARY.purpose(bench.purpose))
    present, nested = np.array([[0.6], [0.7], [0.65]]), np.array([[0.8], [0.9], [0.85]])
    answer = Answer(members, Verdict(("a",), 3, (3, 3, 5), present, nested, nested))
    return Finding(bench, "deposit-waiver-linear", answer, answer)


def test_what_is_measured_on_a_stand_in_never_ships_however_large_its_margin(found):
    assert found.verdict.is_real
    assert found.ships == found.bench.by_hand


def test_a_file_reads_back_as_it_was_written(found, tmp_path):
    defaults.write([found], tmp_path / "defaults.json")
    row = json.loads((tmp_path / "defaults.json").read_text(encoding="utf-8"))["deposit-waiver"]
    assert defaults.read_setting(row["chosen"]) == found.members[3]
    assert row["margin"] == pytest.approx(0.2)


def test_a_section_replaces_its_former_text_and_nothing_else(found):
    before = "# Title\n\n## The shipped defaults\n\nformer\n\n### former too\n\n## After\n\nkept\n"
    text = defaults.with_section(before, defaults.section([found]))
    assert "former" not in text
    assert text.startswith("# Title\n\n## The shipped defaults\n")
    assert text.endswith("\n## After\n\nkept\n")
    assert "| a | 0.650 ± 0.124 | 0.850 ± 0.124 | +0.200 ± 0.000 | 0.850 ± 0.124 |" in text
    assert defaults.with_section(text, defaults.section([found])) == text
    alone = defaults.with_section("# Title\n", defaults.section([found]))
    assert alone.count("## The shipped defaults") == 1


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the public data sets are not there: {DATA}")
def test_the_document_tells_what_the_values_set_by_hand_come_to_on_amlsim():
    bench = BENCHES["payment-fraud"]
    stake = bench.stakes[0]
    judge = Judge(
        LIBRARY.champion(bench.purpose), [bench.by_hand], bench.kinds, 150.0, stake.reading
    )
    found = [
        judge(split.outer.view, [split.outer.asked])[0][0]
        for number in range(bench.rounds)
        for split in stake.deal(number)
    ]
    part = DOCUMENT.read_text(encoding="utf-8").split("### payment-fraud\n")[1]
    assert f"| amlsim | {np.mean(found):.3f} ±" in part
