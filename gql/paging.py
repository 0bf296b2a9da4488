"""Pages: how many at once, and cursors that stand for a place in an order that doesn't move."""

from __future__ import annotations

import base64
import binascii

from graphsvc.errors import InvalidInputError

LARGEST_PAGE = 1000
LARGEST_SEQUENCE = 2**63 - 1


def page_size(first: int) -> int:
    """Return `first`, if it lies from 1 to 1000.

    Raises:
        InvalidInputError: it doesn't.
    """
    if not 1 <= first <= LARGEST_PAGE:
        raise InvalidInputError(f"first: is {first}; a number from 1 to {LARGEST_PAGE} is needed")
    return first


def cursor_of(noun: str, sequence: int) -> str:
    """Return the opaque cursor of the place just after a sequence number.

    >>> sequence_after("link", cursor_of("link", 7))
    7
    """
    return base64.urlsafe_b64encode(f"{noun}:{sequence}".encode()).decode()


def sequence_after(noun: str, cursor: str | None) -> int:
    """Return the sequence number that a cursor stands for, 0 where there is none.

    Raises:
        InvalidInputError: it is no cursor of that noun.
    """
    if cursor is None:
        return 0
    try:
        found, _, digits = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
    except (binascii.Error, UnicodeError):
        found, digits = "", ""
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= 19
    if found != noun or not is_number or int(digits) > LARGEST_SEQUENCE:
        raise foreign_cursor(cursor)
    return int(digits)


def foreign_cursor(cursor: str) -> InvalidInputError:
    """Return the one answer to a cursor that the list never gave."""
    return InvalidInputError(
        f"after: {cursor[:64]!r} is no cursor of this list; send an endCursor that it gave"
    )
