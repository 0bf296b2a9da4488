from __future__ import annotations

import pytest
from graphql import get_introspection_query

from tests.gql.conftest import Asker
from tests.gql.world import MARKETPLACE

ANN = '{ subject(kind: ACCOUNT, key: "ann") { %s } }'


def nested(levels: int) -> str:
    """Return a query of `levels` levels, three for each step to a neighbour."""
    inner = "key"
    for _ in range(levels):
        inner = f"links(first: 5) {{ edges {{ other {{ {inner} }} }} }}"
    return ANN % inner


def test_a_query_of_twelve_levels_runs_and_a_deeper_one_does_not(shop: Asker) -> None:
    assert shop.ask(nested(3))
    assert shop.errors(nested(4)) == [
        ("QUERY_TOO_LARGE", "the query is 14 levels deep; at most 12 are allowed")
    ]


def test_depth_is_measured_through_fragments(shop: Asker) -> None:
    fragments = " ".join(
        f"fragment F{n} on Subject {{ links {{ edges {{ other {{ ...F{n + 1} }} }} }} }}"
        for n in range(4)
    )
    text = f"query {ANN % '...F0'} {fragments} fragment F4 on Subject {{ key }}"
    assert shop.errors(text)[0][1] == "the query is 14 levels deep; at most 12 are allowed"


def test_fragments_that_unfold_without_end_are_measured_at_once(shop: Asker) -> None:
    fragments = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    text = f"query {{ ...F0 }} {fragments} fragment F60 on Query {{ __typename }}"
    assert shop.errors(text) == [
        (
            "QUERY_TOO_LARGE",
            f"the query is {2**60} fields large, fragments unfolded; at most 500 are allowed",
        )
    ]


def test_a_fragment_that_spreads_itself_is_refused(shop: Asker) -> None:
    text = "query { ...F } fragment F on Query { __typename ...F }"
    assert shop.errors(text)[0] == (
        "GRAPHQL_VALIDATION_FAILED",
        "Cannot spread fragment 'F' within itself.",
    )


def test_aliases_are_limited(shop: Asker) -> None:
    text = "{" + " ".join(f"a{n}: __typename" for n in range(31)) + "}"
    assert shop.errors(text) == [
        (
            "QUERY_TOO_LARGE",
            "the query is 31 aliases large, fragments unfolded; at most 30 are allowed",
        )
    ]


def test_tokens_are_limited(shop: Asker) -> None:
    expected = [("QUERY_TOO_LARGE", "the query has more than 2000 tokens or 200 comments")]
    assert shop.errors("{ %s }" % ("__typename " * 2000)) == expected
    assert shop.errors("{ __typename }" + "\n#" * 300) == expected


@pytest.mark.parametrize("text", ["{a" * 900, "{ a(b: %s" % ("[" * 1900)])
def test_nesting_beyond_what_a_parser_bears_is_an_ordinary_error(shop: Asker, text: str) -> None:
    assert shop.errors(text)[0][0] in {"GRAPHQL_PARSE_FAILED", "QUERY_TOO_LARGE"}


def test_introspection_is_not_measured_by_its_depth(analyst: Asker) -> None:
    types = analyst.ask(get_introspection_query(descriptions=True))["__schema"]["types"]
    assert "Subject" in {entry["name"] for entry in types}


@pytest.mark.parametrize("first", [0, -1, 1001, 2**31 - 1])
@pytest.mark.parametrize(
    ("operation", "variables"),
    [
        ("links", {"key": "hub", "purpose": MARKETPLACE}),
        ("reasons", {"key": "cid", "purpose": MARKETPLACE}),
        ("top_subjects", {"purpose": MARKETPLACE}),
        ("runs", {"purpose": MARKETPLACE}),
    ],
)
def test_pages_are_from_one_to_a_thousand(
    shop: Asker, operation: str, variables: dict[str, str], first: int
) -> None:
    assert shop.errors(operation, first=first, **variables) == [
        ("INVALID_INPUT", f"first: is {first}; a number from 1 to 1000 is needed")
    ]
