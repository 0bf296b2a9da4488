from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from graphsvc.model import Event, EventKind, Listing, Record, Retraction
from graphsvc.model.checks import from_microseconds
from tests.gql.world import AS_OF, MARKETPLACE, THIN_FILE, account, core
from tests.gql.writing.conftest import Desk, fresh_key

WRONG = "another firm of a like name"


@pytest.fixture(scope="module", autouse=True)
def _published(desk: Desk) -> None:
    desk.service.store.append(core())
    desk.service.recompute(MARKETPLACE, as_of=AS_OF)


@pytest.fixture
def listed(desk: Desk) -> dict[str, Any]:
    """A listing of cid's that no other test has touched; it counts."""
    return new_listing(desk)


def new_listing(desk: Desk, key: str = "cid") -> dict[str, Any]:
    answer = desk.write(
        "operator",
        "record_listing",
        idempotencyKey=fresh_key(),
        item={
            "subject": {"kind": "ACCOUNT", "key": key},
            "listName": "marketplace-fraud",
            "listKind": "BLACKLIST",
            "severity": 0.9,
            "reasonCode": "TEST",
            "authority": "test",
            "effectiveFrom": "2020-01-01T00:00:00Z",
            "until": "2090-01-01T00:00:00Z",
        },
    )
    accepted = answer["accepted"]
    assert isinstance(accepted, dict)
    return accepted


def by_sequence(record: dict[str, Any]) -> dict[str, Any]:
    return {"sequence": record["sequence"]}


def opened(desk: Desk, record: dict[str, Any], by: str = "shop", **more: Any) -> dict[str, Any]:
    about = {"subject": {"kind": "ACCOUNT", "key": "cid"}, "record": by_sequence(record)}
    answer = desk.write(
        by, "open_dispute", **({"idempotencyKey": fresh_key(), "grounds": WRONG} | about | more)
    )
    assert answer["refused"] is None, answer
    assert isinstance(answer, dict)
    return answer


def superseder(desk: Desk, accepted: dict[str, Any]) -> Record | None:
    found = desk.service.store.record(accepted["source"], accepted["externalId"])
    assert found is not None
    if found.superseded_by is None:
        return None
    later = desk.service.store.record_at(found.superseded_by)
    assert later is not None
    return later.record


def test_a_service_contests_for_the_subject_and_the_record_still_counts(
    desk: Desk, listed: dict[str, Any]
) -> None:
    answer = opened(desk, listed)
    assert answer["dispute"] == {
        "id": answer["dispute"]["id"],
        "disputeId": answer["dispute"]["disputeId"],
        "status": "OPEN",
        "subject": {"key": "cid"},
        "contested": {
            "sequence": listed["sequence"],
            "recordType": "LISTING",
            "sort": "marketplace-fraud",
            "source": "operator",
            "externalId": listed["externalId"],
        },
        "contestedScore": None,
        "grounds": WRONG,
        "openedBy": answer["dispute"]["openedBy"],
        "decidedBy": None,
        "decision": None,
    }
    assert answer["dispute"]["openedBy"].startswith("shop (key ")
    assert (answer["alreadyDone"], answer["changes"], answer["changeCount"]) == (False, [], 0)


def test_the_same_request_again_is_the_same_dispute_and_another_is_refused(
    desk: Desk, listed: dict[str, Any]
) -> None:
    call: dict[str, Any] = {
        "idempotencyKey": fresh_key(),
        "subject": {"kind": "ACCOUNT", "key": "cid"},
        "record": by_sequence(listed),
        "grounds": WRONG,
    }
    first = desk.write("shop", "open_dispute", **call)
    with desk.nothing_changes():
        again = desk.write("shop", "open_dispute", **call)
        other = desk.write("shop", "open_dispute", **(call | {"grounds": "something else"}))
        twice = desk.write("shop", "open_dispute", **(call | {"idempotencyKey": fresh_key()}))
    assert again == first | {"alreadyDone": True}
    assert other["refused"] == {
        "field": "idempotencyKey",
        "code": "IDEMPOTENCY_CONFLICT",
        "message": "idempotencyKey: was used for another dispute; send a new key with new content",
    }
    assert twice["refused"]["code"] == "CONFLICT"
    assert "is open on the same matter already" in twice["refused"]["message"]


def test_equal_requests_at_once_open_one_dispute(desk: Desk, listed: dict[str, Any]) -> None:
    call = {
        "idempotencyKey": fresh_key(),
        "subject": {"kind": "ACCOUNT", "key": "cid"},
        "record": by_sequence(listed),
        "grounds": WRONG,
    }
    before = desk.service.store.last_sequence()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: desk.write("shop", "open_dispute", **call), range(6)))
    assert desk.service.store.last_sequence() == before + 1
    assert len({answer["dispute"]["id"] for answer in answers}) == 1
    assert sum(not answer["alreadyDone"] for answer in answers) == 1


def test_a_suspended_record_counts_for_nobody_and_the_answer_says_who_moved(
    desk: Desk, listed: dict[str, Any]
) -> None:
    desk.service.recompute(MARKETPLACE)
    before = desk.service.scores(MARKETPLACE).score(account("cid")).score
    dispute = opened(desk, listed)["dispute"]["id"]
    answer = desk.write("reviewer", "suspend_dispute", disputeId=dispute)
    assert answer["dispute"]["status"] == "SUSPENDED"
    moved = {
        change["subject"]["key"]: change
        for change in answer["changes"]
        if change["programme"] == "marketplace-integrity-linear"
    }
    after = desk.service.scores(MARKETPLACE).score(account("cid")).score
    assert moved["cid"]["before"] == pytest.approx(before, abs=0.01)
    assert moved["cid"]["after"] == pytest.approx(after, abs=0.01)
    assert moved["cid"]["points"] > 0.0
    assert answer["changeCount"] == len(answer["changes"]) > 1
    with desk.nothing_changes():
        again = desk.write("reviewer", "suspend_dispute", disputeId=dispute)
    assert again["alreadyDone"]
    assert again["changes"] == []


def test_a_decision_and_what_it_does_are_stored_and_decided_once(
    desk: Desk, listed: dict[str, Any]
) -> None:
    answer = opened(desk, listed, by="reviewer", suspend=True)
    assert answer["dispute"]["status"] == "SUSPENDED"
    own_id = answer["dispute"]["disputeId"]
    call = {
        "disputeId": answer["dispute"]["id"],
        "outcome": "REMOVED",
        "decision": "the authority confirms the mix-up",
    }
    decided = desk.write("reviewer", "decide_dispute", **call)["dispute"]
    assert (decided["status"], decided["decision"]) == ("REMOVED", call["decision"])
    assert decided["decidedBy"].startswith("reviewer (key ")
    assert isinstance(superseder(desk, listed), Retraction)
    with desk.nothing_changes():
        again = desk.write("reviewer", "decide_dispute", **call)
        otherwise = desk.write("reviewer", "decide_dispute", **(call | {"outcome": "KEPT"}))
        suspended = desk.write("reviewer", "suspend_dispute", disputeId=call["disputeId"])
    assert again["alreadyDone"]
    for answer in (otherwise, suspended):
        assert answer["refused"] == {
            "field": "disputeId",
            "code": "CONFLICT",
            "message": f"disputeId: dispute {own_id} was decided: removed",
        }


def test_a_correction_takes_the_records_place(desk: Desk, listed: dict[str, Any]) -> None:
    dispute = opened(desk, listed)["dispute"]["id"]
    call = {"disputeId": dispute, "outcome": "CORRECTED", "decision": "half as bad"}
    with desk.nothing_changes():
        without = desk.write("reviewer", "decide_dispute", **call)
        forbidden = desk.write(
            "reviewer",
            "decide_dispute",
            **call,
            fields=[{"field": "listName", "value": "hire-fraud"}],
        )
    assert without["refused"]["field"] == "fields"
    assert forbidden["refused"]["code"] == "NOT_PERMITTED"
    decided = desk.write(
        "reviewer", "decide_dispute", **call, fields=[{"field": "severity", "value": "0.45"}]
    )
    assert decided["dispute"]["status"] == "CORRECTED"
    correction = superseder(desk, listed)
    assert isinstance(correction, Listing)
    assert correction.severity == 0.45


def test_a_score_is_contested_and_kept_and_cannot_be_suspended(desk: Desk) -> None:
    call = {"subject": {"kind": "ACCOUNT", "key": "bob"}, "grounds": "I did nothing"}
    answer = desk.write("shop", "request_human_review", idempotencyKey=fresh_key(), **call)
    dispute = answer["dispute"]
    assert (dispute["contested"], dispute["contestedScore"]) == (None, MARKETPLACE)
    assert desk.service.redress.is_under_review(MARKETPLACE, account("bob"))
    with desk.nothing_changes():
        suspended = desk.write("reviewer", "suspend_dispute", disputeId=dispute["id"])
        removed = desk.write(
            "reviewer", "decide_dispute", disputeId=dispute["id"], outcome="REMOVED", decision="no"
        )
        nobody = desk.write(
            "shop",
            "request_human_review",
            idempotencyKey=fresh_key(),
            subject={"kind": "ACCOUNT", "key": "nobody"},
            grounds="who am I",
        )
    assert suspended["refused"]["message"] == "status: is suspended; a score can't be suspended"
    assert removed["refused"]["message"] == "status: is removed; a score can't be removed"
    assert nobody["refused"] == {
        "field": "subject",
        "code": "NOT_FOUND",
        "message": f"subject: has no score for purpose {MARKETPLACE}",
    }
    kept = desk.write(
        "reviewer", "decide_dispute", disputeId=dispute["id"], outcome="KEPT", decision="looked at"
    )
    assert kept["dispute"]["status"] == "KEPT"
    assert not desk.service.redress.is_under_review(MARKETPLACE, account("bob"))


def test_a_subject_contests_only_what_concerns_it_and_the_grounds_say_something(
    desk: Desk, listed: dict[str, Any]
) -> None:
    call: dict[str, Any] = {
        "idempotencyKey": fresh_key(),
        "subject": {"kind": "ACCOUNT", "key": "cid"},
        "record": by_sequence(listed),
        "grounds": WRONG,
    }
    with desk.nothing_changes():
        of_another = desk.write(
            "shop", "open_dispute", **(call | {"subject": {"kind": "ACCOUNT", "key": "dot"}})
        )
        empty = desk.write("shop", "open_dispute", **(call | {"grounds": " "}))
        missing = desk.write("shop", "open_dispute", **(call | {"record": {"sequence": 2**50}}))
    assert of_another["refused"]["field"] == "record"
    assert empty["refused"]["message"] == "grounds: is empty; say what is wrong"
    assert missing["refused"]["code"] == "NOT_FOUND"


def test_what_is_contested_for_another_purpose_is_not_there(desk: Desk) -> None:
    paid = Event(
        source="bank",
        external_id=fresh_key(),
        kind=EventKind.BILL_PAID,
        subject=account("cid"),
        occurred_at=from_microseconds(0),
    )
    desk.service.store.append([paid])
    hidden, _ = desk.service.redress.open(
        account("cid"), (paid.source, paid.external_id), grounds=WRONG, actor="cli"
    )
    missing = ("D-0", hidden.dispute_id)
    with desk.nothing_changes():
        for dispute in missing:
            refused = desk.write("reviewer", "suspend_dispute", disputeId=dispute)["refused"]
            assert refused["message"] == (
                f"disputeId: is {dispute!r}, which is not known for purpose {MARKETPLACE}"
            )
            assert desk.asker("reviewer").errors("dispute", id=dispute) == [
                ("NOT_FOUND", f"dispute {dispute!r}: not known for purpose {MARKETPLACE}")
            ]
    asker = desk.asker("reviewer")
    listed_ids = {edge["node"]["id"] for edge in every_page(asker.ask, first=1000)}
    assert hidden.dispute_id not in listed_ids
    assert asker.errors("disputes", purpose=THIN_FILE)[0][0] == "FORBIDDEN"


def every_page(ask: Any, first: int, **filters: Any) -> list[dict[str, Any]]:
    edges: list[dict[str, Any]] = []
    after = None
    while True:
        page = ask("disputes", first=first, after=after, **filters)["disputes"]
        edges += page["edges"]
        if not page["pageInfo"]["hasNextPage"]:
            return edges
        after = page["pageInfo"]["endCursor"]


def test_disputes_are_read_page_by_page_by_state_and_by_subject(desk: Desk) -> None:
    records = [new_listing(desk) for _ in range(3)]
    made = [opened(desk, record)["dispute"]["id"] for record in records]
    desk.write(
        "reviewer", "decide_dispute", disputeId=made[0], outcome="KEPT", decision="it is true"
    )
    ask = desk.asker("reviewer").ask
    cid = {"kind": "ACCOUNT", "key": "cid"}
    alone = [edge["node"]["id"] for edge in every_page(ask, first=1)]
    together = [edge["node"]["id"] for edge in every_page(ask, first=1000)]
    assert alone == together
    assert [found for found in together if found in made] == [made[1], made[2], made[0]]
    of_cid = every_page(ask, first=2, subject=cid)
    assert {edge["node"]["subject"]["key"] for edge in of_cid} == {"cid"}
    kept = [edge["node"]["id"] for edge in every_page(ask, first=100, status=["KEPT"])]
    assert made[0] in kept
    assert not set(made[1:]) & set(kept)


def test_a_page_costs_as_many_store_calls_whatever_is_on_it(desk: Desk) -> None:
    for _ in range(3):
        opened(desk, new_listing(desk))
    calls = []
    for first in (1, 100):
        before = desk.store.reads()
        desk.asker("auditor").ask("disputes", first=first)
        calls.append(desk.store.reads() - before)
    assert calls[0] == calls[1] == Counter({"records": 1, "headings": 1})


def test_every_step_and_every_read_is_in_the_audit(desk: Desk) -> None:
    dispute = opened(desk, new_listing(desk, "dot"), subject={"kind": "ACCOUNT", "key": "dot"})
    called = dispute["dispute"]["disputeId"]
    desk.write("reviewer", "suspend_dispute", disputeId=called)
    desk.write(
        "reviewer", "decide_dispute", disputeId=called, outcome="KEPT", decision="it is true"
    )
    desk.asker("auditor").ask("dispute", id=called)
    drafts = [entry.draft for entry in desk.audited("dot", last="read_dispute")]
    assert {draft.purpose for draft in drafts if draft.action != "recorded"} == {MARKETPLACE}
    steps = [draft for draft in drafts if draft.action.startswith("dispute_")]
    assert [(draft.actor.split(" ")[0], str(draft.action), draft.detail) for draft in steps] == [
        ("shop", "dispute_opened", called),
        ("reviewer", "dispute_suspended", called),
        ("reviewer", "dispute_kept", called),
    ]
    reads = [(draft.actor.split(" ")[0], str(draft.action)) for draft in drafts]
    assert ("auditor", "read_dispute") in reads
    assert ("reviewer", "read_score") in reads


def test_a_service_can_neither_suspend_nor_decide(desk: Desk, listed: dict[str, Any]) -> None:
    with desk.nothing_changes():
        errors = desk.refused(
            "shop",
            "open_dispute",
            idempotencyKey=fresh_key(),
            subject={"kind": "ACCOUNT", "key": "cid"},
            record=by_sequence(listed),
            grounds=WRONG,
            suspend=True,
        )
    assert errors == [("FORBIDDEN", "to decide disputes, a credential needs the role reviewer")]
    for name in ("shop", "analyst"):
        assert desk.asker(name).errors("disputes") == [
            ("FORBIDDEN", "to read disputes, a credential needs the role auditor or reviewer")
        ]
