"""The command line as a person and as a program meets it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from graphsvc.cli import main

PURPOSE = "marketplace-integrity"
RATINGS = "6,2,4,1289241911.7\n6,5,2,1289241941.5\n1,15,-1,1289243140.3\n5,6,8,1289243141\n"
LISTINGS = (
    "subject_kind,subject_key,list_name,list_kind,severity,reason_code,authority,effective_from,until\n"
    "account,otc-5,marketplace-fraud,blacklist,0.5,FRAUD,desk,2011-01-01T00:00:00Z,2031-01-01T00:00:00Z\n"
    "account,otc-6,marketplace-verified,allowlist,1,OK,desk,2011-01-01T00:00:00Z,2031-01-01T00:00:00Z\n"
)


class Terminal:
    """Runs `graphsvc` in one working folder and keeps what it printed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["graphsvc", *arguments])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as exited:
            main()
        printed = self._capsys.readouterr()
        return int(exited.value.code or 0), printed.out, printed.err

    def json(self, *arguments: str) -> object:
        code, out, err = self.run(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    monkeypatch.chdir(tmp_path)
    for name in ("GRAPHSVC_STORE", "GRAPHSVC_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "otc_network.csv").write_text(RATINGS)
    (tmp_path / "listings.csv").write_text(LISTINGS)
    return Terminal(monkeypatch, capsys)


@pytest.fixture
def scored(terminal: Terminal) -> Terminal:
    terminal.run("import", "otc_network.csv", "--mapping", "bitcoin-otc")
    terminal.run("import", "listings.csv", "--mapping", "listings")
    terminal.run("recompute", "--purpose", PURPOSE, "--as-of", "2012-01-01")
    return terminal


def test_import_says_how_many_records_of_which_type_were_accepted(terminal: Terminal) -> None:
    code, out, _ = terminal.run("import", "otc_network.csv", "--mapping", "bitcoin-otc")
    assert code == 0
    assert "3  link" in out
    assert "1  report" in out
    summary = terminal.json("import", "otc_network.csv", "--mapping", "bitcoin-otc")
    assert isinstance(summary, dict)
    assert (summary["accepted"], summary["unchanged"], summary["rejected"]) == (0, 4, 0)


def test_a_bad_row_goes_to_the_rejects_file_and_strict_loads_nothing(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "otc_network.csv").write_text(RATINGS + "7,7,3,1289243150\n")
    code, out, _ = terminal.run("import", "otc_network.csv", "--mapping", "bitcoin-otc", "--strict")
    assert code == 2
    assert "nothing was loaded" in out
    status = terminal.json("status")
    assert isinstance(status, dict)
    assert status["sequence"] == 0
    code, out, _ = terminal.run("import", "otc_network.csv", "--mapping", "bitcoin-otc")
    assert code == 0
    rejects = (tmp_path / "otc_network.csv.rejects.jsonl").read_text().splitlines()
    assert json.loads(rejects[0])["row"] == 5


def test_a_recompute_publishes_what_score_explain_top_and_runs_then_read(
    scored: Terminal,
) -> None:
    runs = scored.json("runs", "--purpose", PURPOSE)
    assert isinstance(runs, list)
    score = scored.json("score", "account:otc-6", "--purpose", PURPOSE)
    explained = scored.json("explain", "otc-6", "--purpose", PURPOSE)
    top = scored.json("top", "--purpose", PURPOSE, "--first", "2")
    assert isinstance(score, dict)
    assert isinstance(explained, dict)
    assert isinstance(top, dict)
    assert score["run"]["run_id"] == explained["run"]["run_id"] == runs[0]["run_id"]
    assert explained["score"]["score"] == score["score"]
    assert top["subjects"][0]["subject"] == "account:otc-5"
    shares = sum(item["share"] for item in explained["exposure"]["contributions"])
    assert abs(shares - score["exposure"]) <= explained["exposure"]["remainder_bound"]
    assert explained["exposure"]["paths"][0]["subjects"] == ["account:otc-6", "account:otc-5"]


@pytest.mark.parametrize(
    "command",
    [
        ("score", "otc-6", "--purpose", PURPOSE),
        ("explain", "otc-6", "--purpose", PURPOSE),
        ("top", "--purpose", PURPOSE),
        ("runs",),
        ("status",),
    ],
)
def test_read_commands_print_for_people_too(scored: Terminal, command: tuple[str, ...]) -> None:
    code, out, err = scored.run(*command)
    assert (code, err) == (0, "")
    assert "otc-6" in out or "marketplace-integrity" in out


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (("score", "nobody", "--purpose", PURPOSE), 3, "SUBJECT_NOT_FOUND"),
        (("score", "account:otc-99", "--purpose", PURPOSE), 3, "account:otc-99"),
        (("top", "--purpose", "payment-fraud"), 3, "graphsvc recompute --purpose payment-fraud"),
        (("top", "--purpose", "gossip"), 3, "there are: deposit-waiver"),
        (("recompute", "--purpose", PURPOSE, "--as-of", "soon"), 2, "2015-03-01"),
        (("recompute", "--purpose", PURPOSE, "--tolerance", "1e-300"), 8, "CERTIFICATE"),
        (("import", "missing.csv", "--mapping", "bitcoin-otc"), 2, "missing.csv"),
        (("import", "otc_network.csv", "--mapping", "nonsense"), 2, "nonsense"),
    ],
)
def test_an_error_has_its_code_and_says_what_would_be_right(
    scored: Terminal, arguments: tuple[str, ...], exit_code: int, message: str
) -> None:
    code, out, err = scored.run(*arguments)
    assert code == exit_code
    assert message in err
    assert out == ""


def test_a_store_of_an_unknown_kind_is_refused_before_anything_else(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHSVC_STORE", "mongodb://localhost")
    code, _, err = terminal.run("status")
    assert code == 2
    assert "sqlite:///FILE or neo4j://HOST:PORT" in err
    monkeypatch.setenv("GRAPHSVC_STORE", "neo4j://user:secret@localhost:7687")
    monkeypatch.setenv("GRAPHSVC_NEO4J_PASSWORD", "x")
    code, _, err = terminal.run("status")
    assert code == 2
    assert "secret" not in err


def test_a_key_is_printed_once_and_listed_without_its_secret(terminal: Terminal) -> None:
    code, out, _ = terminal.run(
        "keys", "create", "--name", "desk", "--purpose", PURPOSE, "--role", "analyst"
    )
    secret = out.strip()
    assert code == 0
    assert secret.startswith("gsk_")
    listed = terminal.json("keys", "list")
    assert isinstance(listed, list)
    assert listed[0]["name"] == "desk"
    assert secret not in json.dumps(listed)
    assert listed[0]["last_used_hour"] is None
    code, out, err = terminal.run("keys", "rotate", listed[0]["id"], "--overlap", "24h")
    assert code == 0
    assert out.strip().startswith(f"gsk_{listed[0]['id']}_")
    assert out.strip() != secret
    assert "the old secret works until" in err
    code, _, err = terminal.run("keys", "rotate", listed[0]["id"], "--overlap", "a day")
    assert code == 2
    assert "'a day' is no duration; write 30m, 24h or 7d" in err
    code, _, err = terminal.run("keys", "create", "--name", "x", "-p", PURPOSE, "--role", "root")
    assert code == 2
    assert "'root' is no role; there are service, analyst, reviewer, operator, auditor" in err
    code, out, _ = terminal.run("keys", "revoke", listed[0]["id"])
    assert code == 0
    again = terminal.json("keys", "list")
    assert isinstance(again, list)
    assert again[0]["revoked"] is not None


def test_an_estimate_counts_the_store_or_what_it_is_told(scored: Terminal) -> None:
    counted = scored.json("estimate", "--purpose", PURPOSE)
    assert isinstance(counted, dict)
    assert (counted["subjects"], counted["links"]) == (5, 3)
    told = scored.json(
        "estimate", "--purpose", PURPOSE, "--subjects", "1000000", "--links", "10000000"
    )
    assert isinstance(told, dict)
    assert told["sides"] == 20_000_000
    larger = max(told["deriving_bytes"], told["propagating_bytes"])
    assert larger <= told["peak_bytes"] <= 1.2 * larger
    assert told["peak_bytes"] > 1000 * counted["peak_bytes"]
    code, out, _ = scored.run("estimate", "--purpose", PURPOSE)
    assert code == 0
    assert "memory:" in out
    assert "time: about" in out


def test_an_estimate_of_fewer_than_none_is_refused(scored: Terminal) -> None:
    code, _, err = scored.run("estimate", "--purpose", PURPOSE, "--links", "-1")
    assert code == 2
    assert "must be at least 0" in err
