"""What a request says: its parameters, from URL or body, within limits of size and time."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, NoReturn

import orjson
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Receive, Scope

from gql.begun import within
from gql.errors import BATCH_REFUSED, RefusedRequestError
from gql.media import JSON
from graphsvc.settings import Settings

_PARAMETER_TYPES: dict[str, type] = {
    "query": str,
    "operationName": str,
    "variables": dict,
    "extensions": dict,
    "documentId": str,
}


class HttpHeaders(Headers):
    """The headers of a request, put in order once: Starlette's look through all, each time."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        # Backwards, so that of several of one name the first stays, as with Starlette's.
        self._first = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(self._list)
        }

    def __getitem__(self, key: str) -> str:
        """Return a header by its name in any case."""
        return self._first[key.lower()]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a header by its name in any case, `default` where there is none."""
        return self._first.get(key.lower(), default)


class HttpRequest(Request):
    """A request over HTTP."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self._in_order = HttpHeaders(scope)

    @property
    def headers(self) -> HttpHeaders:
        """The headers."""
        return self._in_order


def refuse(status: HTTPStatus, message: str, headers: dict[str, str] | None = None) -> NoReturn:
    """Refuse a request by the name of a status.

    Raises:
        RefusedRequestError: always.
    """
    raise RefusedRequestError(status, status.name, message, headers)


async def parameters_of(request: Request, settings: Settings) -> dict[str, Any]:
    """Return a request's parameters, each of its right type.

    Raises:
        RefusedRequestError: method, media type, size, time, JSON or a parameter is wrong.
    """
    if request.method == "POST":
        found = _decoded("the body", await _body(request, settings))
    elif request.method == "GET":
        found = _parameters_of_url(request)
    else:
        refuse(HTTPStatus.METHOD_NOT_ALLOWED, "use GET or POST", {"Allow": "GET, POST"})
    if isinstance(found, list):
        raise RefusedRequestError(
            400, BATCH_REFUSED, "the body: lists of queries aren't taken; send each by itself"
        )
    if not isinstance(found, dict):
        refuse(HTTPStatus.BAD_REQUEST, "the body: a JSON object with `query` is needed")
    for name, value in found.items():
        wanted = _PARAMETER_TYPES.get(name, object)
        if value is not None and not isinstance(value, wanted):
            what = "a string" if wanted is str else "an object"
            refuse(HTTPStatus.BAD_REQUEST, f"{name}: {what} is needed")
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


async def _body(request: Request, settings: Settings) -> bytes:
    content_type = request.headers.get("content-type", "")
    name, _, parameters = content_type.partition(";")
    charset = parameters.lower().partition("charset=")[2].strip().strip('"') or "utf-8"
    if name.strip().lower() != JSON or charset not in {"utf-8", "utf8"}:
        refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: {JSON} in UTF-8 is needed")
    most = settings.max_body_bytes
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced[:20]) > most:
        _refuse_body(most)
    try:
        return await within(settings.body_seconds, _received(request, most))
    except TimeoutError:
        refuse(
            HTTPStatus.REQUEST_TIMEOUT,
            f"the body: was not sent within {settings.body_seconds:g} s",
            {"Connection": "close"},
        )


async def _received(request: Request, most: int) -> bytes:
    # Not request.stream(): nearly every body comes in one piece, which need not be copied.
    message = await request.receive()
    if not message.get("more_body", False) and message["type"] == "http.request":
        first: bytes = message.get("body", b"")
        return first if len(first) <= most else _refuse_body(most)
    body = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            refuse(HTTPStatus.BAD_REQUEST, "the body: the client left before its end")
        body += message.get("body", b"")
        if len(body) > most:
            _refuse_body(most)
        if not message.get("more_body", False):
            return bytes(body)
        message = await request.receive()


def _refuse_body(most: int) -> NoReturn:
    # By its own name: Python 3.13 renames the member. What is still to come is not read.
    raise RefusedRequestError(
        413,
        "REQUEST_TOO_LARGE",
        f"the body: at most {most} bytes are allowed",
        {"Connection": "close"},
    )


def _decoded(what: str, text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        # It alone takes halves of surrogate pairs, which the rules on keys refuse by name.
        return json.loads(text.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        refuse(HTTPStatus.BAD_REQUEST, f"{what}: is no JSON in UTF-8")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
