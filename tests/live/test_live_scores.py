"""Whatever is recorded, in whatever batches: live scores are those of a full solution."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphsvc.app import Service
from graphsvc.errors import CertificateError
from graphsvc.live.engine import LiveEngine
from graphsvc.model import (
    DisputeStatus,
    EventKind,
    LinkKind,
    Record,
    ReportStatus,
    Retraction,
)
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.settings import Settings
from graphsvc.snapshot import build_snapshot
from graphsvc.snapshot.retention import within_retention
from tests.service.samples import AS_OF, PURPOSE, account, event, listed, report, trusts

SUBJECTS = st.integers(0, 7)
LISTS = st.sampled_from(["marketplace-fraud", "otc-known-fraud", "sybil-known-benign"])
HOURS = st.integers(-24 * 365 * 6, 30)


@contextmanager
def fresh_service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = Settings(store=f"sqlite:///{folder / 's.db'}", data_dir=folder / "data")
        with Service.open(found) as service:
            yield service


def engine_of(service: Service, now: datetime = AS_OF, **options: float) -> LiveEngine:
    purpose = service.library.purpose(PURPOSE)
    programmes = service.library.programmes_of(PURPOSE)
    return LiveEngine(service.store, service.snapshots, [(purpose, programmes)], now=now, **options)


def from_scratch(service: Service, name: str, now: datetime) -> dict[str, float]:
    """Return every score of a programme, by building and solving all of it."""
    purpose = service.library.purpose(PURPOSE)
    programme = service.library.programme(name)
    snapshot = build_snapshot(service.store, purpose, as_of=now)
    snapshot = within_retention(snapshot, purpose.retention_days, now)
    _, values = propagate_snapshot(snapshot, programme, purpose, now, 1e-10)
    return {
        snapshot.ref_of(index).key: float(values.points.score[index]) for index in range(snapshot.n)
    }


def assert_live(service: Service, engine: LiveEngine, now: datetime) -> None:
    assert engine.sequence == service.store.last_sequence()
    for name in engine.programmes(PURPOSE):
        live = engine.programme(PURPOSE, name)
        bound = live.bound(now)
        assert bound.exposure <= 1e-4
        for key, score in from_scratch(service, name, now).items():
            found = engine.score(PURPOSE, account(key), programme=name)
            # The full solution is itself within a millionth of a point.
            assert abs(found.score - score) <= bound.score + 1e-6, (key, name)


@st.composite
def any_record(draw: st.DrawFn, number: int) -> Record:
    name = f"r{number}"
    one, other = draw(st.lists(SUBJECTS, min_size=2, max_size=2, unique=True))
    at = AS_OF + timedelta(hours=draw(HOURS))
    lasting = timedelta(hours=draw(st.integers(1, 24 * 400)))
    match draw(st.sampled_from(["link", "link", "link", "event", "report", "listing", "listing"])):
        case "link":
            kind = draw(st.sampled_from([LinkKind.TRUSTS, LinkKind.PAID, LinkKind.KNOWS]))
            until = draw(st.sampled_from([None, at + lasting]))
            return trusts(
                one,
                other,
                draw(st.floats(0.1, 100)),
                kind=kind,
                external_id=name,
                valid_from=draw(st.sampled_from([None, at])) if until is None else at,
                valid_to=until,
            )
        case "event":
            kinds = (EventKind.ORDER_COMPLETED, EventKind.CHARGEBACK, EventKind.IDENTITY_VERIFIED)
            return event(draw(st.sampled_from(kinds)), one, occurred_at=at, external_id=name)
        case "report":
            by = draw(st.sampled_from([other, other, None]))
            status = draw(st.sampled_from(list(ReportStatus)))
            return report(one, by, status=status, severity=0.5, reported_at=at, external_id=name)
    return listed(
        one, draw(LISTS), draw(st.floats(0.01, 1)), external_id=name,
        effective_from=at, until=at + lasting,
    )  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[list[Record]]:
    """Batches of records; some correct or withdraw an earlier one of their type."""
    batches: list[list[Record]] = []
    standing: list[Record] = []
    number = 0
    for _ in range(draw(st.integers(1, 5))):
        batch: list[Record] = []
        for _ in range(draw(st.integers(0, 6))):
            number += 1
            record = draw(any_record(number))
            if standing and draw(st.integers(0, 3)) == 0:
                earlier = standing.pop(draw(st.integers(0, len(standing) - 1)))
                if type(record) is type(earlier):
                    record = replace(record, supersedes=earlier.external_id)
                else:
                    record = Retraction(
                        source="test",
                        external_id=f"r{number}",
                        supersedes=earlier.external_id,
                        reason="x",
                    )
            batch.append(record)
            if not isinstance(record, Retraction):
                standing.append(record)
        batches.append(batch)
    return batches


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories(), hours=st.lists(st.integers(0, 12), min_size=5, max_size=5))
def test_any_history_in_any_batches_ends_within_the_bound_of_a_full_solution(
    history: list[list[Record]], hours: list[int]
) -> None:
    with fresh_service() as service:
        service.store.append(history[0])
        now = AS_OF
        engine = engine_of(service, now)
        assert_live(service, engine, now)
        for batch, passed in zip(history[1:], hours, strict=False):
            now += timedelta(hours=passed) if passed > 6 else timedelta(seconds=passed)
            service.store.append(batch)
            engine.catch_up(now)
            assert_live(service, engine, now)


@pytest.fixture
def service() -> Iterator[Service]:
    with fresh_service() as service:
        service.store.append(
            [
                trusts("shop", "supplier"),
                trusts("far", "shop"),
                listed("seed", "sybil-known-benign"),
                trusts("seed", "witness"),
                event(EventKind.ORDER_COMPLETED, "shop"),
            ]
        )
        yield service


def test_a_listing_is_felt_by_all_contacts_at_once_and_its_end_too(service: Service) -> None:
    engine = engine_of(service)
    before = engine.score(PURPOSE, account("far")).score
    service.store.append([listed("supplier", "marketplace-fraud")])
    changes = engine.catch_up(AS_OF)
    moved = {str(found.change.subject) for found in changes if "linear" in found.change.programme}
    assert moved == {"account:supplier", "account:shop", "account:far"}
    assert engine.score(PURPOSE, account("far")).score < before
    service.store.append(
        [
            Retraction(
                source="test", external_id="w", supersedes="marketplace-fraud:supplier", reason="x"
            )
        ]
    )
    engine.catch_up(AS_OF)
    after = engine.score(PURPOSE, account("far"))
    assert abs(after.score - before) <= 2 * after.bound.score
    assert_live(service, engine, AS_OF)


def test_a_listing_ends_at_its_time_without_any_new_record(service: Service) -> None:
    until = AS_OF + timedelta(seconds=30)
    service.store.append([listed("supplier", "marketplace-fraud", until=until)])
    engine = engine_of(service)
    assert len(engine.catch_up(until - timedelta(seconds=1))) == 0
    changes = engine.catch_up(until)
    assert {str(found.change.subject) for found in changes} >= {
        "account:supplier",
        "account:shop",
    }
    assert all(found.change.points > 0 for found in changes)
    assert_live(service, engine, until)


def test_a_suspension_is_felt_at_once_and_so_is_its_end(service: Service) -> None:
    service.store.append([listed("supplier", "marketplace-fraud")])
    engine = engine_of(service)
    step, _ = service.redress.open(
        account("supplier"),
        ("test", "marketplace-fraud:supplier"),
        grounds="no",
        actor="a",
        suspend=True,
    )
    engine.catch_up(AS_OF)
    assert_live(service, engine, AS_OF)
    service.redress.decide(step.dispute_id, DisputeStatus.KEPT, decision="yes", actor="b")
    engine.catch_up(AS_OF)
    assert_live(service, engine, AS_OF)


def test_when_a_reporter_wins_trust_the_report_weighs_more_at_once(service: Service) -> None:
    service.store.append([report("shop", "clerk"), trusts("other", "clerk")])
    engine = engine_of(service)
    before = engine.score(PURPOSE, account("shop")).score
    service.store.append([listed("other", "sybil-known-benign")])
    changes = engine.catch_up(AS_OF)
    assert "account:shop" in {str(found.change.subject) for found in changes}
    assert engine.score(PURPOSE, account("shop")).score < before
    assert_live(service, engine, AS_OF)


def test_new_subjects_have_scores_at_once(service: Service) -> None:
    engine = engine_of(service)
    service.store.append([trusts("newcomer", "shop"), event(EventKind.CHARGEBACK, "stranger")])
    engine.catch_up(AS_OF)
    assert engine.score(PURPOSE, account("stranger")).score < 650
    assert_live(service, engine, AS_OF)


def test_an_erasure_leaves_nothing_in_memory(service: Service) -> None:
    engine = engine_of(service)
    service.redress.erase(account("supplier"), actor="a")
    engine.catch_up(AS_OF)
    assert_live(service, engine, AS_OF)
    with pytest.raises(Exception, match="account:supplier: not known"):
        engine.score(PURPOSE, account("supplier"))


def test_time_alone_moves_no_link_until_its_share_of_the_bound_is_used_up(
    service: Service,
) -> None:
    service.store.append(
        [
            trusts("shop", "other", 50.0, kind=LinkKind.PAID, valid_from=AS_OF),
            listed("supplier", "marketplace-fraud"),
        ]
    )
    engine = engine_of(service)
    live = engine.programme(PURPOSE)
    now = AS_OF + timedelta(minutes=2)
    assert len(engine.catch_up(now)) == 0
    assert engine.programme(PURPOSE) is live
    assert live.bound(AS_OF).exposure < live.bound(now).exposure <= 1e-4
    wanted = from_scratch(service, live.programme.name, now)
    for key, score in wanted.items():
        found = engine.score(PURPOSE, account(key)).score
        assert abs(found - score) <= live.bound(now).score
    engine.catch_up(AS_OF + timedelta(days=1))
    assert engine.programme(PURPOSE) is not live
    assert_live(service, engine, AS_OF + timedelta(days=1))


def test_who_is_mentioned_no_more_is_published_as_gone_when_the_base_is_built_anew(
    service: Service,
) -> None:
    engine = engine_of(service)
    service.store.append([trusts("passer-by", "shop")])
    engine.catch_up(AS_OF)
    withdrawn = Retraction(
        source="test", external_id="w", supersedes="trusts:passer-by:shop", reason="x"
    )
    service.store.append([withdrawn])
    engine.catch_up(AS_OF)
    known = engine.score(PURPOSE, account("passer-by")).score
    changes = engine.catch_up(AS_OF + timedelta(days=1))
    told = {
        found.change.programme: (found.change.before, found.change.after)
        for found in changes
        if found.change.subject == account("passer-by")
    }
    assert set(told) == set(engine.programmes(PURPOSE))
    assert all(after is None for _, after in told.values())
    assert told["marketplace-integrity-linear"][0] == pytest.approx(known, abs=0.1)
    with pytest.raises(Exception, match="account:passer-by: not known"):
        engine.score(PURPOSE, account("passer-by"))


def test_small_moves_add_up_to_a_change_that_begins_where_the_last_one_ended(
    service: Service,
) -> None:
    engine = engine_of(service)
    told = engine.score(PURPOSE, account("shop")).score
    count = 0
    for number in range(40):
        small = report(
            "shop", None, severity=3e-4, status=ReportStatus.UPHELD, external_id=f"small{number}"
        )
        service.store.append([small])
        for found in engine.catch_up(AS_OF):
            if (found.change.subject, found.change.programme) == (
                account("shop"),
                "marketplace-integrity-linear",
            ):
                assert found.change.before == told
                told, count = found.change.after or 0.0, count + 1
        assert abs(engine.score(PURPOSE, account("shop")).score - told) <= 0.1
    assert 0 < count < 40


def test_after_an_erasure_no_change_of_before_can_be_read(service: Service) -> None:
    engine = engine_of(service)
    service.store.append([event(EventKind.CHARGEBACK, "supplier")])
    engine.catch_up(AS_OF)
    last = engine.changes(0)[-1].number
    service.redress.erase(account("supplier"), actor="a")
    engine.catch_up(AS_OF)
    with pytest.raises(LookupError, match=f"changes up to {last} are gone"):
        engine.changes(0)
    assert account("supplier") not in {found.change.subject for found in engine.changes(last)}


def test_a_burst_is_taken_in_as_one_batch(service: Service) -> None:
    engine = engine_of(service)
    links = [
        trusts(f"a{number % 60}", f"b{number % 77}", external_id=f"burst{number}")
        for number in range(2_000)
    ]
    service.store.append([*links, listed("a3", "marketplace-fraud")])
    engine.catch_up(AS_OF)
    assert_live(service, engine, AS_OF)


def test_changes_are_numbered_and_can_be_read_on_from_any(service: Service) -> None:
    engine = engine_of(service)
    assert engine.changes(0) == []
    service.store.append([listed("supplier", "marketplace-fraud")])
    published = list(engine.catch_up(AS_OF))
    assert [found.number for found in published] == list(range(1, len(published) + 1))
    assert engine.changes(0) == published
    assert engine.changes(2) == published[2:]
    assert all(found.sequence == service.store.last_sequence() for found in published)


def test_reconciling_says_how_far_live_is_from_a_full_solution(service: Service) -> None:
    engine = engine_of(service)
    service.store.append([listed("supplier", "marketplace-fraud"), trusts("x", "supplier")])
    engine.catch_up(AS_OF)
    for found in engine.reconcile():
        assert found.holds
        assert 0 <= found.difference <= found.allowed < 2
        assert found.subjects == len(from_scratch(service, found.programme, AS_OF))


def test_what_a_purpose_forbids_is_not_even_known_to_the_engine(service: Service) -> None:
    engine = engine_of(service)
    forbidden = next(
        kind for kind in LinkKind if kind not in service.library.purpose(PURPOSE).link_kinds
    )
    service.store.append(
        [trusts("mallory", "shop", kind=forbidden), listed("mallory", "credit-fraud")]
    )
    assert len(engine.catch_up(AS_OF)) == 0
    with pytest.raises(Exception, match="account:mallory: not known"):
        engine.score(PURPOSE, account("mallory"))
    assert np.isfinite(engine.programme(PURPOSE).scores).all()


def test_following_takes_in_what_is_recorded_and_reconciles_by_itself(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of(service, datetime.now(UTC))
    stop, reconciled = threading.Event(), threading.Event()
    monkeypatch.setattr(engine, "_reconcile_or_rebuild", reconciled.set)
    follower = threading.Thread(target=engine.follow, args=[stop], kwargs={"reconcile_s": 0.0})
    follower.start()
    service.store.append([listed("supplier", "marketplace-fraud")])
    changes = engine.changes(0, wait_s=60)
    was_reconciled = reconciled.wait(60)
    stop.set()
    follower.join()
    assert was_reconciled
    assert {found.change.subject for found in changes} >= {account("supplier"), account("shop")}


def test_scores_that_drifted_are_noticed_and_built_anew(service: Service) -> None:
    engine = engine_of(service)
    live = engine.programme(PURPOSE)
    live._score[:] += 5.0
    with pytest.raises(CertificateError, match="5 points from a full solution"):
        engine.reconcile()
    engine._reconcile_or_rebuild()
    assert engine.programme(PURPOSE) is not live
    assert all(found.holds for found in engine.reconcile())
