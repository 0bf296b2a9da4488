from __future__ import annotations

from typing import Any

import pytest

from tests.gql.conftest import Asker, World
from tests.gql.reading.conftest import DAY, ROLES, TODAY, iso
from tests.gql.world import DEPOSIT, MARKETPLACE, THIN_FILE, account

AUDIT = """query (
  $purpose: String!, $first: Int = 1000, $after: String, $action: String, $since: DateTime,
  $subject: SubjectInput
) {
  audit(
    purpose: $purpose, first: $first, after: $after, action: $action, since: $since
    subject: $subject
  ) {
    edges { cursor node { position at actor action purpose subject detail previousHash entryHash } }
    pageInfo { hasNextPage endCursor }
  }
}"""


@pytest.fixture
def auditor(archive: World) -> Asker:
    return archive.asker("auditor")


def entries(asker: Asker, **variables: Any) -> list[dict[str, Any]]:
    found = asker.ask(AUDIT, purpose=MARKETPLACE, **variables)["audit"]
    return [edge["node"] for edge in found["edges"]]


def test_an_auditor_reads_the_chain_of_the_purpose_and_nothing_else(
    archive: World, auditor: Asker, shop: Asker
) -> None:
    shop.ask("events", key="ann")
    length = archive.audit_length()
    stored = [
        entry
        for entry in archive.service.store.audit_entries(0, 1_000_000)
        if entry.draft.purpose == MARKETPLACE and entry.position <= length
    ]
    found = entries(auditor)
    assert [node["position"] for node in found] == [entry.position for entry in stored][:1000]
    assert found[0]["action"] == "recompute"
    assert [node["entryHash"] for node in found] == [entry.entry_hash for entry in stored][:1000]
    assert {node["purpose"] for node in found} == {MARKETPLACE}


def test_looking_at_the_audit_is_in_the_audit(archive: World, auditor: Asker) -> None:
    start = archive.audit_length()
    auditor.ask(AUDIT, purpose=MARKETPLACE, subject={"kind": "ACCOUNT", "key": "ann"})
    (entry,) = archive.audited(start, 1)
    assert (entry.draft.action, entry.draft.purpose) == ("read_audit", MARKETPLACE)
    assert entry.draft.subject == archive.service.pseudonyms.of_subject(account("ann"))
    assert entry.draft.actor.startswith("auditor (key ")


def test_entries_are_filtered_by_action_subject_and_time(
    archive: World, auditor: Asker, shop: Asker
) -> None:
    shop.ask("listings", key="dot")
    archive.audit_length()
    of_dot = entries(auditor, subject={"kind": "ACCOUNT", "key": "dot"}, action="read_listings")
    assert of_dot
    assert {(node["action"], node["subject"]) for node in of_dot} == {
        ("read_listings", archive.service.pseudonyms.of_subject(account("dot")))
    }
    assert entries(auditor, action="no such action") == []
    assert entries(auditor, since=iso(TODAY + DAY)) == []
    assert entries(auditor, since=iso(TODAY - DAY))[0]["action"] == "recompute"


def test_pages_walk_the_chain_once(auditor: Asker) -> None:
    found: list[int] = []
    after = None
    while len(found) < 12:
        page = auditor.ask(AUDIT, purpose=MARKETPLACE, first=5, after=after)["audit"]
        found += [edge["node"]["position"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert found == [node["position"] for node in entries(auditor)][: len(found)]


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"auditor"}))
def test_nobody_but_an_auditor_reads_it(archive: World, role: str) -> None:
    message = archive.asker(role).errors(AUDIT, purpose=MARKETPLACE)[0]
    assert message[0] == "FORBIDDEN"
    if role != "operator":  # whom the purpose admits to nothing
        assert message[1] == "to read the audit, a credential needs the role auditor"


def test_an_auditor_of_one_purpose_is_none_of_another(auditor: Asker) -> None:
    for purpose in (THIN_FILE, DEPOSIT):
        assert auditor.errors(AUDIT, purpose=purpose) == [
            ("FORBIDDEN", f"purpose '{purpose}': this credential may not read for it")
        ]
