from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from graphql import execute_sync, parse, validate

from gql.context import RequestContext
from gql.schema import schema
from gql.tables import Table, execute_tables
from graphsvc import app, redress
from graphsvc.access import AuditTrail, Principal
from graphsvc.model import DisputeStatus
from tests.gql.conftest import Asker, World
from tests.gql.world import DEPOSIT, MARKETPLACE, PEOPLE, account

ASKED = ["dot", "nobody", "cid", "ann", "hal", "dot", "x" * 300, "a\0b", "\ud800"]


def inputs(keys: list[str]) -> list[dict[str, str]]:
    return [{"kind": "ACCOUNT", "key": key} for key in keys]


def decided(asker: Asker, keys: list[str], **variables: Any) -> list[dict[str, Any]]:
    data = asker.ask("decisions", purpose=MARKETPLACE, subjects=inputs(keys), **variables)
    found: list[dict[str, Any]] = data["decisions"]
    return found


def test_decisions_come_in_the_order_asked_and_the_unknown_are_data(shop: Asker) -> None:
    rows = decided(shop, ASKED)
    assert [row["subject"]["key"] for row in rows] == ASKED
    problems = ["SUBJECT_NOT_FOUND" if row["decision"] is None else None for row in rows]
    assert [row["problem"] for row in rows] == problems
    known = [row["subject"]["key"] for row in rows if row["decision"]]
    assert known == ["dot", "cid", "ann", "dot"]


def test_each_decision_is_the_one_that_the_service_gives_of_that_subject_alone(
    world: World, shop: Asker
) -> None:
    run = world.service.scores(MARKETPLACE).run
    for row in decided(shop, PEOPLE[:4]):
        alone = world.service.advise(MARKETPLACE, account(row["subject"]["key"]))
        assert row["decision"] == {
            "advice": alone.advice.name,
            "needsPerson": alone.advice.name == "REVIEW",
            "onOwnEvidence": alone.on_own_evidence.name,
            "score": alone.score,
            "bound": run.score_bound,
            "band": alone.band,
            "width": alone.width,
            "ownPoints": alone.own_points,
            "associationPoints": alone.association_points,
            "policy": "marketplace-checkout",
            "policyVersion": 1,
            "programme": run.programme,
            "runId": run.run_id,
            "reasons": [
                {"code": reason.code, "points": reason.points, "text": reason.text}
                for reason in alone.reasons
            ],
        }


def test_a_blacklisted_subject_gets_its_adverse_reasons_in_order(shop: Asker) -> None:
    (row,) = decided(shop, ["cid"])
    codes = [reason["code"] for reason in row["decision"]["reasons"]]
    assert row["decision"]["advice"] in {"STEP_UP", "REVIEW"}
    assert codes[0] in {"CRITICAL_SCORE", "LOW_SCORE"}
    assert "OWN_LISTINGS" in codes


def test_who_asked_for_a_person_gets_no_adverse_advice_by_rule(
    world: World, shop: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redress, "REVIEW_SECONDS", 0.0)
    (before,) = decided(shop, ["cid"])
    step, _ = world.service.redress.open(
        account("cid"), MARKETPLACE, grounds="look at it", actor="test"
    )
    try:
        (during,) = decided(shop, ["cid"])
    finally:
        world.service.redress.decide(
            step.dispute_id, DisputeStatus.KEPT, decision="looked at", actor="test"
        )
    assert (during["decision"]["advice"], during["decision"]["needsPerson"]) == ("REVIEW", True)
    codes = [[reason["code"] for reason in row["decision"]["reasons"]] for row in (before, during)]
    assert [one.count("HUMAN_REVIEW") for one in codes] == [0, 1]


@pytest.mark.parametrize("count", [0, 1001])
def test_from_one_to_a_thousand_subjects_are_decided_at_once(shop: Asker, count: int) -> None:
    subjects = inputs(["ann"] * count)
    assert shop.errors("decisions", purpose=MARKETPLACE, subjects=subjects) == [
        ("INVALID_INPUT", f"subjects: are {count}; from 1 to 1000 are needed")
    ]
    assert len(decided(shop, ["ann"] * 1000)) == 1000


def test_what_is_no_subject_is_told_in_graphqls_own_words(shop: Asker) -> None:
    for wrong in ({"kind": "GHOST", "key": "a"}, {"kind": "ACCOUNT"}, {"kind": 1, "key": "a"}):
        (error,) = shop.errors("decisions", purpose=MARKETPLACE, subjects=[wrong])
        assert error[0] == "GRAPHQL_VALIDATION_FAILED"
        assert "at 'subjects[0]" in error[1]


def test_no_store_is_read_for_a_thousand_subjects_once_the_run_is_open(
    world: World, shop: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "CURRENT_RUN_SECONDS", 60.0)
    monkeypatch.setattr(redress, "REVIEW_SECONDS", 60.0)
    decided(shop, ["ann"])
    before = world.store.reads()
    decided(shop, [f"nobody-{n}" for n in range(900)] + [*PEOPLE[:4], "hub"] * 20)
    assert world.store.reads() - before == Counter()


def test_every_subject_that_is_decided_on_is_in_the_audit_once(world: World, shop: Asker) -> None:
    start = world.audit_length()
    decided(shop, ["ann", "nobody", "ann", "bob"])
    shop.ask("decision", key="cid", purpose=MARKETPLACE)
    assert [(e.draft.action, e.draft.subject) for e in world.audited(start, at_least=3)] == [
        ("read_advice", world.service.pseudonyms.of_subject(account(key)))
        for key in ("ann", "bob", "cid")
    ]


def test_a_subject_leads_to_its_decision(shop: Asker) -> None:
    decision = shop.ask("decision", key="cid", purpose=MARKETPLACE)["subject"]["decision"]
    (row,) = decided(shop, ["cid"])
    assert decision == {name: row["decision"][name] for name in decision}
    assert shop.errors("decision", key="nil", purpose=MARKETPLACE) == [
        ("SUBJECT_NOT_FOUND", f"account:nil: not known for purpose {MARKETPLACE}")
    ]


def test_a_programme_of_another_purpose_is_none_whoever_has_it(shop: Asker) -> None:
    for other in ("thin-file-credit-linear", "no-such"):
        (error,) = shop.errors(
            "decisions", purpose=MARKETPLACE, subjects=inputs(["ann"]), programme=other
        )
        assert error == (
            "INVALID_INPUT",
            f"programme: {other!r} is none of purpose {MARKETPLACE}; "
            "it has: marketplace-integrity-linear, marketplace-integrity-near",
        )


def test_without_a_run_nothing_is_decided(analyst: Asker) -> None:
    answer = analyst.post_operation("decisions", purpose=DEPOSIT, subjects=inputs(["ann"])).json()
    assert answer["data"] == {"decisions": None}
    assert answer["errors"][0]["extensions"]["code"] == "RUN_NOT_FOUND"


SELECTIONS = [
    "{ __typename problem subject { id k: kind key __typename } }",
    "{ decision { ...D } } fragment D on Decision { s: score band reasons { __typename text } }",
    "{ decision { advice @skip(if: true) runId @include(if: true) } subject { key @skip(if: true) "
    "kind @skip(if: true) } }",
    "{ decision { reasons { points ... on Reason { code } } } decision { bound width } }",
    '{ subject { key score(purpose: "marketplace-integrity") { value } } decision { advice } }',
]


@pytest.mark.filterwarnings("default::DeprecationWarning")
@pytest.mark.parametrize("selection", SELECTIONS)
def test_columns_and_graphqls_own_executor_give_the_same_answer(
    world: World, selection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, _, fragment = selection.partition(" fragment")
    document = parse(
        "query ($subjects: [SubjectInput!]!) { decisions(purpose: "
        f'"{MARKETPLACE}", subjects: $subjects) {body} }}'
        + (f" fragment{fragment}" if fragment else "")
    )
    assert validate(schema, document) == []
    principal = Principal(
        key_id="k", name="n", roles=frozenset({"service"}), purposes=frozenset({MARKETPLACE})
    )
    rows_made = Counter[int]()
    row = Table.__getitem__
    monkeypatch.setattr(
        Table, "__getitem__", lambda table, n: (rows_made.update([n]), row(table, n))[1]
    )
    with AuditTrail(world.service.store) as trail:
        by_columns, by_rows = (
            run(
                schema,
                document,
                context_value=RequestContext(world.service, trail, principal),
                variable_values={"subjects": inputs(["dot", "nobody", "cid", "hub", "ann"])},
            )
            for run in (execute_tables, execute_sync)
        )
    messages = [[str(e) for e in found.errors or []] for found in (by_columns, by_rows)]
    assert messages[0] == messages[1]
    assert by_columns.data == by_rows.data
    assert by_rows.data is not None
    assert len(by_rows.data["decisions"]) == 5
    assert rows_made
