"""Any past run comes out the same to the last bit; any past score can be asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from graphsvc.app import Service
from graphsvc.errors import ConflictError, RunNotFoundError, SubjectNotFoundError
from graphsvc.model import EventKind, Retraction
from tests.service.samples import AS_OF, PURPOSE, account, event, listed, report, trusts


@pytest.fixture
def service(either_service: Service) -> Service:
    either_service.store.append(
        [
            trusts("shop", "supplier"),
            trusts("far", "shop"),
            listed("far", "sybil-known-benign"),
            event(EventKind.ORDER_COMPLETED, "shop"),
            report("shop", "far"),
        ]
    )
    return either_service


def test_a_run_replays_to_the_same_bits_whatever_was_recorded_since(service: Service) -> None:
    runs = [service.recompute(PURPOSE, as_of=AS_OF)]
    service.store.append([listed("supplier", "marketplace-fraud")])
    runs.append(service.recompute(PURPOSE, as_of=AS_OF - timedelta(days=400)))
    runs.append(
        service.recompute(
            PURPOSE, as_of=AS_OF, tolerance=1e-3, programme="marketplace-integrity-near"
        )
    )
    service.store.append(
        [
            Retraction(
                source="test", external_id="w", supersedes="marketplace-fraud:supplier", reason="x"
            ),
            trusts("new", "shop"),
        ]
    )
    service.recompute(PURPOSE, as_of=AS_OF)
    service.forget_local_copies()
    for run in runs:
        replayed = service.replay(run.run_id)
        assert replayed.is_same
        assert replayed.checksum == run.checksum
    assert len({run.checksum for run in runs}) == 3


def test_a_run_whose_evidence_was_erased_says_so(service: Service) -> None:
    run = service.recompute(PURPOSE, as_of=AS_OF)
    service.redress.erase(account("supplier"), actor="a")
    with pytest.raises(ConflictError, match="erased since"):
        service.replay(run.run_id)
    with pytest.raises(RunNotFoundError, match="no run 'nothing'"):
        service.replay("nothing")


def test_what_a_score_was_and_what_it_would_have_been_with_what_is_known_now(
    service: Service,
) -> None:
    known_then = service.store.last_sequence()
    then = service.recompute(PURPOSE, as_of=AS_OF)
    published = service.scores(PURPOSE).score(account("shop")).score
    service.store.append([listed("supplier", "marketplace-fraud")])
    was = service.past_score(PURPOSE, account("shop"), as_of=AS_OF, known_at=known_then)
    assert (was.score, was.known_at) == (published, then.snapshot_sequence)
    would = service.past_score(
        PURPOSE, account("shop"), as_of=AS_OF, known_at=service.store.last_sequence()
    )
    assert would.score < was.score - was.bound - would.bound


def test_without_a_word_only_what_was_recorded_by_then_is_known(service: Service) -> None:
    with pytest.raises(SubjectNotFoundError):
        service.past_score(PURPOSE, account("shop"), as_of=AS_OF)
    now = service.past_score(PURPOSE, account("shop"), as_of=datetime.now(UTC))
    assert now.known_at == service.store.last_sequence()
