from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from graphsvc.access import CredentialKind, Principal
from graphsvc.case_desk import CaseDesk
from graphsvc.model import Role
from tests.gql.world import AS_OF, MARKETPLACE, THIN_FILE, account, core
from tests.gql.writing.conftest import Desk, fresh_key

BOB, CID = ({"kind": "ACCOUNT", "key": key} for key in ("bob", "cid"))
HAL = {"kind": "ACCOUNT", "key": "hal"}  # whom only forbidden evidence mentions


@pytest.fixture(scope="module", autouse=True)
def _published(desk: Desk) -> None:
    desk.service.store.append(core())
    desk.service.recompute(MARKETPLACE, as_of=AS_OF)


def opened(desk: Desk, *subjects: dict[str, str], title: str = "two of one device") -> Any:
    answer = desk.write(
        "analyst",
        "open_case",
        idempotencyKey=fresh_key(),
        title=title,
        subjects=list(subjects) or [CID],
    )
    assert answer["refused"] is None, answer
    return answer["case"]


def test_a_case_is_opened_noted_extended_closed_and_read_back(desk: Desk) -> None:
    case = opened(desk, CID)
    note = {"idempotencyKey": fresh_key(), "caseId": case["id"]}
    desk.write("analyst", "add_case_note", **note, text="same device")
    desk.write("analyst", "add_case_subjects", caseId=case["id"], subjects=[BOB, CID])
    desk.write(
        "analyst",
        "add_case_note",
        caseId=case["id"],
        idempotencyKey=fresh_key(),
        text="knows the other",
        subject=BOB,
    )
    closed = desk.write("analyst", "close_case", caseId=case["id"])["case"]
    found = desk.asker("auditor").ask("case", id=case["id"])["case"]
    assert {name: found[name] for name in closed} == closed
    assert (found["title"], found["status"]) == ("two of one device", "CLOSED")
    assert found["purpose"] == MARKETPLACE
    assert found["subjects"] == [{"key": "cid"}, {"key": "bob"}]
    assert [(note["text"], note["subject"]) for note in found["notes"]] == [
        ("same device", None),
        ("knows the other", {"key": "bob"}),
    ]
    assert found["openedAt"] <= found["closedAt"]
    for name in (found["openedBy"], found["closedBy"], found["notes"][0]["enteredBy"]):
        assert name.startswith("analyst (key ")


def test_every_step_again_changes_nothing(desk: Desk) -> None:
    opening = {"idempotencyKey": fresh_key(), "title": "again", "subjects": [CID]}
    case = desk.write("analyst", "open_case", **opening)["case"]["id"]
    note = {"idempotencyKey": fresh_key(), "caseId": case, "text": "seen"}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("open_case", opening),
        ("add_case_note", note),
        ("add_case_subjects", {"caseId": case, "subjects": [BOB]}),
        ("close_case", {"caseId": case}),
    ]
    for mutation, call in steps:
        first = desk.write("analyst", mutation, **call)
        assert first["alreadyDone"] is (mutation == "open_case")
        with desk.nothing_changes():
            again = desk.write("analyst", mutation, **call)
        assert again == first | {"alreadyDone": True}


def test_a_key_that_comes_again_with_other_content_is_refused(desk: Desk) -> None:
    opening: dict[str, Any] = {
        "idempotencyKey": fresh_key(),
        "title": "other",
        "subjects": [CID],
    }
    case = desk.write("analyst", "open_case", **opening)["case"]["id"]
    note = {"idempotencyKey": fresh_key(), "caseId": case, "text": "seen"}
    desk.write("analyst", "add_case_note", **note)
    with desk.nothing_changes():
        answers = [
            desk.write("analyst", "open_case", **(opening | {"title": "another"})),
            desk.write("analyst", "open_case", **(opening | {"subjects": [CID, BOB]})),
            desk.write("analyst", "add_case_note", **(note | {"text": "not seen"})),
        ]
    assert {answer["refused"]["code"] for answer in answers} == {"IDEMPOTENCY_CONFLICT"}
    assert answers[2]["refused"]["message"] == (
        "idempotencyKey: was used for another note; send a new key with new content"
    )


def test_equal_requests_at_once_make_one_case_one_note_and_one_end(desk: Desk) -> None:
    opening = {"idempotencyKey": fresh_key(), "title": "at once", "subjects": [CID, BOB]}
    before = desk.service.store.last_sequence()

    def send(mutation: str, call: dict[str, Any]) -> Any:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: desk.write("analyst", mutation, **call), range(6)))
        assert {answer["refused"] is None for answer in answers} == {True}
        return answers[0]["case"]["id"]

    case = send("open_case", opening)
    send("add_case_note", {"idempotencyKey": fresh_key(), "caseId": case, "text": "one"})
    send("close_case", {"caseId": case})
    assert desk.service.store.last_sequence() == before + 3 + 1 + 1


def test_what_cannot_be_done_says_so_and_changes_nothing(desk: Desk) -> None:
    closed = opened(desk, CID)["id"]
    desk.write("analyst", "close_case", caseId=closed)
    case = opened(desk, CID)["id"]
    unknown = f"subjects: account:hal is not known for purpose {MARKETPLACE}"
    with desk.nothing_changes():
        for mutation, call, field, code, message in (
            ("open_case", {"title": " ", "subjects": [CID]}, "title", "INVALID_RECORD", ""),
            ("open_case", {"title": "who", "subjects": [HAL]}, "subjects", "NOT_FOUND", unknown),
            ("add_case_note", {"caseId": case, "text": ""}, "text", "INVALID_RECORD", ""),
            (
                "add_case_note",
                {"caseId": case, "text": "he", "subject": BOB},
                "subject",
                "NOT_FOUND",
                "subject: is account:bob, which the case is not about; add it first",
            ),
            ("add_case_note", {"caseId": closed, "text": "late"}, "caseId", "CONFLICT", ""),
            ("add_case_subjects", {"caseId": closed, "subjects": [BOB]}, "caseId", "CONFLICT", ""),
            ("add_case_subjects", {"caseId": case, "subjects": [HAL]}, "subjects", "NOT_FOUND", ""),
            (
                "close_case",
                {"caseId": "C-0"},
                "caseId",
                "NOT_FOUND",
                f"caseId: is 'C-0', which is not known for purpose {MARKETPLACE}",
            ),
        ):
            key = {} if mutation in ("add_case_subjects", "close_case") else _key()
            refused = desk.write("analyst", mutation, **key, **call)["refused"]
            assert (refused["field"], refused["code"]) == (field, code), refused
            assert refused["message"].startswith(message)
        errors = desk.refused("analyst", "open_case", **_key(), title="none", subjects=[])
    assert errors == [("INVALID_INPUT", "subjects: are 0; from 1 to 1000 are needed")]


def _key() -> dict[str, str]:
    return {"idempotencyKey": fresh_key()}


def test_a_case_shows_for_its_own_purpose_only(desk: Desk) -> None:
    service = desk.service
    lender = Principal(
        key_id="1",
        name="lender",
        roles=frozenset({Role.ANALYST}),
        purposes=frozenset({THIN_FILE}),
        kind=CredentialKind.API_KEY,
    )
    other = CaseDesk(service, lender, service.library.purpose(THIN_FILE), lambda drafts: None)
    service.store.append([])
    case = opened(desk, CID)["id"]
    assert other.page(status=None, subject=None, after_sequence=0, limit=10).cases == []
    asker = desk.asker("reviewer")
    assert asker.ask("case", id=case)["case"]["title"] == "two of one device"
    assert asker.errors("case", id="C-0") == [
        ("NOT_FOUND", f"case 'C-0': not known for purpose {MARKETPLACE}")
    ]
    assert asker.errors("cases", purpose=THIN_FILE)[0][0] == "FORBIDDEN"
    assert desk.asker("shop").errors("cases") == [
        ("FORBIDDEN", "to read cases, a credential needs the role analyst or auditor or reviewer")
    ]


def every_page(ask: Any, first: int, **filters: Any) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = ask("cases", first=first, after=after, **filters)["cases"]
        found += [edge["node"]["id"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def test_cases_are_read_page_by_page_by_state_and_by_subject(desk: Desk) -> None:
    made = [opened(desk, *subjects)["id"] for subjects in ((CID,), (BOB,), (BOB, CID))]
    desk.write("analyst", "close_case", caseId=made[1])
    ask = desk.asker("analyst").ask
    every = every_page(ask, first=1000)
    assert every_page(ask, first=1) == every
    assert [case for case in every if case in made] == made
    assert set(made) & set(every_page(ask, first=2, subject=BOB)) == {made[1], made[2]}
    assert set(made) & set(every_page(ask, first=2, status="CLOSED")) == {made[1]}


def test_a_page_costs_as_many_store_calls_whatever_is_on_it(desk: Desk) -> None:
    for _ in range(3):
        opened(desk)
    calls = []
    for first in (1, 100):
        before = desk.store.reads()
        desk.asker("auditor").ask("cases", first=first)
        calls.append(desk.store.reads() - before)
    assert calls[0] == calls[1] == Counter({"case_openings": 1, "case_entries": 1})


def test_every_step_and_every_read_is_in_the_audit(desk: Desk) -> None:
    case = opened(desk, {"kind": "ACCOUNT", "key": "dot"})["caseId"]
    desk.write("analyst", "add_case_note", **_key(), caseId=case, text="seen")
    desk.write("analyst", "close_case", caseId=case)
    desk.asker("auditor").ask("case", id=case)
    drafts = [entry.draft for entry in desk.audited("dot", last="read_case")]
    steps = [draft for draft in drafts if draft.action.startswith("case_")]
    assert [(draft.actor.split(" ")[0], str(draft.action), draft.detail) for draft in steps] == [
        ("analyst", "case_opened", case),
        ("analyst", "case_noted", case),
        ("analyst", "case_closed", case),
    ]
    assert {draft.purpose for draft in steps} == {MARKETPLACE}
    assert ("auditor", "read_case") in {
        (draft.actor.split(" ")[0], str(draft.action)) for draft in drafts
    }


def test_erasing_a_subject_takes_its_cases_and_leaves_others_theirs(desk: Desk) -> None:
    alone = opened(desk, BOB, title="bob alone")["id"]
    shared = opened(desk, BOB, CID, title="bob and another")["id"]
    for text, about in (("on bob", {"subject": BOB}), ("on both", {})):
        desk.write("analyst", "add_case_note", **_key(), caseId=shared, text=text, **about)
    desk.write("analyst", "add_case_note", **_key(), caseId=alone, text="he did it")

    held = desk.service.redress.export(account("bob"), actor="test")
    told = {getattr(stored.record, "text", None) for stored in held.records}
    assert {"bob alone", "he did it", "on bob"} <= told
    assert told.isdisjoint({"bob and another", "on both"})

    desk.service.redress.erase(account("bob"), actor="test")
    ask = desk.asker("analyst")
    assert ask.errors("case", id=alone)[0][0] == "NOT_FOUND"
    left = ask.ask("case", id=shared)["case"]
    assert left["subjects"] == [{"key": "cid"}]
    assert [note["text"] for note in left["notes"]] == ["on both"]
