from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from graphsvc.model import Link, Listing, Report, ReportStatus, Retraction
from tests.gql.world import MARKETPLACE, account
from tests.gql.writing.conftest import MADE, Desk, event, fresh_key, link, listing, report

LATER = "2024-06-01T00:00:00Z"
NOT_YOURS = f"record: there is none that this credential may act on for purpose {MARKETPLACE}"


def made(desk: Desk, name: str, mutation: str, item: dict[str, Any]) -> dict[str, Any]:
    """Record an item; return how the answer names it."""
    answer = desk.write(name, mutation, idempotencyKey=fresh_key(), item=item)
    assert answer["refused"] is None, answer
    accepted = answer["accepted"]
    assert isinstance(accepted, dict)
    return accepted


def by_id(accepted: dict[str, Any]) -> dict[str, Any]:
    return {"source": accepted["source"], "externalId": accepted["externalId"]}


def superseder(desk: Desk, accepted: dict[str, Any]) -> int | None:
    found = desk.service.store.record(accepted["source"], accepted["externalId"])
    assert found is not None
    return found.superseded_by


def test_an_ended_link_is_the_same_with_an_end_and_the_old_one_stays_readable(desk: Desk) -> None:
    former = made(desk, "shop", "record_link", link("end-1", "end-2", validFrom=MADE))
    ended = desk.write(
        "shop", "end_link", idempotencyKey=fresh_key(), record=by_id(former), at=LATER
    )["accepted"]
    before, after = desk.record(former), desk.record(ended)
    assert isinstance(before, Link)
    assert after == replace(
        before,
        external_id=ended["externalId"],
        supersedes=former["externalId"],
        valid_to=datetime(2024, 6, 1, tzinfo=UTC),
    )
    assert superseder(desk, former) == ended["sequence"]


def test_a_record_is_named_by_its_sequence_as_well(desk: Desk) -> None:
    former = made(desk, "shop", "record_link", link("seq-1", "seq-2"))
    named = {"sequence": former["sequence"]}
    ended = desk.write("shop", "end_link", idempotencyKey=fresh_key(), record=named, at=LATER)
    assert superseder(desk, former) == ended["accepted"]["sequence"]


def test_a_corrected_record_has_the_right_values_and_no_other_changes(desk: Desk) -> None:
    former = made(desk, "shop", "record_report", report("cor-1", "cor-2", text="bad"))
    corrected = desk.write(
        "shop",
        "correct_record",
        idempotencyKey=fresh_key(),
        record=by_id(former),
        fields=[
            {"field": "severity", "value": "0.2"},
            {"field": "reportedAt", "value": LATER},
            {"field": "text", "value": ""},
            {"field": "evidence", "value": "a, b"},
        ],
    )["accepted"]
    before = desk.record(former)
    assert isinstance(before, Report)
    assert desk.record(corrected) == replace(
        before,
        external_id=corrected["externalId"],
        supersedes=former["externalId"],
        severity=0.2,
        reported_at=datetime(2024, 6, 1, tzinfo=UTC),
        text=None,
        evidence=("a", "b"),
    )


def test_a_withdrawn_record_is_superseded_by_the_reason(desk: Desk) -> None:
    former = made(desk, "shop", "record_event", event("wd-1"))
    gone = desk.write(
        "shop",
        "withdraw_record",
        idempotencyKey=fresh_key(),
        record=by_id(former),
        reason="never happened",
    )["accepted"]
    assert desk.record(gone) == Retraction(
        source="shop",
        external_id=gone["externalId"],
        supersedes=former["externalId"],
        reason="never happened",
    )
    assert superseder(desk, former) == gone["sequence"]


def test_a_lifted_listing_ends_at_once(desk: Desk) -> None:
    former = made(desk, "operator", "record_listing", listing("lift-1"))
    lifted = desk.write(
        "operator", "lift_listing", idempotencyKey=fresh_key(), record=by_id(former), at=LATER
    )["accepted"]
    before = desk.record(former)
    assert isinstance(before, Listing)
    assert desk.record(lifted) == replace(
        before,
        external_id=lifted["externalId"],
        supersedes=former["externalId"],
        until=datetime(2024, 6, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("UPHELD", ReportStatus.UPHELD), ("DISMISSED", ReportStatus.REJECTED)],
)
def test_a_reviewer_settles_reports_of_any_source(
    desk: Desk, outcome: str, status: ReportStatus
) -> None:
    former = made(desk, "shop", "record_report", report("set-1", "set-2"))
    settled = desk.write(
        "reviewer",
        "settle_report",
        idempotencyKey=fresh_key(),
        record=by_id(former),
        outcome=outcome,
    )["accepted"]
    before = desk.record(former)
    assert isinstance(before, Report)
    assert desk.record(settled) == replace(
        before,
        external_id=settled["externalId"],
        supersedes=former["externalId"],
        status=status,
    )


def test_what_a_reviewer_settled_its_source_cannot_undo(desk: Desk) -> None:
    former = made(desk, "shop", "record_report", report("undo-1", "undo-2"))
    settled = desk.write(
        "reviewer",
        "settle_report",
        idempotencyKey=fresh_key(),
        record=by_id(former),
        outcome="UPHELD",
    )["accepted"]
    with desk.nothing_changes():
        old = desk.write(
            "shop",
            "withdraw_record",
            idempotencyKey=fresh_key(),
            record=by_id(former),
            reason="mistake",
        )
        new = desk.write(
            "shop",
            "withdraw_record",
            idempotencyKey=fresh_key(),
            record=by_id(settled),
            reason="mistake",
        )
        again = desk.write(
            "reviewer",
            "settle_report",
            idempotencyKey=fresh_key(),
            record=by_id(settled),
            outcome="DISMISSED",
        )
    assert old["refused"]["code"] == "CONFLICT"
    for refused in (new["refused"], again["refused"]):
        assert refused["code"] == "NOT_PERMITTED"
        assert refused["message"] == (
            "record: was upheld; what was settled is changed by an operator or a dispute"
        )


def test_a_retry_of_an_amendment_finds_it_done(desk: Desk) -> None:
    former = made(desk, "shop", "record_link", link("retry-1", "retry-2"))
    call = {"idempotencyKey": fresh_key(), "record": by_id(former), "at": LATER}
    first = desk.write("shop", "end_link", **call)
    with desk.nothing_changes():
        second = desk.write("shop", "end_link", **call)
    assert second["accepted"] == first["accepted"] | {"alreadyRecorded": True}
    with desk.nothing_changes():
        other = desk.write("shop", "end_link", **(call | {"at": "2024-07-01T00:00:00Z"}))
    assert other["refused"]["code"] == "IDEMPOTENCY_CONFLICT"


def test_of_amendments_at_once_one_stands(desk: Desk) -> None:
    former = made(desk, "shop", "record_link", link("race-1", "race-2"))

    def end(day: int) -> Any:
        at = f"2024-06-{day:02d}T00:00:00Z"
        return desk.write(
            "shop", "end_link", idempotencyKey=fresh_key(), record=by_id(former), at=at
        )

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(end, range(1, 7)))
    (won,) = [answer["accepted"] for answer in answers if answer["accepted"]]
    assert superseder(desk, former) == won["sequence"]
    lost = [answer["refused"] for answer in answers if answer["refused"]]
    assert {(refused["field"], refused["code"]) for refused in lost} == {("supersedes", "CONFLICT")}


@pytest.mark.parametrize(
    ("mutation", "more"),
    [
        ("end_link", {"at": LATER}),
        ("correct_record", {"fields": [{"field": "weight", "value": "2"}]}),
        ("withdraw_record", {"reason": "not mine"}),
    ],
)
def test_what_another_stated_looks_like_what_is_not_there(
    desk: Desk, mutation: str, more: dict[str, Any]
) -> None:
    theirs = made(desk, "rival", "record_link", link("theirs-1", "theirs-2"))
    forbidden = made(desk, "lender", "record_event", event("theirs-3", kind="BILL_PAID"))
    missing = {"externalId": "no-such-id"}
    by_sequence = {"sequence": theirs["sequence"]}
    none_there = {"sequence": 2**50}
    with desk.nothing_changes():
        for record in (by_id(theirs), by_sequence, by_id(forbidden), missing, none_there):
            answer = desk.write("shop", mutation, idempotencyKey=fresh_key(), record=record, **more)
            assert answer["refused"] == {
                "index": 0,
                "field": "record",
                "code": "NOT_FOUND",
                "message": NOT_YOURS,
            }


def test_an_operator_amends_what_any_source_stated_within_the_purpose(desk: Desk) -> None:
    former = made(desk, "rival", "record_link", link("any-1", "any-2"))
    ended = desk.write(
        "operator", "end_link", idempotencyKey=fresh_key(), record=by_id(former), at=LATER
    )["accepted"]
    assert ended["source"] == "rival"
    forbidden = made(desk, "lender", "record_event", event("any-3", kind="BILL_PAID"))
    refused = desk.write(
        "operator",
        "withdraw_record",
        idempotencyKey=fresh_key(),
        record=by_id(forbidden),
        reason="out of sight",
    )["refused"]
    assert refused["message"] == NOT_YOURS


@pytest.mark.parametrize(
    ("fields", "field", "code", "message"),
    [
        ([], "fields", "INVALID_RECORD", "fields: names no field; write --set field=value"),
        (
            [{"field": "kind", "value": "household"}],
            "kind",
            "NOT_PERMITTED",
            f"kind: is 'household', which purpose {MARKETPLACE} does not permit",
        ),
        (
            [{"field": "source", "value": "rival"}],
            "fields",
            "INVALID_RECORD",
            "fields: 'source=rival' is not field=value of one of kind, src, dst, weight, count, "
            "currency, valid_from, valid_to",
        ),
        (
            [{"field": "weight", "value": "heavy"}],
            "weight",
            "INVALID_RECORD",
            "weight: is 'heavy': input should be a valid number, unable to parse string as a "
            "number",
        ),
        (
            [{"field": "validFrom", "value": "2999-01-01T00:00:00Z"}],
            "validFrom",
            "INVALID_RECORD",
            "validFrom: is 2999-01-01T00:00:00+00:00, more than a day after now (",
        ),
    ],
)
def test_a_correction_that_is_none_changes_nothing(
    desk: Desk, fields: list[dict[str, str]], field: str, code: str, message: str
) -> None:
    former = made(desk, "shop", "record_link", link("none-1", "none-2"))
    with desk.nothing_changes():
        answer = desk.write(
            "shop",
            "correct_record",
            idempotencyKey=fresh_key(),
            record=by_id(former),
            fields=fields,
        )
    refused = answer["refused"]
    assert (refused["field"], refused["code"]) == (field, code)
    assert refused["message"].startswith(message)


def test_the_status_of_a_report_is_not_corrected(desk: Desk) -> None:
    former = made(desk, "shop", "record_report", report("st-1", "st-2"))
    with desk.nothing_changes():
        refused = desk.write(
            "shop",
            "correct_record",
            idempotencyKey=fresh_key(),
            record=by_id(former),
            fields=[{"field": "status", "value": "upheld"}],
        )["refused"]
    assert refused["message"] == "status: is settled by a reviewer, not corrected"


def test_an_end_does_not_prolong_and_fits_the_kind(desk: Desk) -> None:
    ended = made(desk, "shop", "record_link", link("e-1", "e-2", validFrom=MADE, validTo=LATER))
    done = made(desk, "shop", "record_event", event("e-1"))
    entry = made(desk, "operator", "record_listing", listing("e-1"))
    with desk.nothing_changes():
        for name, mutation, record, at, message in (
            (
                "shop",
                "end_link",
                ended,
                "2025-01-01T00:00:00Z",
                "at: is 2025-01-01T00:00:00+00:00; it ends 2024-06-01T00:00:00+00:00 already",
            ),
            (
                "shop",
                "end_link",
                ended,
                "2024-01-01T00:00:00Z",
                "validTo: is 2024-01-01T00:00:00+00:00, not after valid_from "
                "2024-05-01T12:00:00+00:00",
            ),
            ("shop", "end_link", done, LATER, "record: is of type event; a link is right"),
            (
                "operator",
                "lift_listing",
                done,
                LATER,
                "record: is of type event; a listing is right",
            ),
            ("operator", "end_link", entry, LATER, "record: is of type listing; a link is right"),
        ):
            answer = desk.write(
                name, mutation, idempotencyKey=fresh_key(), record=by_id(record), at=at
            )
            assert answer["refused"]["message"] == message


def test_a_record_is_named_in_one_way(desk: Desk) -> None:
    for record in ({}, {"sequence": 1, "externalId": "x"}, {"sequence": 1, "source": "shop"}):
        with desk.nothing_changes():
            errors = desk.refused(
                "shop", "end_link", idempotencyKey=fresh_key(), record=record, at=LATER
            )
        assert errors == [
            (
                "INVALID_INPUT",
                "record: give either its sequence, or its externalId (and its source)",
            )
        ]


def test_every_amendment_is_in_the_audit_for_each_subject_concerned(desk: Desk) -> None:
    position = desk.service.store.last_audit_position()
    tied = made(desk, "shop", "record_link", link("au-1", "au-2"))
    told = made(desk, "shop", "record_report", report("au-3", "au-4"))
    entry = made(desk, "operator", "record_listing", listing("au-5"))
    calls: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        ("shop", "end_link", tied, {"at": LATER}),
        ("reviewer", "settle_report", told, {"outcome": "UPHELD"}),
        ("operator", "lift_listing", entry, {"at": LATER}),
    ]
    for name, mutation, record, more in calls:
        desk.write(name, mutation, idempotencyKey=fresh_key(), record=by_id(record), **more)
    entries = [
        (found.draft.actor.split(" ")[0], found.draft.action, found.draft.subject)
        for found in desk.service.store.audit_entries(position)
        if found.draft.action != "recorded"
    ]
    named = desk.service.pseudonyms.of_subject
    assert entries == [
        ("shop", "link_ended", named(account("au-1"))),
        ("shop", "link_ended", named(account("au-2"))),
        ("reviewer", "report_settled", named(account("au-3"))),
        ("reviewer", "report_settled", named(account("au-4"))),
        ("operator", "listing_lifted", named(account("au-5"))),
    ]
