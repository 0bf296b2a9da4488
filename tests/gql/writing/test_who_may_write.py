"""Who may write what, by role and purpose: a table of its own beside the code's and the docs'."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType

from gql.schema import schema
from graphsvc.permissions import ROLES
from tests.gql.world import AS_OF, MARKETPLACE, THIN_FILE, core
from tests.gql.writing.conftest import MADE, Desk, event, fresh_key, link, listing, report

DOCS = Path(__file__).parents[3] / "docs" / "graphql.md"
WHO = {"subject": {"kind": "ACCOUNT", "key": "may"}}
NOBODY = {"kind": "ACCOUNT", "key": "nobody"}
RECORD = {"record": {"externalId": "no-such-id"}}
SERVICE, OPERATOR, ANALYST, REVIEWER, AUDITOR = "shop", "operator", "analyst", "reviewer", "auditor"
EVERYBODY = {SERVICE, OPERATOR, ANALYST, REVIEWER, AUDITOR}

CALLS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "record_events": ({"items": [event("may")]}, {SERVICE, OPERATOR}),
    "record_event": ({"item": event("may")}, {SERVICE, OPERATOR}),
    "record_links": ({"items": [link("may", "might")]}, {SERVICE, OPERATOR}),
    "record_link": ({"item": link("may", "might")}, {SERVICE, OPERATOR}),
    "record_reports": ({"items": [report("may", "might")]}, {SERVICE, OPERATOR, ANALYST}),
    "record_report": ({"item": report("may", "might")}, {SERVICE, OPERATOR, ANALYST}),
    "record_listings": ({"items": [listing("may")]}, {OPERATOR}),
    "record_listing": ({"item": listing("may")}, {OPERATOR}),
    "end_link": (RECORD | {"at": MADE}, {SERVICE, OPERATOR}),
    "lift_listing": (RECORD | {"at": MADE}, {OPERATOR}),
    "correct_record": (
        RECORD | {"fields": [{"field": "severity", "value": "1"}]},
        {SERVICE, OPERATOR, ANALYST},
    ),
    "withdraw_record": (RECORD | {"reason": "wrong"}, {SERVICE, OPERATOR, ANALYST}),
    "settle_report": (RECORD | {"outcome": "UPHELD"}, {REVIEWER}),
    "open_dispute": (RECORD | WHO | {"grounds": "no"}, {SERVICE, REVIEWER}),
    "request_human_review": (WHO | {"grounds": "no"}, {SERVICE, REVIEWER}),
    "suspend_dispute": ({"disputeId": "D-0"}, {REVIEWER}),
    "decide_dispute": (
        {"disputeId": "D-0", "outcome": "KEPT", "decision": "so"},
        {REVIEWER},
    ),
    "open_case": ({"title": "who", "subjects": [NOBODY]}, {ANALYST}),
    "add_case_note": ({"caseId": "C-0", "text": "seen"}, {ANALYST}),
    "add_case_subjects": ({"caseId": "C-0", "subjects": [NOBODY]}, {ANALYST}),
    "close_case": ({"caseId": "C-0"}, {ANALYST}),
}
WITHOUT_A_KEY = {"suspend_dispute", "decide_dispute", "add_case_subjects", "close_case"}
OF_READERS = WITHOUT_A_KEY | {
    "open_dispute",
    "request_human_review",
    "open_case",
    "add_case_note",
}


def call_of(mutation: str, **more: Any) -> dict[str, Any]:
    key = {} if mutation in WITHOUT_A_KEY else {"idempotencyKey": fresh_key()}
    return key | CALLS[mutation][0] | more


@pytest.fixture(scope="module", autouse=True)
def _published(desk: Desk) -> None:
    desk.service.store.append(core())
    desk.service.recompute(MARKETPLACE, as_of=AS_OF)


OF_WORK = {"start_recompute", "start_export", "cancel_job", "release_run", "discard_run"}
"""They write no evidence; tests/gql/test_jobs.py and test_waiting_runs.py say who may."""


def test_no_mutation_is_left_out_here() -> None:
    mutation = schema.type_map["Mutation"]
    assert isinstance(mutation, GraphQLObjectType)
    named = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in mutation.fields}
    assert named - OF_WORK == set(CALLS)


@pytest.mark.parametrize("mutation", CALLS)
def test_only_the_right_roles_write(desk: Desk, mutation: str) -> None:
    allowed = CALLS[mutation][1]
    for name in sorted(EVERYBODY - allowed):
        with desk.nothing_changes():
            ((code, message),) = desk.refused(name, mutation, **call_of(mutation))
        assert code == "FORBIDDEN"
        if mutation in OF_READERS and name == OPERATOR:  # whom no purpose lets read
            assert message.endswith("this credential may not read for it")
        else:
            assert re.fullmatch(r"to [a-z ]+, a credential needs the role [a-z ]+", message)
    for name in sorted(allowed):
        answer = desk.write(name, mutation, **call_of(mutation))
        assert answer.get("accepted") or answer["refused"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("mutation", CALLS)
@pytest.mark.parametrize("purpose", [THIN_FILE, "no-such-purpose", "", "x" * 10_000])
def test_a_purpose_that_is_not_held_is_forbidden_whether_it_exists_or_not(
    desk: Desk, mutation: str, purpose: str
) -> None:
    name = min(CALLS[mutation][1])
    with desk.nothing_changes():
        errors = desk.refused(name, mutation, **call_of(mutation, purpose=purpose))
    verb = "read" if mutation in OF_READERS else "write"
    message = f"purpose {purpose[:64]!r}: this credential may not {verb} for it"
    assert errors == [("FORBIDDEN", message)]


@pytest.mark.parametrize("mutation", CALLS)
def test_a_purpose_that_is_held_but_not_declared_is_forbidden_too(
    desk: Desk, mutation: str
) -> None:
    with desk.nothing_changes():
        ((code, _),) = desk.refused("stranger", mutation, **call_of(mutation))
    assert code == "FORBIDDEN"


def test_what_one_purpose_permits_another_does_not(desk: Desk) -> None:
    for purpose, kind in ((MARKETPLACE, "BILL_PAID"), (THIN_FILE, "CHARGEBACK")):
        with desk.nothing_changes():
            refused = desk.write(
                "chain",
                "record_event",
                idempotencyKey=fresh_key(),
                purpose=purpose,
                item=event("between", kind=kind),
            )["refused"]
        assert refused["message"] == (
            f"kind: is {kind.lower()!r}, which purpose {purpose} does not permit"
        )


def test_the_documentation_has_the_same_table() -> None:
    rows = re.findall(r"^\| (to [a-z ,]+?) \| ([a-z ,]+?) \|", DOCS.read_text(), re.MULTILINE)
    written = {act.removeprefix("to "): set(roles.split(", ")) for act, roles in rows}
    assert written == {act.value: {role.value for role in ROLES[act]} for act in ROLES}
