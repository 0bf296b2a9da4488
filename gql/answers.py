"""Answers as bytes: JSON, compressed where that pays."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from starlette.types import Send

from gql.media import GRAPHQL_JSON, JSON

COMPRESSION_LEVEL = 1

_ALWAYS = ((b"cache-control", b"no-store"), (b"vary", b"Accept, Accept-Encoding"))
_CONTENT_TYPES = {media: f"{media}; charset=utf-8".encode() for media in (JSON, GRAPHQL_JSON)}


class JsonResponse(NamedTuple):
    """An answer over HTTP, ready to be sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    async def send(self, send: Send) -> None:
        """Send it."""
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


def json_response(
    content: Mapping[str, Any],
    status: int,
    media: str | None,
    headers: Mapping[str, str] | None = None,
    *,
    accept_encoding: str | None = None,
    compressed_from: int = 0,
) -> JsonResponse:
    """Return content as a response that nobody may cache.

    Args:
        content: what is sent.
        status: of HTTP.
        media: its media type; plain JSON where it is None.
        headers: more of them.
        accept_encoding: which encodings the client takes.
        compressed_from: bytes from which on it gets gzip, if it takes that; 0: never.
    """
    body = encoded(content)
    sent = [*_ALWAYS, (b"content-type", _CONTENT_TYPES[media or JSON])]
    if headers:
        sent += [
            (name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()
        ]
    if 0 < compressed_from <= len(body) and takes_gzip(accept_encoding):
        body = gzip.compress(body, COMPRESSION_LEVEL, mtime=0)
        sent.append((b"content-encoding", b"gzip"))
    sent.append((b"content-length", b"%d" % len(body)))
    return JsonResponse(status, sent, body)


def encoded(content: Mapping[str, Any]) -> bytes:
    """Return content as JSON in UTF-8."""
    try:
        return orjson.dumps(content)
    except TypeError:
        # A message may quote half a surrogate pair, which UTF-8 can't hold, and ASCII can.
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


def takes_gzip(accept_encoding: str | None) -> bool:
    """Say whether an Accept-Encoding header admits gzip by name.

    >>> takes_gzip("gzip, deflate, br"), takes_gzip("gzip;q=0"), takes_gzip("*")
    (True, False, False)
    """
    for part in (accept_encoding or "").lower().split(","):
        name, _, parameter = part.partition(";")
        if name.strip() == "gzip":
            quality = parameter.strip().removeprefix("q=").strip()
            return not quality or (quality.replace(".", "", 1).isdigit() and float(quality) > 0)
    return False
