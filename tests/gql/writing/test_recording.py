from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from graphsvc.access import ACCESS_FOLDER, create_key
from graphsvc.app import Service
from graphsvc.errors import StoreUnavailableError
from graphsvc.model import (
    Event,
    EventKind,
    Link,
    LinkKind,
    Listing,
    ListKind,
    Report,
    ReportCategory,
    ReportStatus,
)
from graphsvc.settings import Settings
from tests.gql.conftest import Asker, RunningServer, text_of
from tests.gql.world import MARKETPLACE, THIN_FILE, account
from tests.gql.writing.conftest import MADE, Desk, event, fresh_key, link, listing, report

NOON = datetime.fromisoformat(MADE)


def test_events_are_stored_as_they_were_sent(desk: Desk) -> None:
    answer = desk.write(
        "shop",
        "record_events",
        idempotencyKey=fresh_key(),
        items=[event("e1", value=3.5), event("e2", kind="CHARGEBACK", externalId="cb-1")],
    )
    first, second = answer["accepted"]
    assert answer["refused"] == []
    assert (first["index"], second["index"]) == (0, 1)
    assert second["sequence"] == first["sequence"] + 1
    assert not first["alreadyRecorded"]
    assert desk.record(first) == Event(
        source="shop",
        external_id=first["externalId"],
        kind=EventKind.ORDER_COMPLETED,
        subject=account("e1"),
        occurred_at=NOON,
        value=3.5,
    )
    assert desk.record(second) == Event(
        source="shop",
        external_id="cb-1",
        kind=EventKind.CHARGEBACK,
        subject=account("e2"),
        occurred_at=NOON,
    )


def test_links_reports_and_listings_are_stored_as_they_were_sent(desk: Desk) -> None:
    sent = link("l1", "l2", kind="PAID", weight=9.5, count=2, currency="EUR", validFrom=MADE)
    paid = desk.write("shop", "record_link", idempotencyKey=fresh_key(), item=sent)["accepted"]
    assert desk.record(paid) == Link(
        source="shop",
        external_id=paid["externalId"],
        kind=LinkKind.PAID,
        src=account("l1"),
        dst=account("l2"),
        weight=9.5,
        count=2,
        currency="EUR",
        valid_from=NOON,
    )
    said = report("r1", "r2", text="sent a brick", evidence=["ticket-9"])
    told = desk.write(
        "shop", "record_report", idempotencyKey=fresh_key(), source="shop/desk", item=said
    )["accepted"]
    assert desk.record(told) == Report(
        source="shop/desk",
        external_id=told["externalId"],
        category=ReportCategory.FRAUD,
        subject=account("r1"),
        reporter=account("r2"),
        severity=0.5,
        reported_at=NOON,
        status=ReportStatus.OPEN,
        text="sent a brick",
        evidence=("ticket-9",),
    )
    entry = desk.write(
        "operator",
        "record_listing",
        idempotencyKey=fresh_key(),
        source="authority",
        item=listing("b1", externalId="case 7"),
    )["accepted"]
    assert desk.record(entry) == Listing(
        source="authority",
        external_id="case 7",
        subject=account("b1"),
        list_name="marketplace-fraud",
        list_kind=ListKind.BLACKLIST,
        severity=0.8,
        reason_code="TEST",
        authority="test",
        effective_from=NOON,
        until=datetime(2034, 5, 1, 12, tzinfo=UTC),
    )


def test_what_is_wrong_is_refused_with_its_place_field_code_and_reason_and_the_rest_stands(
    desk: Desk,
) -> None:
    answer = desk.write(
        "shop",
        "record_links",
        idempotencyKey=fresh_key(),
        items=[
            link("w1", "w1"),
            link("w1", "w2"),
            link("w1", "w3", weight=-1.0),
            link("w1", "w4", kind="HOUSEHOLD"),
            link("", "w5"),
            link("w1", "w6", validFrom=MADE, validTo=MADE),
        ],
    )
    assert [accepted["index"] for accepted in answer["accepted"]] == [1]
    assert answer["refused"] == [
        {
            "index": 0,
            "field": "dst",
            "code": "INVALID_RECORD",
            "message": "dst: is account:w1, the same as src: a self-link",
        },
        {
            "index": 2,
            "field": "weight",
            "code": "INVALID_RECORD",
            "message": "weight: is -1.0; links of kind knows need a weight of at least 0",
        },
        {
            "index": 3,
            "field": "kind",
            "code": "NOT_PERMITTED",
            "message": f"kind: is 'household', which purpose {MARKETPLACE} does not permit",
        },
        {
            "index": 4,
            "field": "src",
            "code": "INVALID_RECORD",
            "message": "src: is empty; a non-empty key is needed",
        },
        {
            "index": 5,
            "field": "validTo",
            "code": "INVALID_RECORD",
            "message": "validTo: is 2024-05-01T12:00:00+00:00, not after valid_from "
            "2024-05-01T12:00:00+00:00",
        },
    ]
    known = desk.service.store.subject_numbers([account(f"w{number}") for number in range(1, 7)])
    assert [number is not None for number in known] == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("name", "mutation", "item", "field", "code"),
    [
        ("shop", "record_event", event("n1", kind="BILL_PAID"), "kind", "NOT_PERMITTED"),
        ("shop", "record_event", event("n1", occurredAt="2999-01-01T00:00:00Z"), "occurredAt", ""),
        ("shop", "record_report", report("n1", None), "reporter", "NOT_PERMITTED"),
        ("operator", "record_report", report("n1", None), "reporter", "NOT_PERMITTED"),
        ("shop", "record_report", report("n1", "n1"), "reporter", ""),
        ("shop", "record_report", report("n1", "n2", severity=1.5), "severity", ""),
        ("operator", "record_listing", listing("n1", listName="hire-fraud"), "listName", "NOT_PER"),
        ("operator", "record_listing", listing("n1", until=MADE), "until", ""),
    ],
)
def test_a_refused_item_changes_nothing(
    desk: Desk, name: str, mutation: str, item: dict[str, Any], field: str, code: str
) -> None:
    with desk.nothing_changes():
        answer = desk.write(name, mutation, idempotencyKey=fresh_key(), item=item)
    assert answer["accepted"] is None
    assert answer["refused"]["field"] == field
    assert answer["refused"]["code"].startswith(code or "INVALID_RECORD")
    assert answer["refused"]["message"].startswith(f"{field}: ")


def test_only_an_analyst_states_a_report_of_its_own(desk: Desk) -> None:
    said = desk.write(
        "analyst", "record_report", idempotencyKey=fresh_key(), item=report("o1", None)
    )
    stored = desk.record(said["accepted"])
    assert isinstance(stored, Report)
    assert stored.reporter is None


def test_the_same_call_again_changes_nothing_and_gets_the_same_records(desk: Desk) -> None:
    call: dict[str, Any] = {
        "idempotencyKey": fresh_key(),
        "items": [event("again-1"), event("again-2", kind="BILL_PAID"), event("again-3")],
    }
    first = desk.write("shop", "record_events", **call)
    with desk.nothing_changes():
        second = desk.write("shop", "record_events", **call)
    assert second["refused"] == first["refused"]
    assert [record | {"alreadyRecorded": False} for record in second["accepted"]] == first[
        "accepted"
    ]
    assert all(record["alreadyRecorded"] for record in second["accepted"])


def test_one_item_alone_is_the_first_of_many(desk: Desk) -> None:
    key = fresh_key()
    one = desk.write("shop", "record_event", idempotencyKey=key, item=event("alone"))["accepted"]
    many = desk.write("shop", "record_events", idempotencyKey=key, items=[event("alone")])
    assert many["accepted"] == [one | {"alreadyRecorded": True}]


def test_a_mended_item_goes_through_under_the_same_key(desk: Desk) -> None:
    key = fresh_key()
    sent = [event("mend-1"), event("")]
    assert desk.write("shop", "record_events", idempotencyKey=key, items=sent)["refused"]
    mended = [event("mend-1"), event("mend-2")]
    answer = desk.write("shop", "record_events", idempotencyKey=key, items=mended)
    assert [record["alreadyRecorded"] for record in answer["accepted"]] == [True, False]


@pytest.mark.parametrize("external_id", [None, "given-id"])
def test_a_key_that_comes_again_with_other_content_is_refused(
    desk: Desk, external_id: str | None
) -> None:
    key = fresh_key()
    own = {} if external_id is None else {"externalId": f"{external_id}-{key}"}
    desk.write("shop", "record_events", idempotencyKey=key, items=[event("other-1", **own)])
    with desk.nothing_changes():
        changed = desk.write(
            "shop", "record_events", idempotencyKey=key, items=[event("other-2", **own)]
        )
        of_another_noun = desk.write(
            "shop", "record_link", idempotencyKey=key, item=link("other-1", "other-2", **own)
        )
    for refused in (*changed["refused"], of_another_noun["refused"]):
        assert refused["code"] == "IDEMPOTENCY_CONFLICT"
        assert refused["index"] == 0
    (refused,) = changed["refused"]
    if external_id is None:
        assert refused["message"] == (
            "idempotencyKey: was used for other content in this place; send a new key with new "
            "content"
        )
    else:
        assert refused["field"] == "externalId"
    assert desk.service.store.subject_numbers([account("other-2")]) == [None]


def test_two_callers_who_use_the_same_key_do_not_meet(desk: Desk) -> None:
    key = fresh_key()
    for name in ("shop", "rival"):
        answer = desk.write(name, "record_event", idempotencyKey=key, item=event(f"meet-{name}"))
        assert answer["accepted"]["source"] == name
    operators = desk.write(
        "operator", "record_event", idempotencyKey=key, source="shop", item=event("meet-third")
    )
    assert not operators["accepted"]["alreadyRecorded"]


def test_equal_calls_at_once_make_one_record_each(desk: Desk) -> None:
    call = {"idempotencyKey": fresh_key(), "items": [event("at-once-1"), event("at-once-2")]}
    before = desk.service.store.last_sequence()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.write("shop", "record_events", **call), range(8)))
    assert desk.service.store.last_sequence() == before + 2
    fresh = [r for answer in answers for r in answer["accepted"] if not r["alreadyRecorded"]]
    assert sorted(record["index"] for record in fresh) == [0, 1]
    identities = {
        tuple((record["sequence"], record["externalId"]) for record in answer["accepted"])
        for answer in answers
    }
    assert len(identities) == 1


def test_of_different_calls_at_once_under_one_key_one_wins(desk: Desk) -> None:
    key = fresh_key()

    def send(number: int) -> Any:
        item = event(f"rivalry-{key}-{number}")
        return desk.write("shop", "record_event", idempotencyKey=key, item=item)

    before = desk.service.store.last_sequence()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert desk.service.store.last_sequence() == before + 1
    assert sum(answer["accepted"] is not None for answer in answers) == 1
    codes = {answer["refused"]["code"] for answer in answers if answer["refused"]}
    assert codes == {"IDEMPOTENCY_CONFLICT"}


def test_every_recording_is_in_the_audit_with_who_and_what_for(desk: Desk) -> None:
    position = desk.service.store.last_audit_position()
    call = {"idempotencyKey": fresh_key(), "items": [event("a1"), event(""), event("a2")]}
    first, second = desk.write("shop", "record_events", **call)["accepted"]
    desk.write("shop", "record_events", **call)
    (entry,) = desk.service.store.audit_entries(position)
    assert entry.draft.action == "recorded"
    assert entry.draft.actor.startswith("shop (key ")
    assert entry.draft.purpose == MARKETPLACE
    assert entry.draft.subject is None
    assert entry.draft.detail == (
        f"2 records, sequence {first['sequence']} to {second['sequence']}"
    )


@pytest.mark.parametrize(
    ("input", "error"),
    [
        ({"items": []}, "items: has 0; from 1 to 1000 are allowed at once"),
        ({"items": [event("m")] * 1001}, "items: has 1001; from 1 to 1000 are allowed at once"),
        ({"idempotencyKey": ""}, "idempotencyKey: is empty; a non-empty key is needed"),
        ({"idempotencyKey": "x" * 257}, "idempotencyKey: has 257 characters; at most 256 are all"),
        ({"source": "shop/"}, None),
        ({"source": "shop "}, "source: this credential writes as 'shop' or 'shop/…', as nobody"),
        (
            {"source": "rival"},
            "source: this credential writes as 'shop' or 'shop/…', as nobody els",
        ),
    ],
)
def test_a_call_that_is_wrong_as_a_whole_is_an_error(
    desk: Desk, input: dict[str, Any], error: str | None
) -> None:
    call = {"idempotencyKey": fresh_key(), "items": [event("whole")]} | input
    if error is None:
        assert desk.write("shop", "record_events", **call)["accepted"]
        return
    with desk.nothing_changes():
        ((code, message),) = desk.refused("shop", "record_events", **call)
    assert code == ("FORBIDDEN" if "source" in input else "INVALID_INPUT")
    assert message.startswith(error)


def test_a_thousand_at_once_are_taken(desk: Desk) -> None:
    items = [event(f"thousand-{number % 40}", value=float(number)) for number in range(1000)]
    answer = desk.write("shop", "record_events", idempotencyKey=fresh_key(), items=items)
    sequences = [record["sequence"] for record in answer["accepted"]]
    assert sequences == list(range(sequences[0], sequences[0] + 1000))


def test_mutations_of_one_request_run_in_order(desk: Desk) -> None:
    own = f"order-{fresh_key()}"
    text = """
      mutation ($record: RecordLinkInput!, $end: EndLinkInput!, $withdraw: WithdrawRecordInput!) {
        a: recordLink(input: $record) { accepted { sequence } }
        b: endLink(input: $end) { accepted { sequence externalId } refused { message } }
        c: withdrawRecord(input: $withdraw) { accepted { sequence } refused { code message } }
      }"""
    data = desk.asker("shop").ask(
        text,
        record={"idempotencyKey": "1-" + own, "item": link("in", "order", externalId=own)},
        end={"idempotencyKey": "2-" + own, "record": {"externalId": own}, "at": MADE},
        withdraw={"idempotencyKey": "3-" + own, "record": {"externalId": own}, "reason": "no"},
    )
    assert data["b"]["accepted"]["sequence"] == data["a"]["accepted"]["sequence"] + 1
    assert data["c"]["refused"]["code"] == "CONFLICT"
    assert data["c"]["refused"]["message"] == (
        f"supersedes: is {own!r}, which is superseded already; name the record that stands"
    )


def test_a_request_writes_for_one_purpose(desk: Desk) -> None:
    text = """
      mutation ($one: RecordEventInput!, $two: RecordEventInput!) {
        a: recordEvent(input: $one) { accepted { sequence } }
        b: recordEvent(input: $two) { accepted { sequence } }
      }"""
    inputs = {
        name: {"idempotencyKey": fresh_key(), "purpose": purpose, "item": event("two")}
        for name, purpose in (("one", MARKETPLACE), ("two", THIN_FILE))
    }
    answer = desk.asker("chain").post(text, inputs).json()
    assert answer["data"]["a"]["accepted"]
    assert answer["data"]["b"] is None
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN"}
    assert error["message"] == (
        f"purpose '{THIN_FILE}': this request reads for '{MARKETPLACE}' already; "
        "send one request for each purpose"
    )


def test_a_purpose_must_be_named_by_who_holds_several(desk: Desk) -> None:
    with desk.nothing_changes():
        errors = desk.refused(
            "chain", "record_event", idempotencyKey=fresh_key(), item=event("several")
        )
    assert errors == [
        ("INVALID_INPUT", "purpose: is missing, and this credential holds 2; name one of them")
    ]


def test_whoever_may_not_read_scores_may_still_state_what_happened(desk: Desk) -> None:
    paid = event("applicant", kind="BILL_PAID")
    answer = desk.write("lender", "record_event", idempotencyKey=fresh_key(), item=paid)
    assert answer["accepted"]["source"] == "lender"


def test_get_runs_no_mutation(desk: Desk) -> None:
    text = text_of("record_event")
    variables = f'{{"input": {{"idempotencyKey": "{fresh_key()}", "item": {{"kind": "CHARGEBACK",'
    variables += f' "subject": {{"kind": "ACCOUNT", "key": "got"}}, "occurredAt": "{MADE}"}}}}}}'
    with desk.nothing_changes():
        answer = httpx.get(
            f"{desk.url}/graphql",
            params={"query": text, "variables": variables},
            headers={"Authorization": f"Bearer {desk.secrets['shop']}"},
        )
    assert answer.json()["errors"]
    assert "data" not in answer.json()


def test_a_store_that_is_down_is_an_error_that_says_try_again(desk: Desk) -> None:
    desk.store.failures["append"] = StoreUnavailableError("/srv/store.db is locked")
    try:
        call = {"idempotencyKey": fresh_key(), "item": event("down")}
        ((code, message),) = desk.refused("shop", "record_event", **call)
    finally:
        desk.store.failures.clear()
    assert code == "STORE_UNAVAILABLE"
    assert "srv" not in message
    assert not desk.write("shop", "record_event", **call)["accepted"]["alreadyRecorded"]


KILLED = """
import os, signal, sys
from datetime import datetime
from graphsvc.access import Principal
from graphsvc.app import Service
from graphsvc.model import Event, EventKind, SubjectRef
from graphsvc.permissions import Act
from graphsvc.settings import Settings
from graphsvc.writing import Proposed, Writing

folder, when = sys.argv[1:]
service = Service.open(Settings(store=f"sqlite:///{folder}/store.db", data_dir=f"{folder}/data"))
me = Principal(key_id="1", name="shop", roles=frozenset({"service"}), purposes=frozenset())
writing = Writing(service, me, service.library.purpose("marketplace-integrity"))

def make(source, external_id):
    return Event(source=source, external_id=external_id, kind=EventKind.CHARGEBACK,
                 subject=SubjectRef.parse("account:killed"),
                 occurred_at=datetime.fromisoformat("2024-05-01T12:00:00Z"))

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if when == "within":
    service.audit_draft = die
writing.record(Act.RECORD_EVENTS, [Proposed(make)], key="killed")
die()
"""


@pytest.mark.parametrize(("when", "is_recorded"), [("within", False), ("after", True)])
def test_a_server_killed_while_it_records_leaves_all_or_nothing_and_a_retry_mends_it(
    tmp_path: Path, when: str, is_recorded: bool
) -> None:
    settings = Settings(store=f"sqlite:///{tmp_path / 'store.db'}", data_dir=tmp_path / "data")
    with Service.open(settings) as service:
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path), when],
            cwd=Path(__file__).parents[3],
            env=os.environ | {"PYTHONPATH": "."},
            timeout=120,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL
        assert service.store.last_sequence() == int(is_recorded)
        assert service.store.last_audit_position() == int(is_recorded)
        folder = tmp_path / "data" / ACCESS_FOLDER
        secret = create_key(folder, "shop", [MARKETPLACE], ["service"])[1]
        with RunningServer(service) as url:
            sent = {"idempotencyKey": "killed", "item": event("killed", kind="CHARGEBACK")}
            answer = Asker(url, secret).ask("record_event", input=sent)["recordEvent"]
        assert answer["accepted"]["sequence"] == 1
        assert answer["accepted"]["alreadyRecorded"] is is_recorded
