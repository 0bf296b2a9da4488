"""The commands that read, as a shell runs them: every one prints what `--json` says it prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from graphsvc.app import Service
from graphsvc.cli.main import app
from graphsvc.logs import configure_logs
from graphsvc.model import EventKind, ReportStatus
from tests.service.samples import AS_OF, PURPOSE, event, listed, report, trusts

CHALLENGER = "marketplace-integrity-near"


@pytest.fixture(autouse=True)
def _logs_restored() -> Iterator[None]:
    yield
    # The command sent the logs to a stream that the runner has closed since.
    configure_logs("console", "warning")


@pytest.fixture
def shell(service: Service, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    service.store.append(
        [
            trusts("shop", "villain"),
            listed("villain", "marketplace-fraud"),
            event(EventKind.CHARGEBACK, "shop"),
            event(EventKind.ORDER_COMPLETED, "shop"),
            report("shop", "villain", status=ReportStatus.UPHELD),
        ]
    )
    for programme in (None, CHALLENGER):
        service.recompute(PURPOSE, as_of=AS_OF, programme=programme)
    monkeypatch.setenv("GRAPHSVC_STORE", service.settings.store)
    monkeypatch.setenv("GRAPHSVC_DATA_DIR", str(service.settings.data_dir))
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def asked(shell: CliRunner, *arguments: str) -> str:
    result = shell.invoke(app, [*arguments, "--purpose", PURPOSE])
    assert result.exit_code == 0, result.output
    return result.stdout


def asked_json(shell: CliRunner, *arguments: str) -> Any:
    return json.loads(asked(shell, *arguments, "--json"))


def test_score_shows_the_parts_the_width_the_band_and_the_challenger(shell: CliRunner) -> None:
    found = asked_json(shell, "score", "shop")
    own = found["own_listing_points"] + found["event_points"] + found["report_points"]
    assert own + found["rejected_report_points"] == pytest.approx(found["own_points"])
    assert found["own_points"] + found["association_points"] + 650 == pytest.approx(found["score"])
    assert found["width"] > 0
    (beside,) = found["side_by_side"]
    challenger = asked_json(shell, "score", "shop", "--programme", CHALLENGER)
    assert beside["programme"] == challenger["programme"] == CHALLENGER
    assert beside["score"] == challenger["score"] != found["score"]
    text = asked(shell, "score", "shop")
    assert f"{found['band']}" in text
    assert "a full file could move it" in text


def test_explain_prints_lines_that_add_up(shell: CliRunner) -> None:
    found = asked_json(shell, "explain", "shop")
    total = sum(line["points"] for line in found["lines"])
    assert total == pytest.approx(found["score"]["score"], abs=1e-9)
    assert {line["part"] for line in found["lines"]} >= {"base", "event", "report", "exposure"}
    text = asked(shell, "explain", "shop")
    assert "Chargeback on 2024-01-01." in text
    assert "reports on it" in text


def test_the_adverse_action_form_names_reasons_and_nobody_else(shell: CliRunner) -> None:
    found = asked_json(shell, "explain", "shop", "--adverse-action")
    assert [reason["code"] for reason in found["reasons"]][:1]
    text = asked(shell, "explain", "shop", "--adverse-action")
    assert "villain" not in text
    assert "1." in text


def test_advise_says_what_and_why_in_order(shell: CliRunner) -> None:
    found = asked_json(shell, "advise", "shop")
    assert found["advice"] in {"review", "step_up"}
    assert found["reasons"][0]["code"] in asked(shell, "advise", "shop")
    assert found["policy"] == "marketplace-checkout"


def test_top_lists_by_any_value_and_programme(shell: CliRunner) -> None:
    champion = asked_json(shell, "top", "--by", "width")
    widths = [row["width"] for row in champion["subjects"]]
    assert widths == sorted(widths, reverse=True)
    challenger = asked_json(shell, "top", "--programme", CHALLENGER)
    assert challenger["run"]["programme"] == CHALLENGER
    assert "band" in asked(shell, "top")


def test_a_programme_of_another_purpose_is_refused(shell: CliRunner) -> None:
    result = shell.invoke(
        app, ["score", "shop", "--purpose", PURPOSE, "--programme", "payment-fraud-linear"]
    )
    assert "payment-fraud" in str(result.exception)


def test_a_programme_without_a_run_says_how_to_make_one(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHSVC_STORE", service.settings.store)
    monkeypatch.setenv("GRAPHSVC_DATA_DIR", str(service.settings.data_dir))
    result = CliRunner().invoke(
        app, ["top", "--purpose", PURPOSE, "--programme", CHALLENGER, "--json"]
    )
    assert f"recompute --purpose {PURPOSE} --programme {CHALLENGER}" in str(result.exception)
