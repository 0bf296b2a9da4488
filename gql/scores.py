# mypy: allow-subclassing-any
"""Scores: the published number, the two values behind it, their bounds, and the reasons."""

from __future__ import annotations

from enum import StrEnum

import graphene
from graphql import GraphQLResolveInfo

from gql.attributes import Attribute
from gql.context import RequestContext
from gql.enums import described_enum
from gql.lines import AdverseAction, Reason, ScoreLine, line_table
from gql.paging import page_size
from gql.runs import Run
from gql.seen import ReadScore
from gql.subjects import PROGRAMME, Subject, SubjectKindEnum
from gql.tables import Table
from graphsvc.explain import Explanation
from graphsvc.model import SubjectKind
from graphsvc.reasons import Reason as ExplainedReason


class TopBy(StrEnum):
    """What a list of top subjects is ordered by."""

    EXPOSURE = "exposure"  # largest exposure first
    TRUST = "trust"  # largest trust first
    LOWEST_SCORE = "lowest_score"
    HIGHEST_SCORE = "highest_score"


_COLUMN_AND_LARGEST_FIRST = {
    TopBy.EXPOSURE: ("exposure", True),
    TopBy.TRUST: ("trust", True),
    TopBy.LOWEST_SCORE: ("score", False),
    TopBy.HIGHEST_SCORE: ("score", True),
}

TopByEnum = described_enum(
    TopBy,
    "What a list of top subjects is ordered by; ties stand in order of kind and key.",
    {
        TopBy.EXPOSURE: "Largest exposure to blacklisted subjects first.",
        TopBy.TRUST: "Largest trust from allowlisted subjects first.",
        TopBy.LOWEST_SCORE: "Lowest score first.",
        TopBy.HIGHEST_SCORE: "Highest score first.",
    },
)


def _resolve_reasons(
    score: ReadScore, info: GraphQLResolveInfo, first: int
) -> tuple[ExplainedReason, ...]:
    wanted = page_size(first)
    return _explanation(score, info).reasons[:wanted]


def _explanation(score: ReadScore, info: GraphQLResolveInfo) -> Explanation:
    view = RequestContext.of(info).view(score.run.purpose)
    return view.explanation(score.values.subject, score.run.programme)


def _resolve_lines(score: ReadScore, info: GraphQLResolveInfo) -> Table:
    view = RequestContext.of(info).view(score.run.purpose)
    return line_table(_explanation(score, info).lines, names_reporters=view.may_name_reporters)


def _resolve_beside(score: ReadScore, info: GraphQLResolveInfo) -> list[ReadScore]:
    return RequestContext.of(info).view(score.run.purpose).beside(score)


class Score(graphene.ObjectType):
    """A subject's published score for one purpose, certified."""

    value = graphene.Float(
        required=True,
        description="The score in points; more is better.",
        resolver=Attribute("values.score"),
    )
    bound = graphene.Float(
        required=True,
        description="Largest possible error of the score, in points.",
        resolver=Attribute("run.score_bound"),
    )
    width = graphene.Float(
        required=True,
        description="How far, in points, the records that a full file would have could still move "
        "the score; it falls with every record of the subject's own.",
        resolver=Attribute("values.width"),
    )
    band = graphene.String(
        description="Name of the stretch of the scale that the score lies in. Null where the "
        "scoring model has none.",
        resolver=Attribute("values.band"),
    )
    own_points = graphene.Float(
        required=True,
        description="Effect of the subject's own record: events, reports and listings, without "
        "its contacts.",
        resolver=Attribute("values.own_points"),
    )
    association_points = graphene.Float(
        required=True,
        description="Effect of the subject's contacts, within the purpose's cap.",
        resolver=Attribute("values.association_points"),
    )
    exposure = graphene.Float(
        required=True,
        description="How much of the blacklisted risk reaches the subject, from 0 to 1.",
        resolver=Attribute("values.exposure"),
    )
    exposure_bound = graphene.Float(
        required=True,
        description="Largest possible error of the exposure.",
        resolver=Attribute("run.exposure.bound"),
    )
    trust = graphene.Float(
        required=True,
        description="How much trust reaches the subject; 1 is what a fully trusted subject has "
        "of its own.",
        resolver=Attribute("values.trust"),
    )
    trust_bound = graphene.Float(
        required=True,
        description="Largest possible error of the trust.",
        resolver=Attribute("run.trust.bound"),
    )
    programme = graphene.String(
        required=True,
        description="Name of the scoring model.",
        resolver=Attribute("run.programme"),
    )
    run = graphene.Field(Run, required=True, description="The run that the score comes from.")
    reasons = graphene.List(
        graphene.NonNull(Reason),
        required=True,
        description="Why the score is what it is, the largest effect first. Solved on the graph "
        "when it is asked for, so it takes longer than the rest.",
        first=graphene.Int(
            required=True, default_value=5, description="How many at most, from 1 to 1000."
        ),
        resolver=_resolve_reasons,
    )
    lines = graphene.List(
        graphene.NonNull(ScoreLine),
        required=True,
        description="Every record's, source's and limit's points, which add up to the score. "
        "Solved on the graph when it is asked for.",
        resolver=_resolve_lines,
    )
    adverse_action = graphene.Field(
        AdverseAction,
        required=True,
        description="The form for the subject itself. Solved on the graph when it is asked for.",
        resolver=_explanation,
    )
    side_by_side = graphene.List(
        graphene.NonNull(lambda: Score),
        required=True,
        description="The same subject's scores by the purpose's other scoring models, where those "
        "have a run that knows it; the champion first.",
        resolver=_resolve_beside,
    )


class ScoredSubject(graphene.ObjectType):
    """A subject with its score."""

    subject = graphene.Field(
        Subject,
        required=True,
        description="The subject.",
        resolver=Attribute("values.subject"),
    )
    score = graphene.Field(
        Score,
        required=True,
        description="Its score.",
        resolver=lambda score, info: score,
    )


def _resolve_top_subjects(
    root: None,
    info: GraphQLResolveInfo,
    *,
    purpose: str,
    first: int,
    by: TopBy,
    kind: SubjectKind | None = None,
    programme: str | None = None,
) -> list[ReadScore]:
    view = RequestContext.of(info).view(purpose)
    column, largest_first = _COLUMN_AND_LARGEST_FIRST[by]
    return view.top(
        column, page_size(first), largest_first=largest_first, kind=kind, programme=programme
    )


class ScoreQueries(graphene.ObjectType):
    """Fields of Query that lead to scores."""

    top_subjects = graphene.List(
        graphene.NonNull(ScoredSubject),
        description="The subjects that stand out most in a purpose's current run. Null only with "
        "an error.",
        purpose=graphene.String(required=True, description="What the scores are read for."),
        first=graphene.Int(
            required=True, default_value=20, description="How many at most, from 1 to 1000."
        ),
        by=graphene.Argument(
            TopByEnum,
            required=True,
            default_value=TopBy.EXPOSURE,
            description="What they are ordered by.",
        ),
        kind=graphene.Argument(SubjectKindEnum, description="Only subjects of this kind."),
        programme=graphene.String(description=PROGRAMME),
        resolver=_resolve_top_subjects,
    )
