from __future__ import annotations

import base64
from collections import Counter

import pytest

from graphsvc import app
from tests.gql.conftest import Asker, World
from tests.gql.world import DEPOSIT, MARKETPLACE, PEOPLE, dense_exposure, dense_trust


@pytest.mark.parametrize("key", PEOPLE)
def test_exposure_and_trust_are_those_of_a_dense_solve_within_their_bounds(
    shop: Asker, key: str
) -> None:
    kind = "DEVICE" if key == "phone-1" else "ACCOUNT"
    score = shop.ask("score", kind=kind, key=key, purpose=MARKETPLACE)["subject"]["score"]
    assert abs(score["exposure"] - dense_exposure()[key]) <= score["exposureBound"] + 1e-15
    assert abs(score["trust"] - dense_trust()[key]) <= score["trustBound"] + 1e-15
    assert 0 < score["exposureBound"] <= 1e-9


def test_the_score_follows_from_the_values_by_hand(shop: Asker) -> None:
    score = shop.ask("score", key="dot", purpose=MARKETPLACE)["subject"]["score"]
    exposure = dense_exposure()["dot"]
    assert score["value"] == pytest.approx(650 - 150 * exposure / (exposure + 0.05), abs=1e-5)
    assert abs(score["value"] - 650 + 150 * exposure / (exposure + 0.05)) <= score["bound"]
    assert score["programme"] == "marketplace-integrity-linear"
    assert score["run"]["asOf"] == "2024-01-01T00:00:00Z"
    assert score["run"]["scoreBound"] == score["bound"]


def test_a_subject_has_a_relay_id_that_leads_back_to_it(shop: Asker) -> None:
    subject = shop.ask("score", key="ann", purpose=MARKETPLACE)["subject"]
    assert base64.b64decode(subject["id"]).decode() == "Subject:account:ann"
    query = "query ($id: ID!) { node(id: $id) { id ... on Subject { kind key } } }"
    assert shop.ask(query, id=subject["id"])["node"] == {
        "id": subject["id"],
        "kind": "ACCOUNT",
        "key": "ann",
    }


@pytest.mark.parametrize("id_", ["", "x", "Subject", base64.b64encode(b"Run:1").decode()])
def test_a_foreign_id_is_refused(shop: Asker, id_: str) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } }"
    message = f"id: {id_!r} is no id that this service gave"
    assert shop.errors(query, id=id_) == [("INVALID_INPUT", message)]


def test_an_impossible_key_is_refused(shop: Asker) -> None:
    (error,) = shop.errors("score", key="a\nb", purpose=MARKETPLACE)
    assert error == (
        "INVALID_RECORD",
        "key: holds control characters; only printable ones are allowed",
    )
    assert shop.errors("score", key="\ud800", purpose=MARKETPLACE)[0][0] == "INVALID_RECORD"


def test_an_unknown_subject_has_no_score_and_says_so(shop: Asker) -> None:
    answer = shop.post(
        '{ subject(kind: ACCOUNT, key: "nobody") { key score(purpose: "marketplace-integrity")'
        " { value } } }"
    ).json()
    assert answer["data"] == {"subject": {"key": "nobody", "score": None}}
    (error,) = answer["errors"]
    assert error["path"] == ["subject", "score"]
    assert error["extensions"] == {"code": "SUBJECT_NOT_FOUND"}
    assert error["message"] == "account:nobody: not known for purpose marketplace-integrity"


def test_a_purpose_without_a_run_says_so(analyst: Asker) -> None:
    (error,) = analyst.errors("score", key="ann", purpose=DEPOSIT)
    assert error[0] == "RUN_NOT_FOUND"


def test_a_score_read_touches_no_store_once_the_run_is_open(
    world: World, shop: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "CURRENT_RUN_SECONDS", 60.0)
    shop.ask("score", key="ann", purpose=MARKETPLACE)
    before = world.store.reads()
    for key in PEOPLE[:4]:
        shop.ask("score", key=key, purpose=MARKETPLACE)
        shop.ask("top_subjects", purpose=MARKETPLACE)
    assert world.store.reads() - before == Counter()


def test_a_stale_run_costs_a_look_for_another_and_for_erasures(
    world: World, shop: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "CURRENT_RUN_SECONDS", 0.0)
    before = world.store.reads()
    shop.ask(
        '{ a: subject(kind: ACCOUNT, key: "ann") { score(purpose: "marketplace-integrity") { value '
        '} } b: subject(kind: ACCOUNT, key: "bob") { score(purpose: "marketplace-integrity") { '
        "value } } }"
    )
    assert world.store.reads() - before == Counter(current_run=1, erasures=1)


def test_reasons_come_largest_first_and_as_many_as_asked(shop: Asker) -> None:
    reasons = shop.ask("reasons", key="cid", purpose=MARKETPLACE)["subject"]["score"]["reasons"]
    assert [reason["code"] for reason in reasons][:2] == [
        "OWN_BLACKLISTING",
        "TRUSTED_THROUGH_CONTACTS",
    ]
    assert reasons[0]["points"] == pytest.approx(-240.0)
    assert reasons[0]["text"].startswith("On marketplace-fraud since 2020-01-01")
    assert [abs(reason["points"]) for reason in reasons] == sorted(
        (abs(reason["points"]) for reason in reasons), reverse=True
    )
    score = shop.ask("reasons", key="cid", purpose=MARKETPLACE, first=1)["subject"]["score"]
    assert score["reasons"] == reasons[:1]


def test_top_subjects_are_those_of_the_oracle_in_order(shop: Asker) -> None:
    oracle = sorted(dense_exposure().items(), key=lambda item: -item[1])
    top = shop.ask("top_subjects", purpose=MARKETPLACE, first=5)["topSubjects"]
    assert [entry["subject"]["key"] for entry in top] == [key for key, _ in oracle]
    accounts = shop.ask("top_subjects", purpose=MARKETPLACE, first=4, kind="ACCOUNT")
    expected = [key for key, _ in oracle if key != "phone-1"]
    assert [entry["subject"]["key"] for entry in accounts["topSubjects"]] == expected


@pytest.mark.parametrize(
    ("by", "value", "is_descending"),
    [
        ("EXPOSURE", "exposure", True),
        ("TRUST", "trust", True),
        ("HIGHEST_SCORE", "value", True),
        ("LOWEST_SCORE", "value", False),
    ],
)
def test_top_subjects_stand_in_the_order_that_was_asked_for(
    shop: Asker, by: str, value: str, is_descending: bool
) -> None:
    top = shop.ask("top_subjects", purpose=MARKETPLACE, first=1000, by=by)["topSubjects"]
    values = [entry["score"][value] for entry in top]
    assert values == sorted(values, reverse=is_descending)
    assert len(values) > 50


def test_runs_state_what_they_come_from(world: World, shop: Asker) -> None:
    (run,) = shop.ask("runs", purpose=MARKETPLACE)["runs"]
    stored = world.service.store.runs(MARKETPLACE)[0]
    assert run["runId"] == stored.run_id
    assert run["checksum"] == stored.checksum
    assert run["snapshotSequence"] == stored.snapshot_sequence
    assert run["subjects"] == stored.subjects
    assert run["exposure"]["boundSum"] == stored.exposure.bound_1
    assert run["purpose"] == MARKETPLACE
