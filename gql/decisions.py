# mypy: allow-subclassing-any
"""Decisions: what a purpose's policy advises on one subject, or on up to a thousand at once."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import graphene
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.enums import described_enum
from gql.inputs import SubjectInput, checked_subjects
from gql.lines import Reason
from gql.seen import Decided, ReadDecision
from gql.subjects import PROGRAMME, Subject
from gql.tables import Column, Ragged, Sparse, Table, same, subject_table
from graphsvc.model import Advice, SubjectRef

AdviceEnum = described_enum(
    Advice,
    "What a policy advises; nothing here refuses anybody.",
    {
        Advice.WAIVE_DEPOSIT: "Hire without a deposit.",
        Advice.FAST_CHECKOUT: "Skip the usual checks.",
        Advice.STANDARD: "Treat like anybody.",
        Advice.STEP_UP: "Ask for one more proof.",
        Advice.REVIEW: "A person looks at it before anything is decided.",
    },
)


class DecisionProblem(StrEnum):
    """Why there is no decision on a subject."""

    SUBJECT_NOT_FOUND = "subject_not_found"  # nothing that the purpose may see mentions it


DecisionProblemEnum = described_enum(
    DecisionProblem,
    "Why there is no decision on a subject.",
    {
        DecisionProblem.SUBJECT_NOT_FOUND: "Nothing that the purpose may see mentions the subject, "
        "or no run has been published since something does.",
    },
)


# Looked up, for `name` of an enum's member is a call.
_ADVICE = {advice: advice.name for advice in Advice}


def _of_advised(name: str) -> Callable[[ReadDecision, GraphQLResolveInfo], object]:
    return lambda decision, info: getattr(decision.advised, name)


class Decision(graphene.ObjectType):
    """What a purpose's policy advises on a subject, by one published run."""

    advice = graphene.Field(
        AdviceEnum,
        required=True,
        description="What is advised. An adverse advice that own evidence alone would not give is "
        "REVIEW.",
        resolver=_of_advised("advice"),
    )
    needs_person = graphene.Boolean(
        required=True,
        description="Whether a person must look at it: no rule may act on it by itself.",
        resolver=lambda decision, info: decision.advised.advice is Advice.REVIEW,
    )
    on_own_evidence = graphene.Field(
        AdviceEnum,
        required=True,
        description="What the policy says without what contacts take away.",
        resolver=_of_advised("on_own_evidence"),
    )
    reasons = graphene.List(
        graphene.NonNull(Reason),
        required=True,
        description="Why, in order: the rule's reason, the safeguard's where it stepped in, then "
        "what moved the score most; only what lowered it where the advice is adverse.",
        resolver=_of_advised("reasons"),
    )
    score = graphene.Float(
        required=True,
        description="The published score, in points.",
        resolver=_of_advised("score"),
    )
    bound = graphene.Float(
        required=True,
        description="Largest possible error of the score, in points.",
        resolver=lambda decision, info: decision.run.score_bound,
    )
    band = graphene.String(
        description="Name of the stretch of the scale that the score lies in. Null where the "
        "scoring model has none.",
        resolver=_of_advised("band"),
    )
    width = graphene.Float(
        required=True,
        description="How far, in points, a full file could still move the score.",
        resolver=_of_advised("width"),
    )
    own_points = graphene.Float(
        required=True,
        description="Effect of the subject's own record on the score.",
        resolver=_of_advised("own_points"),
    )
    association_points = graphene.Float(
        required=True,
        description="Effect of the subject's contacts on the score, within the purpose's cap.",
        resolver=_of_advised("association_points"),
    )
    policy = graphene.String(
        required=True, description="Name of the policy.", resolver=_of_advised("policy")
    )
    policy_version = graphene.Int(
        required=True, description="Its version.", resolver=_of_advised("policy_version")
    )
    programme = graphene.String(
        required=True,
        description="Name of the scoring model that made the score.",
        resolver=_of_advised("programme"),
    )
    run_id = graphene.String(
        required=True,
        description="Id of the run that the score comes from.",
        resolver=_of_advised("run_id"),
    )


class SubjectDecision(graphene.ObjectType):
    """A subject that was asked about, and the decision on it or why there is none."""

    subject = graphene.Field(Subject, required=True, description="The subject.")
    decision = graphene.Field(
        Decision, description="The decision; null exactly where `problem` isn't."
    )
    problem = graphene.Field(
        DecisionProblemEnum, description="Why there is no decision; null where there is one."
    )


class _Entry:
    """A row of an answer, for queries that ask for more than its columns."""

    def __init__(self, subject: SubjectRef, decision: ReadDecision | None) -> None:
        self.subject = subject
        self.decision = decision
        self.problem = DecisionProblem.SUBJECT_NOT_FOUND if decision is None else None


def decision_table(decided: Decided) -> Table:
    """Return the decisions as GraphQL's rows, those that are missing included."""
    number_at = {place: number for number, place in enumerate(decided.places)}
    size = len(decided.subjects)

    def entry(place: int) -> _Entry:
        number = number_at.get(place)
        found = None if number is None else decided.decision(number)
        return _Entry(decided.subjects[place], found)

    def problems() -> list[object]:
        missing = DecisionProblem.SUBJECT_NOT_FOUND.name
        return [None if place in number_at else missing for place in range(size)]

    return Table(
        size,
        entry,
        {
            "subject": lambda: subject_table(decided.subjects),
            "decision": lambda: Sparse(_found(decided), decided.places, size),
            "problem": problems,
        },
    )


def _found(decided: Decided) -> Table:
    decisions, size = decided.decisions, len(decided.places)
    judge, run = decisions.judge, decisions.run
    columns: dict[str, Column] = {
        "advice": lambda: [_ADVICE[advice] for advice in decisions.advice],
        "needsPerson": lambda: [advice is Advice.REVIEW for advice in decisions.advice],
        "onOwnEvidence": lambda: [_ADVICE[advice] for advice in decisions.on_own_evidence],
        "reasons": lambda: _reasons(decided),
        "score": decisions.values["score"].tolist,
        "bound": same(run.score_bound, size),
        "band": lambda: decisions.bands,
        "width": decisions.values["width"].tolist,
        "ownPoints": decisions.standings.own_points.tolist,
        "associationPoints": decisions.values["association_points"].tolist,
        "policy": same(judge.policy.name, size),
        "policyVersion": same(judge.policy.version, size),
        "programme": same(judge.programme.name, size),
        "runId": same(run.run_id, size),
    }
    return Table(size, decided.decision, columns)


def _reasons(decided: Decided) -> Table:
    reasons = decided.decisions.reasons
    columns: dict[str, Column] = {
        "code": lambda: reasons.codes,
        "points": lambda: reasons.points,
        "text": lambda: reasons.texts,
    }
    return Ragged(reasons.at, columns, reasons.ends)


def _resolve_decisions(
    root: None,
    info: GraphQLResolveInfo,
    purpose: str,
    subjects: list[SubjectRef],
    programme: str | None = None,
) -> Table:
    view = RequestContext.of(info).view(purpose)
    view.expect(checked_subjects(subjects))
    return decision_table(view.decisions(subjects, programme))


class DecisionQueries(graphene.ObjectType):
    """Fields of Query that lead to decisions."""

    decisions = graphene.List(
        graphene.NonNull(SubjectDecision),
        description="What the purpose's policy advises on each subject, in the order asked. Null "
        "only with an error; a subject that isn't known has an entry that says so.",
        purpose=graphene.String(required=True, description="What the decisions are read for."),
        subjects=graphene.List(
            graphene.NonNull(SubjectInput),
            required=True,
            description="Whom to decide on, from 1 to 1000.",
        ),
        programme=graphene.String(description=PROGRAMME),
        resolver=_resolve_decisions,
    )
