"""The one way from an operation, variables and a context to a result; knows nothing of HTTP.

Whatever answers a hot operation faster than the executor does belongs behind `run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, execute_sync

from gql.context import RequestContext
from gql.documents import Operation
from gql.errors import format_error


class StoreNeededError(Exception):
    """What was asked for can't be had from memory; ask again where waiting harms nobody."""


def run(
    schema: GraphQLSchema,
    operation: Operation,
    variables: Mapping[str, Any] | None,
    context: RequestContext,
    *,
    with_suggestions: bool = False,
) -> ExecutionResult:
    """Run an operation of a valid document in the calling thread; its resolvers may block.

    Args:
        schema: the schema that the document was validated against.
        operation: what to run.
        variables: as the client sent them.
        context: who asks, and what its resolvers share.
        with_suggestions: whether errors in variables may say what was perhaps meant.

    Raises:
        StoreNeededError: the context may not wait for the store, and would have to.
    """
    result = execute_sync(
        schema,
        operation.document,
        context_value=context,
        variable_values=dict(variables) if variables else None,
        operation_name=operation.name,
        hide_suggestions=not with_suggestions,
    )
    if context.reads_memory_only:
        for error in result.errors or ():
            if isinstance(error.original_error, StoreNeededError):
                raise error.original_error
    return result


def shown(result: ExecutionResult, cost: Mapping[str, int]) -> dict[str, Any]:
    """Return a result as GraphQL's response has it: errors with codes, and what it cost.

    A result without `data` is that of an operation that could not be run at all.
    """
    content: dict[str, Any] = {}
    if result.errors:
        content["errors"] = [format_error(error) for error in result.errors]
    if result.data is not None or any(error.path for error in result.errors or ()):
        content["data"] = result.data
    content["extensions"] = {"cost": cost}
    return content
