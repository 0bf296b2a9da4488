from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from graphsvc.errors import InvalidRecordError
from graphsvc.model import (
    Event,
    EventKind,
    Link,
    LinkKind,
    Listing,
    ListKind,
    RecordType,
    Report,
    ReportCategory,
    Retraction,
    SubjectKind,
    SubjectRef,
)
from graphsvc.store.encoding import content_hash, decode, encode

ANN, BOB = (SubjectRef(SubjectKind.PERSON, key) for key in ("ann", "bob"))
NOW = datetime(2024, 5, 1, tzinfo=UTC)


def link(**changes: object) -> Link:
    values: dict[str, object] = {
        "source": "s",
        "external_id": "1",
        "kind": LinkKind.PAID,
        "src": ANN,
        "dst": BOB,
    }
    return Link(**(values | changes))  # type: ignore[arg-type]


def report(**changes: object) -> Report:
    values: dict[str, object] = {
        "source": "s",
        "external_id": "1",
        "category": ReportCategory.FRAUD,
        "subject": ANN,
        "reporter": BOB,
        "severity": 0.5,
        "reported_at": NOW,
    }
    return Report(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weight": float("nan")}, "weight"),
        ({"weight": float("inf")}, "weight"),
        ({"weight": -1.0}, "weight"),
        ({"count": 0}, "count"),
        ({"dst": ANN}, "dst"),
        ({"src": SubjectRef(SubjectKind.PERSON, "")}, "src"),
        ({"src": SubjectRef(SubjectKind.PERSON, "x" * 257)}, "src"),
        ({"src": SubjectRef(SubjectKind.PERSON, "a\nb")}, "src"),
        ({"src": SubjectRef(SubjectKind.PERSON, " a")}, "src"),
        ({"currency": "€"}, "currency"),
        ({"valid_from": NOW, "valid_to": NOW}, "valid_to"),
        ({"valid_from": NOW.replace(tzinfo=None)}, "valid_from"),
        ({"valid_from": datetime.max.replace(tzinfo=timezone(-timedelta(hours=5)))}, "valid_from"),
        ({"source": ""}, "source"),
        ({"supersedes": "1"}, "supersedes"),
    ],
)
def test_a_bad_link_names_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        link(**changes)
    assert caught.value.field == field


def test_only_a_signed_rating_may_weigh_less_than_nothing() -> None:
    assert link(kind=LinkKind.RATES, weight=-10.0).weight == -10.0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"severity": 1.5}, "severity"),
        ({"severity": float("nan")}, "severity"),
        ({"reporter": ANN}, "reporter"),
        ({"text": "x" * 10_001}, "text"),
        ({"text": "a\ud800b"}, "text"),
        ({"evidence": ("",)}, "evidence"),
    ],
)
def test_a_bad_report_names_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        report(**changes)
    assert caught.value.field == field


def test_a_listing_always_ends_after_it_began() -> None:
    with pytest.raises(InvalidRecordError, match="until"):
        Listing(
            source="s",
            external_id="1",
            subject=ANN,
            list_name="l",
            list_kind=ListKind.BLACKLIST,
            reason_code="r",
            authority="a",
            effective_from=NOW,
            until=NOW,
        )


def test_a_retraction_names_what_it_withdraws() -> None:
    with pytest.raises(InvalidRecordError, match="supersedes"):
        Retraction(source="s", external_id="1", reason="x")


def test_nothing_may_begin_more_than_a_day_ahead() -> None:
    event = Event(
        source="s",
        external_id="1",
        kind=EventKind.BILL_PAID,
        subject=ANN,
        occurred_at=NOW + timedelta(days=1, seconds=1),
    )
    with pytest.raises(InvalidRecordError, match="occurred_at"):
        event.check_times(NOW)
    event.check_times(NOW + timedelta(seconds=1))


def test_an_unknown_subject_kind_lists_the_known_ones() -> None:
    with pytest.raises(InvalidRecordError, match=r"person.*account"):
        SubjectRef.parse("planet:earth")
    with pytest.raises(InvalidRecordError, match="account:42"):
        SubjectRef.parse("42")


def test_every_record_survives_its_encoding() -> None:
    for record in (link(valid_from=NOW, currency="EUR"), report(evidence=("a", "b"), text="é")):
        assert decode(record.record_type, encode(record)) == record


def test_equal_statements_have_equal_hashes_and_others_have_not() -> None:
    def hashed(**changes: object) -> str:
        return content_hash(RecordType.LINK, encode(link(**changes)))

    assert hashed(weight=1) == hashed(weight=1.0)
    assert hashed(weight=0.0) == hashed(weight=-0.0)
    assert hashed(external_id="2") == hashed()
    assert hashed(valid_from=NOW) == hashed(valid_from=NOW.astimezone(timezone(timedelta(hours=3))))
    assert hashed(weight=2.0) != hashed()
    assert hashed(kind=LinkKind.KNOWS) != hashed()
