# mypy: allow-subclassing-any
"""Explanations: a score taken apart into points that add up to it, and values into shares."""

from __future__ import annotations

import graphene
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.lines import AdverseAction, Reason, ScoreLine, line_table
from gql.paging import page_size
from gql.runs import Run
from gql.scalars import DateTime
from gql.subjects import Subject
from gql.tables import Table
from graphsvc import explain, reasons

DEFAULT_CONTRIBUTIONS = 20


class SourceListing(graphene.ObjectType):
    """A listing in force that makes a subject a source of exposure or trust."""

    list_name = graphene.String(required=True, description="Name of the list.")
    severity = graphene.Float(required=True, description="How severe, above 0 up to 1.")
    effective_from = graphene.Field(DateTime, required=True, description="Since when, included.")
    until = graphene.Field(DateTime, required=True, description="Until when, excluded.")


class Contribution(graphene.ObjectType):
    """What one listed subject adds to a value, over all paths together."""

    source = graphene.Field(Subject, required=True, description="The listed subject.")
    share = graphene.Float(required=True, description="What it adds, in the unit of the value.")
    points = graphene.Float(
        required=True,
        description="Its part of the points that came through contacts; what it adds by its own "
        "listings is in `ownListingPoints`.",
    )
    is_own = graphene.Boolean(
        required=True, description="Whether the source is the explained subject itself."
    )
    listings = graphene.List(
        graphene.NonNull(SourceListing),
        required=True,
        description="Why it is a source.",
    )


class InfluencePath(graphene.ObjectType):
    """One path from the explained subject to a source."""

    subjects = graphene.List(
        graphene.NonNull(Subject),
        required=True,
        description="The subjects on it, the explained one first, the source last.",
    )
    hop_weights = graphene.List(
        graphene.NonNull(graphene.Float),
        required=True,
        description="Weight of each step, one fewer than the subjects.",
    )
    share = graphene.Float(
        required=True, description="What this path alone brings, in the unit of the value."
    )


def _resolve_contributions(
    value: explain.ExplainedValue, info: GraphQLResolveInfo, first: int
) -> tuple[explain.Contribution, ...]:
    return value.contributions[: page_size(first)]


def _resolve_share_sum(value: explain.ExplainedValue, info: GraphQLResolveInfo) -> float:
    return value.value - value.remainder


class ExplainedValue(graphene.ObjectType):
    """A value taken apart: shareSum + remainder is the value."""

    value = graphene.Float(required=True, description="The published value.")
    contributions = graphene.List(
        graphene.NonNull(Contribution),
        required=True,
        description="Shares of the sources, the largest first.",
        first=graphene.Int(
            required=True,
            default_value=DEFAULT_CONTRIBUTIONS,
            description="How many at most, from 1 to 1000.",
        ),
        resolver=_resolve_contributions,
    )
    contribution_count = graphene.Int(
        required=True,
        description="How many sources have a share.",
        resolver=lambda value, info: len(value.contributions),
    )
    share_sum = graphene.Float(
        required=True,
        description="All shares added up, those that `contributions` leaves out too.",
        resolver=_resolve_share_sum,
    )
    remainder = graphene.Float(
        required=True, description="What the shares leave unexplained of the value."
    )
    remainder_bound = graphene.Float(
        required=True, description="How large the remainder can be at most, in either direction."
    )
    paths = graphene.List(
        graphene.NonNull(InfluencePath),
        required=True,
        description="The strongest single paths, the strongest first.",
    )


def _resolve_lines(explanation: explain.Explanation, info: GraphQLResolveInfo) -> Table:
    view = RequestContext.of(info).view(explanation.run.purpose)
    return line_table(explanation.lines, names_reporters=view.may_name_reporters)


def _resolve_reasons(
    explanation: explain.Explanation, info: GraphQLResolveInfo, first: int
) -> tuple[reasons.Reason, ...]:
    return explanation.reasons[: page_size(first)]


class Explanation(graphene.ObjectType):
    """A score taken apart.

    basePoints + ownListingPoints + eventPoints + reportPoints + rejectedReportPoints +
    exposurePoints + trustPoints + capPoints + rangePoints is the score.
    """

    score = graphene.Float(
        required=True,
        description="The published score.",
        resolver=lambda explanation, info: explanation.score.score,
    )
    run = graphene.Field(Run, required=True, description="The run that is explained.")
    base_points = graphene.Float(required=True, description="What everybody starts with.")
    own_listing_points = graphene.Float(
        required=True,
        description="Effect of the subject's own listings.",
        resolver=lambda explanation, info: explanation.score.own_listing_points,
    )
    event_points = graphene.Float(
        required=True,
        description="Effect of the subject's own events.",
        resolver=lambda explanation, info: explanation.score.event_points,
    )
    report_points = graphene.Float(
        required=True,
        description="Effect of reports on the subject, zero or less.",
        resolver=lambda explanation, info: explanation.score.report_points,
    )
    rejected_report_points = graphene.Float(
        required=True,
        description="Effect of reports by the subject that were found false, zero or less.",
        resolver=lambda explanation, info: explanation.score.rejected_report_points,
    )
    exposure_points = graphene.Float(
        required=True,
        description="Effect of exposure through contacts, zero or less.",
        resolver=lambda explanation, info: explanation.score.exposure_points,
    )
    trust_points = graphene.Float(
        required=True,
        description="Effect of trust through contacts, zero or more.",
        resolver=lambda explanation, info: explanation.score.trust_points,
    )
    learned_points = graphene.Float(
        required=True,
        description="Effect of the programme's learned model, zero or less; it stands under the "
        "purpose's cap on association like the two before it. 0 where it names none.",
        resolver=lambda explanation, info: explanation.score.learned_points,
    )
    cap_points = graphene.Float(
        required=True,
        description="What the purpose's cap on association takes back of these three.",
    )
    range_points = graphene.Float(
        required=True, description="What the ends of the scale take back of the sum."
    )
    exposure = graphene.Field(
        ExplainedValue, required=True, description="The exposure, taken apart."
    )
    trust = graphene.Field(ExplainedValue, required=True, description="The trust, taken apart.")
    reasons = graphene.List(
        graphene.NonNull(Reason),
        required=True,
        description="The same in plain words, the largest effect first.",
        first=graphene.Int(
            required=True, default_value=5, description="How many at most, from 1 to 1000."
        ),
        resolver=_resolve_reasons,
    )
    lines = graphene.List(
        graphene.NonNull(ScoreLine),
        required=True,
        description="Every record's, source's and limit's points, which add up to the score.",
        resolver=_resolve_lines,
    )
    adverse_action = graphene.Field(
        AdverseAction,
        required=True,
        description="The form for the subject itself.",
        resolver=lambda explanation, info: explanation,
    )
