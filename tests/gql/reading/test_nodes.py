from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.gql.conftest import Asker, World
from tests.gql.world import MARKETPLACE, THIN_FILE, account

TYPES = {
    "Subject", "Purpose", "Run", "Programme", "Policy", "Link", "Event", "Report", "Listing",
    "AuditEntry", "Dispute", "Case",
}  # fmt: skip

IDS = """query ($purpose: String!) {
  purposes { id name }
  programmes(purpose: $purpose) { id }
  policies(purpose: $purpose) { id }
  runs(purpose: $purpose) { id }
  audit(purpose: $purpose, first: 2) { edges { node { id } } }
  subject(kind: ACCOUNT, key: "cid") {
    id
    links(purpose: $purpose) { edges { node { id } } }
    reports(purpose: $purpose) { edges { node { id } } }
    listings(purpose: $purpose) { edges { node { id } } }
  }
  disputes(purpose: $purpose) { edges { node { id } } }
  cases(purpose: $purpose) { edges { node { id } } }
  ann: subject(kind: ACCOUNT, key: "ann") { events(purpose: $purpose) { edges { node { id } } } }
}"""
COMMON = {"idempotencyKey": "of the ids", "purpose": MARKETPLACE}
DISPUTE = COMMON | {
    "subject": {"kind": "ACCOUNT", "key": "cid"},
    "record": {"source": "desk", "externalId": "secret-analyst"},
    "grounds": "I said otherwise.",
}
CASE = COMMON | {"title": "chargebacks", "subjects": [{"kind": "ACCOUNT", "key": "ann"}]}
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"


def ids_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["id"]] if "id" in value else []
        return own + [found for inner in value.values() for found in ids_in(inner)]
    return [found for inner in value for found in ids_in(inner)] if isinstance(value, list) else []


@pytest.fixture(scope="module")
def ids(archive: World) -> list[str]:
    """Ids of every type, of the marketplace."""
    everything = archive.asker("everything")
    assert everything.ask("open_dispute", input=DISPUTE)["openDispute"]["dispute"]
    assert everything.ask("open_case", input=CASE)["openCase"]["case"]
    found = everything.ask(IDS, purpose=MARKETPLACE)
    found["purposes"] = [one for one in found["purposes"] if one["name"] == MARKETPLACE]
    return ids_in(found)


def id_of(*parts: object) -> str:
    return base64.b64encode(":".join(map(str, parts)).encode()).decode()


def test_every_id_leads_back_to_its_object_alone_and_with_others(
    archive: World, ids: list[str]
) -> None:
    everything = archive.asker("everything")
    together = everything.ask(NODES, ids=ids)["nodes"]
    assert [node["id"] for node in together] == ids
    assert {node["__typename"] for node in together} == TYPES
    by_type = {node["__typename"]: node for node in together}
    for node in by_type.values():
        assert everything.ask(NODE, id=node["id"])["node"] == node


def test_an_id_leads_nobody_to_a_purpose_that_is_not_held(archive: World, ids: list[str]) -> None:
    lender = archive.asker("lender")
    before = archive.store.reads()
    for id_ in ids:
        if base64.b64decode(id_).startswith(b"Subject:"):
            continue
        assert lender.errors(NODE, id=id_) == [
            ("FORBIDDEN", f"purpose '{MARKETPLACE}': this credential may not read for it")
        ]
    assert archive.store.reads() == before


@pytest.mark.parametrize(
    ("noun", "act", "readers"),
    [
        ("Dispute", "read disputes", {"reviewer", "auditor"}),
        ("Case", "read cases", {"analyst", "reviewer", "auditor"}),
    ],
)
def test_an_id_of_a_dispute_or_case_leads_its_readers_there_and_nobody_else(
    archive: World, ids: list[str], noun: str, act: str, readers: set[str]
) -> None:
    (id_,) = [one for one in ids if base64.b64decode(one).startswith(noun.encode())]
    forbidden = [
        ("FORBIDDEN", f"to {act}, a credential needs the role {' or '.join(sorted(readers))}")
    ]
    for role in ("service", "analyst", "reviewer", "auditor"):
        asker = archive.asker(role)
        if role in readers:
            start = archive.audit_length()
            assert asker.ask(NODE, id=id_)["node"] == {"__typename": noun, "id": id_}
            (entry,) = archive.audited(start, 1)
            assert entry.draft.action == f"read_{noun.lower()}"
        else:
            assert asker.errors(NODE, id=id_) == forbidden
    assert archive.asker("operator").errors(NODE, id=id_) == [
        ("FORBIDDEN", f"purpose '{MARKETPLACE}': this credential may not read for it")
    ]


def test_disputes_and_cases_are_found_by_either_of_their_ids(
    archive: World, ids: list[str]
) -> None:
    reviewer = archive.asker("reviewer")
    for noun in ("Dispute", "Case"):
        field, own = noun.lower(), f"{noun.lower()}Id"
        (id_,) = [one for one in ids if base64.b64decode(one).startswith(noun.encode())]
        query = f"query ($id: ID!) {{ {field}(id: $id) {{ id {own} }} }}"
        found = reviewer.ask(query, id=id_)[field]
        assert base64.b64decode(id_).decode() == f"{noun}:{MARKETPLACE}:{found[own]}"
        assert reviewer.ask(query, id=found[own])[field] == found
    elsewhere = id_of("Case", THIN_FILE, found["caseId"])
    query = "query ($id: ID!) { case(id: $id) { id } }"
    assert [code for code, _ in reviewer.errors(query, id=elsewhere)] == ["FORBIDDEN"]
    assert archive.asker("everything").ask(NODE, id=elsewhere)["node"] is None


def test_ids_of_two_purposes_are_not_answered_together(archive: World) -> None:
    asked = [id_of("Purpose", THIN_FILE), id_of("Purpose", MARKETPLACE)]
    answer = archive.asker("everything").post(NODES, {"ids": asked}).json()
    assert answer["data"] == {"nodes": None}
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_a_record_that_the_purpose_forbids_or_that_stands_no_more_is_not_there(
    archive: World, shop: Asker
) -> None:
    store = archive.service.store

    def sequence(external_id: str) -> int:
        stored = store.record("shop", external_id)
        assert stored is not None
        return stored.sequence

    late = sequence("late_payment:ann:20")
    sequences = [late, *map(sequence, ("wrong", "order_completed:ann:3000", "gone")), 10**9]
    asked = [id_of("Event", MARKETPLACE, sequence) for sequence in sequences]
    assert shop.ask(NODES, ids=asked)["nodes"] == [None] * 5
    as_a_link = id_of("Link", MARKETPLACE, sequence("right"))
    assert shop.ask(NODE, id=as_a_link)["node"] is None
    lender_asks = id_of("Event", THIN_FILE, late)
    assert archive.asker("lender").ask(NODE, id=lender_asks)["node"]["__typename"] == "Event"


@pytest.mark.parametrize(
    "id_",
    [
        id_of("Event", MARKETPLACE),
        id_of("Event", MARKETPLACE, "x"),
        id_of("Event", MARKETPLACE, "-1"),
        id_of("Link", MARKETPLACE, 2**63),
        id_of("Link", MARKETPLACE, "9" * 5000),
        id_of("AuditEntry", MARKETPLACE, "\u0661"),
        id_of("Event", ""),
        id_of("Subject", "ghost:1"),
        id_of("Nothing", 1),
        id_of("Programme", MARKETPLACE, ""),
        id_of("Dispute", MARKETPLACE),
        "no base64",
        "",
    ],
)
def test_what_is_no_id_is_refused_alone_and_among_others(shop: Asker, id_: str) -> None:
    message = f"id: {id_[:64]!r} is no id that this service gave"
    assert shop.errors(NODE, id=id_) == [("INVALID_INPUT", message)]
    others = [id_of("Subject", "account:ann"), id_]
    assert shop.errors(NODES, ids=others) == [("INVALID_INPUT", message)]


def test_what_an_id_names_but_is_not_there_is_null(archive: World, shop: Asker) -> None:
    for noun in ("Run", "Programme", "Policy"):
        assert shop.ask(NODE, id=id_of(noun, MARKETPLACE, "no-such"))["node"] is None
    everything = archive.asker("everything")
    for noun in ("Dispute", "Case"):
        assert everything.ask(NODE, id=id_of(noun, MARKETPLACE, "no-such"))["node"] is None


@pytest.mark.parametrize("count", [0, 1001])
def test_from_one_to_a_thousand_ids_are_answered(shop: Asker, count: int) -> None:
    ids = [id_of("Subject", "account:ann")] * count
    assert shop.errors(NODES, ids=ids)[0] == (
        "INVALID_INPUT",
        f"ids: are {count}; from 1 to 1000 are needed",
    )


def test_a_record_that_is_read_by_its_id_is_in_the_audit(archive: World, shop: Asker) -> None:
    report = archive.service.store.record("desk", "secret-bob")
    assert report is not None
    start = archive.audit_length()
    shop.ask(NODE, id=id_of("Report", MARKETPLACE, report.sequence))
    (entry,) = archive.audited(start, 1)
    assert (entry.draft.action, entry.draft.subject) == (
        "read_reports",
        archive.service.pseudonyms.of_subject(account("cid")),
    )


def test_a_run_is_found_by_its_id_for_its_own_purpose_only(archive: World, shop: Asker) -> None:
    query = "query ($p: String!, $id: String!) { run(purpose: $p, runId: $id) { runId purpose } }"
    own = archive.service.runs(MARKETPLACE)[0].run_id
    other = archive.service.runs(THIN_FILE)[0].run_id
    assert shop.ask(query, p=MARKETPLACE, id=own)["run"] == {"runId": own, "purpose": MARKETPLACE}
    for run_id in (other, "no-such"):
        assert shop.errors(query, p=MARKETPLACE, id=run_id) == [
            ("RUN_NOT_FOUND", f"purpose {MARKETPLACE} has no run {run_id!r}")
        ]
