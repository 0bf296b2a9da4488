# mypy: allow-subclassing-any
"""Keeping cases: opening them, adding notes and subjects, closing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import graphene
from graphql import GraphQLResolveInfo

from gql.cases import Case
from gql.context import RequestContext
from gql.ids import local_id
from gql.inputs import SubjectInput
from gql.mutations.inputs import KEY
from gql.mutations.payloads import Refusal
from graphsvc.case_desk import Kept
from graphsvc.errors import InvalidRecordError
from graphsvc.writing import RefusalCode, Refused, RefusedItemError

PURPOSE = (
    "What the case is kept for. May be left out by a credential that holds exactly one purpose."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A step that was taken, or why it was not."""

    kept: Kept | None
    refused: Refused | None


class CasePayload(graphene.ObjectType):
    """What became of a step; exactly one of `case` and `refused` is not null."""

    case = graphene.Field(
        Case,
        description="The case as it stands now.",
        resolver=lambda answer, info: answer.kept.case if answer.kept else None,
    )
    already_done = graphene.Boolean(
        required=True,
        description="Whether the step had been taken before this call, which then changed nothing.",
        resolver=lambda answer, info: bool(answer.kept and answer.kept.was_done),
    )
    refused = graphene.Field(Refusal, description="Why the step was not taken, if it wasn't.")


class OpenCaseInput(graphene.InputObjectType):
    """A case to open."""

    idempotency_key = graphene.String(required=True, description=KEY)
    purpose = graphene.String(description=PURPOSE)
    title = graphene.String(required=True, description="What it is about, in a line.")
    subjects = graphene.List(
        graphene.NonNull(SubjectInput),
        required=True,
        description="Whom it is about: from 1 to 1000 that the purpose's evidence mentions.",
    )


class AddCaseNoteInput(graphene.InputObjectType):
    """A note to add."""

    idempotency_key = graphene.String(required=True, description=KEY)
    purpose = graphene.String(description=PURPOSE)
    case_id = graphene.ID(required=True, description="Its `id` or its `caseId`.")
    text = graphene.String(required=True, description="What was found, in words.")
    subject = graphene.Field(
        SubjectInput,
        description="Whom it is about, one of the case's subjects; if that is erased, so is the "
        "note. Left out: all of them.",
    )


class AddCaseSubjectsInput(graphene.InputObjectType):
    """Subjects to add; those that the case is about already change nothing."""

    purpose = graphene.String(description=PURPOSE)
    case_id = graphene.ID(required=True, description="Its `id` or its `caseId`.")
    subjects = graphene.List(
        graphene.NonNull(SubjectInput),
        required=True,
        description="Whom it is about as well: from 1 to 1000.",
    )


class CloseCaseInput(graphene.InputObjectType):
    """A case to close."""

    purpose = graphene.String(description=PURPOSE)
    case_id = graphene.ID(required=True, description="Its `id` or its `caseId`.")


def _answer(step: Callable[[], Kept]) -> Answer:
    try:
        return Answer(step(), None)
    except InvalidRecordError as error:
        code = RefusalCode.INVALID_RECORD
        return Answer(None, Refused(0, error.field, code, error.reason))
    except RefusedItemError as error:
        return Answer(None, Refused(0, error.field, error.code, error.reason))


def _resolve_open(root: None, info: GraphQLResolveInfo, input: OpenCaseInput) -> Answer:
    desk = RequestContext.of(info).cases(input.purpose)
    return _answer(lambda: desk.open(input.title, input.subjects, key=input.idempotency_key))


def _resolve_note(root: None, info: GraphQLResolveInfo, input: AddCaseNoteInput) -> Answer:
    purpose, case_id = local_id("Case", input.case_id, input.purpose)
    desk = RequestContext.of(info).cases(purpose)
    return _answer(
        lambda: desk.add_note(case_id, input.text, subject=input.subject, key=input.idempotency_key)
    )


def _resolve_subjects(root: None, info: GraphQLResolveInfo, input: AddCaseSubjectsInput) -> Answer:
    purpose, case_id = local_id("Case", input.case_id, input.purpose)
    desk = RequestContext.of(info).cases(purpose)
    return _answer(lambda: desk.add_subjects(case_id, input.subjects))


def _resolve_close(root: None, info: GraphQLResolveInfo, input: CloseCaseInput) -> Answer:
    purpose, case_id = local_id("Case", input.case_id, input.purpose)
    desk = RequestContext.of(info).cases(purpose)
    return _answer(lambda: desk.close(case_id))


class CaseMutations(graphene.ObjectType):
    """Fields of Mutation that keep cases; all need the role analyst."""

    open_case = graphene.Field(
        CasePayload,
        description="Open a case. Needs the role analyst. Null only with an error.",
        input=graphene.Argument(OpenCaseInput, required=True, description="What it is about."),
        resolver=_resolve_open,
    )
    add_case_note = graphene.Field(
        CasePayload,
        description="Add a note to an open case. Needs the role analyst. Null only with an error.",
        input=graphene.Argument(AddCaseNoteInput, required=True, description="What was found."),
        resolver=_resolve_note,
    )
    add_case_subjects = graphene.Field(
        CasePayload,
        description="Let an open case be about further subjects. Needs the role analyst. Null only "
        "with an error.",
        input=graphene.Argument(AddCaseSubjectsInput, required=True, description="Whom."),
        resolver=_resolve_subjects,
    )
    close_case = graphene.Field(
        CasePayload,
        description="Close a case; it stays readable. Needs the role analyst. Null only with an "
        "error.",
        input=graphene.Argument(CloseCaseInput, required=True, description="Which."),
        resolver=_resolve_close,
    )
