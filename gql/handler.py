# mypy: allow-subclassing-any
"""GraphQL over HTTP: who asks, in which form, within which limits; then Ariadne executes.

In this order: the credential, the method, the media types, the size of the body, its JSON, the
request's parameters. Only then is a query parsed. Every refusal is shaped like a GraphQL answer.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, NoReturn

from anyio import CapacityLimiter, to_thread
from ariadne import graphql_sync
from ariadne.asgi.handlers import GraphQLHTTPHandler
from starlette.requests import Request
from starlette.responses import Response

from gql.authentication import Doorkeeper
from gql.context import RequestContext
from gql.errors import RefusedRequestError, describe, format_error
from gql.limits import MAX_BODY_BYTES, parse_within_limits
from gql.media import GRAPHQL_JSON, JSON, negotiated
from gql.schema import schema
from gql.tables import TableExecution
from graphsvc.access import AuditTrail
from graphsvc.app import Service

WORKERS = 8
"""Queries that run at once; others wait for their turn, outside of any thread."""

# Ariadne logs every error with its query, which may name subjects; errors.py logs what is needed.
_SILENT = logging.getLogger("gql.ariadne")
_SILENT.disabled = True

_PARAMETER_TYPES: dict[str, type] = {
    "query": str,
    "operationName": str,
    "variables": dict,
    "extensions": dict,
}


@dataclass(frozen=True, slots=True)
class Resources:
    """What the application opens when it starts, and closes when it ends."""

    service: Service
    trail: AuditTrail
    doorkeeper: Doorkeeper


class HttpHandler(GraphQLHTTPHandler):
    """Ariadne's handler with credentials, limits, negotiated media types, and worker threads."""

    def __init__(self) -> None:
        super().__init__()
        self._workers = CapacityLimiter(WORKERS)

    async def handle_request(self, request: Request) -> Response:
        """Answer one request; whatever happens, the answer is shaped like GraphQL's."""
        media = negotiated(request.headers.get("accept"))
        try:
            resources: Resources = request.state.resources
            principal = await resources.doorkeeper.of_request(request)
            if media is None:
                _refuse(HTTPStatus.NOT_ACCEPTABLE, f"Accept: {GRAPHQL_JSON} or {JSON} can be had")
            parameters = await _parameters(request)
            context = RequestContext(resources.service, resources.trail, principal)
            return await to_thread.run_sync(
                partial(self._execute, request.method, parameters, context, media),
                limiter=self._workers,
            )
        except RefusedRequestError as refused:
            shown = {"message": str(refused), "extensions": {"code": refused.code}}
            return _response({"errors": [shown]}, refused.status, media, refused.headers)
        except Exception as error:
            return _response({"errors": [describe(error)]}, 500, media)

    def _execute(
        self, method: str, parameters: dict[str, Any], context: RequestContext, media: str
    ) -> Response:
        """Run a query from parsing to JSON in the calling thread: its resolvers block."""
        _, result = graphql_sync(
            schema,
            parameters,
            context_value=context,
            query_parser=parse_within_limits,
            require_query=method == "GET",
            introspection=self.introspection,
            logger=_SILENT,
            error_formatter=format_error,
            execution_context_class=TableExecution,
        )
        was_executed = result.get("data") is not None or any(
            "path" in error for error in result.get("errors", ())
        )
        if was_executed:
            return _response(result, HTTPStatus.OK, media)
        # Plain JSON clients take any status but 200 for a broken transport.
        status = HTTPStatus.OK if media == JSON else HTTPStatus.BAD_REQUEST
        return _response({"errors": result["errors"]}, status, media)


def _response(
    content: Mapping[str, Any],
    status: int,
    media: str | None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    # ASCII, because a message may quote half a surrogate pair, which UTF-8 can't hold.
    body = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Response(
        body,
        status,
        {"Cache-Control": "no-store", "Vary": "Accept", **(headers or {})},
        media_type=f"{media or JSON}; charset=utf-8",
    )


def _refuse(status: HTTPStatus, message: str, headers: dict[str, str] | None = None) -> NoReturn:
    raise RefusedRequestError(status, status.name, message, headers)


async def _parameters(request: Request) -> dict[str, Any]:
    """Return the request's parameters, each of its right type."""
    if request.method == "GET":
        found = _parameters_of_url(request)
    elif request.method == "POST":
        found = _decoded("the body", await _body(request))
    else:
        _refuse(HTTPStatus.METHOD_NOT_ALLOWED, "use GET or POST", {"Allow": "GET, POST"})
    if not isinstance(found, dict):
        _refuse(HTTPStatus.BAD_REQUEST, "the body: a JSON object with `query` is needed")
    for name, wanted in _PARAMETER_TYPES.items():
        value = found.get(name)
        if value is not None and not isinstance(value, wanted):
            what = "a string" if wanted is str else "an object"
            _refuse(HTTPStatus.BAD_REQUEST, f"{name}: {what} is needed")
    if not found.get("query"):
        _refuse(HTTPStatus.BAD_REQUEST, "query: is missing")
    return found


def _parameters_of_url(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: value for name, value in request.query_params.items() if name in _PARAMETER_TYPES
    }
    for name in ("variables", "extensions"):
        if found.get(name):
            found[name] = _decoded(name, found[name].encode(errors="surrogatepass"))
        else:
            found.pop(name, None)
    return found


async def _body(request: Request) -> bytes:
    content_type = request.headers.get("content-type", "")
    name, _, parameters = content_type.partition(";")
    charset = parameters.lower().partition("charset=")[2].strip().strip('"') or "utf-8"
    if name.strip().lower() != JSON or charset not in {"utf-8", "utf8"}:
        _refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: {JSON} in UTF-8 is needed")
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        _refuse_body()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            _refuse_body()
    return bytes(body)


def _refuse_body() -> NoReturn:
    # By its own name: Python 3.13 renames the member.
    raise RefusedRequestError(
        413, "REQUEST_TOO_LARGE", f"the body: at most {MAX_BODY_BYTES} bytes are allowed"
    )


def _decoded(what: str, text: bytes) -> Any:
    try:
        return json.loads(text.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        _refuse(HTTPStatus.BAD_REQUEST, f"{what}: is no JSON in UTF-8")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
