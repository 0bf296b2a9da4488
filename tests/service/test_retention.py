"""What is past its purpose's retention counts no more, and the job takes it out of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphsvc.app import Service
from graphsvc.errors import SubjectNotFoundError
from graphsvc.model import (
    DisputeStatus,
    EventKind,
    LinkKind,
    Record,
    RecordType,
    Report,
    ReportCategory,
    ReportStatus,
    Retraction,
    Subject,
)
from graphsvc.snapshot.retention import over_at
from tests.service.samples import AS_OF, PURPOSE, account, event, listed, report, trusts

DAYS = 1825  # of marketplace-integrity
THIN_FILE = "thin-file-credit"
LONG_AGO = AS_OF - timedelta(days=DAYS + 1)
JUST_KEPT = AS_OF - timedelta(days=DAYS - 1)


@pytest.fixture
def service(either_service: Service) -> Service:
    either_service.store.append(
        [
            trusts("ann", "bob"),
            listed("bob", "marketplace-fraud"),
            event(EventKind.ORDER_COMPLETED, "ann"),
        ]
    )
    return either_service


def each_kind(at: datetime, name: str) -> list[Record]:
    """Return one record of each kind that was over at a time; each moves a score of marketplace."""
    before = at - timedelta(days=30)
    return [
        event(EventKind.CHARGEBACK, "ann", occurred_at=at, external_id=f"event-{name}"),
        report(
            "ann", None, reported_at=at, status=ReportStatus.UPHELD, external_id=f"report-{name}"
        ),
        trusts("ann", "cay", 9.0, kind=LinkKind.PAID, valid_from=at, external_id=f"paid-{name}"),
        listed(
            "cay",
            "marketplace-fraud",
            effective_from=before,
            until=at,
            external_id=f"listing-{name}",
        ),
    ]


def checksum(service: Service, as_of: datetime = AS_OF) -> str:
    return service.recompute(PURPOSE, as_of=as_of).checksum


@pytest.mark.parametrize("place", range(3), ids=["event", "report", "payment"])
def test_what_is_past_retention_moves_no_score_at_that_time(service: Service, place: int) -> None:
    service.store.append([event(EventKind.ORDER_COMPLETED, "cay")])
    without = checksum(service)
    service.store.append([each_kind(LONG_AGO, "old")[place]])
    assert checksum(service) == without
    # The control: a day inside of the retention, the same record counts.
    assert checksum(service, AS_OF - timedelta(days=2)) != without
    service.store.append([each_kind(JUST_KEPT, "kept")[place]])
    assert checksum(service) != without


def test_it_leaves_at_its_time_without_any_new_record(service: Service) -> None:
    service.store.append([event(EventKind.CHARGEBACK, "ann", occurred_at=JUST_KEPT)])

    def score(as_of: datetime) -> float:
        service.recompute(PURPOSE, as_of=as_of)
        return service.scores(PURPOSE).score(account("ann")).event_points

    last_day, after = JUST_KEPT + timedelta(days=DAYS), JUST_KEPT + timedelta(days=DAYS + 1)
    without = checksum(service, after)
    assert score(last_day) < score(after)
    service.store.append(
        [
            Retraction(
                source="test",
                external_id="r",
                supersedes=event(EventKind.CHARGEBACK, "ann", occurred_at=JUST_KEPT).external_id,
                reason="to compare",
            )
        ]
    )
    assert checksum(service, after) == without


def test_the_job_erases_what_is_past_and_nothing_else(service: Service) -> None:
    service.store.append([*each_kind(LONG_AGO, "old"), *each_kind(JUST_KEPT, "kept")])
    before = checksum(service)
    preview = service.redress.retire(actor="job", now=AS_OF, dry_run=True)
    assert checksum(service) == before
    retired = service.redress.retire(actor="job", now=AS_OF)
    assert (
        retired.records
        == preview.records
        == {
            RecordType.EVENT: 1,
            RecordType.REPORT: 1,
            RecordType.LINK: 1,
            RecordType.LISTING: 1,
        }
    )
    assert all(service.store.record("test", f"{noun}-old") is None for noun in NOUNS)
    assert all(service.store.record("test", f"{noun}-kept") for noun in NOUNS)
    assert checksum(service) == before
    again = service.redress.retire(actor="job", now=AS_OF)
    assert again.records == {}
    actions = [entry.draft.action for entry in service.store.audit_entries()]
    assert actions.count("retention") == 1


NOUNS = ("event", "report", "paid", "listing")


def test_a_record_stays_as_long_as_the_most_patient_purpose_may_keep_it(service: Service) -> None:
    purposes = service.library.purposes.values()
    kept_for = {
        kind: {purpose.retention_days for purpose in purposes if kind in purpose.event_kinds}
        for kind in EventKind
    }
    kind = next(kind for kind, days in kept_for.items() if len(days) > 1)
    longest = max(kept_for[kind])
    at = AS_OF - timedelta(days=longest)
    service.store.append(
        [
            event(kind, "ann", occurred_at=at + timedelta(days=1), external_id="young"),
            event(kind, "ann", occurred_at=at - timedelta(days=1), external_id="old"),
        ]
    )
    service.redress.retire(actor="job", now=AS_OF)
    assert service.store.record("test", "young") is not None
    assert service.store.record("test", "old") is None


def test_earlier_versions_and_withdrawals_go_with_the_last(service: Service) -> None:
    old = each_kind(LONG_AGO, "old")[0]
    service.store.append(
        [
            old,
            event(
                EventKind.CHARGEBACK,
                "ann",
                occurred_at=LONG_AGO,
                value=2.0,
                external_id="second",
                supersedes=old.external_id,
            ),
            each_kind(LONG_AGO, "other")[0],
            Retraction(source="test", external_id="w", supersedes="event-other", reason="x"),
        ]
    )
    retired = service.redress.retire(actor="job", now=AS_OF)
    assert retired.records == {RecordType.EVENT: 3, RecordType.RETRACTION: 1}
    assert service.store.record("test", "event-old") is None
    assert service.store.record("test", "w") is None


def test_a_subject_of_whom_nothing_is_left_goes_too_and_from_past_runs(service: Service) -> None:
    service.store.append([event(EventKind.CHARGEBACK, "gone", occurred_at=LONG_AGO)])
    first = service.recompute(PURPOSE, as_of=LONG_AGO + timedelta(days=1))
    assert service.scores(PURPOSE, run_id=first.run_id).score(account("gone"))
    retired = service.redress.retire(actor="job", now=AS_OF)
    assert retired.subjects == 1
    assert service.store.subject_numbers([account("gone")]) == [None]
    with pytest.raises(SubjectNotFoundError):
        service.scores(PURPOSE, run_id=first.run_id).score(account("gone"))
    assert service.scores(PURPOSE, run_id=first.run_id).score(account("ann"))


def test_what_is_sent_again_is_erased_again(service: Service) -> None:
    old = event(EventKind.CHARGEBACK, "gone", occurred_at=LONG_AGO, external_id="old")
    for _ in range(3):
        assert service.store.append([old])[0].status == "accepted"
        retired = service.redress.retire(actor="job", now=AS_OF)
        assert (retired.records, retired.subjects) == ({RecordType.EVENT: 1}, 1)
        assert service.store.subject_numbers([account("gone")]) == [None]


def test_what_no_purpose_permits_is_counted_and_left_to_the_operator(service: Service) -> None:
    service.store.append(
        [
            listed(
                "ann",
                "list-of-no-purpose",
                until=LONG_AGO,
                effective_from=datetime.min.replace(year=2000, tzinfo=UTC),
            )
        ]
    )
    retired = service.redress.retire(actor="job", now=AS_OF)
    assert retired.without_purpose == {RecordType.LISTING: 1}
    assert service.store.record("test", "list-of-no-purpose:ann") is not None


def in_a_hundred_years() -> datetime:
    return datetime.now(UTC) + timedelta(days=36_500)


def test_a_withdrawn_tie_was_over_when_it_was_withdrawn(service: Service) -> None:
    service.store.append(
        [
            trusts("shop", "gone", external_id="tie", valid_from=LONG_AGO),
            Retraction(source="test", external_id="w", supersedes="tie", reason="false"),
        ]
    )
    withdrawn = service.store.record("test", "w")
    assert withdrawn is not None
    last_day = withdrawn.recorded_at + timedelta(days=DAYS)
    service.redress.retire(actor="job", now=last_day)
    assert service.store.record("test", "tie") is not None
    retired = service.redress.retire(actor="job", now=last_day + timedelta(days=1))
    assert retired.records == {RecordType.LINK: 1, RecordType.RETRACTION: 1}
    assert service.store.subject_numbers([account("gone")]) == [None]


def test_what_ended_before_it_was_withdrawn_was_over_at_its_end(service: Service) -> None:
    service.store.append(
        [
            event(EventKind.CHARGEBACK, "ann", occurred_at=LONG_AGO, external_id="e"),
            Retraction(source="test", external_id="w", supersedes="e", reason="false"),
        ]
    )
    assert service.redress.retire(actor="job", now=AS_OF).records.total() == 2


def test_a_payment_without_a_date_was_over_when_it_was_recorded(service: Service) -> None:
    service.store.append([trusts("p", "q", kind=LinkKind.PAID, external_id="paid")])
    recorded = service.store.record("test", "paid")
    assert recorded is not None
    last_day = recorded.recorded_at + timedelta(days=DAYS)
    service.redress.retire(actor="job", now=last_day)
    assert service.store.record("test", "paid") is not None
    service.redress.retire(actor="job", now=last_day + timedelta(days=1))
    assert service.store.record("test", "paid") is None


def test_a_registration_goes_when_nothing_else_is_held_on_its_subject(service: Service) -> None:
    for name in ("ann", "hermit"):
        service.store.append(
            [
                Subject(source="test", external_id=f"old-{name}", subject=account(name)),
                Subject(
                    source="test",
                    external_id=f"new-{name}",
                    subject=account(name),
                    supersedes=f"old-{name}",
                ),
            ]
        )
    longest = max(purpose.retention_days for purpose in service.library.purposes.values())
    registered = service.store.record("test", "new-hermit")
    assert registered is not None
    last_day = registered.recorded_at + timedelta(days=longest)
    service.redress.retire(actor="job", now=last_day)
    assert service.store.subject_numbers([account("hermit")]) != [None]
    preview = service.redress.retire(actor="job", now=in_a_hundred_years(), dry_run=True)
    assert preview.records[RecordType.SUBJECT] == 2
    service.redress.retire(actor="job", now=last_day + timedelta(days=1))
    assert service.store.subject_numbers([account("hermit")]) == [None]
    assert service.store.record("test", "new-ann") is not None  # her tie goes on


def test_what_an_undecided_dispute_is_about_is_kept_until_it_is_decided(service: Service) -> None:
    old = event(EventKind.CHARGEBACK, "ann", occurred_at=LONG_AGO, external_id="old")
    again = event(
        EventKind.CHARGEBACK, "ann", occurred_at=LONG_AGO, external_id="again", supersedes="old"
    )
    service.store.append([old])
    step, _ = service.redress.open(
        account("ann"), ("test", "old"), grounds="not me", actor="a", suspend=True
    )
    service.store.append([again])
    for is_dry in (True, False):
        retired = service.redress.retire(actor="job", now=AS_OF, dry_run=is_dry)
        assert retired.records == {}
        assert retired.under_dispute == {RecordType.EVENT: 1}
    assert service.store.record("test", "old") is not None
    service.redress.decide(step.dispute_id, DisputeStatus.KEPT, decision="it was", actor="b")
    assert service.redress.retire(actor="job", now=AS_OF).records == {RecordType.EVENT: 2}
    assert service.store.count_records()[RecordType.DISPUTE] == 0


def test_who_is_mentioned_again_meanwhile_stays(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.store.append(
        [
            event(EventKind.CHARGEBACK, name, occurred_at=LONG_AGO, external_id=name)
            for name in ("al", "bo")
        ]
    )
    original = service.store.erase

    def sent_first(records: Any, subjects: Any) -> None:
        if subjects:
            monkeypatch.undo()
            service.store.append([event(EventKind.ORDER_COMPLETED, "al", external_id="new")])
        original(records, subjects)

    monkeypatch.setattr(service.store, "erase", sent_first)
    assert service.redress.retire(actor="job", now=AS_OF).subjects == 1
    al, bo = service.store.subject_numbers([account("al"), account("bo")])
    assert al is not None
    assert bo is None
    service.recompute(PURPOSE, as_of=AS_OF)
    assert service.scores(PURPOSE).score(account("al"))


def test_a_job_that_was_cut_short_says_that_it_began_and_leaves_no_run_outdated(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.store.append([event(EventKind.CHARGEBACK, "ann", occurred_at=LONG_AGO)])
    service.recompute(PURPOSE, as_of=AS_OF)
    original = service.store.erase

    def killed(*arguments: Any) -> None:
        original(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(service.store, "erase", killed)
        with pytest.raises(KeyboardInterrupt):
            service.redress.retire(actor="job", now=AS_OF)
    actions = [entry.draft.action for entry in service.store.audit_entries()]
    assert actions[-1] == "retention_begun"
    service.redress.retire(actor="job", now=AS_OF)
    assert service.explain(PURPOSE, account("ann")).score.subject == account("ann")


def test_a_tie_that_goes_on_is_never_past() -> None:
    assert over_at(trusts("a", "b", valid_from=LONG_AGO)) is None
    assert over_at(trusts("a", "b", valid_from=LONG_AGO, valid_to=JUST_KEPT)) == JUST_KEPT
    assert over_at(trusts("a", "b", kind=LinkKind.PAID, valid_from=LONG_AGO)) == LONG_AGO
    made = report("a", None, reported_at=LONG_AGO)
    assert isinstance(made, Report)
    assert made.category is ReportCategory.FRAUD
    assert over_at(made) == LONG_AGO
