# mypy: allow-subclassing-any
"""Scalars that GraphQL lacks: times in UTC, and whole numbers beyond 32 bits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import graphene
from graphql import GraphQLError, IntValueNode, StringValueNode, ValueNode

LARGEST_WHOLE_NUMBER = 2**53


def time_text(value: datetime) -> str:
    """Return a time as this API writes it."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parsed_time(value: object) -> datetime:
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise GraphQLError(
            f"DateTime: {str(value)[:64]!r} is no ISO 8601 time with a zone; "
            "2026-01-31T12:00:00Z is one"
        )
    return time.astimezone(UTC)


def _time_of_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> datetime:
    return _parsed_time(node.value if isinstance(node, StringValueNode) else None)


def _whole_number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_WHOLE_NUMBER:
        return value
    raise GraphQLError(f"Long: {str(value)[:64]!r} is no whole number between -2^53 and 2^53")


def _whole_number_of_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> int:
    return _whole_number(int(node.value) if isinstance(node, IntValueNode) else None)


class DateTime(graphene.Scalar):
    """A time in ISO 8601, always in UTC, for example 2026-01-31T12:00:00Z."""

    serialize = staticmethod(time_text)
    parse_value = staticmethod(_parsed_time)
    parse_literal = staticmethod(_time_of_literal)


class Long(graphene.Scalar):
    """A whole number between -2^53 and 2^53, sent as a JSON number; Int ends at 2^31."""

    serialize = staticmethod(_whole_number)
    parse_value = staticmethod(_whole_number)
    parse_literal = staticmethod(_whole_number_of_literal)
