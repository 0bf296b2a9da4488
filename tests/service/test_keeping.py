"""Rolling back and pruning: readers get another run whole, and what is pruned can be made again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

import graphsvc.app
from graphsvc.app import Service
from graphsvc.errors import InvalidInputError, RunNotFoundError
from graphsvc.keeping import KeptRuns
from graphsvc.model import DisputeStatus, ScoreRun
from tests.service.samples import AS_OF, PURPOSE, account, listed, trusts

LATER = datetime.now(UTC) + timedelta(days=1000)
ONLY_CURRENT = KeptRuns(runs=1, days=0)


def publish_three(service: Service) -> list[ScoreRun]:
    """Return three runs of growing evidence, the oldest first."""
    found = []
    for number in range(3):
        records = [trusts("a", f"b{number}"), listed(f"b{number}", "marketplace-fraud", 0.5)]
        service.store.append(records)
        found.append(service.recompute(PURPOSE, as_of=AS_OF))
    return found


def current_id(service: Service) -> str:
    return service.scores(PURPOSE).run.run_id


def test_rolling_back_goes_one_run_back_each_time_and_a_recompute_goes_forward(
    either_service: Service,
) -> None:
    service = either_service
    first, second, third = publish_three(service)
    before = service.scores(PURPOSE, run_id=second.run_id).score(account("a"))

    done = service.roll_back(PURPOSE, actor="officer")
    assert (done.run, done.replaced, done.is_explainable) == (second, third, True)
    assert service.scores(PURPOSE).score(account("a")) == before
    assert service.roll_back(PURPOSE).run == first
    with pytest.raises(RunNotFoundError, match="no kept run before"):
        service.roll_back(PURPOSE)
    assert service.scores(PURPOSE, run_id=third.run_id).run == third
    assert service.roll_back(PURPOSE, to=third.run_id).run == third
    fresh = service.recompute(PURPOSE, as_of=AS_OF)
    assert current_id(service) == fresh.run_id
    details = [
        (entry.draft.actor, entry.draft.detail)
        for entry in service.store.audit_entries(limit=100)
        if entry.draft.action == "rollback"
    ]
    assert details[0] == ("officer", f"{third.run_id} to {second.run_id}")
    assert len(details) == 3


def test_another_server_serves_the_run_that_was_rolled_back_to(
    make_service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, other = make_service(), make_service()
    runs = publish_three(service)
    assert current_id(other) == runs[2].run_id
    service.roll_back(PURPOSE, to=runs[0].run_id)
    # What it remembers is good for a second; here it is over.
    monkeypatch.setattr(graphsvc.app, "CURRENT_RUN_SECONDS", 0.0)
    assert current_id(other) == runs[0].run_id


def test_a_run_of_another_programme_is_no_goal_of_a_rollback(service: Service) -> None:
    runs = publish_three(service)
    with pytest.raises(RunNotFoundError, match="has no run 'nonesuch'"):
        service.roll_back(PURPOSE, to="nonesuch")
    challenger = service.recompute(PURPOSE, as_of=AS_OF, programme=_challenger(service))
    with pytest.raises(RunNotFoundError):
        service.roll_back(PURPOSE, to=challenger.run_id)
    assert current_id(service) == runs[-1].run_id


def _challenger(service: Service) -> str:
    champion = service.library.champion(PURPOSE).name
    names = [programme.name for programme in service.library.programmes_of(PURPOSE)]
    return next(name for name in names if name != champion)


def test_rolling_back_past_an_erasure_says_that_it_cannot_be_explained(service: Service) -> None:
    first = publish_three(service)[0]
    service.redress.erase(account("b2"), actor="officer", even_if_blacklisted=True)
    assert not service.roll_back(PURPOSE, to=first.run_id).is_explainable


def test_pruning_keeps_the_last_runs_the_young_ones_and_the_current_one(
    either_service: Service,
) -> None:
    service = either_service
    first, second, third = publish_three(service)
    service.roll_back(PURPOSE, to=first.run_id)
    assert service.prune_runs(KeptRuns(runs=1, days=30)).runs == ()
    would = service.prune_runs(ONLY_CURRENT, now=LATER, dry_run=True)
    assert set(would.runs) == {second, third}
    assert service.scores(PURPOSE, run_id=second.run_id).run == second

    pruned = service.prune_runs(KeptRuns(runs=2, days=30), now=LATER, actor="officer")
    assert [run.run_id for run in pruned.runs] == [second.run_id]
    with pytest.raises(RunNotFoundError, match=f"graphsvc replay {second.run_id}"):
        service.scores(PURPOSE, run_id=second.run_id)
    assert service.scores(PURPOSE, run_id=third.run_id).run == third
    assert current_id(service) == first.run_id
    assert service.prune_runs(KeptRuns(runs=2, days=30), now=LATER).runs == ()


def test_a_pruned_run_is_replayed_to_the_last_bit(either_service: Service) -> None:
    service = either_service
    first = publish_three(service)[0]
    service.prune_runs(ONLY_CURRENT, now=LATER)
    replayed = service.replay(first.run_id)
    assert replayed.is_same
    assert replayed.checksum == first.checksum


def test_the_run_that_a_dispute_may_be_about_keeps_its_values(service: Service) -> None:
    runs = publish_three(service)
    opened, _ = service.redress.open(account("a"), PURPOSE, grounds="not me", actor="subject")
    fresh = service.recompute(PURPOSE, as_of=AS_OF)
    pruned = service.prune_runs(ONLY_CURRENT, now=LATER)
    assert {run.run_id for run in pruned.runs} == {run.run_id for run in runs[:2]}
    assert [run.run_id for run in pruned.under_dispute] == [runs[2].run_id]
    assert current_id(service) == fresh.run_id

    service.redress.decide(
        opened.dispute_id, DisputeStatus.KEPT, decision="it was", actor="officer"
    )
    assert [run.run_id for run in service.prune_runs(ONLY_CURRENT, now=LATER).runs] == [
        runs[2].run_id
    ]


def test_erasing_somebody_passes_pruned_runs_by(service: Service) -> None:
    publish_three(service)
    service.prune_runs(ONLY_CURRENT, now=LATER)
    service.redress.erase(account("b0"), actor="officer", even_if_blacklisted=True)
    fresh = service.scores(PURPOSE).run
    assert fresh.erasures == service.store.erasures()


@pytest.mark.parametrize(("runs", "days"), [(0, 1.0), (1, -1.0)])
def test_keeping_nothing_is_refused(runs: int, days: float) -> None:
    with pytest.raises(InvalidInputError, match="--keep"):
        KeptRuns(runs, days)
