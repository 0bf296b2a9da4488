"""Cursors: a place in the changes of a purpose's live scores, from which any server can go on.

A number alone would mean nothing to another server, or to this one after a restart: numbers are
counted in one engine's life. So a cursor says as well what the scores were made of. That is kept
in the store, and from it anybody can tell what has moved since.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from graphsvc.errors import InvalidInputError
from graphsvc.model.checks import from_microseconds, to_microseconds

_PATTERN = re.compile(
    r"live1 (?P<purpose>[a-z][a-z0-9-]{0,63}) (?P<life>[0-9a-f]{16}) (?P<number>\d{1,18}) "
    r"(?P<sequence>\d{1,18}) (?P<as_of_us>\d{1,16}) (?P<erasures>\d{1,18});"
)
SHOWN_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Moment:
    """What scores are made of: all records up to a sequence, scored for a time.

    `erasures` is how many there had been in the store: scores from before one can't be made again.
    """

    sequence: int
    as_of: datetime
    erasures: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """Changes up to `number` of an engine's `life` are known.

    `moment` is the latest at which every score was as those changes say.
    """

    purpose: str
    life: str
    number: int
    moment: Moment

    def text(self) -> str:
        """Return the cursor as clients keep it."""
        moment = self.moment
        made_of = f"{moment.sequence} {to_microseconds(moment.as_of)} {moment.erasures}"
        text = f"live1 {self.purpose} {self.life} {self.number} {made_of};"
        return base64.urlsafe_b64encode(text.encode()).decode()

    @classmethod
    def parse(cls, text: str, purpose: str) -> Self:
        """Return the cursor that a client kept.

        Raises:
            InvalidInputError: it is none, or is of another purpose.
        """
        try:
            found = _PATTERN.fullmatch(_decoded(text))
            if found is not None and found["purpose"] == purpose:
                as_of = from_microseconds(int(found["as_of_us"]))
                moment = Moment(int(found["sequence"]), as_of, int(found["erasures"]))
                return cls(purpose, found["life"], int(found["number"]), moment)
        except (binascii.Error, UnicodeError, ValueError, OverflowError):
            pass
        raise InvalidInputError(
            f"after: {text[:SHOWN_CHARACTERS]!r} is no cursor of live scores for {purpose}; send "
            "one that liveScore or scoreChanges gave"
        )


def _decoded(text: str) -> str:
    return base64.b64decode(text.encode(), altchars=b"-_", validate=True).decode()
