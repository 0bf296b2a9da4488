"""How the service's enums become GraphQL's: the same members, each with a gloss."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import graphene


def described_enum(members: type[StrEnum], gloss: str, glosses: Mapping[StrEnum, str]) -> Any:
    """Return the GraphQL enum of the same name, members described by `glosses`.

    Raises:
        KeyError: a member has no gloss.
    """
    texts = {member: glosses[member] for member in members}

    def description(member: StrEnum | None) -> str:
        return gloss if member is None else texts[member]

    return graphene.Enum.from_enum(members, description=description)
