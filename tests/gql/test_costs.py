"""What an operation costs is known before it runs, bounded by role, and paid for by key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, OperationDefinitionNode, get_named_type, parse, validate

from gql.admission import TokenBuckets
from gql.costs import ASSUMED_ITEMS, DECLARED, REQUEST, CostPlan, is_list, sizing_arguments
from gql.schema import schema
from tests.gql.conftest import Asker, RunningServer, World, make_keys, open_world, text_of
from tests.gql.world import AS_OF, MARKETPLACE, core


def cost(text: str, **variables: object) -> int:
    document = parse(text)
    assert validate(schema, document) == []
    (operation,) = (
        found for found in document.definitions if isinstance(found, OperationDefinitionNode)
    )
    return CostPlan.of(schema, document, operation).cost(variables) - REQUEST


LINKS = (
    'links(purpose: "p", first: %s) '
    "{ edges { other { key } node { kind } } pageInfo { hasNextPage } }"
)
SUBJECT = '{ subject(kind: ACCOUNT, key: "ann") { %s } }'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", 0),
        (SUBJECT % "key", 1),
        (SUBJECT % 'score(purpose: "p") { value }', 2),
        (SUBJECT % 'explanation(purpose: "p") { score }', 5002),
        # 1 for the subject, 30 for the page; for each link 2 and its edge, ends, node, page info
        (SUBJECT % LINKS % 5, 1 + 30 + 5 * (2 + 1 + 1 + 1 + 1)),
        (SUBJECT % LINKS % 1000, 1 + 30 + 1000 * 6),
        (SUBJECT % LINKS % 2_000_000_000, 1 + 30 + 1000 * 6),
        ('{ ...F } fragment F on Query { runs(purpose: "p", first: 3) { runId } }', 100 + 3),
        ("{ purposes { name } }", 5 + ASSUMED_ITEMS),
        (SUBJECT % '... on Subject @include(if: false) { score(purpose: "p") { value } }', 2),
    ],
)
def test_the_cost_is_the_one_by_hand(text: str, expected: int) -> None:
    assert cost(text) == expected


def test_lengths_come_from_variables_and_their_defaults() -> None:
    text = 'query ($n: Int! = 7) { runs(purpose: "p", first: $n) { runId } }'
    assert cost(text, n=3) == 103
    assert cost(text) == 107
    assert cost('{ runs(purpose: "p") { runId } }') == 120  # the argument's own default


def test_a_list_among_the_arguments_counts_as_often_as_it_is_long() -> None:
    text = text_of("decisions")
    subjects = [{"kind": "ACCOUNT", "key": str(number)} for number in range(50)]
    one = cost(text, purpose="p", subjects=subjects[:1])
    assert cost(text, purpose="p", subjects=subjects) == 100 + 50 * (one - 100)


def test_a_change_costs_by_the_records_that_it_brings() -> None:
    text = "mutation ($input: RecordReportsInput!) { recordReports(input: $input) { %s } }"
    for chosen, each in (("__typename", 20), ("accepted { __typename }", 21)):
        one, nine = (cost(text % chosen, input={"reports": [{}] * count}) for count in (1, 9))
        assert nine - one == 8 * each


@pytest.mark.parametrize("nonsense", [None, "x", -5, 1e300, True, {}, [[]]])
def test_nonsense_for_a_length_costs_something_and_breaks_nothing(nonsense: object) -> None:
    text = 'query ($n: Int!) { runs(purpose: "p", first: $n) { runId } }'
    assert 100 <= cost(text, n=nonsense) <= 1100


def test_pages_of_pages_multiply_and_are_refused(shop: Asker) -> None:
    page = 'links(purpose: "marketplace-integrity", first: 1000) { edges { other { %s } } }'
    text = SUBJECT % page % page % page % "key"
    assert cost(text) > 10**9
    assert shop.errors(text) == [
        (
            "QUERY_TOO_COSTLY",
            f"the query costs {cost(text) + REQUEST}; at most 100000 is allowed: "
            "ask for fewer items (`first`), or in several requests",
        )
    ]


def test_every_list_of_objects_without_a_length_is_short_by_nature() -> None:
    objects = {
        name: type_
        for name, type_ in schema.type_map.items()
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
    }
    counted = {
        get_named_type(field.type).name
        for type_ in objects.values()
        for field in type_.fields.values()
        if sizing_arguments(field, is_change=type_ is schema.mutation_type)
    }
    unbounded = {
        f"{name}.{field_name}"
        for name, type_ in objects.items()
        for field_name, field in type_.fields.items()
        if is_list(field.type) and isinstance(get_named_type(field.type), GraphQLObjectType)
        if name not in counted and not sizing_arguments(field)
    }
    # A new name here: give the field a `first`, or say why it can't be long.
    assert unbounded <= {
        "Query.purposes",  # as many as the key holds
        "ScoreChanges.changes",  # 200 at most in one message
        "Contribution.listings",
        "ExplainedValue.paths",  # three
        "InfluencePath.subjects",
        "Decision.reasons",  # a handful
        "AdverseAction.reasons",  # four
        "Score.lines",  # whole, or it would not add up; answered by columns
        "Explanation.lines",
        "Score.sideBySide",  # as many as the purpose has programmes
        "Query.programmes",
        "Query.policies",
        "Programme.conductances",  # what operators declare, here and below
        "Programme.events",
        "Programme.listings",
        "Programme.bands",
        "Policy.rules",
        "WhatWouldChange.records",  # the fewest that would have to go
        "Case.subjects",  # what analysts enter by hand
        "Case.notes",
    }


def test_the_documentation_has_every_declared_cost() -> None:
    text = (Path(__file__).parents[2] / "docs" / "graphql.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (\d+) \| (\d+) \|$", text, flags=re.MULTILINE)
    declared = {name: (str(cost.base), str(cost.item)) for name, cost in DECLARED.items()}
    assert {name: (base, item) for name, base, item in rows} == declared


def test_the_answer_says_what_it_cost_and_what_the_role_allows(world: World) -> None:
    for name, most in (("shop", 100_000), ("analyst", 500_000)):
        answer = world.asker(name).post_operation(
            "score", kind="ACCOUNT", key="ann", purpose=MARKETPLACE
        )
        assert answer.json()["extensions"]["cost"]["maximum"] == most
        assert answer.json()["extensions"]["cost"]["requested"] > REQUEST


def test_what_is_too_costly_for_a_service_is_not_for_an_analyst(world: World) -> None:
    query = '{ topSubjects(purpose: "%s", first: 100) { score { reasons { code } } } }'
    text = query % MARKETPLACE
    before = world.store.reads()
    assert world.asker("shop").errors(text)[0][0] == "QUERY_TOO_COSTLY"
    assert world.store.reads() == before
    smaller = text.replace("first: 100)", "first: 50)")
    assert world.asker("shop").errors(smaller)[0][0] == "QUERY_TOO_COSTLY"
    assert world.asker("analyst").ask(smaller)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_what_it_holds_then_what_flows_in_and_says_how_long_to_wait() -> None:
    clock = Clock()
    buckets = TokenBuckets(10, 100, clock)
    assert buckets.take("a", 60) == 0
    assert buckets.take("a", 60) == pytest.approx(2.0)  # 20 are missing, at 10 a second
    assert buckets.take("b", 100) == 0
    clock.now = 2.0
    assert buckets.take("a", 60) == 0
    assert buckets.take("a", 1) > 0
    clock.now = 1000.0
    assert buckets.take("a", 100) == 0
    assert buckets.take("a", 1) == pytest.approx(0.1)


def test_a_request_that_no_bucket_holds_empties_a_full_one_and_is_paid_off_later() -> None:
    clock = Clock()
    buckets = TokenBuckets(10, 100, clock)
    assert buckets.take("a", 150) == 0
    assert buckets.take("a", 1) == pytest.approx(5.1)
    clock.now = 5.2
    assert buckets.take("a", 1) == 0


def test_a_rate_of_nothing_means_none() -> None:
    buckets = TokenBuckets(0, 1)
    assert [buckets.take("a", 10**9) for _ in range(3)] == [0, 0, 0]


def test_a_key_that_asks_too_fast_is_told_when_to_come_back_and_others_go_on(
    tmp_path: Path,
) -> None:
    service, store = open_world(tmp_path, rate_cost_per_second=1, rate_burst_cost=700)
    service.store.append(core())
    service.recompute(MARKETPLACE, as_of=AS_OF)
    secrets = make_keys(tmp_path)
    with RunningServer(service) as url:
        shop, analyst = Asker(url, secrets["shop"]), Asker(url, secrets["analyst"])
        answers = [
            shop.post_operation("score", kind="ACCOUNT", key="ann", purpose=MARKETPLACE)
            for _ in range(60)
        ]
        statuses = [answer.status_code for answer in answers]
        assert sorted(statuses) == statuses  # 200 until it is 429
        assert set(statuses) == {200, 429}
        last = answers[-1]
        assert last.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED"}
        assert 1 <= int(last.headers["retry-after"]) <= 60
        before = store.reads()
        assert shop.post("{ purposes { name } }").status_code == 429
        assert store.reads() == before
        assert analyst.ask("score", kind="ACCOUNT", key="ann", purpose=MARKETPLACE)
