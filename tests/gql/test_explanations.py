from __future__ import annotations

from typing import Any

import pytest

from tests.gql.conftest import Asker
from tests.gql.world import MARKETPLACE, dense_exposure


def explained(asker: Asker, key: str, **variables: Any) -> dict[str, Any]:
    data = asker.ask("explanation", key=key, purpose=MARKETPLACE, **variables)
    found: dict[str, Any] = data["subject"]["explanation"]
    return found


@pytest.mark.parametrize("key", ["ann", "bob", "cid", "dot", "hub", "spoke-05"])
def test_the_points_add_up_to_the_score_exactly(shop: Asker, key: str) -> None:
    found = explained(shop, key)
    association = found["exposurePoints"] + found["trustPoints"] + found["capPoints"]
    total = found["basePoints"] + found["ownListingPoints"] + association + found["rangePoints"]
    assert total == found["score"]
    assert (
        found["score"]
        == (shop.ask("score", key=key, purpose=MARKETPLACE)["subject"]["score"]["value"])
    )


@pytest.mark.parametrize("key", ["ann", "bob", "cid", "dot"])
@pytest.mark.parametrize("name", ["exposure", "trust"])
def test_the_shares_add_up_to_the_value_within_the_stated_remainder(
    shop: Asker, key: str, name: str
) -> None:
    value = explained(shop, key)[name]
    shares = [item["share"] for item in value["contributions"]]
    assert len(shares) == value["contributionCount"]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(value["shareSum"], abs=1e-15)
    assert value["shareSum"] + value["remainder"] == pytest.approx(value["value"], abs=1e-15)
    assert abs(value["remainder"]) <= value["remainderBound"]


def test_all_exposure_comes_from_the_one_blacklisted_subject(shop: Asker) -> None:
    exposure = explained(shop, "dot")["exposure"]
    (only,) = exposure["contributions"]
    assert only["source"] == {"key": "cid"}
    assert only["isOwn"] is False
    assert only["share"] == pytest.approx(dense_exposure()["dot"], abs=1e-8)
    assert only["listings"] == [
        {
            "listName": "marketplace-fraud",
            "severity": 0.8,
            "effectiveFrom": "2020-01-01T00:00:00Z",
            "until": "2030-01-01T00:00:00Z",
        }
    ]


def test_the_strongest_path_is_the_one_by_hand(shop: Asker) -> None:
    path = explained(shop, "dot")["exposure"]["paths"][0]
    assert [step["key"] for step in path["subjects"]] == ["dot", "cid"]
    assert path["hopWeights"] == [1.0]  # dot has no other contact
    assert path["share"] == pytest.approx(0.85 * 0.15 * 0.8)


def test_no_more_contributions_come_than_were_asked_for_and_the_sums_stay(shop: Asker) -> None:
    whole, cut = explained(shop, "cid"), explained(shop, "cid", first=1)
    for name in ("exposure", "trust"):
        assert cut[name]["contributions"] == whole[name]["contributions"][:1]
        assert cut[name]["contributionCount"] == whole[name]["contributionCount"]
        assert cut[name]["shareSum"] == whole[name]["shareSum"]


def test_a_subject_that_nothing_reaches_is_told_so(shop: Asker) -> None:
    found = explained(shop, "hub")
    assert found["exposure"]["contributions"] == []
    assert found["score"] == found["basePoints"] == 650.0
    assert [reason["code"] for reason in found["reasons"]] == ["NO_EVIDENCE"]
