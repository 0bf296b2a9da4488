"""From a subscription's parameters to its events: the document, its cost, its execution.

Knows no WebSocket. Each event is executed like a request of its own: within the limits, by what the
credential holds at that moment, and audited before it is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    OperationType,
    create_source_event_stream,
    execute_sync,
)

from gql.answering import Resources, document_of
from gql.context import RequestContext
from gql.costs import ASSUMED_ITEMS
from gql.documents import Asked, InvalidDocumentError, Operation
from gql.errors import QUERY_TOO_COSTLY, RefusedRequestError, coded, describe, format_error
from gql.patience import OnTime
from gql.schema import schema
from graphsvc.access import Principal
from graphsvc.app import Service

NOT_A_SUBSCRIPTION = "NOT_A_SUBSCRIPTION"
LARGEST_COST = 2000
"""Of an event with ASSUMED_ITEMS changes: what is told as it happens must be told quickly."""

PAUSE_S = 0.25
PATIENCE_S = 30.0

Content = dict[str, Any]


class EndedError(Exception):
    """A subscription that can't begin or go on, and what its client is told."""

    def __init__(self, errors: list[Content]) -> None:
        super().__init__()
        self.errors = errors


async def events(
    resources: Resources, principal: Callable[[], Principal], parameters: Mapping[str, Any]
) -> AsyncIterator[Content]:
    """Yield the content of each event of a subscription.

    Args:
        resources: of the application.
        principal: who asks, at the moment.
        parameters: `query`, `variables` and so on, of their right types.

    Raises:
        EndedError: it was refused, or an event could not be told; none after that one is.
    """
    try:
        async for content in _events(resources, principal, parameters):
            yield content
    except InvalidDocumentError as refused:
        raise EndedError([format_error(error) for error in refused.errors]) from None
    except GraphQLError as refused:
        raise EndedError([format_error(refused)]) from None
    except RefusedRequestError as refused:
        shown = {"message": str(refused), "extensions": {"code": refused.code}}
        raise EndedError([shown]) from None
    except EndedError:
        raise
    except Exception as error:
        raise EndedError([describe(error)]) from error


async def _events(
    resources: Resources, principal: Callable[[], Principal], parameters: Mapping[str, Any]
) -> AsyncIterator[Content]:
    document = await document_of(resources, principal(), Asked.of(parameters))
    operation = document.operation(parameters.get("operationName"))
    if operation.kind is not OperationType.SUBSCRIPTION:
        raise coded(
            NOT_A_SUBSCRIPTION, "only subscriptions are answered here; send others over HTTP"
        )
    variables = dict(parameters.get("variables") or {})
    cost = operation.costs.cost(variables)
    if cost > LARGEST_COST:
        raise coded(
            QUERY_TOO_COSTLY,
            f"a subscription's events cost {cost}; at most {LARGEST_COST} are allowed",
        )
    resources.admission.charge(principal(), cost)
    stream = await create_source_event_stream(
        schema,
        operation.document,
        context_value=RequestContext(resources.service, resources.trail, principal()),
        variable_values=variables,
        operation_name=operation.name,
        hide_suggestions=not resources.admission.may_read_schema(principal()),
    )
    if isinstance(stream, ExecutionResult):
        raise EndedError([format_error(error) for error in stream.errors or ()])
    async for event in stream:
        result = await _executed(resources, principal, operation, variables, event, cost)
        errors = [format_error(error) for error in result.errors or ()]
        if result.data is None:
            # What can't be told must not be skipped: the client goes on from its last cursor.
            raise EndedError(errors)
        yield {"data": result.data, **({"errors": errors} if errors else {})}


async def _executed(
    resources: Resources,
    principal: Callable[[], Principal],
    operation: Operation,
    variables: dict[str, Any],
    event: object,
    cost: int,
) -> ExecutionResult:
    items = len(getattr(event, "changes", ()))
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            resources.admission.charge(principal(), -(-cost * items // ASSUMED_ITEMS))
            work = partial(_execute, resources, principal(), operation, variables, event)
            return await resources.threads.run(work)
        except RefusedRequestError:
            if time.monotonic() > give_up_at:
                raise
            # The rate is used up, or all threads are taken: events wait, they aren't lost.
            await asyncio.sleep(PAUSE_S)


def _execute(
    resources: Resources,
    principal: Principal,
    operation: Operation,
    variables: dict[str, Any],
    event: object,
) -> ExecutionResult:
    service = cast(Service, OnTime(resources.service))
    return execute_sync(
        schema,
        operation.document,
        root_value=event,
        context_value=RequestContext(service, resources.trail, principal),
        variable_values=variables,
        operation_name=operation.name,
    )
