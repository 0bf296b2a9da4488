"""What every mutation does that puts another record in the place of one that stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.mutations.inputs import WritingInput, target_of
from gql.mutations.payloads import OneOutcome
from graphsvc.model import AuditAction, Link, Listing, Record, Report
from graphsvc.permissions import Act
from graphsvc.writing import RefusalCode, RefusedItemError

RecordT = TypeVar("RecordT", Link, Listing, Report)


def amend(
    info: GraphQLResolveInfo,
    input: WritingInput,
    act: Act,
    action: AuditAction,
    change: Callable[[Record, str], Record],
) -> OneOutcome:
    """Record what supersedes the record that the input names in `record`.

    Args:
        info: of the mutation.
        input: the mutation's own.
        act: for the roles that it needs.
        action: for the audit.
        change: makes the new record of the old one and an external id.
    """
    writing = RequestContext.of(info).writing(input.purpose)
    target = target_of(input.record)
    return OneOutcome.of(writing.amend(act, action, target, change, key=input.idempotency_key))


def require_type(record: Record, wanted: type[RecordT]) -> RecordT:
    """Return the record, if it is of the type that a mutation is for.

    Raises:
        RefusedItemError: it isn't.
    """
    if not isinstance(record, wanted):
        reason = f"is of type {record.record_type}; a {wanted.record_type} is right"
        raise RefusedItemError("record", RefusalCode.CONFLICT, reason)
    return record
