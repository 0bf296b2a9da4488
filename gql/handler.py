"""GraphQL over HTTP: who asks, in which form, within which limits; `answering` does the rest.

In this order: the credential, the media types, the method, the size of the body, its JSON, the
request's parameters, the document, its cost. Only then is anything run. Every refusal is shaped
like a GraphQL answer.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from gql.answering import Resources, answer
from gql.answers import JsonResponse, json_response
from gql.authentication import credential_in
from gql.errors import RefusedRequestError, describe
from gql.media import GRAPHQL_JSON, JSON, negotiated
from gql.observation import observed, observing_operation
from gql.requests import HttpRequest, parameters_of, refuse
from graphsvc.access import Principal


async def graphql_over_http(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request, as an ASGI application; whatever happens, it is shaped like GraphQL."""
    response = await _response(HttpRequest(scope, receive))
    await response.send(send)


async def _response(request: HttpRequest) -> JsonResponse:
    media = negotiated(request.headers.get("accept"))
    try:
        return await _answered(request, media)
    except RefusedRequestError as refused:
        observed().code = refused.code
        shown = {"message": str(refused), "extensions": {"code": refused.code}}
        return json_response({"errors": [shown]}, refused.status, media, refused.headers)
    except Exception as error:
        return json_response({"errors": [describe(error)]}, 500, media)


async def _answered(request: HttpRequest, media: str | None) -> JsonResponse:
    resources: Resources = request.scope["state"]["resources"]
    principal = await _authenticated(request, resources)
    if media is None:
        refuse(HTTPStatus.NOT_ACCEPTABLE, f"Accept: {GRAPHQL_JSON} or {JSON} can be had")
    parameters = await parameters_of(request, resources.settings)
    with observing_operation(request.headers) as observation:
        found = await answer(resources, principal, parameters, may_change=request.method == "POST")
        observation.note_errors(found.content)
    # Plain JSON clients take any status but 200 for a broken transport.
    is_fine = found.was_run or media == JSON
    return json_response(
        found.content,
        HTTPStatus.OK if is_fine else HTTPStatus.BAD_REQUEST,
        media,
        accept_encoding=request.headers.get("accept-encoding"),
        compressed_from=resources.settings.compressed_bytes,
    )


async def _authenticated(request: HttpRequest, resources: Resources) -> Principal:
    try:
        return await resources.doorkeeper.of_request(request)
    except RefusedRequestError as refused:
        if refused.status == HTTPStatus.UNAUTHORIZED and credential_in(request):
            resources.admission.note_failed_login(request.client.host if request.client else "")
        raise
