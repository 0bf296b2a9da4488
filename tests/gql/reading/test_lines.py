from __future__ import annotations

from math import fsum
from typing import Any

import pytest

from tests.gql.conftest import Asker, World
from tests.gql.world import MARKETPLACE, account

LINES = """query ($key: String!, $programme: String) {
  subject(kind: ACCOUNT, key: $key) {
    score(purpose: "marketplace-integrity", programme: $programme) {
      value programme
      lines { part code points text sequence at source { key } }
      adverseAction { subject { key } purpose asOf score band reasons { code points text } }
      sideBySide { programme value }
    }
    explanation(purpose: "marketplace-integrity", programme: $programme) {
      score
      lines { code points source { id key } }
      adverseAction { score }
    }
  }
}"""
NEAR = "marketplace-integrity-near"


def read(asker: Asker, key: str, programme: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = asker.ask(LINES, key=key, programme=programme)["subject"]
    return found


@pytest.mark.parametrize("programme", [None, NEAR])
@pytest.mark.parametrize("key", ["ann", "cid", "dot", "hub", "eve"])
def test_the_lines_add_up_to_the_score_to_the_last_bit(
    shop: Asker, key: str, programme: str | None
) -> None:
    found = read(shop, key, programme)
    assert fsum(line["points"] for line in found["score"]["lines"]) == found["score"]["value"]
    assert found["explanation"]["score"] == found["score"]["value"]
    pairs = [(line["code"], line["points"]) for line in found["score"]["lines"]]
    assert [(line["code"], line["points"]) for line in found["explanation"]["lines"]] == pairs


def test_the_lines_are_those_that_explain_prints(archive: World, analyst: Asker) -> None:
    explanation = archive.service.explain(MARKETPLACE, account("cid"))
    assert [
        (
            line["part"],
            line["code"],
            line["text"],
            line["sequence"],
            (line["source"] or {}).get("key"),
        )
        for line in read(analyst, "cid")["score"]["lines"]
    ] == [
        (line.part.name, line.code, line.text, line.sequence, line.source and line.source.key)
        for line in explanation.lines
    ]


@pytest.mark.parametrize(("role", "named"), [("service", set()), ("reviewer", {"bob", "dot"})])
def test_a_line_of_a_report_says_who_made_it_to_those_who_work_on_cases(
    archive: World, role: str, named: set[str]
) -> None:
    lines = read(archive.asker(role), "cid")["score"]["lines"]
    of_reports = [line for line in lines if line["part"] == "REPORT"]
    assert len(of_reports) == 3
    assert {line["source"]["key"] for line in of_reports if line["source"]} == named
    assert any(line["source"] for line in lines if line["part"] in ("TRUST", "EXPOSURE"))


def test_the_form_for_the_subject_itself_names_nobody_else(archive: World, shop: Asker) -> None:
    explanation = archive.service.explain(MARKETPLACE, account("cid"))
    form = read(shop, "cid")["score"]["adverseAction"]
    assert form["subject"] == {"key": "cid"}
    assert (form["purpose"], form["score"]) == (MARKETPLACE, explanation.score.score)
    assert form["reasons"] == [
        {"code": reason.code, "points": reason.points, "text": reason.text}
        for reason in explanation.adverse
    ]
    assert 1 <= len(form["reasons"]) <= 4
    assert not any(key in str(form["reasons"]) for key in ("bob", "dot", "ann"))
    assert read(shop, "hub")["score"]["adverseAction"]["reasons"] == []


def test_programmes_stand_side_by_side(archive: World, shop: Asker) -> None:
    champion, near = read(shop, "cid")["score"], read(shop, "cid", NEAR)["score"]
    assert near["programme"] == NEAR
    assert champion["sideBySide"] == [{"programme": NEAR, "value": near["value"]}]
    assert near["sideBySide"] == [{"programme": champion["programme"], "value": champion["value"]}]
    beside = archive.service.side_by_side(MARKETPLACE, account("cid"))
    assert [values.score for _, values in beside] == [champion["value"], near["value"]]
