"""The commands by which somebody disagrees, as a shell runs them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from graphsvc.app import Service
from graphsvc.cli.main import app
from graphsvc.errors import (
    AuditBrokenError,
    ConflictError,
    InvalidInputError,
    InvalidRecordError,
    NotFoundError,
)
from graphsvc.logs import configure_logs
from graphsvc.model import AuditAction, AuditEntry, EventKind
from graphsvc.store.sqlite import SqliteStore
from tests.service.samples import PURPOSE, account, event, listed, trusts

NOW = datetime.now(UTC)
UNTIL = NOW + timedelta(days=365)


@pytest.fixture(autouse=True)
def _logs_restored() -> Iterator[None]:
    yield
    configure_logs("console", "warning")


@pytest.fixture
def shell(service: Service, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    service.store.append(
        [
            trusts("shop", "supplier"),
            listed("supplier", "marketplace-fraud", until=UNTIL),
            event(EventKind.CHARGEBACK, "shop", occurred_at=NOW - timedelta(days=9_000)),
        ]
    )
    service.recompute(PURPOSE)
    monkeypatch.setenv("GRAPHSVC_STORE", service.settings.store)
    monkeypatch.setenv("GRAPHSVC_DATA_DIR", str(service.settings.data_dir))
    return CliRunner()


def run(shell: CliRunner, *words: str) -> Result:
    result = shell.invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def told(shell: CliRunner, *words: str) -> Any:
    return json.loads(run(shell, *words, "--json").stdout)


def test_a_dispute_from_opening_to_removal(shell: CliRunner) -> None:
    opened = told(
        shell,
        *("disputes", "open", "account:supplier", "--record", "2", "--grounds", "not us"),
        "--suspend",
    )
    assert opened["dispute"]["dispute"]["status"] == "suspended"
    assert {change["subject"] for change in opened["changes"]} == {
        "account:supplier",
        "account:shop",
    }
    dispute = opened["dispute"]["dispute_id"]
    assert dispute in run(shell, "disputes", "list").stdout
    decided = run(
        shell, "disputes", "decide", dispute, "--outcome", "removed", "--decision", "a mix-up"
    )
    assert "removed" in decided.stdout
    assert run(shell, "disputes", "list").stdout == "No dispute is open.\n"
    (kept,) = told(shell, "disputes", "list", "--decided")
    assert kept["dispute"]["decision"] == "a mix-up"


def test_a_dispute_that_ends_in_a_correction(shell: CliRunner) -> None:
    opened = told(
        shell, "disputes", "open", "account:supplier", "--record", "2", "--grounds", "too harsh"
    )
    dispute = opened["dispute"]["dispute_id"]
    words = ("--outcome", "corrected", "--decision", "it was minor", "--set", "severity=0.1")
    decided = told(shell, "disputes", "decide", dispute, *words)
    supplier = next(c for c in decided["changes"] if c["subject"] == "account:supplier")
    assert supplier["after"] > supplier["before"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("disputes", "open", "account:shop", "--grounds", "x"), InvalidInputError),
        (("disputes", "open", "account:shop", "--grounds", "x", "--record", "99"), NotFoundError),
        (("disputes", "suspend", "D-0"), NotFoundError),
        (("rights", "correct", "99", "--set", "severity=1"), NotFoundError),
        (("rights", "correct", "2"), InvalidInputError),
        (("rights", "erase", "account:supplier", "--yes"), ConflictError),
        (("audit", "verify", "--head", "x"), InvalidInputError),
        (("rights", "export", "shop"), InvalidRecordError),
    ],
)
def test_what_cannot_be_done_says_why(
    shell: CliRunner, words: tuple[str, ...], error: type[Exception]
) -> None:
    assert isinstance(shell.invoke(app, words).exception, error)


def test_fields_are_set_only_where_a_record_is_corrected(shell: CliRunner) -> None:
    on_record = told(
        shell, "disputes", "open", "account:supplier", "--record", "2", "--grounds", "too harsh"
    )["dispute"]["dispute_id"]
    run(shell, "rights", "review", "account:shop", "-p", PURPOSE, "--grounds", "unfair")
    on_score = next(
        step["dispute_id"]
        for step in told(shell, "disputes", "list")
        if step["dispute_id"] != on_record
    )
    for dispute, outcome in ((on_record, "kept"), (on_record, "removed"), (on_score, "corrected")):
        words = ("--outcome", outcome, "--decision", "x", "--set", "severity=0.1")
        refused = shell.invoke(app, ["disputes", "decide", dispute, *words])
        assert isinstance(refused.exception, InvalidInputError)
        assert "--set" in str(refused.exception)
    assert len(told(shell, "disputes", "list")) == 2


def test_a_corrections_id_tells_nothing(shell: CliRunner, service: Service) -> None:
    run(shell, "rights", "correct", "2", "--set", "severity=0.1")
    (listing,) = service.store.listings(["marketplace-fraud"])
    assert re.fullmatch(r"correction-[0-9a-f]{16}", listing.record.external_id)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_who_is_shown_scores_by_a_step_is_in_the_audit(
    shell: CliRunner, service: Service, options: tuple[str, ...]
) -> None:
    words = ("disputes", "open", "account:supplier", "--record", "2", "--grounds", "x", "--suspend")
    run(shell, *words, *options)
    run(shell, "rights", "correct", "1", "--set", "weight=3", *options)
    for subject in ("supplier", "shop"):
        entries = told(shell, "audit", "list", "--subject", f"account:{subject}")
        reads = [entry["draft"] for entry in entries if entry["draft"]["action"] == "read_score"]
        assert reads
        assert all(read["purpose"] == PURPOSE for read in reads)


def test_human_review_keeps_an_adverse_advice_for_a_person(shell: CliRunner) -> None:
    assert told(shell, "advise", "account:supplier", "-p", PURPOSE)["advice"] != "waive_deposit"
    run(shell, "rights", "review", "account:supplier", "-p", PURPOSE, "--grounds", "unfair")
    assert told(shell, "advise", "account:supplier", "-p", PURPOSE)["advice"] == "review"


def test_what_is_held_comes_with_every_read(shell: CliRunner) -> None:
    run(shell, "score", "account:shop", "-p", PURPOSE)
    run(shell, "top", "-p", PURPOSE)
    held = json.loads(run(shell, "rights", "export", "account:shop").stdout)
    assert held["records"][0]["record"]["external_id"] == ("trusts:shop:supplier")
    assert [read["draft"]["action"] for read in held["reads"]] == [
        "read_score",
        "read_score",
        "export",
    ]
    assert all(read["draft"]["actor"].startswith("cli") for read in held["reads"])


def test_a_correction_by_its_sequence(shell: CliRunner) -> None:
    changes = told(shell, "rights", "correct", "2", "--set", "severity=0.1")
    assert {change["subject"] for change in changes} == {"account:supplier", "account:shop"}


def test_an_erasure_asks_first_and_then_leaves_nothing(shell: CliRunner, service: Service) -> None:
    refused = shell.invoke(app, ["rights", "erase", "account:shop"], input="n\n")
    assert refused.exit_code == 1
    assert service.store.subject_numbers([account("shop")]) != [None]
    erased = run(shell, "rights", "erase", "account:shop", "--yes")
    assert erased.stdout.startswith("erased 2 records")
    assert service.store.subject_numbers([account("shop")]) == [None]


def test_retention_says_first_what_would_go(shell: CliRunner, service: Service) -> None:
    preview = run(shell, "retention").stdout
    assert "would erase          1  event" in preview
    assert "subjects that are left without any record" in preview
    assert service.store.count_records()["event"] == 1  # type: ignore[index]
    assert told(shell, "retention", "--apply")["records"] == {"event": 1}
    assert "Nothing is past" in run(shell, "retention").stdout


def test_the_audit_is_sound_until_somebody_changes_it(shell: CliRunner, service: Service) -> None:
    run(shell, "score", "account:shop", "-p", PURPOSE)
    assert "sound" in run(shell, "audit", "verify").stdout
    head = told(shell, "audit", "verify")
    actions = [entry["draft"]["action"] for entry in told(shell, "audit", "list")]
    assert actions == ["recompute", "read_score"]
    assert len(told(shell, "audit", "list", "--subject", "account:shop")) == 1
    assert "read_score" in run(shell, "audit", "list", "--last", "1").stdout
    path = Path(service.settings.store.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER audit_entry_is_never_deleted")
        connection.execute("DELETE FROM audit_entry WHERE position = ?", [head["position"]])
    broken = shell.invoke(app, ["audit", "verify"])
    assert isinstance(broken.exception, AuditBrokenError)
    assert "is missing" in str(broken.exception)


def test_a_cut_chain_is_found_whatever_head_is_given(shell: CliRunner, service: Service) -> None:
    for _ in range(5):
        service.note("x", AuditAction.READ_SCORE, purpose=PURPOSE)
    third = service.store.audit_entries()[2]
    head = f"3:{third.entry_hash}"
    run(shell, "audit", "verify")
    assert "sound" in run(shell, "audit", "verify", "--head", head).stdout
    path = Path(service.settings.store.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER audit_entry_is_never_deleted")
        connection.execute("DELETE FROM audit_entry WHERE position > 4")
    for words in (("--head", head), ()):
        broken = shell.invoke(app, ["audit", "verify", *words])
        assert isinstance(broken.exception, AuditBrokenError)


def test_the_last_entries_are_read_from_the_end(
    shell: CliRunner, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        service.note("x", AuditAction.READ_SCORE, detail=str(number))
    asked: list[tuple[int, int]] = []
    original = SqliteStore.audit_entries

    def noted(store: SqliteStore, after: int = 0, limit: int = 1000) -> list[AuditEntry]:
        asked.append((after, limit))
        return original(store, after, limit)

    monkeypatch.setattr(SqliteStore, "audit_entries", noted)
    last = told(shell, "audit", "list", "--last", "2")
    assert [entry["draft"]["detail"] for entry in last] == ["3", "4"]
    assert asked == [(4, 2)]
