"""`graphsvc jobs` and `graphsvc runs`, as a person and as a program meets them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from graphsvc.app import open_job_file
from graphsvc.settings import Settings
from tests.cli.test_commands import LISTINGS, PURPOSE, RATINGS, Terminal

AS_OF = ("--as-of", "2012-01-01")


@pytest.fixture
def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    monkeypatch.chdir(tmp_path)
    for name in ("GRAPHSVC_STORE", "GRAPHSVC_DATA_DIR", "GRAPHSVC_SCHEDULE_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "otc_network.csv").write_text(RATINGS)
    (tmp_path / "listings.csv").write_text(LISTINGS)
    made = Terminal(monkeypatch, capsys)
    made.run("import", "otc_network.csv", "--mapping", "bitcoin-otc")
    made.run("import", "listings.csv", "--mapping", "listings")
    return made


def told(terminal: Terminal, *arguments: str) -> dict[str, Any]:
    return cast(dict[str, Any], terminal.json(*arguments))


def run_ids(job: dict[str, Any]) -> list[str]:
    return [run["run_id"] for run in job["result"]["runs"]]


def published(terminal: Terminal, purpose: str = PURPOSE) -> list[str]:
    runs = cast(list[dict[str, Any]], terminal.json("runs", "--purpose", purpose))
    return [run["run_id"] for run in runs]


def test_a_job_is_done_at_once_and_can_be_looked_at_afterwards(terminal: Terminal) -> None:
    job = told(terminal, "jobs", "run", "recompute", "--purpose", PURPOSE, *AS_OF)
    assert (job["state"], job["share_done"]) == ("succeeded", 1.0)
    assert sorted(published(terminal)) == sorted(run_ids(job))
    assert told(terminal, "jobs", "show", job["job_id"]) == job
    code, out, _ = terminal.run("jobs", "list")
    assert code == 0
    assert job["job_id"] in out
    assert "succeeded" in out
    code, out, _ = terminal.run("jobs", "show", job["job_id"])
    assert code == 0
    assert run_ids(job)[0] in out


def test_a_queued_job_is_left_to_a_worker(terminal: Terminal) -> None:
    champion = "marketplace-integrity-linear"
    arguments = ("jobs", "run", "recompute", "--programme", champion, *AS_OF, "--queue")
    queued = told(terminal, *arguments)
    assert (queued["state"], published(terminal)) == ("waiting", [])
    code, _, err = terminal.run("jobs", "work", "--until-idle")
    assert code == 0
    assert "worked on 1 jobs" in err
    done = told(terminal, "jobs", "show", queued["job_id"])
    assert published(terminal) == run_ids(done)


def test_what_a_job_exports_and_tests_is_said_at_the_command_line(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.run("recompute", "--purpose", PURPOSE, *AS_OF)
    folder = tmp_path / "out"
    job = told(
        terminal, "jobs", "run", "export", "-p", PURPOSE, "--what", "scores", "--folder", "out"
    )
    champion = "marketplace-integrity-linear"
    assert job["result"][champion]["path"] == str(folder / f"{champion}.scores.parquet")
    code, _, err = terminal.run("jobs", "run", "export", "-p", PURPOSE)
    assert (code, "an export needs what it writes, and where" in err) == (2, True)
    code, _, err = terminal.run("jobs", "run", "backtest", "-p", PURPOSE, "--from", "2011-01-01")
    assert (code, "a backtest needs its times and outcomes" in err) == (2, True)
    span = ("--from", "2011-01-01", "--to", "2011-03-01", "--knowledge", "dated")
    outcome = ("--outcome", "listing:marketplace-fraud")
    arguments = ("-p", PURPOSE, "--programme", champion, *span, *outcome)
    tested = told(terminal, "jobs", "run", "backtest", *arguments)
    assert len(tested["result"][champion]["cuts"]) == 2


def test_a_cancelled_job_can_be_tried_again(terminal: Terminal) -> None:
    queued = told(terminal, "jobs", "run", "snapshot", "--purpose", PURPOSE, "--queue")
    assert told(terminal, "jobs", "cancel", queued["job_id"])["state"] == "cancelled"
    code, _, err = terminal.run("jobs", "cancel", queued["job_id"])
    assert (code, "CONFLICT" in err, "is over: cancelled" in err) == (4, True, True)
    again = told(terminal, "jobs", "retry", queued["job_id"])
    assert (again["state"], again["result"][PURPOSE]["links"]) == ("succeeded", 3)


def test_a_job_whose_runner_is_gone_is_resumed(terminal: Terminal) -> None:
    queued = told(terminal, "jobs", "run", "recompute", "--purpose", PURPOSE, *AS_OF, "--queue")
    now = datetime.now(UTC)
    with open_job_file(Settings.load()) as jobs:
        far = now.replace(year=now.year + 1)
        taken = jobs.take("gone", now=now, lease_until=far, is_gone=lambda _: True)
    assert taken is not None
    assert told(terminal, "jobs", "show", queued["job_id"])["runner"] == "gone"
    resumed = told(terminal, "jobs", "resume", queued["job_id"])
    assert (resumed["state"], resumed["deaths"], resumed["fence"]) == ("succeeded", 0, 2)


def test_a_job_that_fails_exits_with_its_errors_code(terminal: Terminal) -> None:
    code, out, _ = terminal.run(
        "jobs", "run", "recompute", "--purpose", PURPOSE, "--tolerance", "1e-300", *AS_OF
    )
    assert (code, "CERTIFICATE_NOT_REACHED" in out) == (8, True)
    code, _, err = terminal.run("jobs", "run", "recompute", "--tolerance", "-1")
    assert (code, "tolerance: Input should be greater than 0" in err) == (2, True)
    code, _, err = terminal.run("jobs", "show", "J-none")
    assert (code, "there is no job 'J-none'" in err) == (3, True)


def test_the_store_may_be_away_while_jobs_are_looked_at(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = told(terminal, "jobs", "run", "snapshot", "--queue")
    monkeypatch.setenv("GRAPHSVC_STORE", "bolt://127.0.0.1:1")
    monkeypatch.setenv("GRAPHSVC_NEO4J_PASSWORD", "nobody-there")
    listed = cast(list[dict[str, Any]], terminal.json("jobs", "list"))
    assert [job["job_id"] for job in listed] == [queued["job_id"]]
    assert told(terminal, "jobs", "show", queued["job_id"])["state"] == "waiting"


def test_a_schedule_is_checked_and_says_when_it_is_next_due(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terminal.run("jobs", "schedule")[1].startswith("Nothing is scheduled")
    path = tmp_path / "schedule.yaml"
    path.write_text("yearly: {cron: 0 0 1 1 *, job: snapshot}\n")
    monkeypatch.setenv("GRAPHSVC_SCHEDULE_FILE", str(path))
    year = datetime.now(UTC).year
    expected = [f"{year + step}-01-01T00:00:00Z" for step in (1, 2, 3)]
    assert told(terminal, "jobs", "schedule") == {"yearly": expected}
    assert "0 0 1 1 * UTC" in terminal.run("jobs", "schedule")[1]
    path.write_text("yearly: {cron: 0 0 32 1 *, job: snapshot}\n")
    code, _, err = terminal.run("jobs", "schedule")
    assert (code, "yearly.cron" in err) == (2, True)


def test_rolling_back_and_pruning_at_the_command_line(terminal: Terminal) -> None:
    first, second = (
        told(terminal, "recompute", "--purpose", PURPOSE, *AS_OF)["run_id"] for _ in range(2)
    )
    code, out, _ = terminal.run("runs", "rollback", "--purpose", PURPOSE)
    assert (code, first in out, second in out) == (0, True, True)
    assert published(terminal) == [first, second]
    code, _, err = terminal.run("runs", "rollback", "--purpose", PURPOSE)
    assert (code, "no kept run before" in err) == (3, True)

    keep = ("--keep-last", "1", "--keep-days", "0")
    would = told(terminal, "runs", "prune", *keep)
    assert ([run["run_id"] for run in would["runs"]], would["applied"]) == ([second], False)
    assert terminal.run("runs", "prune", *keep, "--apply")[0] == 0
    code, _, err = terminal.run("runs", "rollback", "--purpose", PURPOSE, "--to", second)
    assert (code, "was pruned" in err) == (3, True)
    code, out, _ = terminal.run("replay", second)
    assert code == 0
    assert terminal.run("runs", "prune", "--keep-last", "0")[0] == 2


def test_a_parameter_that_names_nothing_known_is_refused_before_anything_is_asked_for(
    terminal: Terminal,
) -> None:
    code, _, err = terminal.run("jobs", "run", "recompute", "--purpose", "astrology")
    assert code == 3
    assert "astrology" in err
    assert terminal.json("jobs", "list") == []
