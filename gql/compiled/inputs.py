"""Variables and arguments: plain ones by one look, whatever else by GraphQL's own coercion."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import SimpleNamespace
from typing import Any, cast

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    VariableNode,
    get_argument_values,
    print_ast,
    type_from_ast,
    value_from_ast,
)
from graphql.execution.values import get_variable_values

from gql.inputs import SUBJECT_LISTS, plain_subjects

MOST_COERCION_ERRORS = 50
"""As many as the executor tells of."""

_UNSURE = object()

Accept = Callable[[Any], Any]
"""Returns the coerced value, or _UNSURE for what GraphQL itself should look at."""

Arguments = Callable[[dict[str, Any]], dict[str, Any]]
"""Returns a field's arguments for the values of the variables."""


class Variables:
    """The variables of one operation."""

    def __init__(
        self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
    ) -> None:
        self._schema = schema
        self._known = [_Variable(schema, definition) for definition in definitions]

    def coerced(
        self, given: Mapping[str, Any], *, hide_suggestions: bool
    ) -> dict[str, Any] | list[GraphQLError]:
        """Return the values of the variables, or what is wrong with what was given."""
        values: dict[str, Any] = {}
        unsure: list[VariableDefinitionNode] = []
        for variable in self._known:
            value = variable.coerced(given.get(variable.name, Undefined))
            if value is _UNSURE:
                unsure.append(variable.definition)
            elif value is not Undefined:
                values[variable.name] = value
        if not unsure:
            return values
        others = get_variable_values(
            self._schema,
            unsure,
            dict(given),
            max_errors=MOST_COERCION_ERRORS,
            hide_suggestions=hide_suggestions,
        )
        return others if isinstance(others, list) else {**values, **others}


class _Variable:
    def __init__(self, schema: GraphQLSchema, definition: VariableDefinitionNode) -> None:
        type_ = cast(GraphQLInputType, type_from_ast(schema, definition.type))
        self.definition = definition
        self.name = definition.variable.name.value
        self._is_required = isinstance(type_, GraphQLNonNull)
        self._default = _default(definition, type_, is_required=self._is_required)
        self._accept = _acceptance(definition, type_)

    def coerced(self, value: Any) -> Any:
        if value is Undefined:
            return self._default
        if value is None:
            return _UNSURE if self._is_required else None
        return self._accept(value)


def _default(
    definition: VariableDefinitionNode, type_: GraphQLInputType, *, is_required: bool
) -> Any:
    if definition.default_value is None:
        return _UNSURE if is_required else Undefined
    value = value_from_ast(definition.default_value, type_)
    # What could be changed by a resolver is made anew each time.
    return value if isinstance(value, str | int | float | Enum | None) else _UNSURE


def _acceptance(definition: VariableDefinitionNode, type_: GraphQLInputType) -> Accept:
    if print_ast(definition.type) in SUBJECT_LISTS:
        return _accept_subjects
    inner: Any = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(inner, GraphQLEnumType):
        members = {name: inner.parse_value(name) for name in inner.values}
        return lambda value: members.get(value, _UNSURE) if type(value) is str else _UNSURE
    return _ACCEPTED.get(getattr(inner, "name", ""), lambda value: _UNSURE)


def _accept_subjects(value: Any) -> Any:
    found = plain_subjects(value) if isinstance(value, list) else None
    return _UNSURE if found is None else found


def _accept_exactly(wanted: type) -> Accept:
    return lambda value: value if type(value) is wanted else _UNSURE


def _accept_int(value: Any) -> Any:
    is_plain = type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT
    return value if is_plain else _UNSURE


def _accept_float(value: Any) -> Any:
    return value if type(value) is float and math.isfinite(value) else _UNSURE


_ACCEPTED: dict[str, Accept] = {
    "String": _accept_exactly(str),
    "ID": _accept_exactly(str),
    "Boolean": _accept_exactly(bool),
    "Int": _accept_int,
    "Float": _accept_float,
}


def arguments(field: GraphQLField, node: FieldNode) -> dict[str, Any] | Arguments:
    """Return a field's arguments where they are the same each time, else what works them out."""

    def as_usual(variables: dict[str, Any]) -> dict[str, Any]:
        return get_argument_values(field, node, variables)

    given = {argument.name.value: argument.value for argument in node.arguments}
    by_variable = {
        name: value.name.value for name, value in given.items() if isinstance(value, VariableNode)
    }
    names = [(field.args[name].out_name or name, of) for name, of in by_variable.items()]
    if any(_holds_variable(value) for name, value in given.items() if name not in by_variable):
        return as_usual
    fixed = SimpleNamespace(
        args={name: arg for name, arg in field.args.items() if name not in by_variable}
    )
    try:
        constants = get_argument_values(cast(GraphQLField, fixed), node)
    except GraphQLError:
        return as_usual
    if not by_variable:
        return constants

    def from_variables(variables: dict[str, Any]) -> dict[str, Any]:
        values = dict(constants)
        for name, variable in names:
            value = variables.get(variable)
            if value is None:
                return as_usual(variables)
            values[name] = value
        return values

    return from_variables


def _holds_variable(value: Any) -> bool:
    if isinstance(value, VariableNode):
        return True
    inner = [getattr(field, "value", None) for field in getattr(value, "fields", ())]
    return any(_holds_variable(item) for item in (*getattr(value, "values", ()), *inner))
