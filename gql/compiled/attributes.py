"""Fields that are plain attributes of their object, read all at once.

A resolver that only reads an attribute says so by being an `Attribute`. Text, numbers and truth
values of such fields need no call for each field; whatever isn't as the schema has it is left to
the usual way, which knows what to do about it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import attrgetter, itemgetter
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLIsTypeOfFn,
    get_named_type,
    get_nullable_type,
    specified_scalar_types,
)

from gql.attributes import Attribute
from gql.compiled.state import Complete, Path, State

_TYPES: dict[str, type] = {"String": str, "ID": str, "Boolean": bool, "Float": float}
FEWEST = 2
"""From so many plain fields on it pays to read them together."""


def plain_type(field: GraphQLField, node: FieldNode) -> type | None:
    """Return the one type that a field's values have as JSON has them, None for others."""
    named = get_named_type(field.type)
    is_plain = get_nullable_type(cast(Any, field.type)) is named
    if node.arguments or not is_plain or specified_scalar_types.get(named.name) is not named:
        return None
    return _TYPES.get(named.name)


def read_together(
    made: Mapping[str, Complete],
    plain: Mapping[str, tuple[Attribute, type]],
    usual: Complete,
    is_type_of: GraphQLIsTypeOfFn | None,
) -> Complete:
    """Return what completes an object, plain fields at once.

    Args:
        made: what makes each field by itself, by its name in the answer.
        plain: those of them that are attributes, and the type that their values must have.
        usual: completes the object field by field.
        is_type_of: says whether it is of the type, where that must be asked.
    """
    if len(plain) < FEWEST:
        return usual
    names = list(plain)
    read = attrgetter(*(attribute.path for attribute, _ in plain.values()))
    wanted = [type_ for _, type_ in plain.values()]
    floats = [place for place, type_ in enumerate(wanted) if type_ is float]
    numbers = itemgetter(*floats, floats[0]) if floats else None
    others = [(name, make) for name, make in made.items() if name not in plain]
    order = dict.fromkeys(made)

    def complete(value: Any, state: State, path: Path) -> Any:
        if value is None or isinstance(value, dict | Exception):
            return usual(value, state, path)
        if is_type_of is not None and not is_type_of(value, state.info):
            return usual(value, state, path)
        try:
            found = read(value)
        except Exception:
            return usual(value, state, path)
        if [*map(type, found)] != wanted:
            return usual(value, state, path)
        if numbers is not None and not all(map(math.isfinite, numbers(found))):
            return usual(value, state, path)
        completed = order.copy()
        completed.update(zip(names, found, strict=True))
        for name, make in others:
            completed[name] = make(value, state, path)
        return completed

    return complete
