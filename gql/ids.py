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


def local_id(noun: str, id: str, purpose: str | None) -> tuple[str | None, str]:
    """Return the purpose and the noun's own id, where either that or its global id was given.

    Args:
        noun: name of the type that is meant.
        id: its global id, or the id by which the service itself knows it.
        purpose: the one that the caller names, which goes before that of a global id.

    >>> local_id("Case", global_id("Case", "marketplace-integrity", "C-1"), None)
    ('marketplace-integrity', 'C-1')
    >>> local_id("Case", "C-1", None)
    (None, 'C-1')
    """
    try:
        found, parts = noun_and_parts(id)
    except InvalidInputError:
        return purpose, id
    named, colon, own = parts.partition(":")
    return (purpose or named, own) if found == noun and colon and own else (purpose, id)
