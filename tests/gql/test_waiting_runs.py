"""Runs that wait, over GraphQL: seen, released or discarded by who may, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graphsvc.access import ACCESS_FOLDER, create_key
from graphsvc.app import Service
from graphsvc.model import AuditAction
from tests.gql.conftest import Asker, RunningServer
from tests.gql.world import DEPOSIT, MARKETPLACE
from tests.service.conftest import either_service
from tests.service.test_gate import held_run, noted

__all__ = ["either_service"]

KEYS = {
    "operator": ([MARKETPLACE], ["operator"]),
    "reviewer": ([MARKETPLACE], ["reviewer"]),
    "analyst": ([MARKETPLACE], ["analyst"]),
    "landlord": ([DEPOSIT], ["operator", "reviewer"]),
}
ACTS = ["release_run", "discard_run"]


class Office:
    """A served store with a run that waits."""

    def __init__(self, service: Service, url: str, secrets: dict[str, str], run_id: str) -> None:
        self.service = service
        self.run_id = run_id
        self._url = url
        self._secrets = secrets

    def asker(self, name: str) -> Asker:
        return Asker(self._url, self._secrets[name])

    def input(self, **more: str) -> dict[str, dict[str, str]]:
        return {"input": {"runId": self.run_id, "reason": "a new list"} | more}

    def waiting(self) -> list[str]:
        return [held.run.run_id for held in self.service.reporting.waiting()]


@pytest.fixture
def office(either_service: Service) -> Iterator[Office]:
    run = held_run(either_service)
    folder: Path = either_service.settings.data_dir / ACCESS_FOLDER
    secrets = {
        name: create_key(folder, name, purposes, roles)[1]
        for name, (purposes, roles) in KEYS.items()
    }
    with RunningServer(either_service) as url:
        yield Office(either_service, url, secrets, run.run_id)


def test_a_reviewer_sees_why_a_run_waits_and_releases_it_once(office: Office) -> None:
    reviewer = office.asker("reviewer")
    (seen,) = reviewer.ask("waiting_runs")["waitingRuns"]
    (held,) = office.service.reporting.waiting(MARKETPLACE)
    assert (seen["runId"], seen["reasons"]) == (office.run_id, list(held.reasons))
    assert seen["subjects"] == held.run.subjects
    released = reviewer.ask("release_run", **office.input())["releaseRun"]
    assert released == {
        "run": {"runId": office.run_id, "checksum": held.run.checksum},
        "alreadyDone": False,
    }
    assert office.service.scores(MARKETPLACE).run.run_id == office.run_id
    assert reviewer.ask("release_run", **office.input())["releaseRun"]["alreadyDone"] is True
    (entry,) = noted(office.service, AuditAction.RUN_RELEASED)
    assert entry.draft.actor.startswith("reviewer (key ")
    assert entry.draft.detail == f"{office.run_id} by role reviewer: a new list"


def test_whoever_may_not_decide_sees_no_run_that_waits_and_changes_nothing(office: Office) -> None:
    analyst, landlord = office.asker("analyst"), office.asker("landlord")
    forbidden = [
        (
            "FORBIDDEN",
            "to release or discard runs, a credential needs the role operator or reviewer",
        )
    ]
    assert analyst.errors("waiting_runs") == forbidden
    elsewhere = [("FORBIDDEN", f"purpose {MARKETPLACE!r}: this credential may not read for it")]
    assert landlord.ask("waiting_runs")["waitingRuns"] == []
    assert landlord.errors("waiting_runs", purpose=MARKETPLACE) == elsewhere
    missing = [("RUN_NOT_FOUND", f"no run {office.run_id!r} of purpose {DEPOSIT} waits")]
    for act in ACTS:
        assert analyst.errors(act, **office.input()) == forbidden
        assert landlord.errors(act, **office.input(purpose=MARKETPLACE)) == elsewhere
        assert landlord.errors(act, **office.input()) == missing
        ((code, message),) = office.asker("operator").errors(act, **office.input(reason=" "))
        assert code == "INVALID_INPUT"
        assert message == "reason: is empty; say why, for whoever reads the audit"
    assert office.waiting() == [office.run_id]


def test_an_operator_discards_a_run_and_readers_keep_what_they_have(office: Office) -> None:
    former = office.service.scores(MARKETPLACE).run
    operator = office.asker("operator")
    assert operator.ask("discard_run", **office.input())["discardRun"] == {"runId": office.run_id}
    assert office.waiting() == []
    assert office.service.scores(MARKETPLACE).run == former
    assert operator.errors("release_run", **office.input()) == [
        ("RUN_NOT_FOUND", f"no run {office.run_id!r} of purpose {MARKETPLACE} waits")
    ]
