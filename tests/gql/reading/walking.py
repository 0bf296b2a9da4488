"""Walks the schema: which fields there are, how they are reached, and queries that ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    Undefined,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from gql.schema import schema

SAMPLES = {
    "String": '"x"',
    "ID": '"x"',
    "Int": "2",
    "Long": "1",
    "Float": "600.0",
    "Boolean": "false",
    "DateTime": '"2020-01-01T00:00:00Z"',
}
NAMED = {"kind": "ACCOUNT", "key": '"cid"', "first": "9"}
"""What an argument or input field of that name is given."""


@dataclass(frozen=True)
class Place:
    """A field that takes a purpose, and the fields that lead from Query to it."""

    owner: GraphQLObjectType
    name: str
    way: tuple[tuple[str, GraphQLField], ...]

    @property
    def field(self) -> GraphQLField:
        return self.owner.fields[self.name]

    def __str__(self) -> str:
        return f"{self.owner.name}.{self.name}"

    def asking(self, purpose: str, selection: str, alias: str = "") -> str:
        """Return a query's root field that leads there, with a selection of what it returns."""
        inner = f"{self.name}{arguments_of(self.field, purpose)} {selection}"
        for name, field in reversed(self.way):
            inner = f"{name}{arguments_of(field, purpose)} {{ {inner} }}"
        return f"{alias}: {inner}" if alias else inner


def objects() -> list[GraphQLObjectType]:
    """Return the object types of the schema."""
    return [
        type_
        for name, type_ in sorted(schema.type_map.items())
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
    ]


def query_type() -> GraphQLObjectType:
    assert schema.query_type is not None
    return schema.query_type


def takes_purpose(field: GraphQLField) -> bool:
    return "purpose" in field.args


def places() -> list[Place]:
    """Return every field that takes a purpose and is read, each by the shortest way to it."""
    root = query_type()
    ways: dict[str, tuple[tuple[str, GraphQLField], ...]] = {root.name: ()}
    waiting = [root]
    found = []
    while waiting:
        owner = waiting.pop(0)
        for name, field in owner.fields.items():
            if takes_purpose(field):
                found.append(Place(owner, name, ways[owner.name]))
            for next_ in returned(field):
                if next_.name not in ways:
                    ways[next_.name] = (*ways[owner.name], (name, field))
                    waiting.append(next_)
    return found


def returned(field: GraphQLField) -> list[GraphQLObjectType]:
    """Return the object types that a field leads to; ids lead to all that have one."""
    named = get_named_type(field.type)
    return [named] if isinstance(named, GraphQLObjectType) else []


def arguments_of(field: GraphQLField, purpose: str) -> str:
    """Return a field's arguments: the purpose, what is required, and how many items."""
    given = []
    for name, argument in field.args.items():
        if name == "purpose":
            given.append(f'purpose: "{purpose}"')
        elif name == "first" or is_required_argument(argument):
            given.append(f"{name}: {sample(name, argument.type)}")
    return f"({', '.join(given)})" if given else ""


def sample(name: str, type_: object) -> str:
    """Return something that an argument or input field of this name and type takes."""
    if isinstance(type_, GraphQLNonNull):
        return sample(name, type_.of_type)
    if isinstance(type_, GraphQLList):
        return f"[{sample(name, type_.of_type)}]"
    if name in NAMED:
        return NAMED[name]
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLScalarType):
        return SAMPLES[type_.name]
    assert isinstance(type_, GraphQLInputObjectType), type_
    fields = {n: f for n, f in type_.fields.items() if is_required_input_field(f)}
    fields = fields or dict(list(type_.fields.items())[:1])
    inner = ", ".join(f"{name}: {sample(name, field.type)}" for name, field in fields.items())
    return f"{{ {inner} }}"


def everything_in(
    type_: GraphQLNamedType, purpose: str, depth: int, on_the_way: frozenset[str] = frozenset()
) -> str:
    """Return a selection of all that a type has, so many levels deep, no type within itself."""
    if is_leaf_type(type_):
        return ""
    if not isinstance(type_, GraphQLObjectType):
        return "{ __typename }"
    return f"{{ __typename {' '.join(_chosen(type_, purpose, depth, on_the_way))} }}"


def _chosen(
    type_: GraphQLObjectType, purpose: str, depth: int, on_the_way: frozenset[str]
) -> Iterator[str]:
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        is_leaf = is_leaf_type(named)
        if not is_leaf and (depth == 0 or named.name in on_the_way):
            continue
        others = [a for n, a in field.args.items() if n != "purpose" and is_required_argument(a)]
        if any(argument.default_value is Undefined for argument in others):
            continue
        inner = everything_in(named, purpose, depth - 1, on_the_way | {type_.name})
        yield f"{name}{arguments_of(field, purpose)} {inner}"
