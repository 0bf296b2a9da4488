"""Fields, objects, lists and abstract types of one operation, compiled into functions.

What each function does, and in which order, is what `graphql.execution.execute` does for the same:
resolve, complete, and let an error of a value that must not be null make null what it stands in.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, cast

from graphene.types.resolver import dict_or_attr_resolver
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    Undefined,
    default_field_resolver,
    default_type_resolver,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import collect_sub_fields
from graphql.execution.execute import get_field_def, invalid_return_type_error
from graphql.pyutils import is_iterable

from gql.attributes import Attribute
from gql.compiled.attributes import plain_type, read_together
from gql.compiled.inputs import arguments
from gql.compiled.leaves import Leaf, leaf
from gql.compiled.state import Complete, NotCompiledError, Path, State
from gql.tables import Table, completed_table

Fields = Mapping[str, list[FieldNode]]
Resolve = Callable[[Any, State], Any]


@dataclass
class Compiler:
    """Compiles the selections of one operation, for one choice of its directives.

    `variables` are those that directives depend on; others are not looked at.
    """

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    variables: dict[str, Any]
    slots: int = 0
    _chosen: dict[tuple[str, int], Fields] = field(default_factory=dict)

    def object_fields(self, parent: GraphQLObjectType, fields: Fields) -> dict[str, Complete]:
        """Return what makes each field of an object, from the object.

        Raises:
            NotCompiledError: one of them can't be compiled.
        """
        return {
            name: self._field(parent, name, nodes)
            for name, nodes in fields.items()
            if get_field_def(self.schema, parent, nodes[0]) is not None
        }

    def _field(self, parent: GraphQLObjectType, name: str, nodes: list[FieldNode]) -> Complete:
        definition = get_field_def(self.schema, parent, nodes[0])
        if definition in (SchemaMetaFieldDef, TypeMetaFieldDef):
            raise NotCompiledError("introspection")
        if definition is TypeNameMetaFieldDef:
            return lambda source, state, path: parent.name
        resolve = self._resolve(definition, nodes[0])
        place = f"{parent.name}.{nodes[0].name.value}"
        is_required = isinstance(definition.type, GraphQLNonNull)
        plain = get_nullable_type(cast(Any, definition.type))
        if is_leaf_type(plain):
            return _leaf_field(resolve, leaf(plain), name, nodes, place if is_required else None)
        complete = self._complete(definition.type, nodes, place)

        def made(source: Any, state: State, path: Path) -> Any:
            try:
                return complete(resolve(source, state), state, (path, name))
            except Exception as error:
                state.failed(error, nodes, (path, name), is_required=is_required)
                return None

        return made

    def _resolve(self, definition: GraphQLField, node: FieldNode) -> Resolve:
        resolve = definition.resolve
        if resolve is None:
            resolve = cast(Any, partial(_default, node.name.value))
        if iscoroutinefunction(resolve):
            raise NotCompiledError("a coroutine")
        if isinstance(resolve, partial) and resolve.func is dict_or_attr_resolver:
            return _of_attribute(*resolve.args)
        known = arguments(definition, node)
        if known == {}:
            return lambda source, state: resolve(source, state.info)
        if isinstance(known, dict):
            return lambda source, state: resolve(source, state.info, **known)
        slot, self.slots = self.slots, self.slots + 1

        def with_arguments(source: Any, state: State) -> Any:
            given = state.arguments[slot]
            if given is None:
                given = state.arguments[slot] = known(state.variables)
            return resolve(source, state.info, **given)

        return with_arguments

    def _complete(self, type_: Any, nodes: list[FieldNode], place: str) -> Complete:
        if isinstance(type_, GraphQLNonNull):
            return _required(self._complete(type_.of_type, nodes, place), place)
        if isinstance(type_, GraphQLList):
            return self._list(type_, nodes, place)
        if is_leaf_type(type_):
            complete = leaf(type_)
            return lambda value, state, path: complete(value)
        if is_abstract_type(type_):
            return self._abstract(type_, nodes)
        return self._object(type_, nodes)

    def _object(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> Complete:
        chosen = self._subfields(type_, nodes)
        made = self.object_fields(type_, chosen)
        fields, is_type_of = tuple(made.items()), type_.is_type_of

        def complete(value: Any, state: State, path: Path) -> Any:
            if value is None or value is Undefined:
                return None
            if isinstance(value, Exception):
                raise value
            if is_type_of is not None and not is_type_of(value, state.info):
                raise invalid_return_type_error(type_, value, nodes)
            return {name: make(value, state, path) for name, make in fields}

        return read_together(made, self._plain(type_, chosen), complete, is_type_of)

    def _plain(self, type_: GraphQLObjectType, chosen: Fields) -> dict[str, tuple[Attribute, type]]:
        """Return the chosen fields that are attributes with values as JSON has them."""
        found = {}
        for name, nodes in chosen.items():
            definition = get_field_def(self.schema, type_, nodes[0])
            attribute = None if definition is TypeNameMetaFieldDef else _attribute(definition)
            plain = plain_type(definition, nodes[0])
            if attribute is not None and plain is not None:
                found[name] = (attribute, plain)
        return found

    def _abstract(self, type_: Any, nodes: list[FieldNode]) -> Complete:
        possible = {
            found.name: self._object(found, nodes)
            for found in self.schema.get_possible_types(type_)
        }
        resolve_type = type_.resolve_type or default_type_resolver

        def complete(value: Any, state: State, path: Path) -> Any:
            if value is None or value is Undefined:
                return None
            if isinstance(value, Exception):
                raise value
            found = possible.get(cast(str, resolve_type(value, state.info, type_)))
            if found is None:
                raise NotCompiledError("a type that isn't possible")
            return found(value, state, path)

        return complete

    def _list(self, type_: GraphQLList[Any], nodes: list[FieldNode], place: str) -> Complete:
        item_type = type_.of_type
        complete_item = self._complete(item_type, nodes, place)
        is_required = isinstance(item_type, GraphQLNonNull)

        def complete(value: Any, state: State, path: Path) -> Any:
            if value is None or value is Undefined:
                return None
            if isinstance(value, Exception):
                raise value
            if isinstance(value, Table):
                rows = completed_table(item_type, nodes, value, self._subfields)
                if rows is not None:
                    return rows
            if not is_iterable(value):
                raise _no_list(value, place)
            items: list[Any] = []
            for index, item in enumerate(value):
                try:
                    items.append(complete_item(item, state, (path, index)))
                except Exception as error:
                    state.failed(error, nodes, (path, index), is_required=is_required)
                    items.append(None)
            return items

        return complete

    def _subfields(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> Fields:
        key = (type_.name, id(nodes))
        if key not in self._chosen:
            self._chosen[key] = collect_sub_fields(
                self.schema, self.fragments, self.variables, type_, nodes
            )
        return self._chosen[key]


def _attribute(definition: GraphQLField) -> Attribute | None:
    """Return the attribute that a field is, None where it may be more than that."""
    resolve = definition.resolve
    if isinstance(resolve, partial) and resolve.func is dict_or_attr_resolver:
        return Attribute(resolve.args[0])
    return resolve if isinstance(resolve, Attribute) else None


def _default(name: str, source: Any, info: Any, **given: Any) -> Any:
    # The default resolver looks for the field's name in `info`.
    return default_field_resolver(source, cast(Any, _FieldName(name)), **given)


@dataclass(frozen=True, slots=True)
class _FieldName:
    field_name: str


def _of_attribute(name: str, otherwise: object) -> Resolve:
    def resolve(source: Any, state: State) -> Any:
        if isinstance(source, dict):
            return source.get(name, otherwise)
        return getattr(source, name, otherwise)

    return resolve


def _leaf_field(
    resolve: Resolve, complete: Leaf, name: str, nodes: list[FieldNode], required: str | None
) -> Complete:
    """Return what makes a field without fields of its own; `required` names one never null."""

    def made(source: Any, state: State, path: Path) -> Any:
        try:
            value = complete(resolve(source, state))
        except Exception as error:
            state.failed(error, nodes, (path, name), is_required=required is not None)
            return None
        if value is None and required is not None:
            state.failed(_missing(required), nodes, (path, name), is_required=True)
        return value

    return made


def _missing(place: str) -> TypeError:
    return TypeError(f"Cannot return null for non-nullable field {place}.")


def _required(complete: Complete, place: str) -> Complete:
    def required(value: Any, state: State, path: Path) -> Any:
        completed = complete(value, state, path)
        if completed is None:
            raise _missing(place)
        return completed

    return required


def _no_list(value: Any, place: str) -> GraphQLError:
    if isinstance(value, AsyncIterable):
        raise NotCompiledError("an asynchronous list")
    return GraphQLError(f"Expected Iterable, but did not find one for field '{place}'.")
