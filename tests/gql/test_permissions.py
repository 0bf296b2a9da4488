from __future__ import annotations

from collections import Counter

import httpx
import pytest

from graphsvc.access import ACCESS_FOLDER, create_key, revoke_key
from tests.gql.conftest import Asker, World
from tests.gql.world import DEPOSIT, MARKETPLACE, THIN_FILE, account

READS = {
    "score": {"key": "ann"},
    "reasons": {"key": "ann"},
    "links": {"key": "ann"},
    "explanation": {"key": "ann"},
    "top_subjects": {},
    "runs": {},
}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer gsk_0123456789abcdef_" + "A" * 43},
        {"Authorization": "Basic Zm9vOmJhcg=="},
        {"X-API-Key": "nonsense"},
    ],
)
def test_without_a_valid_key_nothing_is_parsed(world: World, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{world.url}/graphql", content=b"\xff not json", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="graphsvc"')
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}


def test_either_header_carries_the_key(world: World, shop: Asker) -> None:
    for headers in (
        {"Authorization": f"Bearer {shop.secret}"},
        {"Authorization": f"bearer {shop.secret}"},
        {"X-API-Key": shop.secret},
    ):
        answer = httpx.post(
            f"{world.url}/graphql", json={"query": "{ purposes { name } }"}, headers=headers
        )
        assert answer.json()["data"] == {"purposes": [{"name": MARKETPLACE}]}
        assert answer.headers["cache-control"] == "no-store"


def test_a_running_server_notices_new_and_revoked_keys(world: World) -> None:
    folder = world.service.settings.data_dir / ACCESS_FOLDER
    key, secret = create_key(folder, "guest", [MARKETPLACE], ["service"])
    guest = Asker(world.url, secret)
    assert guest.ask("purposes")["purposes"]
    revoke_key(folder, key.id)
    assert guest.post("{ purposes { name } }").status_code == 401


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize("purpose", [DEPOSIT, "no-such-purpose", "", "x" * 10_000])
def test_a_purpose_that_is_not_held_is_forbidden_whether_it_exists_or_not(
    world: World, shop: Asker, operation: str, purpose: str
) -> None:
    before = world.store.reads()
    assert shop.errors(operation, purpose=purpose, **READS[operation]) == [
        ("FORBIDDEN", f"purpose {purpose[:64]!r}: this credential may not read for it")
    ]
    assert world.store.reads() - before == Counter()


def test_a_role_that_the_purpose_does_not_admit_is_forbidden(world: World, analyst: Asker) -> None:
    lender = world.asker("lender")
    assert lender.errors("score", key="ann", purpose=THIN_FILE) == [
        ("FORBIDDEN", f"purpose '{THIN_FILE}': this credential may not read for it")
    ]
    assert lender.errors("links", key="ann")[0][0] == "FORBIDDEN"
    assert lender.ask("purposes") == {"purposes": []}
    assert analyst.ask("runs", purpose=THIN_FILE)["runs"]


def test_a_purpose_that_is_held_but_not_declared_is_forbidden_too(world: World) -> None:
    stranger = world.asker("stranger")
    assert stranger.ask("purposes") == {"purposes": []}
    assert stranger.errors("runs", purpose="no-such-purpose")[0][0] == "FORBIDDEN"


def test_one_request_reads_for_one_purpose(analyst: Asker) -> None:
    answer = analyst.post(
        f'{{ subject(kind: ACCOUNT, key: "ann") {{ one: score(purpose: "{MARKETPLACE}") {{ value }}'
        f' two: score(purpose: "{THIN_FILE}") {{ value }} }} }}'
    ).json()
    assert answer["data"]["subject"]["one"] is not None
    assert answer["data"]["subject"]["two"] is None
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN"}
    assert error["message"] == (
        f"purpose '{THIN_FILE}': this request reads for '{MARKETPLACE}' already; "
        "send one request for each purpose"
    )


def test_purposes_show_what_is_held_and_what_each_permits(analyst: Asker) -> None:
    purposes = analyst.ask("purposes")["purposes"]
    assert [purpose["name"] for purpose in purposes] == [DEPOSIT, MARKETPLACE, THIN_FILE]
    thin_file = purposes[2]
    assert thin_file["linkKinds"] == ["VOUCHES_FOR"]
    assert thin_file["associationCapPoints"] == 40.0
    assert thin_file["hopLimit"] == 2
    assert thin_file["legalBasis"].startswith("pre-contractual steps")
    assert thin_file["readerRoles"] == ["analyst", "auditor", "reviewer"]
    assert purposes[1]["hopLimit"] is None


def test_every_read_is_audited_once_a_request_with_actor_purpose_and_subject(
    world: World, shop: Asker
) -> None:
    start = world.audit_length()
    shop.ask("score", key="ann", purpose=MARKETPLACE)
    shop.ask("explanation", key="bob", purpose=MARKETPLACE)
    shop.ask("links", key="cid")
    shop.ask(
        '{ a: subject(kind: ACCOUNT, key: "dot") { score(purpose: "marketplace-integrity") { value '
        '} } b: subject(kind: ACCOUNT, key: "dot") { score(purpose: "marketplace-integrity") { '
        "trust } } }"
    )
    shop.ask("top_subjects", purpose=MARKETPLACE, first=2, by="TRUST")
    shop.errors("score", key="nobody", purpose=MARKETPLACE)
    entries = world.audited(start, at_least=6)
    assert [(entry.draft.action, entry.draft.subject) for entry in entries] == [
        (action, world.service.pseudonyms.of_subject(account(key)))
        for action, key in (
            ("read_score", "ann"),
            ("read_explanation", "bob"),
            ("read_links", "cid"),
            ("read_score", "dot"),
            ("read_score", "ann"),
            ("read_score", "bob"),
        )
    ]
    assert not any("account:" in str(entry.draft) for entry in entries)
    assert {entry.draft.purpose for entry in entries} == {MARKETPLACE}
    assert all(entry.draft.actor.startswith("shop (key ") for entry in entries)
    assert all(entry.is_intact() for entry in entries)
