"""What a client sees of an error: one mapping, from every exception to message and code.

A client's own mistakes are told in full. Of the service's own failures only the code and a
correlation id go out; the log has the rest under that id.
"""

from __future__ import annotations

import secrets
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLSyntaxError

from gql.observation import observed
from graphsvc.errors import (
    AccessError,
    ConflictError,
    DefinitionError,
    GraphsvcError,
    InvalidInputError,
    LiveError,
    NotFoundError,
    SettingsError,
    StoreUnavailableError,
    TimeIsUpError,
)

log = structlog.get_logger(__name__)

INTERNAL = "INTERNAL"
PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
QUERY_TOO_LARGE = "QUERY_TOO_LARGE"
QUERY_TOO_COSTLY = "QUERY_TOO_COSTLY"
FORBIDDEN = AccessError.code
RATE_LIMITED = "RATE_LIMITED"
OVERLOADED = "OVERLOADED"
EXECUTION_TIMEOUT = TimeIsUpError.code
BATCH_REFUSED = "BATCH_REFUSED"
DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
PERSISTED_QUERY_MISMATCH = "PERSISTED_QUERY_MISMATCH"

TOLD_IN_FULL = (
    AccessError,
    ConflictError,
    InvalidInputError,
    LiveError,
    NotFoundError,
    TimeIsUpError,
)
OPERATOR_MISTAKES = (DefinitionError, SettingsError)


class RefusedRequestError(Exception):
    """An HTTP request that never gets as far as a query, and how to answer it."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers or {}


def coded(code: str, message: str) -> GraphQLError:
    """Return the refusal of a query, with its code, as if the validator had found it."""
    return GraphQLError(message, extensions={"code": code})


def format_error(error: GraphQLError, debug: bool = False) -> dict[str, Any]:
    """Return an error as GraphQL's response has it, with `extensions.code`.

    Args:
        error: as the executor, the parser or the validator raised it.
        debug: ignored; internals never go out.
    """
    shown: dict[str, Any] = dict(error.formatted)
    cause = _root_cause(error)
    if isinstance(cause, GraphQLError):
        code = (cause.extensions or {}).get("code") or _code_of_request_error(cause)
        return {**shown, "extensions": {"code": code}}
    return {**shown, **describe(cause)}


def describe(cause: BaseException) -> dict[str, Any]:
    """Return message and extensions of an exception; log it, if the failure is the service's."""
    if isinstance(cause, TOLD_IN_FULL) and not isinstance(cause, OPERATOR_MISTAKES):
        return {"message": str(cause), "extensions": {"code": cause.code}}
    correlation_id = secrets.token_hex(8)
    log.error("request failed", correlation_id=correlation_id, exc_info=cause)
    code = cause.code if isinstance(cause, GraphsvcError) else INTERNAL
    observed().note_failure(code)
    advice = "try again later" if isinstance(cause, StoreUnavailableError) else "tell the operator"
    return {
        "message": f"the service failed; {advice} and name {correlation_id}",
        "extensions": {"code": code, "correlationId": correlation_id},
    }


def _root_cause(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _code_of_request_error(error: GraphQLError) -> str:
    return PARSE_FAILED if isinstance(error, GraphQLSyntaxError) else VALIDATION_FAILED
