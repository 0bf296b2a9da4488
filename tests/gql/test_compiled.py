"""Compiled queries answer as GraphQL's own executor does, to the byte, errors included."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
from graphql import (
    ExecutionResult,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gql.attributes import Attribute
from gql.compiled import CompiledOperation, NotCompiledError, compile_operation
from gql.context import RequestContext
from gql.schema import schema as our_schema
from gql.tables import TableExecution
from graphsvc.access import AuditTrail, Principal
from graphsvc.model import AuditDraft, Role
from tests.gql.conftest import OPERATIONS, World
from tests.gql.world import DEPOSIT, MARKETPLACE, THIN_FILE

ANYTHING = build_schema(
    """
    enum Colour { RED GREEN }
    interface Named { name: String! }
    type Cat implements Named { name: String! lives: Int friend: Named }
    type Dog implements Named { name: String! weight: Float! tail: [Int!] }
    union Pet = Cat | Dog
    type Query {
      text: String
      sure: String!
      number: Int
      real: Float
      flag: Boolean
      id: ID
      colour: Colour
      echo(text: String! = "x", colour: Colour, numbers: [Int!], first: Int = 2): String
      cat: Cat
      named: Named
      pet: Pet
      cats: [Cat!]!
      maybe: [Cat]
      pets: [[Pet!]]
      numbers: [Int!]
      deeper: Query
      sureDeeper: Query!
    }
    """
)

DOCUMENTS = [
    "{ text sure number real flag id colour }",
    "{ cat { name lives friend { name __typename } } named { name ...on Dog { tail } } }",
    "{ pet { __typename ...C ...on Dog { weight tail } } } fragment C on Cat { lives a: name }",
    "{ cats { name } maybe { name lives friend { ...on Cat { lives } } } numbers }",
    "{ pets { ...on Named { name } ...on Dog { tail weight } } }",
    "{ deeper { sure cats { name friend { name } } sureDeeper { sure number real } } }",
    "{ a: deeper { sureDeeper { sureDeeper { sure } } } a: deeper { text } b: sureDeeper { id } }",
    "{ echo } ",
    '{ a: echo(text: "y", colour: RED, numbers: 3) b: echo(numbers: [1, 2], first: null) }',
    "query ($t: String!, $c: Colour = GREEN, $n: [Int!], $f: Int) "
    "{ echo(text: $t, colour: $c, numbers: $n, first: $f) }",
    "query ($t: String, $n: Int!) { a: echo(text: $t) b: echo(numbers: [1, $n]) }",
    "query ($skip: Boolean!, $also: Boolean = true) "
    "{ text @skip(if: $skip) cat @include(if: $also) { name lives @skip(if: $skip) } number }",
]

VARIABLES = st.dictionaries(
    st.sampled_from(["t", "c", "n", "f", "skip", "also", "unknown"]),
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**33), 2**33),
        st.floats(),
        st.sampled_from(["RED", "GREEN", "BLUE", "x", ""]),
        st.lists(st.integers(0, 5) | st.none(), max_size=3),
    ),
)

ODD = ["text", 7, 2.5, float("nan"), True, b"bytes", 2**40, None, None, [], [None], {}, "RED"]
USUAL_LEAVES: dict[str, list[object]] = {
    "String": ["", "x", "ä"],
    "ID": ["a", 7],
    "Int": [0, -7, 7],
    "Float": [0.0, 2.5, 1e300],
    "Boolean": [True, False],
    "Colour": ["RED", "GREEN"],
}


def anything(type_: Any, chance: Random, depth: int = 3) -> object:
    """Return what a resolver of that type may return, now and then what it should not."""
    if chance.random() < 0.08:
        return chance.choice([*ODD, ValueError("broken")])
    if isinstance(type_, GraphQLNonNull):
        return anything(type_.of_type, chance, depth)
    if isinstance(type_, GraphQLList):
        return [anything(type_.of_type, chance, depth) for _ in range(chance.randrange(4))]
    if type_.name in USUAL_LEAVES:
        return chance.choice(USUAL_LEAVES[type_.name])
    if isinstance(type_, GraphQLObjectType):
        return anything_of(type_, chance, depth - 1) if depth else None
    name = chance.choice(["Cat", "Dog", "Cat", "Dog", "Query", "Horse"])
    return {**anything_of(ANYTHING.type_map["Cat"], chance, depth - 1), "__typename": name}


def anything_of(type_: Any, chance: Random, depth: int = 3) -> dict[str, object]:
    return {name: anything(field.type, chance, depth) for name, field in type_.fields.items()}


def _of_root(name: str) -> Any:
    """Read a field of the root from the context: a compiled query has no root value."""

    def resolve(source: Any, info: GraphQLResolveInfo) -> Any:
        return (info.context if source is None else source).get(name)

    return resolve


def _echo(source: Any, info: GraphQLResolveInfo, **given: Any) -> str:
    return repr(sorted(given.items()))


for _name, _field in ANYTHING.query_type.fields.items():  # type: ignore[union-attr]
    _field.resolve = _echo if _name == "echo" else _of_root(_name)


def compiled(schema: GraphQLSchema, text: str) -> CompiledOperation:
    document = parse(text)
    assert validate(schema, document) == []
    operation = cast(OperationDefinitionNode, document.definitions[0])
    found = compile_operation(schema, document, operation)
    assert found is not None
    return found


def shown(result: ExecutionResult) -> bytes:
    """Return all of a result as bytes, the order of fields included."""
    errors = [error.formatted for error in result.errors or ()]
    return json.dumps([result.data, errors], default=repr).encode()


COMPILED = {text: compiled(ANYTHING, text) for text in DOCUMENTS}


@given(st.sampled_from(DOCUMENTS), st.integers(0, 2**32), VARIABLES)
@settings(max_examples=600, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_whatever_resolvers_return_or_raise_both_ways_answer_the_same(
    text: str, seed: int, variables: dict[str, Any]
) -> None:
    root = anything_of(ANYTHING.query_type, Random(seed))
    expected = execute_sync(
        ANYTHING,
        parse(text),
        context_value=root,
        variable_values=variables,
        hide_suggestions=True,
    )
    try:
        found = COMPILED[text].run(variables, root, hide_suggestions=True)
    except NotCompiledError:
        # The executor has its own words for a type that can't be, and for @include(if: null).
        words = "Abstract type|is not a possible type|Argument 'if' of non-null type"
        assert any(re.search(words, error.message) for error in expected.errors or ())
    else:
        assert shown(found) == shown(expected)


OF_ATTRIBUTES = build_schema(
    """
    type Place { town: String! north: Float east: Float! }
    type Person {
      name: String! nick: String height: Float! weight: Float is_here: Boolean id: ID!
      age: Int place: Place friend: Person
    }
    type Query { person: Person sure: Person! }
    """
)
FROM = {"town": "place.town", "north": "place.north", "east": "place.east"}
for _type in ("Person", "Place"):
    _fields = cast(GraphQLObjectType, OF_ATTRIBUTES.type_map[_type]).fields
    for _name, _field in _fields.items():
        _field.resolve = Attribute(FROM.get(_name, _name))
cast(GraphQLObjectType, OF_ATTRIBUTES.type_map["Place"]).is_type_of = lambda value, info: (
    not hasattr(value, "is_elsewhere")
)
for _name, _field in OF_ATTRIBUTES.query_type.fields.items():  # type: ignore[union-attr]
    _field.resolve = lambda source, info: info.context

ATTRIBUTE_DOCUMENTS = [
    "{ person { name height weight is_here id } }",
    "{ person { nick age name place { east town north __typename } friend { h: weight name } } }",
    "{ sure { b: name a: name id friend { friend { name nick } place { north east } } is_here } }",
]
ATTRIBUTE_COMPILED = {text: compiled(OF_ATTRIBUTES, text) for text in ATTRIBUTE_DOCUMENTS}


def anybody(chance: Random, depth: int = 3) -> object:
    """Return somebody, nearly always as the schema has it; some lack something."""
    usual: dict[str, list[object]] = {
        "name": ["ann"],
        "nick": ["an", None],
        "height": [1.75],
        "weight": [70.5, None],
        "is_here": [True],
        "id": ["7"],
        "age": [30],
        "east": [0.0],
        "town": ["Ulm"],
        "north": [48.4],
    }
    if chance.random() < 0.05:
        return chance.choice([*ODD, ValueError("nobody"), {"name": "a dict", "id": "8"}])
    values = {
        name: chance.choice([*ODD, float("inf"), ValueError("broken")])
        if chance.random() < 0.02
        else chance.choice(found)
        for name, found in usual.items()
        if chance.random() > 0.01
    }
    found = SimpleNamespace(**values)
    # A place names itself, as a score's values do, one attribute further on.
    found.place = found
    if chance.random() < 0.02:
        found.is_elsewhere = True
    found.friend = anybody(chance, depth - 1) if depth else None
    return found


@given(st.sampled_from(ATTRIBUTE_DOCUMENTS), st.integers(0, 2**32))
@settings(max_examples=400, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_attributes_are_read_together_to_the_same_answer(text: str, seed: int) -> None:
    root = anybody(Random(seed))
    expected = execute_sync(OF_ATTRIBUTES, parse(text), context_value=root)
    found = ATTRIBUTE_COMPILED[text].run({}, root, hide_suggestions=False)
    assert shown(found) == shown(expected)


class ListedTrail:
    """Takes entries as the trail does, and keeps them."""

    def __init__(self) -> None:
        self.drafts: list[AuditDraft] = []

    def record(self, drafts: Sequence[AuditDraft]) -> None:
        self.drafts += drafts

    def told(self) -> list[tuple[str, str | None, str | None]]:
        return [(draft.action, draft.purpose, draft.subject) for draft in self.drafts]


ASKER = Principal(
    key_id="0" * 16,
    name="asker",
    roles=frozenset({Role.ANALYST}),
    purposes=frozenset({MARKETPLACE, DEPOSIT}),
)
SUBJECTS = [{"kind": "ACCOUNT", "key": key} for key in ("ann", "nobody", "cid", "ann")]
USUAL = {
    "key": "ann",
    "kind": "ACCOUNT",
    "purpose": MARKETPLACE,
    "first": 3,
    "subjects": SUBJECTS,
}
ODDITIES: list[dict[str, Any]] = [
    {},
    {"key": "nobody"},
    {"key": "hub"},
    {"key": ""},
    {"key": 7},
    {"kind": "DEVICE"},
    {"kind": "NOTHING"},
    {"purpose": DEPOSIT},
    {"purpose": THIN_FILE},
    {"purpose": None},
    {"first": 0},
    {"first": None},
    {"first": 2**31},
    {"after": "nonsense"},
    {"subjects": []},
    {"subjects": [{"kind": "ACCOUNT"}]},
    {"subjects": SUBJECTS * 300},
]


def queries() -> list[str]:
    return sorted(
        file.stem
        for file in OPERATIONS.glob("*.graphql")
        if _operation(file.read_text()).operation is OperationType.QUERY
    )


def _operation(text: str) -> OperationDefinitionNode:
    return next(
        definition
        for definition in parse(text).definitions
        if isinstance(definition, OperationDefinitionNode)
    )


@pytest.mark.parametrize("name", queries())
def test_every_query_of_ours_is_answered_and_audited_alike_both_ways(
    name: str, world: World
) -> None:
    text = (OPERATIONS / f"{name}.graphql").read_text()
    document = parse(text)
    operation = compile_operation(our_schema, document, _operation(text))
    assert operation is not None
    for oddity in ODDITIES:
        variables: Mapping[str, Any] = {**USUAL, **oddity}
        told = []
        for is_compiled in (True, False):
            trail = ListedTrail()
            context = RequestContext(world.service, cast(AuditTrail, trail), ASKER)
            if is_compiled:
                result = operation.run(variables, context, hide_suggestions=True)
            else:
                result = execute_sync(
                    our_schema,
                    document,
                    context_value=context,
                    variable_values=dict(variables),
                    execution_context_class=TableExecution,
                    hide_suggestions=True,
                )
            told.append((shown(result), trail.told()))
        assert told[0] == told[1], oddity


@pytest.mark.parametrize(
    "text",
    [
        "mutation { text }",
        "{ __schema { description } }",
        '{ deeper { text } __type(name: "Cat") { name } }',
        "query ($a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!, $e: Boolean!) { text "
        "@skip(if: $a) @include(if: $b) id @skip(if: $c) @include(if: $d) flag @skip(if: $e) }",
    ],
)
def test_what_is_not_plain_is_left_to_the_executor(text: str) -> None:
    document = parse(text)
    operation = cast(OperationDefinitionNode, document.definitions[0])
    assert compile_operation(ANYTHING, document, operation) is None


def test_a_resolver_that_looks_for_its_own_field_sends_the_query_to_the_executor() -> None:
    schema = build_schema("type Query { where: String }")
    schema.query_type.fields["where"].resolve = (  # type: ignore[union-attr]
        lambda source, info: info.path.as_list()[0]
    )
    with pytest.raises(NotCompiledError, match="path"):
        compiled(schema, "{ here: where }").run({}, None, hide_suggestions=True)


def test_a_coroutine_is_left_to_the_executor() -> None:
    async def later(source: Any, info: GraphQLResolveInfo) -> str:
        return "later"

    schema = build_schema("type Query { later: String }")
    schema.query_type.fields["later"].resolve = later  # type: ignore[union-attr]
    document = parse("{ later }")
    operation = cast(OperationDefinitionNode, document.definitions[0])
    assert compile_operation(schema, document, operation) is None
