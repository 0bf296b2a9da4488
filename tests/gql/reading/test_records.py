from __future__ import annotations

from typing import Any

import pytest

from tests.gql.conftest import Asker, World
from tests.gql.reading.conftest import DAY, TODAY, iso
from tests.gql.world import MARKETPLACE, THIN_FILE, account


def nodes(asker: Asker, operation: str, key: str, **variables: Any) -> list[dict[str, Any]]:
    found = asker.ask(operation, key=key, **variables)["subject"][operation]
    return [edge["node"] for edge in found["edges"]]


def event_ids(asker: Asker, **variables: Any) -> list[str]:
    return [node["externalId"] for node in nodes(asker, "events", "ann", **variables)]


def test_events_are_those_that_stand_that_the_purpose_permits_and_may_still_keep(
    shop: Asker,
) -> None:
    orders = [f"order_completed:ann:{10 * n}" for n in range(1, 6)]
    assert event_ids(shop) == [*orders, "chargeback:ann:15", "right"]
    first = nodes(shop, "events", "ann")[0]
    assert first["occurredAt"] == iso(TODAY - 10 * DAY)
    assert (first["kind"], first["value"], first["source"]) == ("ORDER_COMPLETED", 1.0, "shop")
    assert first["subject"] == {"key": "ann"}


def test_another_purpose_sees_other_events_of_the_same_subject(archive: World) -> None:
    lender = archive.asker("lender")
    assert [node["kind"] for node in nodes(lender, "events", "ann")] == ["LATE_PAYMENT"]


def test_events_are_filtered_by_kind_and_time(shop: Asker) -> None:
    assert event_ids(shop, kind="CHARGEBACK") == ["chargeback:ann:15", "right"]
    assert event_ids(shop, kind="LATE_PAYMENT") == []
    since, until = iso(TODAY - 15 * DAY), iso(TODAY - 13 * DAY)
    assert event_ids(shop, since=since) == ["order_completed:ann:10", "chargeback:ann:15", "right"]
    assert event_ids(shop, since=since, until=until) == ["chargeback:ann:15"]


@pytest.mark.parametrize("first", [1, 2, 3, 7, 1000])
def test_pages_of_any_size_walk_all_events_once(shop: Asker, first: int) -> None:
    found: list[str] = []
    after = None
    while True:
        page = shop.ask("events", key="ann", first=first, after=after)["subject"]["events"]
        found += [edge["node"]["externalId"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert found == event_ids(shop)


def test_a_cursor_of_another_list_is_refused(shop: Asker) -> None:
    page = shop.ask("events", key="ann", first=1)["subject"]["events"]
    after = page["pageInfo"]["endCursor"]
    assert shop.errors("links", key="ann", after=after) == [
        (
            "INVALID_INPUT",
            f"after: {after!r} is no cursor of this list; send an endCursor that it gave",
        )
    ]


def test_a_subject_that_one_permitted_event_mentions_is_known_and_others_are_not(
    shop: Asker,
) -> None:
    assert [node["kind"] for node in nodes(shop, "events", "eve")] == ["ORDER_COMPLETED"]
    assert nodes(shop, "listings", "eve") == []
    for operation in ("events", "reports", "listings", "links"):
        for key in ("hal", "nil"):
            assert shop.errors(operation, key=key) == [
                ("SUBJECT_NOT_FOUND", f"account:{key}: not known for purpose {MARKETPLACE}")
            ]


@pytest.mark.parametrize("role", ["service", "auditor"])
def test_who_reported_is_withheld_as_in_an_export(archive: World, role: str) -> None:
    found = nodes(archive.asker(role), "reports", "cid")
    assert [node["text"] for node in found] == ["about bob", "about dot", "about analyst"]
    for node in found[:2]:
        assert (node["reporter"], node["evidence"], node["externalId"]) == (None, None, None)
        assert node["isByAnalyst"] is False
    by_analyst = found[2]
    assert (by_analyst["isByAnalyst"], by_analyst["externalId"]) == (True, "secret-analyst")
    assert by_analyst["evidence"] == ["file-of-analyst"]


@pytest.mark.parametrize("role", ["analyst", "reviewer"])
def test_who_works_on_cases_is_told_who_reported(archive: World, role: str) -> None:
    found = nodes(archive.asker(role), "reports", "cid")
    assert [node["reporter"] for node in found] == [{"key": "bob"}, {"key": "dot"}, None]
    assert [node["externalId"] for node in found] == ["secret-bob", "secret-dot", "secret-analyst"]


def test_reports_are_filtered_by_category_and_by_being_open(analyst: Asker) -> None:
    assert [n["text"] for n in nodes(analyst, "reports", "cid", openOnly=True)] == ["about bob"]
    harassment = nodes(analyst, "reports", "cid", category="HARASSMENT")
    assert [(n["text"], n["status"]) for n in harassment] == [("about dot", "UPHELD")]


def test_listings_are_of_the_lists_that_the_purpose_may_see(shop: Asker) -> None:
    found = nodes(shop, "listings", "cid")
    assert [(n["listName"], n["listKind"], n["severity"]) for n in found] == [
        ("marketplace-fraud", "BLACKLIST", 0.8),
        ("marketplace-verified", "ALLOWLIST", 0.5),
    ]
    verified = nodes(shop, "listings", "cid", listName="marketplace-verified")
    assert [node["listName"] for node in verified] == ["marketplace-verified"]
    assert nodes(shop, "listings", "cid", listName="credit-defaulters") == []
    assert nodes(shop, "listings", "cid", inForceAt="2031-01-01T00:00:00Z") == []


def test_links_are_filtered_by_kind_and_direction(shop: Asker) -> None:
    def others(**filters: str) -> list[tuple[str, str]]:
        arguments = ", ".join(f"{name}: {value}" for name, value in filters.items())
        query = (
            '{ subject(kind: ACCOUNT, key: "cid") { links(%s) { edges { direction node { kind src '
            "{ key } dst { key } } } } } }"
        ) % (arguments or "first: 20")
        edges = shop.ask(query)["subject"]["links"]["edges"]
        assert all(
            edge["node"]["src" if edge["direction"] == "OUTGOING" else "dst"]["key"] == "cid"
            for edge in edges
        )
        return [(edge["node"]["kind"], edge["direction"]) for edge in edges]

    everything = [
        ("KNOWS", "INCOMING"),
        ("PAID", "OUTGOING"),
        ("USES_DEVICE", "OUTGOING"),
        ("VOUCHES_FOR", "INCOMING"),
    ]
    assert others() == everything
    assert others(kind="PAID") == everything[1:2]
    assert others(direction="INCOMING") == [everything[0], everything[3]]
    assert others(kind="HOUSEHOLD") == []
    assert others(direction="OUTGOING", kind="KNOWS") == []


def test_each_kind_of_record_that_is_read_is_an_entry_of_the_audit(
    archive: World, shop: Asker
) -> None:
    start = archive.audit_length()
    for operation in ("events", "reports", "listings"):
        shop.ask(operation, key="cid")
    pseudonym = archive.service.pseudonyms.of_subject(account("cid"))
    assert [(e.draft.action, e.draft.subject) for e in archive.audited(start, 3)] == [
        (f"read_{operation}", pseudonym) for operation in ("events", "reports", "listings")
    ]


def test_a_purpose_that_is_not_held_reaches_no_record(archive: World, shop: Asker) -> None:
    before = archive.store.reads()
    for operation in ("events", "reports", "listings"):
        assert shop.errors(operation, key="ann", purpose=THIN_FILE) == [
            ("FORBIDDEN", f"purpose '{THIN_FILE}': this credential may not read for it")
        ]
    assert archive.store.reads() == before
