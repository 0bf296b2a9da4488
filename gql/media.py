"""Which media type an answer has: content negotiation of GraphQL over HTTP."""

from __future__ import annotations

from functools import lru_cache

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"

LONGEST_REMEMBERED = 200
_EXACT, _SUBTYPE, _ANY = 2, 1, 0


def negotiated(accept: str | None) -> str | None:
    """Return the media type that an Accept header wants most, None where it wants neither.

    Plain JSON is what a client gets that doesn't care.

    >>> negotiated("application/graphql-response+json, application/json;q=0.9")
    'application/graphql-response+json'
    >>> negotiated("*/*")
    'application/json'
    >>> negotiated("text/html") is None
    True
    """
    if accept is None or not accept.strip():
        return JSON
    return _negotiated(accept) if len(accept) <= LONGEST_REMEMBERED else _best(accept)


@lru_cache(256)
def _negotiated(accept: str) -> str | None:
    # A client sends the same header with every request.
    return _best(accept)


def _best(accept: str) -> str | None:
    ranges = [_media_range(text) for text in accept.split(",")]
    wanted = {offer: _wish(offer, ranges) for offer in (JSON, GRAPHQL_JSON)}
    best = max(wanted, key=lambda offer: wanted[offer])  # the first of equals is plain JSON
    return best if wanted[best] > (0.0,) else None


def _media_range(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = float(parameter.removeprefix("q="))
            except ValueError:
                quality = 0.0
    return name, quality


def _wish(offer: str, ranges: list[tuple[str, float]]) -> tuple[float, ...]:
    """Return quality, how exactly the offer is named, and how early; the larger the better."""
    main_type = offer.partition("/")[0]
    specificity = {offer: _EXACT, f"{main_type}/*": _SUBTYPE, "*/*": _ANY}
    found = [
        (specificity[name], -place, quality)
        for place, (name, quality) in enumerate(ranges)
        if name in specificity
    ]
    if not found:
        return (0.0,)
    exactness, earliness, quality = max(found)
    return (quality, exactness, earliness) if quality > 0.0 else (0.0,)
