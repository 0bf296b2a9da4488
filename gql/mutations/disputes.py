# mypy: allow-subclassing-any
"""Contesting records and scores, and deciding what is contested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import graphene
from graphene.utils.str_converters import to_snake_case
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.disputes import Dispute
from gql.enums import described_enum
from gql.ids import local_id
from gql.inputs import SubjectInput
from gql.mutations.inputs import KEY, RecordInput, target_of
from gql.mutations.payloads import Refusal
from gql.mutations.records import FieldInput
from gql.paging import page_size
from gql.subjects import Subject
from graphsvc.changes import ScoreChange as MovedScore
from graphsvc.dispute_desk import DisputeDesk, Taken
from graphsvc.errors import InvalidRecordError
from graphsvc.model import DisputeStatus
from graphsvc.writing import RefusalCode, Refused, RefusedItemError

PURPOSE = (
    "What the dispute is seen for. May be left out by a credential that holds exactly one purpose."
)


class DisputeOutcome(StrEnum):
    """What becomes of what was contested."""

    CORRECTED = "corrected"
    REMOVED = "removed"
    KEPT = "kept"


DisputeOutcomeEnum = described_enum(
    DisputeOutcome,
    "What becomes of what was contested.",
    {
        DisputeOutcome.CORRECTED: "A correction takes the record's place; of a score: it was "
        "looked at and put right.",
        DisputeOutcome.REMOVED: "The record is withdrawn.",
        DisputeOutcome.KEPT: "The record, or the score, stands.",
    },
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A step that was taken, or why it was not."""

    desk: DisputeDesk
    taken: Taken | None
    refused: Refused | None


class ScoreChange(graphene.ObjectType):
    """A published score that a step moved, by more than both bounds leave open."""

    subject = graphene.Field(Subject, required=True, description="Whose score.")
    programme = graphene.String(required=True, description="Name of the scoring model.")
    before = graphene.Float(description="The score without the step; null: it had none.")
    after = graphene.Float(description="The score with the step; null: it has none.")
    points = graphene.Float(
        required=True, description="By how much it moved; 0 where there is only one."
    )
    bound = graphene.Float(
        required=True, description="Largest possible error of the difference, in points."
    )


def _resolve_changes(
    answer: Answer, info: GraphQLResolveInfo, first: int
) -> tuple[MovedScore, ...]:
    wanted = page_size(first)
    shown = answer.taken.changes[:wanted] if answer.taken else ()
    answer.desk.note_scores(shown)
    return shown


class DisputePayload(graphene.ObjectType):
    """What became of a step; exactly one of `dispute` and `refused` is not null."""

    dispute = graphene.Field(
        Dispute,
        description="The dispute as it stands now.",
        resolver=lambda answer, info: answer.taken.seen if answer.taken else None,
    )
    already_done = graphene.Boolean(
        required=True,
        description="Whether the step had been taken before this call, which then changed nothing.",
        resolver=lambda answer, info: bool(answer.taken and answer.taken.was_done),
    )
    changes = graphene.List(
        graphene.NonNull(ScoreChange),
        required=True,
        description="Scores of the purpose that the step moved, the largest change first; each one "
        "shown is a read. None where it was done already.",
        first=graphene.Int(
            required=True, default_value=20, description="How many at most, from 1 to 1000."
        ),
        resolver=_resolve_changes,
    )
    change_count = graphene.Int(
        required=True,
        description="How many scores of the purpose it moved.",
        resolver=lambda answer, info: len(answer.taken.changes) if answer.taken else 0,
    )
    refused = graphene.Field(Refusal, description="Why the step was not taken, if it wasn't.")


class OpenDisputeInput(graphene.InputObjectType):
    """A record that a subject contests."""

    idempotency_key = graphene.String(required=True, description=KEY)
    purpose = graphene.String(description=PURPOSE)
    subject = graphene.Field(SubjectInput, required=True, description="Who contests.")
    record = graphene.Field(
        RecordInput,
        required=True,
        description="The event, link, report or listing; it must concern the subject.",
    )
    grounds = graphene.String(required=True, description="What is wrong, in the subject's words.")
    suspend = graphene.Boolean(
        required=True,
        default_value=False,
        description="Whether the record counts for nobody meanwhile; needs the role reviewer.",
    )


class RequestHumanReviewInput(graphene.InputObjectType):
    """A score that a person is to look at."""

    idempotency_key = graphene.String(required=True, description=KEY)
    purpose = graphene.String(description="Whose score is contested, as in openDispute.")
    subject = graphene.Field(SubjectInput, required=True, description="Whose score it is.")
    grounds = graphene.String(required=True, description="Why, in the subject's words.")


class SuspendDisputeInput(graphene.InputObjectType):
    """A dispute whose record is to count for nobody until the decision."""

    purpose = graphene.String(description=PURPOSE)
    dispute_id = graphene.ID(required=True, description="Its `id` or its `disputeId`.")


class DecideDisputeInput(graphene.InputObjectType):
    """The decision of a dispute."""

    purpose = graphene.String(description=PURPOSE)
    dispute_id = graphene.ID(required=True, description="Its `id` or its `disputeId`.")
    outcome = graphene.Field(
        DisputeOutcomeEnum, required=True, description="What becomes of what was contested."
    )
    decision = graphene.String(required=True, description="Why, in plain words.")
    fields = graphene.List(
        graphene.NonNull(FieldInput),
        required=True,
        default_value=[],
        description="With CORRECTED on a record: what is right.",
    )


def _answer(desk: DisputeDesk, step: Callable[[], Taken]) -> Answer:
    try:
        return Answer(desk, step(), None)
    except InvalidRecordError as error:
        code = RefusalCode.INVALID_RECORD
        return Answer(desk, None, Refused(0, error.field, code, error.reason))
    except RefusedItemError as error:
        return Answer(desk, None, Refused(0, error.field, error.code, error.reason))


def _resolve_open(root: None, info: GraphQLResolveInfo, input: OpenDisputeInput) -> Answer:
    desk = RequestContext.of(info).disputes(input.purpose)
    target = target_of(input.record)
    return _answer(
        desk,
        lambda: desk.open(
            input.subject,
            target,
            grounds=input.grounds,
            suspend=input.suspend,
            key=input.idempotency_key,
        ),
    )


def _resolve_review(root: None, info: GraphQLResolveInfo, input: RequestHumanReviewInput) -> Answer:
    desk = RequestContext.of(info).disputes(input.purpose)
    return _answer(
        desk,
        lambda: desk.request_review(
            input.subject, grounds=input.grounds, key=input.idempotency_key
        ),
    )


def _resolve_suspend(root: None, info: GraphQLResolveInfo, input: SuspendDisputeInput) -> Answer:
    purpose, dispute_id = local_id("Dispute", input.dispute_id, input.purpose)
    desk = RequestContext.of(info).disputes(purpose)
    return _answer(desk, lambda: desk.suspend(dispute_id))


def _resolve_decide(root: None, info: GraphQLResolveInfo, input: DecideDisputeInput) -> Answer:
    purpose, dispute_id = local_id("Dispute", input.dispute_id, input.purpose)
    desk = RequestContext.of(info).disputes(purpose)
    assignments = [f"{to_snake_case(item.field)}={item.value}" for item in input.fields]
    outcome = DisputeStatus(input.outcome.value)
    return _answer(
        desk,
        lambda: desk.decide(dispute_id, outcome, decision=input.decision, assignments=assignments),
    )


class DisputeMutations(graphene.ObjectType):
    """Fields of Mutation that contest and decide."""

    open_dispute = graphene.Field(
        DisputePayload,
        description="Contest a record for the subject that it concerns. Needs the role service or "
        "reviewer. Null only with an error.",
        input=graphene.Argument(
            OpenDisputeInput, required=True, description="Who contests what, and why."
        ),
        resolver=_resolve_open,
    )
    request_human_review = graphene.Field(
        DisputePayload,
        description="Contest a score: a person is to look at it, and until then no adverse advice "
        "on the subject is automatic. Needs the role service or reviewer. Null only with an error.",
        input=graphene.Argument(
            RequestHumanReviewInput, required=True, description="Whose score, and why."
        ),
        resolver=_resolve_review,
    )
    suspend_dispute = graphene.Field(
        DisputePayload,
        description="Switch the contested record's effect off, on everyone that it reached, until "
        "the decision; scores are published anew. Needs the role reviewer. Null only with an "
        "error.",
        input=graphene.Argument(SuspendDisputeInput, required=True, description="Which dispute."),
        resolver=_resolve_suspend,
    )
    decide_dispute = graphene.Field(
        DisputePayload,
        description="Close a dispute: the record is corrected, removed or kept, and scores are "
        "published anew. Needs the role reviewer. Null only with an error.",
        input=graphene.Argument(
            DecideDisputeInput, required=True, description="Which dispute, what, and why."
        ),
        resolver=_resolve_decide,
    )
