"""A subject contests a record or its score; each step is felt by everyone that it reached."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

import pytest

from graphsvc import disputes, redress
from graphsvc.app import Service
from graphsvc.disputes import all_disputes, disputes_of, find_dispute
from graphsvc.errors import (
    ConflictError,
    DefinitionNotFoundError,
    InvalidInputError,
    NotFoundError,
)
from graphsvc.model import (
    Advice,
    Dispute,
    DisputeStatus,
    EventKind,
    LinkKind,
    Listing,
    Record,
    RecordType,
    ReportStatus,
    Retraction,
)
from graphsvc.snapshot import advance_snapshot, build_snapshot, shelf
from graphsvc.store.ports import AppendOutcome
from tests.service.samples import AS_OF, PURPOSE, account, event, listed, report, trusts

LISTING = ("test", "marketplace-fraud:supplier")
SUPPLIER, SHOP = account("supplier"), account("shop")


@pytest.fixture
def service(either_service: Service) -> Service:
    either_service.store.append(
        [
            trusts("shop", "supplier"),
            trusts("shop", "other"),
            trusts("far", "shop"),
            event(EventKind.ORDER_COMPLETED, "shop", value=3.0),
            listed("supplier", "marketplace-fraud"),
        ]
    )
    either_service.recompute(PURPOSE, as_of=AS_OF)
    return either_service


def scores(service: Service) -> dict[str, float]:
    return {row.subject.key: row.score for row in service.top(PURPOSE, 100, by="score")}


def without_the_listing(service: Service) -> dict[str, float]:
    """Return what the scores would be, by taking the listing away in a world of its own."""
    from graphsvc.scoring.propagate import propagate_snapshot

    purpose = service.library.purpose(PURPOSE)
    programme = service.library.champion(PURPOSE)
    before = service.store.last_sequence()
    whole = build_snapshot(service.store, purpose, as_of=AS_OF, known_at=before)
    empty = dataclasses.replace(
        whole,
        listings=type(whole.listings)(
            **{
                field.name: getattr(whole.listings, field.name)[:0]
                for field in dataclasses.fields(whole.listings)
            }
        ),
    )
    _, values = propagate_snapshot(empty, programme, purpose, AS_OF, 1e-9)
    return {whole.ref_of(i).key: float(values.points.score[i]) for i in range(whole.n)}


def open_it(service: Service, **options: object) -> str:
    step, _ = service.redress.open(
        SUPPLIER,
        LISTING,
        grounds="it was my namesake",
        actor="ann",
        as_of=AS_OF,
        **options,  # type: ignore[arg-type]
    )
    return step.dispute_id


def test_a_dispute_that_is_only_open_moves_nothing(service: Service) -> None:
    before = scores(service)
    step, changes = service.redress.open(
        SUPPLIER, LISTING, grounds="wrong", actor="ann", as_of=AS_OF
    )
    assert changes == ()
    service.recompute(PURPOSE, as_of=AS_OF)
    assert scores(service) == before
    assert step.dispute.status is DisputeStatus.OPEN
    assert step.contested == service.store.record(*LISTING).record  # type: ignore[union-attr]


def test_a_suspension_is_felt_by_everyone_that_the_listing_reached(service: Service) -> None:
    before = scores(service)
    wanted = without_the_listing(service)
    step, changes = service.redress.open(
        SUPPLIER, LISTING, grounds="wrong", actor="ann", suspend=True, as_of=AS_OF
    )
    after = scores(service)
    assert step.dispute.status is DisputeStatus.SUSPENDED
    assert after == pytest.approx(wanted, abs=1e-2)
    assert {change.subject.key for change in changes} == {"supplier", "shop", "far", "other"}
    for change in changes:
        assert change.before == pytest.approx(before[change.subject.key], abs=change.bound)
        assert change.after == after[change.subject.key]
        assert change.points > 0
    assert [abs(change.points) for change in changes] == sorted(
        (abs(change.points) for change in changes), reverse=True
    )
    assert changes[0].subject == SUPPLIER


def test_an_open_dispute_can_be_suspended_later(service: Service) -> None:
    wanted = without_the_listing(service)
    dispute_id = open_it(service)
    step, changes = service.redress.suspend(dispute_id, actor="bob", as_of=AS_OF)
    assert step.dispute.status is DisputeStatus.SUSPENDED
    assert scores(service) == pytest.approx(wanted, abs=1e-2)
    assert len(changes) == 4
    with pytest.raises(ConflictError, match="suspended already"):
        service.redress.suspend(dispute_id, actor="bob")


def test_a_record_that_is_kept_counts_again(service: Service) -> None:
    before = scores(service)
    dispute_id = open_it(service, suspend=True)
    step, changes = service.redress.decide(
        dispute_id, DisputeStatus.KEPT, decision="it is the same firm", actor="bob", as_of=AS_OF
    )
    assert scores(service) == before
    assert {change.subject.key for change in changes} == {"supplier", "shop", "far", "other"}
    assert all(change.points < 0 for change in changes)
    assert (step.dispute.decided_by, step.dispute.decision) == ("bob", "it is the same firm")
    assert service.store.record(*LISTING).superseded_by is None  # type: ignore[union-attr]


def test_a_record_that_is_removed_leaves_no_trace_on_any_contact(service: Service) -> None:
    wanted = without_the_listing(service)
    dispute_id = open_it(service)
    step, _ = service.redress.decide(
        dispute_id, DisputeStatus.REMOVED, decision="a namesake", actor="bob", as_of=AS_OF
    )
    assert scores(service) == pytest.approx(
        {key: value for key, value in wanted.items() if key in scores(service)}, abs=1e-2
    )
    withdrawn = service.store.record(*LISTING)
    assert withdrawn is not None
    assert withdrawn.superseded_by == step.sequence - 1
    (retraction,) = service.store.records(RecordType.RETRACTION)
    assert dispute_id in cast(Retraction, retraction.record).reason


def test_a_record_that_is_corrected_counts_as_corrected(service: Service) -> None:
    before = scores(service)
    dispute_id = open_it(service, suspend=True)
    contested = cast(Listing, find_dispute(service.store, dispute_id).contested)
    milder = dataclasses.replace(contested, external_id="milder", severity=0.1)
    service.redress.decide(
        dispute_id,
        DisputeStatus.CORRECTED,
        decision="a minor matter",
        actor="bob",
        correction=milder,
        as_of=AS_OF,
    )
    after = scores(service)
    assert before["supplier"] < after["supplier"] < without_the_listing(service)["supplier"]
    corrected = service.store.record("test", "milder")
    assert corrected is not None
    assert corrected.record.supersedes == LISTING[1]


def test_a_correction_that_its_source_sends_meanwhile_is_as_contested(service: Service) -> None:
    wanted = without_the_listing(service)
    dispute_id = open_it(service, suspend=True)
    again = listed("supplier", "marketplace-fraud", external_id="again", supersedes=LISTING[1])
    service.store.append([again])
    service.recompute(PURPOSE, as_of=AS_OF)
    assert scores(service) == pytest.approx(wanted, abs=1e-2)
    contested = find_dispute(service.store, dispute_id).contested
    assert contested is not None
    assert contested.external_id == "again"


def test_a_dispute_can_be_closed_when_its_record_was_withdrawn_meanwhile(service: Service) -> None:
    dispute_id = open_it(service, suspend=True)
    service.store.append(
        [Retraction(source="test", external_id="w", supersedes=LISTING[1], reason="ours")]
    )
    with pytest.raises(ConflictError, match="withdrawn"):
        service.redress.decide(
            dispute_id,
            DisputeStatus.CORRECTED,
            decision="x",
            actor="bob",
            correction=listed("supplier", "marketplace-fraud", external_id="n"),
        )
    step, _ = service.redress.decide(
        dispute_id, DisputeStatus.REMOVED, decision="they withdrew it", actor="bob", as_of=AS_OF
    )
    assert step.dispute.status is DisputeStatus.REMOVED


@pytest.mark.parametrize(
    "record",
    [
        trusts("supplier", "shop", external_id="x"),
        event(EventKind.CHARGEBACK, "shop", external_id="x"),
        report("shop", "far", external_id="x", status=ReportStatus.UPHELD),
    ],
    ids=["link", "event", "report"],
)
def test_links_events_and_reports_can_be_suspended_too(service: Service, record: Record) -> None:
    service.recompute(PURPOSE, as_of=AS_OF)
    before = scores(service)
    service.store.append([record])
    service.recompute(PURPOSE, as_of=AS_OF)
    assert scores(service) != before
    service.redress.open(SHOP, ("test", "x"), grounds="no", actor="a", suspend=True, as_of=AS_OF)
    assert scores(service) == before


def test_a_snapshot_brought_forward_through_a_dispute_equals_one_built_anew(
    service: Service,
) -> None:
    purpose = service.library.purpose(PURPOSE)
    carried = build_snapshot(service.store, purpose, as_of=AS_OF)

    def assert_equal() -> None:
        nonlocal carried
        carried = advance_snapshot(service.store, purpose, carried, as_of=AS_OF)
        fresh = build_snapshot(service.store, purpose, as_of=AS_OF)
        for group in ("links", "listings", "events", "reports", "subjects"):
            ours, theirs = getattr(carried, group), getattr(fresh, group)
            for field in dataclasses.fields(ours):
                assert getattr(ours, field.name).tolist() == getattr(theirs, field.name).tolist()

    link = ("test", "trusts:shop:supplier")
    step, _ = service.redress.open(SHOP, link, grounds="never", actor="a", suspend=True)
    assert_equal()
    assert carried.m == 2
    service.redress.decide(step.dispute_id, DisputeStatus.KEPT, decision="it is", actor="b")
    assert_equal()
    assert carried.m == 3


def test_the_suspended_listings_subject_keeps_a_score(service: Service) -> None:
    service.store.append([listed("hermit", "marketplace-fraud")])
    service.recompute(PURPOSE, as_of=AS_OF)
    assert scores(service)["hermit"] < 650
    service.redress.open(
        account("hermit"),
        ("test", "marketplace-fraud:hermit"),
        grounds="no",
        actor="a",
        suspend=True,
        as_of=AS_OF,
    )
    assert scores(service)["hermit"] == 650


def test_nobody_contests_what_is_said_of_another(service: Service) -> None:
    with pytest.raises(InvalidInputError, match="does not concern account:shop"):
        service.redress.open(SHOP, LISTING, grounds="bad for me", actor="a")
    assert list(service.store.records(RecordType.DISPUTE)) == []


def test_what_does_not_exist_cannot_be_contested(service: Service) -> None:
    with pytest.raises(NotFoundError, match="no record 'nothing'"):
        service.redress.open(SHOP, ("test", "nothing"), grounds="x", actor="a")
    with pytest.raises(NotFoundError, match="account:nobody"):
        service.redress.open(account("nobody"), LISTING, grounds="x", actor="a")
    with pytest.raises(NotFoundError, match="D-0"):
        service.redress.decide("D-0", DisputeStatus.KEPT, decision="x", actor="a")
    with pytest.raises(DefinitionNotFoundError):
        service.redress.open(SHOP, "no-purpose", grounds="x", actor="a")


def test_the_same_matter_is_not_contested_twice_at_once(service: Service) -> None:
    dispute_id = open_it(service)
    with pytest.raises(ConflictError, match=dispute_id):
        open_it(service)
    service.redress.decide(dispute_id, DisputeStatus.KEPT, decision="stands", actor="b")
    assert open_it(service) != dispute_id


def test_a_decided_dispute_stays_decided(service: Service) -> None:
    dispute_id = open_it(service)
    service.redress.decide(dispute_id, DisputeStatus.KEPT, decision="stands", actor="b")
    with pytest.raises(ConflictError, match="was decided: kept"):
        service.redress.decide(dispute_id, DisputeStatus.REMOVED, decision="no", actor="b")


def test_outcome_and_correction_go_together(service: Service) -> None:
    dispute_id = open_it(service)
    for outcome, correction in (
        (DisputeStatus.CORRECTED, None),
        (DisputeStatus.KEPT, listed("supplier", "marketplace-fraud", external_id="n")),
    ):
        with pytest.raises(InvalidInputError, match="correction"):
            service.redress.decide(
                dispute_id, outcome, decision="x", actor="b", correction=correction
            )
    with pytest.raises(InvalidInputError, match="outcome"):
        service.redress.decide(dispute_id, DisputeStatus.OPEN, decision="x", actor="b")


def test_who_decided_what_and_when_is_kept(service: Service) -> None:
    begun = datetime.now(UTC)
    dispute_id = open_it(service, suspend=True)
    service.redress.decide(dispute_id, DisputeStatus.KEPT, decision="stands", actor="bob")
    history = [
        cast(Dispute, stored.record)
        for stored in service.store.records_of(SUPPLIER, RecordType.DISPUTE)
    ]
    assert [step.status for step in history] == [DisputeStatus.SUSPENDED, DisputeStatus.KEPT]
    assert all(step.opened_by == "ann" and step.grounds for step in history)
    assert history[1].decided_at is not None
    assert begun <= history[1].decided_at <= datetime.now(UTC)
    assert disputes_of(service.store, SUPPLIER) == []
    (listed_,) = disputes_of(service.store, SUPPLIER, with_decided=True)
    assert listed_.dispute_id == dispute_id
    assert all_disputes(service.store) == []
    actions = [
        (entry.draft.actor, entry.draft.action, entry.draft.detail)
        for entry in service.store.audit_entries()
        if entry.draft.action.startswith("dispute")
    ]
    assert actions == [
        ("ann", "dispute_opened", dispute_id),
        ("bob", "dispute_kept", dispute_id),
    ]


def test_while_a_score_is_under_human_review_no_adverse_advice_is_automatic(
    service: Service,
) -> None:
    before = service.advise(PURPOSE, SUPPLIER)
    assert before.advice.is_adverse
    step, changes = service.redress.open(SUPPLIER, PURPOSE, grounds="unfair", actor="ann")
    assert changes == ()
    during = service.advise(PURPOSE, SUPPLIER)
    assert during.advice is Advice.REVIEW
    assert "HUMAN_REVIEW" in {reason.code for reason in during.reasons}
    assert (
        service.advise(PURPOSE, account("far")).reasons
        == service.advise(PURPOSE, account("far")).reasons
    )
    service.redress.decide(step.dispute_id, DisputeStatus.KEPT, decision="looked", actor="bob")
    assert service.advise(PURPOSE, SUPPLIER) == before


def test_what_another_adds_meanwhile_is_not_told_as_the_steps_effect(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = service.store.append
    original([event(EventKind.CHARGEBACK, "bystander", external_id="long before")])
    others = iter([event(EventKind.CHARGEBACK, "bystander", external_id="before")])

    def with_others(records: Sequence[Record], **options: bool) -> list[AppendOutcome]:
        original(list(others))
        outcomes = original(records, **options)
        original([event(EventKind.CHARGEBACK, "bystander", external_id="after")])
        return outcomes

    dispute_id = open_it(service)
    monkeypatch.setattr(service.store, "append", with_others)
    _, changes = service.redress.suspend(dispute_id, actor="ann", as_of=AS_OF)
    assert all(change.points > 0 for change in changes)
    assert {change.subject.key for change in changes} == {"supplier", "shop", "far", "other"}
    assert service.scores(PURPOSE).run.snapshot_sequence == service.store.last_sequence()


def test_a_step_alone_tells_the_same_effect_when_nobody_else_is_there(service: Service) -> None:
    before = scores(service)
    _, changes = service.redress.open(
        SUPPLIER, LISTING, grounds="wrong", actor="ann", suspend=True, as_of=AS_OF
    )
    after = scores(service)
    told = {change.subject.key: change.points for change in changes}
    moved = {key: after[key] - before[key] for key in after if after[key] != before[key]}
    assert told == pytest.approx(moved, abs=1e-2)


def test_a_correction_into_another_purpose_is_felt_there_too(service: Service) -> None:
    other = "payment-fraud"
    service.store.append([trusts("shop", "supplier", kind=LinkKind.PAID, external_id="paid")])
    service.recompute(other, as_of=AS_OF)
    dispute_id = open_it(service)
    contested = cast(Listing, find_dispute(service.store, dispute_id).contested)
    assert "payment-fraud" in service.library.purpose(other).list_names
    assert "payment-fraud" not in service.library.purpose(PURPOSE).list_names
    _, changes = service.redress.decide(
        dispute_id,
        DisputeStatus.CORRECTED,
        decision="the wrong list",
        actor="bob",
        correction=dataclasses.replace(contested, external_id="right", list_name="payment-fraud"),
        as_of=AS_OF,
    )
    assert {change.purpose for change in changes} == {PURPOSE, other}


def test_no_snapshot_is_built_from_nothing_for_a_step(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("built from nothing")

    service.store.append([trusts("a", "b")])
    monkeypatch.setattr(shelf, "build_snapshot", never)
    open_it(service, suspend=True)


def test_a_decision_on_a_withdrawn_record_says_how_to_close_it(service: Service) -> None:
    dispute_id = open_it(service)
    service.store.append(
        [Retraction(source="test", external_id="w", supersedes=LISTING[1], reason="ours")]
    )
    with pytest.raises(ConflictError, match="the record was withdrawn; close it as removed"):
        service.redress.decide(dispute_id, DisputeStatus.CORRECTED, decision="x", actor="b")


def test_disputes_are_not_read_again_for_every_record_that_is_added(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.redress.open(SUPPLIER, PURPOSE, grounds="unfair", actor="ann")
    assert service.redress.is_under_review(PURPOSE, SUPPLIER)
    calls = 0

    def counted(*_: object, **__: object) -> list[object]:
        nonlocal calls
        calls += 1
        return []

    monkeypatch.setattr(disputes, "all_disputes", counted)
    monkeypatch.setattr(redress, "REVIEW_SECONDS", 60.0)
    for number in range(5):
        service.store.append([event(EventKind.ORDER_COMPLETED, "far", external_id=f"{number}")])
        assert service.redress.is_under_review(PURPOSE, SUPPLIER)
    assert calls == 0
    monkeypatch.setattr(redress, "REVIEW_SECONDS", 0.0)
    assert not service.redress.is_under_review(PURPOSE, SUPPLIER)
    assert calls == 1
