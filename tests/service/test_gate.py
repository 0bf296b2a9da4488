"""A run that passes a limit waits, unseen, for a person; and what an erasure does to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphsvc.app import Service
from graphsvc.cli.main import app
from graphsvc.errors import ConflictError, InvalidInputError, NotPermittedError, RunNotFoundError
from graphsvc.model import AuditAction, AuditEntry, Gate, Role, ScoreRun
from tests.service.samples import AS_OF, PURPOSE, account, listed, scored, trusts

CALM = [
    *(trusts(n, n + 1) for n in range(12)),
    *(listed(n, "marketplace-verified") for n in range(3)),
]
ALARM = [listed(n, "marketplace-fraud") for n in range(4, 12)]


def with_gate(service: Service, **limits: float) -> None:
    champion = service.library.champion(PURPOSE)
    gated = champion.model_copy(
        update={"gate": Gate(**limits), "version": champion.version + 1}  # type: ignore[arg-type]
    )
    service.library = service.library.with_programme(gated)


def held_run(service: Service) -> ScoreRun:
    with_gate(service, psi_at_most=0.05, band_changes_at_most=0.05)
    scored(service, CALM)
    service.store.append(ALARM)
    return service.recompute(PURPOSE, as_of=AS_OF, actor="night")


def noted(service: Service, action: AuditAction) -> list[AuditEntry]:
    return [entry for entry in service.store.audit_entries() if entry.draft.action == action]


def test_readers_keep_the_run_before_until_a_person_releases_the_one_that_waits(
    either_service: Service,
) -> None:
    service = either_service
    run = held_run(service)
    former = service.scores(PURPOSE).run
    assert former.run_id != run.run_id
    assert [held.run for held in service.reporting.waiting(PURPOSE)] == [run]
    with pytest.raises(RunNotFoundError):
        service.scores(PURPOSE, run_id=run.run_id)

    made = service.reporting.read(service.reporting.find(run.run_id, None, None), actor="ann")
    assert made.run == run
    assert made.changes is not None
    assert made.changes.previous == former
    assert len(made.waiting_for) >= 2
    assert service.scores(PURPOSE).run == former

    released = service.reporting.release(
        run.run_id, reason="new list", actor="ann", role=Role.REVIEWER
    )
    assert service.scores(PURPOSE).run == released == run
    assert service.reporting.waiting() == []
    (held,) = noted(service, AuditAction.RUN_HELD)
    (done,) = noted(service, AuditAction.RUN_RELEASED)
    assert held.draft.actor == "night"
    assert held.draft.detail.startswith(f"{run.run_id}: drift: PSI of score")
    assert (done.draft.actor, done.draft.purpose) == ("ann", PURPOSE)
    assert done.draft.detail == f"{run.run_id} by role reviewer: new list"
    assert len(noted(service, AuditAction.RECOMPUTE)) == 1


def test_a_run_that_waited_before_an_erasure_is_never_published(either_service: Service) -> None:
    service = either_service
    run = held_run(service)
    service.redress.erase(account(0), actor="ann")
    assert service.reporting.waiting() == []
    with pytest.raises(RunNotFoundError, match="waits"):
        service.reporting.release(run.run_id, reason="fine", actor="ann", role=Role.REVIEWER)
    # Redress is felt at once, whatever the gate says.
    current = service.scores(PURPOSE)
    assert current.run.erasures == service.store.erasures()
    assert current.run.run_id != run.run_id
    assert "0" not in {current.at_rank(rank).subject.key for rank in range(len(current))}


def test_a_calm_run_is_published_without_a_person(service: Service) -> None:
    with_gate(service, psi_at_most=0.25, band_changes_at_most=0.5, score_bound_at_most=1.0)
    scored(service, CALM)
    run = service.recompute(PURPOSE, as_of=AS_OF)
    assert service.scores(PURPOSE).run == run
    assert service.reporting.waiting() == []


def test_a_discarded_run_leaves_readers_where_they_are(service: Service) -> None:
    run = held_run(service)
    former = service.scores(PURPOSE).run
    service.reporting.discard(run.run_id, reason="a bad feed", actor="ann", role=Role.REVIEWER)
    assert service.reporting.waiting() == []
    assert service.scores(PURPOSE).run == former
    (done,) = noted(service, AuditAction.RUN_DISCARDED)
    assert done.draft.detail == f"{run.run_id} by role reviewer: a bad feed"
    with pytest.raises(RunNotFoundError):
        service.reporting.discard(run.run_id, reason="again", actor="ann", role=Role.REVIEWER)


def test_a_release_that_comes_after_a_later_run_is_refused(service: Service) -> None:
    run = held_run(service)
    later = service.recompute(PURPOSE, as_of=AS_OF, gated=False)
    with pytest.raises(ConflictError, match=f"{later.run_id} was made later"):
        service.reporting.release(run.run_id, reason="fine", actor="ann", role=Role.REVIEWER)
    assert service.scores(PURPOSE).run == later
    assert [held.run for held in service.reporting.waiting()] == [run]


def test_a_decision_needs_a_reason(service: Service) -> None:
    run = held_run(service)
    for decide in (service.reporting.release, service.reporting.discard):
        with pytest.raises(InvalidInputError, match="say why"):
            decide(run.run_id, reason=" ", actor="ann", role=Role.REVIEWER)
    assert [held.run for held in service.reporting.waiting()] == [run]


def test_only_who_answers_for_runs_decides_on_them(service: Service) -> None:
    run = held_run(service)
    for role in (Role.SERVICE, Role.ANALYST, Role.AUDITOR):
        with pytest.raises(NotPermittedError, match="operator or reviewer"):
            service.reporting.release(run.run_id, reason="fine", actor="ann", role=role)
    assert [held.run for held in service.reporting.waiting()] == [run]


def test_a_dispute_is_felt_although_the_gate_would_hold_its_run(service: Service) -> None:
    with_gate(service, psi_at_most=1e-6, band_changes_at_most=0.0)
    scored(service, [*CALM, *ALARM])
    sequence = service.store.record("test", "marketplace-fraud:5")
    assert sequence is not None
    before = service.scores(PURPOSE).score(account(5)).score
    service.redress.open(
        account(5),
        ("test", "marketplace-fraud:5"),
        grounds="not me",
        actor="ann",
        suspend=True,
        as_of=AS_OF,
    )
    assert service.scores(PURPOSE).score(account(5)).score > before
    assert service.reporting.waiting() == []


def test_a_programme_without_a_gate_is_stored_as_it_always_was(service: Service) -> None:
    champion = service.library.champion(PURPOSE)
    plain = champion.model_copy(update={"gate": None})
    assert "gate" not in json.loads(plain.canonical_json())
    gated = champion.model_copy(update={"gate": Gate(psi_at_most=0.2)})
    stored = json.loads(gated.canonical_json())["gate"]
    assert not {"drift_from_subjects", "needs_attributes"} & set(stored)
    for programme in (gated, champion):
        assert type(gated).model_validate_json(programme.canonical_json()) == programme


def test_every_shipped_programme_has_limits_and_publishes_its_first_run(service: Service) -> None:
    for programme in service.library.programmes.values():
        assert programme.gate is not None
        assert programme.gate.psi_at_most == 0.25
        assert programme.gate.disparity_ratio_at_least == 0.8
    scored(service, CALM)
    assert service.reporting.waiting() == []


def test_a_shipped_programme_holds_a_shift_among_a_thousand_subjects_and_not_among_a_few(
    service: Service,
) -> None:
    scored(service, CALM)
    service.store.append(ALARM)
    assert service.recompute(PURPOSE, as_of=AS_OF) == service.scores(PURPOSE).run

    service.store.append([trusts(n, n + 1) for n in range(100, 1_200)])
    before = service.recompute(PURPOSE, as_of=AS_OF, gated=False)
    service.store.append([listed(n, "marketplace-fraud") for n in range(100, 800)])
    held = service.recompute(PURPOSE, as_of=AS_OF)
    assert [waiting.run for waiting in service.reporting.waiting()] == [held]
    assert service.scores(PURPOSE).run == before


def test_the_report_names_records_as_reasons_and_the_audit_notes_whom_it_names(
    service: Service,
) -> None:
    run = held_run(service)
    made = service.reporting.read(run, actor="ann")
    assert made.changes is not None
    movers = made.changes.movers
    assert movers[0].reasons[0].text.startswith("On marketplace-fraud since")
    (read,) = noted(service, AuditAction.READ_REPORT)
    assert (read.draft.actor, read.draft.detail) == ("ann", run.run_id)
    named = {entry.draft.subject for entry in noted(service, AuditAction.READ_SCORE)}
    assert named == {service.pseudonyms.of_subject(mover.subject) for mover in movers}


def test_a_report_by_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHSVC_STORE", f"sqlite:///{tmp_path / 's.db'}")
    monkeypatch.setenv("GRAPHSVC_DATA_DIR", str(tmp_path / "data"))
    attributes = tmp_path / "attributes.csv"
    attributes.write_text("kind,key,region\naccount,1,north\naccount,2,south\n")
    monkeypatch.setenv("GRAPHSVC_AUDIT_ATTRIBUTES", str(attributes))
    page = tmp_path / "report.html"
    runner = CliRunner()

    from graphsvc.settings import Settings

    with Service.open(Settings.load()) as service:
        run = held_run(service)
        first = service.scores(PURPOSE).run

    def said(*words: str) -> str:
        done = runner.invoke(app, list(words), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert run.run_id in said("runs", "waiting")
    told = json.loads(said("report", run.run_id, "--html", str(page), "--json"))
    assert told["run"]["run_id"] == run.run_id
    assert [group["group"] for group in told["disparity"][0]["groups"]] == ["north", "south"]
    assert {one["hosts"] for one in told["attacks"]} == {"random", "worst"}
    assert "waits for a person" in page.read_text()
    assert page.stat().st_mode & 0o077 == 0
    assert "waits" in said("report", run.run_id)
    assert first.run_id in said("report", "--purpose", PURPOSE)
    assert "published" in said("runs", "release", run.run_id, "--reason", "looked at")
    assert said("runs", "waiting") == "No run waits.\n"
    assert run.run_id in said("report", "--purpose", PURPOSE)
