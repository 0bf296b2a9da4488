"""Cases beside the evidence: retention, the command line, and that they move nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from graphsvc.app import Service
from graphsvc.cases import read_cases
from graphsvc.cli.main import app
from graphsvc.model import CaseEntry, CaseStep, RecordType, SubjectRef
from tests.service.samples import AS_OF, PURPOSE, account, listed, trusts

DAYS = 1825  # of marketplace-integrity
LONG_AGO = AS_OF - timedelta(days=DAYS + 1)
JUST_KEPT = AS_OF - timedelta(days=DAYS - 1)


def entries(case_id: str, *subjects: SubjectRef, closed_at: datetime | None) -> list[CaseEntry]:
    """Return a case of one note, with a title."""
    opened_at = LONG_AGO - timedelta(days=1)

    def entry(name: str, step: CaseStep, at: datetime = opened_at, **more: object) -> CaseEntry:
        return CaseEntry(
            source="cases",
            external_id=f"{case_id}.{name}",
            case_id=case_id,
            purpose=PURPOSE,
            step=step,
            entered_at=at,
            entered_by="ann (key 1)",
            **more,  # type: ignore[arg-type]
        )

    return [
        entry("opened", CaseStep.OPENED, text=f"title of {case_id}"),
        *(entry(f"subject.{ref.key}", CaseStep.SUBJECT, subject=ref) for ref in subjects),
        entry("note.1", CaseStep.NOTE, text="seen"),
        *([] if closed_at is None else [entry("closed", CaseStep.CLOSED, closed_at)]),
    ]


def test_a_case_goes_when_it_was_closed_longer_ago_than_its_purpose_keeps_records(
    either_service: Service,
) -> None:
    service = either_service
    bob, cay = account("bob"), account("cay")
    service.store.append([trusts("ann", "bob"), listed("bob", "marketplace-fraud")])
    for name, closed_at in (("past", LONG_AGO), ("kept", JUST_KEPT), ("open", None)):
        service.store.append(entries(f"C-{name}", bob, cay, closed_at=closed_at))
    past = service.redress.retire(actor="test", now=AS_OF, dry_run=True)
    assert past.records == {RecordType.CASE_ENTRY: 5}
    service.redress.retire(actor="test", now=AS_OF)
    left = read_cases(service.store, ["C-past", "C-kept", "C-open"])
    assert set(left) == {"C-kept", "C-open"}
    assert service.redress.retire(actor="test", now=AS_OF).records.total() == 0


def test_a_case_moves_no_score_and_no_run(service: Service) -> None:
    service.store.append([trusts("ann", "bob"), listed("bob", "marketplace-fraud")])
    before = service.recompute(PURPOSE, as_of=AS_OF)
    service.store.append(entries("C-1", account("ann"), account("zoe"), closed_at=None))
    after = service.recompute(PURPOSE, as_of=AS_OF)
    assert (after.subjects, after.checksum) == (before.subjects, before.checksum)


def test_a_subject_of_a_case_alone_is_not_taken_for_one_without_records(service: Service) -> None:
    service.store.append(entries("C-1", account("zoe"), closed_at=None))
    assert service.store.subjects_without_records() == []


def test_the_command_line_lists_and_shows_cases_and_notes_who_was_shown(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.store.append(entries("C-1", account("ann"), account("bob"), closed_at=None))
    service.store.append(entries("C-2", account("bob"), closed_at=datetime.now(UTC)))
    monkeypatch.setenv("GRAPHSVC_STORE", service.settings.store)
    monkeypatch.setenv("GRAPHSVC_DATA_DIR", str(service.settings.data_dir))
    shell = CliRunner()
    listed_cases = shell.invoke(app, ["cases", "list", "-p", PURPOSE, "--json"])
    assert [case["case_id"] for case in json.loads(listed_cases.stdout)] == ["C-1", "C-2"]
    shown = json.loads(shell.invoke(app, ["cases", "show", "C-2", "--json"]).stdout)
    assert shown["title"] == "title of C-2"
    assert [note["text"] for note in shown["notes"]] == ["seen"]
    for words in (["cases", "list", "-p", PURPOSE], ["cases", "show", "C-1"]):
        result = shell.invoke(app, words)
        assert result.exit_code == 0
        assert "C-1" in result.output
    reads = [
        entry.draft.subject
        for entry in service.store.audit_entries()
        if entry.draft.action == "read_case"
    ]
    ann, bob = (service.pseudonyms.of_subject(account(key)) for key in ("ann", "bob"))
    assert reads == [ann, bob, bob, bob, ann, bob, bob, ann, bob]
