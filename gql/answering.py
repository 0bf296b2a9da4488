"""From a request's parameters to its answer: the document, its cost, its execution.

Knows credentials and limits, but no HTTP: what comes over a WebSocket can be answered here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, cast

from graphql import ExecutionResult, GraphQLError, OperationType

from gql.admission import Admission
from gql.authentication import Doorkeeper
from gql.context import RequestContext
from gql.costs import LARGEST_IMMEDIATE_COST
from gql.documents import Asked, Document, Documents, InvalidDocumentError, Operation
from gql.errors import RefusedRequestError, format_error
from gql.execution import run
from gql.limits import Limits
from gql.observation import observed
from gql.patience import FromMemory, HeldTrail, OnTime, StoreNeededError
from gql.schema import schema
from gql.threads import Threads
from gql.trusted import TrustedTexts
from graphsvc.access import AuditTrail, Principal
from graphsvc.app import Service
from graphsvc.settings import Settings


@dataclass(frozen=True, slots=True)
class Resources:
    """What the application opens when it starts, and closes when it ends."""

    service: Service
    trail: AuditTrail
    doorkeeper: Doorkeeper
    documents: Documents
    admission: Admission
    threads: Threads

    @classmethod
    @contextmanager
    def open(
        cls, service: Service, trail: AuditTrail, doorkeeper: Doorkeeper
    ) -> Iterator[Resources]:
        """Provide them, with limits and threads as the service's settings say.

        Raises:
            SettingsError: a trusted document can't be used.
        """
        settings = service.settings
        source = settings.trusted_documents
        documents = Documents(
            schema,
            Limits.of(settings),
            cached_tokens=settings.cached_document_tokens,
            trusted=None if source is None else TrustedTexts.load(source),
        )
        with Threads(settings.max_waiting, settings.execution_seconds) as threads:
            yield cls(service, trail, doorkeeper, documents, Admission(settings), threads)

    @property
    def settings(self) -> Settings:
        """The service's settings."""
        return self.service.settings


class Answer(NamedTuple):
    """The content of a GraphQL response, and whether an operation was run for it."""

    content: dict[str, Any]
    was_run: bool
    operation: str | None = None
    cost: int = 0


async def answer(
    resources: Resources,
    principal: Principal,
    parameters: Mapping[str, Any],
    *,
    may_change: bool,
) -> Answer:
    """Answer a request.

    Args:
        resources: of the application.
        principal: who asks.
        parameters: `query`, `variables` and so on, of their right types.
        may_change: whether a mutation may be run.

    Raises:
        RefusedRequestError: too much or the wrong thing was asked for.
    """
    try:
        document = await document_of(resources, principal, Asked.of(parameters))
        operation = document.operation(parameters.get("operationName"))
        _require_kind(operation, may_change=may_change)
        variables = parameters.get("variables") or {}
        cost = operation.costs.cost(variables)
        observed().note_operation(operation.label, cost)
        resources.admission.charge(principal, cost)
        result = await _result(resources, principal, operation, variables, cost)
    except InvalidDocumentError as refused:
        return _not_run(refused.errors)
    except GraphQLError as refused:
        return _not_run([refused])
    return _shown(result, operation, cost, resources.admission.most(principal))


async def document_of(resources: Resources, principal: Principal, asked: Asked) -> Document:
    """Return the document that a credential asks for, if it may ask for it.

    Raises:
        RefusedRequestError: the document is not trusted, or the credential asks too fast.
        InvalidDocumentError: it doesn't fit the schema.
        GraphQLError: it is no GraphQL, too large, not persisted, or about the schema itself, which
            the credential may not read.
    """
    documents, admission = resources.documents, resources.admission
    document = documents.known(asked, principal.key_id)
    if document is None:
        admission.charge_for_preparing(principal)
        prepare = partial(
            documents.prepare,
            asked,
            principal.key_id,
            with_suggestions=admission.may_read_schema(principal),
        )
        document = await resources.threads.run(prepare)
    if document.reads_schema:
        admission.require_schema_reader(principal)
    return document


async def _result(
    resources: Resources,
    principal: Principal,
    operation: Operation,
    variables: Mapping[str, Any],
    cost: int,
) -> ExecutionResult:
    suggest = resources.admission.may_read_schema(principal)
    if operation.may_be_immediate and cost <= LARGEST_IMMEDIATE_COST:
        try:
            return _run_at_once(resources, principal, operation, variables, suggest=suggest)
        except StoreNeededError as needed:
            operation.may_be_immediate = needed.is_passing
    context = RequestContext(cast(Service, OnTime(resources.service)), resources.trail, principal)
    work = partial(run, schema, operation, variables, context, with_suggestions=suggest)
    # A change that has begun is brought to its end, though nobody may wait for the answer.
    return await resources.threads.run(work, may_end_early=operation.kind is OperationType.QUERY)


def _run_at_once(
    resources: Resources,
    principal: Principal,
    operation: Operation,
    variables: Mapping[str, Any],
    *,
    suggest: bool,
) -> ExecutionResult:
    """Run without a change of threads, which would take longer than the answer itself does."""
    trail = HeldTrail(resources.trail)
    service = cast(Service, FromMemory(resources.service))
    context = RequestContext(service, cast(AuditTrail, trail), principal)
    result = run(schema, operation, variables, context, with_suggestions=suggest)
    trail.release()
    return result


def _require_kind(operation: Operation, *, may_change: bool) -> None:
    if operation.kind is OperationType.MUTATION and not may_change:
        raise RefusedRequestError(
            405, "METHOD_NOT_ALLOWED", "mutations need POST", {"Allow": "POST"}
        )
    if operation.kind is OperationType.SUBSCRIPTION:
        raise GraphQLError("subscriptions are answered over a WebSocket only")


def _shown(result: ExecutionResult, operation: Operation, cost: int, most: int) -> Answer:
    errors = [format_error(error) for error in result.errors or ()]
    if result.data is None and not any("path" in error for error in errors):
        return Answer({"errors": errors}, was_run=False, operation=operation.name, cost=cost)
    content: dict[str, Any] = {"errors": errors} if errors else {}
    content["data"] = result.data
    content["extensions"] = {"cost": {"requested": cost, "maximum": most}}
    return Answer(content, was_run=True, operation=operation.name, cost=cost)


def _not_run(errors: list[GraphQLError]) -> Answer:
    return Answer({"errors": [format_error(error) for error in errors]}, was_run=False)
