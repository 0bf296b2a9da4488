"""One operation of a valid document as a function of its variables and a context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionContext,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import collect_fields

from gql.compiled.fields import Compiler
from gql.compiled.inputs import Variables
from gql.compiled.state import Complete, Info, NotCompiledError, State

MOST_CHOOSING_VARIABLES = 4
"""Variables of @skip and @include; each doubles how many ways there are to compile."""


def compile_operation(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> CompiledOperation | None:
    """Return the operation, compiled; None where only the executor can run it.

    Args:
        schema: the schema that the document was validated against; all its resolvers block.
        document: a valid document.
        operation: one of the document's.
    """
    choosing = _choosing_variables(document)
    if operation.operation is not OperationType.QUERY or choosing is None:
        return None
    compiled = CompiledOperation(schema, document, operation, choosing)
    return compiled if choosing or compiled.is_possible() else None


class CompiledOperation:
    """A query that answers as the executor would, errors included. Thread-safe."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        choosing: tuple[str, ...],
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._variables = Variables(schema, operation.variable_definitions)
        self._choosing = choosing
        self._ways: dict[tuple[Any, ...], tuple[dict[str, Complete], int]] = {}

    def is_possible(self) -> bool:
        """Say whether the operation can be compiled, where no directive depends on a variable."""
        try:
            self._way({})
        except NotCompiledError:
            return False
        return True

    def run(
        self, given: Mapping[str, Any], context: object, *, hide_suggestions: bool
    ) -> ExecutionResult:
        """Answer the operation in the calling thread.

        Args:
            given: the variables as JSON had them.
            context: what resolvers get as `info.context`.
            hide_suggestions: whether errors in variables may not say what was perhaps meant.

        Raises:
            NotCompiledError: only the executor can answer it.
        """
        variables = self._variables.coerced(given, hide_suggestions=hide_suggestions)
        if isinstance(variables, list):
            return ExecutionResult(None, variables)
        fields, slots = self._way(variables)
        state = State(Info(self._schema, context, variables), variables, slots)
        try:
            data = {name: make(None, state, None) for name, make in fields.items()}
        except GraphQLError as error:
            state.errors.append(error)
            return ExecutionContext.build_response(None, state.errors)
        return ExecutionContext.build_response(data, state.errors)

    def _way(self, variables: dict[str, Any]) -> tuple[dict[str, Complete], int]:
        """Return what makes the root's fields, and how many slots for arguments that needs."""
        choice = tuple(variables.get(name) for name in self._choosing)
        found = self._ways.get(choice)
        if found is None:
            found = self._ways[choice] = self._compiled(variables)
        return found

    def _compiled(self, variables: dict[str, Any]) -> tuple[dict[str, Complete], int]:
        root = self._schema.query_type
        if not isinstance(root, GraphQLObjectType):
            raise NotCompiledError("no root")
        chosen = {name: variables[name] for name in self._choosing if name in variables}
        compiler = Compiler(self._schema, self._fragments, chosen)
        selections = self._operation.selection_set
        try:
            fields = collect_fields(self._schema, self._fragments, chosen, root, selections)
            return compiler.object_fields(root, fields), compiler.slots
        except (GraphQLError, RecursionError) as error:
            raise NotCompiledError(str(error)) from None


class _Directives(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.variables: set[str] = set()
        self.is_plain = True

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        known = (GraphQLSkipDirective.name, GraphQLIncludeDirective.name)
        self.is_plain &= node.name.value in known
        for argument in node.arguments:
            if isinstance(argument.value, VariableNode):
                self.variables.add(argument.value.name.value)


def _choosing_variables(document: DocumentNode) -> tuple[str, ...] | None:
    """Return the variables that directives depend on; None where that are too many."""
    directives = _Directives()
    visit(document, directives)
    if not directives.is_plain or len(directives.variables) > MOST_CHOOSING_VARIABLES:
        return None
    return tuple(sorted(directives.variables))
