"""Scalars and enums of an answer: the usual values by one look at their type, others as usual."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from typing import Any

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLEnumType,
    GraphQLLeafType,
    Undefined,
    specified_scalar_types,
)
from graphql.pyutils import inspect

Leaf = Callable[[Any], Any]
"""Returns what the answer has for a value; None for none."""

_LARGEST = sys.float_info.max


def leaf(type_: GraphQLLeafType) -> Leaf:
    """Return what completes values of a scalar or an enum."""
    if isinstance(type_, GraphQLEnumType):
        return _enum(type_)
    if specified_scalar_types.get(type_.name) is type_:
        return _SPECIFIED[type_.name](_any(type_))
    return _any(type_)


def _any(type_: GraphQLLeafType) -> Leaf:
    serialize = type_.serialize

    def complete(value: Any) -> Any:
        if value is None or value is Undefined:
            return None
        if isinstance(value, Exception):
            raise value
        serialized = serialize(value)
        if serialized is None or serialized is Undefined:
            raise TypeError(
                f"Expected `{inspect(type_)}.serialize({inspect(value)})`"
                f" to return non-nullable value, returned: {inspect(serialized)}"
            )
        return serialized

    return complete


def _enum(type_: GraphQLEnumType) -> Leaf:
    otherwise = _any(type_)
    by_class: dict[type, dict[Enum, Any]] = {}
    for member in _members(type_):
        by_class.setdefault(type(member), {})[member] = type_.serialize(member)

    def complete(value: Any) -> Any:
        names = by_class.get(type(value))
        if names is None:
            return otherwise(value)
        return names.get(value) or otherwise(value)

    return complete


def _members(type_: GraphQLEnumType) -> list[Enum]:
    graphene_type = getattr(type_, "graphene_type", None)
    if graphene_type is not None:
        return list(graphene_type._meta.enum)
    return [value.value for value in type_.values.values() if isinstance(value.value, Enum)]


def _exactly(wanted: type) -> Callable[[Leaf], Leaf]:
    def maker(otherwise: Leaf) -> Leaf:
        return lambda value: value if type(value) is wanted else otherwise(value)

    return maker


def _int(otherwise: Leaf) -> Leaf:
    def complete(value: Any) -> Any:
        if type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT:
            return value
        return otherwise(value)

    return complete


def _float(otherwise: Leaf) -> Leaf:
    def complete(value: Any) -> Any:
        # False for infinities and for what is no number, too.
        if type(value) is float and -_LARGEST <= value <= _LARGEST:
            return value
        return otherwise(value)

    return complete


_SPECIFIED: dict[str, Callable[[Leaf], Leaf]] = {
    "String": _exactly(str),
    "ID": _exactly(str),
    "Boolean": _exactly(bool),
    "Int": _int,
    "Float": _float,
}
