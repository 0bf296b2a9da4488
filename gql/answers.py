"""Answers as bytes: JSON, compressed where that pays."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from gql.media import JSON

COMPRESSION_LEVEL = 1


def json_response(
    content: Mapping[str, Any],
    status: int,
    media: str | None,
    headers: Mapping[str, str] | None = None,
    *,
    accept_encoding: str | None = None,
    compressed_from: int = 0,
) -> Response:
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
    sent = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding", **(headers or {})}
    if 0 < compressed_from <= len(body) and takes_gzip(accept_encoding):
        body = gzip.compress(body, COMPRESSION_LEVEL, mtime=0)
        sent["Content-Encoding"] = "gzip"
    return Response(body, status, sent, media_type=f"{media or JSON}; charset=utf-8")


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
