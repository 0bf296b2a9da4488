# mypy: allow-subclassing-any
"""Correcting and withdrawing records of any kind."""

from __future__ import annotations

from functools import partial

import graphene
from graphene.utils.str_converters import to_snake_case
from graphql import GraphQLResolveInfo

from gql.mutations.amending import amend
from gql.mutations.inputs import RecordInput, WritingInput
from gql.mutations.payloads import OneOutcome, RecordPayload
from graphsvc.model import AuditAction, Record
from graphsvc.permissions import Act
from graphsvc.writing import changed, withdrawn


class FieldInput(graphene.InputObjectType):
    """A field's right value."""

    field = graphene.String(required=True, description="Name of the field, such as severity.")
    value = graphene.String(
        required=True,
        description="Its value in words: a number, a time, an enum's value in small letters, "
        "kind:key of a subject, a list separated by commas; empty takes an optional field away.",
    )


class CorrectRecordInput(WritingInput):
    """A record with some fields put right."""

    record = graphene.Field(RecordInput, required=True, description="What is wrong.")
    fields = graphene.List(
        graphene.NonNull(FieldInput), required=True, description="What is right, at least one."
    )


class WithdrawRecordInput(WritingInput):
    """A record that is withdrawn."""

    record = graphene.Field(RecordInput, required=True, description="What was never right.")
    reason = graphene.String(required=True, description="Why, in plain words.")


def _resolve_correct_record(
    root: None, info: GraphQLResolveInfo, input: CorrectRecordInput
) -> OneOutcome:
    assignments = [f"{to_snake_case(item.field)}={item.value}" for item in input.fields]

    def correct(record: Record, external_id: str) -> Record:
        return changed(record, assignments, external_id)

    return amend(info, input, Act.CORRECT_RECORDS, AuditAction.RECORD_CORRECTED, correct)


def _resolve_withdraw_record(
    root: None, info: GraphQLResolveInfo, input: WithdrawRecordInput
) -> OneOutcome:
    withdraw = partial(withdrawn, reason=input.reason)
    return amend(info, input, Act.WITHDRAW_RECORDS, AuditAction.RECORD_WITHDRAWN, withdraw)


class RecordMutations(graphene.ObjectType):
    """Fields of Mutation that put records right."""

    correct_record = graphene.Field(
        RecordPayload,
        description="Put fields of an event, link, report or listing right: a new record "
        "supersedes it. Needs the role service or analyst (for their own records) or operator; a "
        "listing needs operator. A report's status is settled, not corrected. Null only with an "
        "error.",
        input=graphene.Argument(
            CorrectRecordInput, required=True, description="What is wrong, and what is right."
        ),
        resolver=_resolve_correct_record,
    )
    withdraw_record = graphene.Field(
        RecordPayload,
        description="Withdraw an event, link, report or listing altogether: a new record says so. "
        "Needs the same roles as correctRecord. Null only with an error.",
        input=graphene.Argument(
            WithdrawRecordInput, required=True, description="What is withdrawn, and why."
        ),
        resolver=_resolve_withdraw_record,
    )
