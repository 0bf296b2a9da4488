"""The one way from an operation, variables and a context to a result.

Knows no HTTP, no credentials, no limits. A query that is compiled is answered by that; GraphQL's
executor answers everything else, and whatever a compiled query turns out not to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, execute_sync

from gql.compiled import NotCompiledError
from gql.context import RequestContext
from gql.documents import Operation
from gql.patience import StoreNeededError
from gql.tables import TableExecution


def run(
    schema: GraphQLSchema,
    operation: Operation,
    variables: Mapping[str, Any],
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
        StoreNeededError: the context's service is one FromMemory, and that was not enough.
    """
    result = _result(schema, operation, variables, context, with_suggestions=with_suggestions)
    for error in result.errors or ():
        if isinstance(error.original_error, StoreNeededError):
            raise error.original_error
    return result


def _result(
    schema: GraphQLSchema,
    operation: Operation,
    variables: Mapping[str, Any],
    context: RequestContext,
    *,
    with_suggestions: bool,
) -> ExecutionResult:
    hide_suggestions = not with_suggestions
    if operation.compiled is not None:
        try:
            return operation.compiled.run(variables, context, hide_suggestions=hide_suggestions)
        except NotCompiledError as beyond:
            # What was read so far is in the context; it isn't put on the audit twice.
            if beyond.is_lasting:
                operation.compiled = None
    return execute_sync(
        schema,
        operation.document,
        context_value=context,
        variable_values=dict(variables),
        operation_name=operation.name,
        execution_context_class=TableExecution,
        hide_suggestions=hide_suggestions,
    )
