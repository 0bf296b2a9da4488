"""Roles: what the holder of a credential is; purposes and operations name those that they admit."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from graphsvc.errors import InvalidInputError


class Role(StrEnum):
    """What the holder of a credential is. There are no others."""

    SERVICE = "service"  # a program that writes records and reads scores for its own decisions
    ANALYST = "analyst"  # a person who looks into scores and their reasons
    REVIEWER = "reviewer"  # a person who decides disputes and reviews advices
    OPERATOR = "operator"  # runs the service: jobs, metrics, definitions; reads no evidence by it
    AUDITOR = "auditor"  # reads who read and changed what

    __hash__ = str.__hash__  # see SubjectKind


def checked_roles(field: str, names: Iterable[str]) -> frozenset[Role]:
    """Return the roles of these names.

    Args:
        field: what an error says is wrong.
        names: of roles, at least one.

    Raises:
        InvalidInputError: there is none, or one of them is no role; lists those that are.
    """
    wanted = set(names)
    if not wanted:
        raise InvalidInputError(f"{field}: is empty; name at least one")
    for name in sorted(wanted):
        if name not in set(Role):
            raise InvalidInputError(f"{field}: {name!r} is no role; there are {', '.join(Role)}")
    return frozenset(Role(name) for name in wanted)
