# mypy: allow-subclassing-any
"""GraphQL over HTTP: who asks, in which form, within which limits; `answering` does the rest.

In this order: the credential, the media types, the method, the size of the body, its JSON, the
request's parameters, the document, its cost. Only then is anything run. Every refusal is shaped
like a GraphQL answer.
"""

from __future__ import annotations

from http import HTTPStatus

from ariadne.asgi.handlers import GraphQLHTTPHandler
from starlette.requests import Request
from starlette.responses import Response

from gql.answering import Resources, answer
from gql.answers import json_response, takes_gzip
from gql.errors import RefusedRequestError, describe
from gql.media import GRAPHQL_JSON, JSON, negotiated
from gql.requests import parameters_of, refuse
from graphsvc.access import Principal
from graphsvc.errors import NotAuthenticatedError


class HttpHandler(GraphQLHTTPHandler):
    """Takes the place of Ariadne's handler: credentials, limits, negotiated media types."""

    async def handle_request(self, request: Request) -> Response:
        """Answer one request; whatever happens, the answer is shaped like GraphQL's."""
        media = negotiated(request.headers.get("accept"))
        try:
            return await _answered(request, media)
        except RefusedRequestError as refused:
            shown = {"message": str(refused), "extensions": {"code": refused.code}}
            return json_response({"errors": [shown]}, refused.status, media, refused.headers)
        except Exception as error:
            return json_response({"errors": [describe(error)]}, 500, media)


async def _answered(request: Request, media: str | None) -> Response:
    resources: Resources = request.state.resources
    principal = _authenticated(request, resources)
    if media is None:
        refuse(HTTPStatus.NOT_ACCEPTABLE, f"Accept: {GRAPHQL_JSON} or {JSON} can be had")
    parameters = await parameters_of(request, resources.settings)
    found = await answer(resources, principal, parameters, may_change=request.method == "POST")
    # Plain JSON clients take any status but 200 for a broken transport.
    is_fine = found.was_run or media == JSON
    smallest = resources.settings.compressed_bytes
    is_compressed = smallest > 0 and takes_gzip(request.headers.get("accept-encoding"))
    return json_response(
        found.content,
        HTTPStatus.OK if is_fine else HTTPStatus.BAD_REQUEST,
        media,
        compressed_from=smallest if is_compressed else None,
    )


def _authenticated(request: Request, resources: Resources) -> Principal:
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        credential = request.headers.get("x-api-key", "")
    challenge = 'Bearer realm="graphsvc"'
    try:
        return resources.keys.authenticate(credential.strip())
    except NotAuthenticatedError as error:
        if credential:
            challenge += ', error="invalid_token"'
            resources.admission.note_failed_login(request.client.host if request.client else "")
        message = str(error) if credential else "an API key is needed: Authorization: Bearer gsk_…"
        raise RefusedRequestError(
            HTTPStatus.UNAUTHORIZED, error.code, message, {"WWW-Authenticate": challenge}
        ) from None
