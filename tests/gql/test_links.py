from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.gql.conftest import Asker
from tests.gql.world import DEPOSIT, MARKETPLACE, standing_spokes


def walk(asker: Asker, key: str, first: int, purpose: str) -> list[dict[str, Any]]:
    edges: list[dict[str, Any]] = []
    after = None
    while True:
        page = asker.ask("links", key=key, first=first, after=after, purpose=purpose)
        links = page["subject"]["links"]
        assert len(links["edges"]) <= first
        assert links["pageInfo"]["hasPreviousPage"] is (after is not None)
        edges.extend(links["edges"])
        if not links["pageInfo"]["hasNextPage"]:
            return edges
        assert links["pageInfo"]["endCursor"] == links["edges"][-1]["cursor"]
        after = links["pageInfo"]["endCursor"]


@pytest.mark.parametrize("first", [1, 7, 20, 1000])
def test_pages_of_any_size_walk_all_standing_links_exactly_once(shop: Asker, first: int) -> None:
    edges = walk(shop, "hub", first, MARKETPLACE)
    assert sorted(edge["other"]["key"] for edge in edges) == standing_spokes()
    sequences = [edge["node"]["sequence"] for edge in edges]
    assert sequences == sorted(set(sequences))


def test_a_page_that_ends_with_the_last_link_says_that_nothing_follows(shop: Asker) -> None:
    count = len(standing_spokes())
    links = shop.ask("links", key="hub", first=count)["subject"]["links"]
    assert len(links["edges"]) == count
    assert links["pageInfo"]["hasNextPage"] is False
    after_end = shop.ask("links", key="hub", after=links["pageInfo"]["endCursor"])
    assert after_end["subject"]["links"]["edges"] == []
    assert after_end["subject"]["links"]["pageInfo"]["endCursor"] is None


def test_a_link_kind_that_the_purpose_forbids_never_appears(shop: Asker, analyst: Asker) -> None:
    for key in ("ann", "hub"):
        kinds = {edge["node"]["kind"] for edge in walk(shop, key, 50, MARKETPLACE)}
        assert "HOUSEHOLD" not in kinds
        allowed = {edge["node"]["kind"] for edge in walk(analyst, key, 50, DEPOSIT)}
        assert allowed == {"HOUSEHOLD"}


def test_a_link_tells_what_its_source_stated(shop: Asker) -> None:
    _, paid, _ = shop.ask("links", key="cid")["subject"]["links"]["edges"]
    assert paid["direction"] == "OUTGOING"
    assert paid["other"] == {"kind": "ACCOUNT", "key": "dot"}
    assert paid["node"] == {
        "kind": "PAID",
        "weight": 100.0,
        "count": 3,
        "validFrom": "2024-01-01T00:00:00Z",
        "validTo": "2031-06-01T00:00:00Z",
        "source": "hand",
        "externalId": "paid:account:cid:account:dot",
        "sequence": 3,
    }
    (incoming,) = shop.ask("links", key="dot")["subject"]["links"]["edges"]
    assert incoming["direction"] == "INCOMING"
    assert incoming["other"]["key"] == "cid"
    assert incoming["node"] == paid["node"]


def test_a_correction_takes_the_place_of_what_it_corrects(shop: Asker) -> None:
    (edge,) = shop.ask("links", key="spoke-00")["subject"]["links"]["edges"]
    assert (edge["node"]["externalId"], edge["node"]["weight"]) == ("corrected:0", 2.0)


def test_a_subject_known_through_forbidden_evidence_alone_looks_like_an_unknown_one(
    shop: Asker,
) -> None:
    for operation in ("links", "score", "explanation", "reasons"):
        known_elsewhere = shop.post_operation(operation, key="hal", purpose=MARKETPLACE)
        unknown = shop.post_operation(operation, key="nil", purpose=MARKETPLACE)
        assert unknown.status_code == known_elsewhere.status_code
        assert unknown.text == known_elsewhere.text.replace("hal", "nil").replace(
            base64.b64encode(b"Subject:account:hal").decode(),
            base64.b64encode(b"Subject:account:nil").decode(),
        )
        assert "SUBJECT_NOT_FOUND" in unknown.text


def test_with_a_cursor_too_it_looks_like_an_unknown_one(shop: Asker) -> None:
    cursor = base64.b64encode(b"link:3").decode()
    for key in ("hal", "nil"):
        assert shop.errors("links", key=key, after=cursor) == [
            ("SUBJECT_NOT_FOUND", f"account:{key}: not known for purpose {MARKETPLACE}")
        ]


def test_the_purpose_may_be_left_out_only_where_there_is_one(shop: Asker, analyst: Asker) -> None:
    assert shop.ask("links", key="ann") == shop.ask("links", key="ann", purpose=MARKETPLACE)
    assert analyst.errors("links", key="ann") == [
        ("INVALID_INPUT", "purpose: is missing, and this credential holds 3; name one of them")
    ]


@pytest.mark.parametrize(
    "cursor", ["", "x", "bGluaw==", "c2NvcmU6MQ==", base64.b64encode(b"link:-1").decode(), "é"]
)
def test_what_is_no_cursor_of_links_is_refused(shop: Asker, cursor: str) -> None:
    assert shop.errors("links", key="hub", after=cursor) == [
        (
            "INVALID_INPUT",
            f"after: {cursor!r} is no cursor of this list; send an endCursor that it gave",
        )
    ]
