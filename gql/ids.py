"""Global ids: opaque to clients, and what they hold is checked like any other input.

An id of something that was read for a purpose names that purpose, so that it leads back there and
to nobody who doesn't hold it.
"""

from __future__ import annotations

from graphql_relay import from_global_id, to_global_id

from graphsvc.errors import InvalidInputError

SHOWN_CHARACTERS = 64


def global_id(noun: str, *parts: object) -> str:
    """Return the id of an object.

    Args:
        noun: name of its type.
        parts: what it takes to find it; none but the last may hold a colon.

    >>> noun_and_parts(global_id("Link", "marketplace-integrity", 7))
    ('Link', 'marketplace-integrity:7')
    """
    return str(to_global_id(noun, ":".join(str(part) for part in parts)))


def noun_and_parts(id: str) -> tuple[str, str]:
    """Return the type's name and the joined parts of an id.

    Raises:
        InvalidInputError: it is no id.
    """
    try:
        noun, parts = from_global_id(id)
    except ValueError:
        noun, parts = "", ""
    if not noun or not parts:
        raise foreign_id(id)
    return noun, parts


def foreign_id(id: str) -> InvalidInputError:
    """Return the one answer to an id that this service never gave."""
    return InvalidInputError(f"id: {id[:SHOWN_CHARACTERS]!r} is no id that this service gave")
