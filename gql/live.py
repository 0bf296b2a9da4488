# mypy: allow-subclassing-any
"""Live scores: the score as it stands now, with its parts and the place to follow it from."""

from __future__ import annotations

from datetime import datetime

import graphene
from graphql import GraphQLResolveInfo

from gql.scalars import DateTime, Long
from graphsvc.live.host import HostedReading


class LiveScoreParts(graphene.ObjectType):
    """What a live score is made of, in points.

    Base, listings, events, reports, rejectedReports and association add up to the score, before
    the scoring model's range clips it.
    """

    listings = graphene.Float(
        required=True,
        description="Effect of the lists that the subject stands on itself.",
        resolver=lambda values, info: values.own_listing_points,
    )
    events = graphene.Float(
        required=True,
        description="Effect of what the subject did.",
        resolver=lambda values, info: values.event_points,
    )
    reports = graphene.Float(
        required=True,
        description="Effect of the reports on the subject.",
        resolver=lambda values, info: values.report_points,
    )
    rejected_reports = graphene.Float(
        required=True,
        description="Effect of reports by the subject that turned out false.",
        resolver=lambda values, info: values.rejected_report_points,
    )
    association = graphene.Float(
        required=True,
        description="Effect of the subject's contacts, within the purpose's cap.",
        resolver=lambda values, info: values.association_points,
    )
    exposure = graphene.Float(
        required=True,
        description="What blacklisted contacts take, before the cap.",
        resolver=lambda values, info: values.exposure_points,
    )
    trust = graphene.Float(
        required=True,
        description="What allowlisted contacts give, before the cap.",
        resolver=lambda values, info: values.trust_points,
    )
    learned = graphene.Float(
        required=True,
        description="What the learned model takes, before the cap, as of `learnedAsOf`.",
        resolver=lambda values, info: values.learned_points,
    )


def _as_of(found: HostedReading, info: GraphQLResolveInfo) -> datetime:
    return found.as_of


class LiveScore(graphene.ObjectType):
    """A subject's score as it stands now, by all records up to a sequence number, certified."""

    value = graphene.Float(
        required=True,
        description="The score in points; more is better.",
        resolver=lambda found, info: found.reading.live.score,
    )
    bound = graphene.Float(
        required=True,
        description="Largest possible error of the score at `asOf`, in points.",
        resolver=lambda found, info: found.reading.live.bound.score,
    )
    as_of = graphene.Field(
        DateTime,
        required=True,
        description="The time that is scored: that of the last look at the records.",
        resolver=_as_of,
    )
    sequence = graphene.Field(
        Long,
        required=True,
        description="Sequence number of the last record that the score takes account of.",
        resolver=lambda found, info: found.reading.live.sequence,
    )
    behind_seconds = graphene.Float(
        required=True,
        description="How long ago the records were last looked at. Above a second or so, the store "
        "can't be reached, and the score stays as it was.",
        resolver=lambda found, info: found.behind_s,
    )
    learned_as_of = graphene.Field(
        DateTime,
        description="When the learned model was last asked: what it told is kept between batches, "
        "and `bound` does not cover what it would tell now. Null where there is no such model.",
        resolver=lambda found, info: found.reading.live.learned_as_of,
    )
    band = graphene.String(
        description="Name of the stretch of the scale that the score lies in. Null where the "
        "scoring model has none.",
        resolver=lambda found, info: found.reading.values.band,
    )
    width = graphene.Float(
        required=True,
        description="How far, in points, the records that a full file would have could still move "
        "the score.",
        resolver=lambda found, info: found.reading.values.width,
    )
    parts = graphene.Field(
        LiveScoreParts,
        required=True,
        description="What the score is made of.",
        resolver=lambda found, info: found.reading.values,
    )
    cursor = graphene.String(
        required=True,
        description="Send it as `after` to scoreChanges, to be told of every change after this "
        "value.",
        resolver=lambda found, info: found.cursor.text(),
    )
