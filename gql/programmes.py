# mypy: allow-subclassing-any
"""Programmes: the scoring models of a purpose, with every number that makes a score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.enums import described_enum
from gql.ids import global_id
from gql.links import LinkKindEnum
from gql.purposes import EventKindEnum
from graphsvc.model import Direction
from graphsvc.model import Programme as DeclaredProgramme
from graphsvc.scoring.learned import model_of

DirectionEnum = described_enum(
    Direction,
    "Which end of a link feels the other.",
    {
        Direction.ALONG: "The one that the link leads from.",
        Direction.AGAINST: "The one that the link leads to.",
        Direction.BOTH: "Both.",
    },
)

HALF_LIFE = "After how many days it counts half; null: it never fades."
HALF_POINTS = "How much makes half of the points."


def _number(description: str) -> Any:
    return graphene.Float(required=True, description=description)


class Conductance(graphene.ObjectType):
    """How much of an effect links of one kind conduct: c · f(weight) · 2^(−age / half-life)."""

    kind = graphene.Field(
        LinkKindEnum,
        required=True,
        description="Kind of the links.",
        resolver=lambda pair, info: pair[0],
    )
    conductance = graphene.Float(
        required=True, description="The c.", resolver=lambda pair, info: pair[1].conductance
    )
    weight = graphene.String(
        required=True,
        description="The f: constant, linear, log1p or saturating.",
        resolver=lambda pair, info: pair[1].weight,
    )
    weight_scale = graphene.Float(
        required=True,
        description="What a weight is divided by.",
        resolver=lambda pair, info: pair[1].weight_scale,
    )
    half_life_days = graphene.Float(
        description=HALF_LIFE, resolver=lambda pair, info: pair[1].half_life_days
    )
    exposure_direction = graphene.Field(
        DirectionEnum,
        required=True,
        description="Which end of a link is exposed to the other.",
        resolver=lambda pair, info: pair[1].exposure_direction,
    )
    carries_trust = graphene.Boolean(
        required=True,
        description="Whether trust goes along it.",
        resolver=lambda pair, info: pair[1].carries_trust,
    )


class ExposureOperator(graphene.ObjectType):
    """How the risk of listed subjects spreads: Friedkin–Johnsen with susceptibility beta."""

    beta = _number("Share that a subject takes over from its contacts.")
    tolerance = _number("The bound that is asked for.")
    hop_limit = graphene.Int(description="The most steps; null: attenuation alone ends it.")
    half_points_at = _number(HALF_POINTS)
    blacklists = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="Lists whose entries are sources.",
        resolver=lambda model, info: sorted(model.blacklists),
    )


class TrustOperator(graphene.ObjectType):
    """How trust spreads from allowlisted subjects: personalised PageRank with alpha."""

    alpha = _number("Share of trust that is passed on.")
    tolerance = _number("The bound that is asked for.")
    hop_limit = graphene.Int(description="The most steps; null: attenuation alone ends it.")
    half_points_at = _number(HALF_POINTS)
    allowlists = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="Lists whose entries are seeds.",
        resolver=lambda model, info: sorted(model.allowlists),
    )


class EventRule(graphene.ObjectType):
    """Points for a subject's events of one kind: points · s / (s + halfPointsAt)."""

    kind = graphene.Field(
        EventKindEnum,
        required=True,
        description="Kind of the events.",
        resolver=lambda pair, info: pair[0],
    )
    points = graphene.Float(
        required=True,
        description="What any number of them comes to at most.",
        resolver=lambda pair, info: pair[1].points,
    )
    half_life_days = graphene.Float(
        description=HALF_LIFE, resolver=lambda pair, info: pair[1].half_life_days
    )
    half_points_at = graphene.Float(
        required=True,
        description=HALF_POINTS,
        resolver=lambda pair, info: pair[1].half_points_at,
    )
    weight = graphene.String(
        required=True,
        description="What a value counts: constant, linear or log1p.",
        resolver=lambda pair, info: pair[1].weight,
    )
    weight_scale = graphene.Float(
        required=True,
        description="What a value is divided by.",
        resolver=lambda pair, info: pair[1].weight_scale,
    )


class ReportRule(graphene.ObjectType):
    """Points for what is said of a subject, and for what turned out false of what it said."""

    points = _number("What any number of reports comes to at most.")
    half_life_days = graphene.Float(description=HALF_LIFE)
    half_points_at = _number(HALF_POINTS)
    credibility_half_at = _number("The reporter's own trust at which it is believed by half.")
    analyst_weight = _number("What an undecided report by an analyst weighs.")
    open_weight_cap = _number("What all undecided reports on a subject weigh together at most.")
    rejected_points = _number("What reports found false cost their reporter at most.")
    rejected_half_points_at = _number("How many of those make half of that.")


class ListPoints(graphene.ObjectType):
    """What an entry of severity 1 on one list is worth, where it isn't the scorecard's."""

    list_name = graphene.String(
        required=True, description="Name of the list.", resolver=lambda pair, info: pair[0]
    )
    points = graphene.Float(
        required=True, description="The points.", resolver=lambda pair, info: pair[1]
    )


class Scorecard(graphene.ObjectType):
    """Points that make the score: base, own listings, association both ways."""

    range_low = _number("The lowest score.")
    range_high = _number("The highest score.")
    base = _number("What everybody starts with.")
    own_listing_points = _number("What an own entry of severity 1 on a blacklist costs.")
    own_allowlisting_points = _number("What an own entry of severity 1 on an allowlist earns.")
    exposure_points = _number("What exposure costs at most, before the purpose's cap.")
    trust_points = _number("What trust earns at most, before the purpose's cap.")
    evidence_half_at = _number("How many records make half of a full file.")


class LearnedRule(graphene.ObjectType):
    """A learned model that a programme uses: points · probability, under association's cap."""

    model = graphene.String(required=True, description="Name of the model.")
    fingerprint = graphene.String(
        required=True, description="SHA-256 of all that the model says: weights and training."
    )
    points = _number("What a probability of 1 costs, before the purpose's cap.")
    trained_on = graphene.String(
        required=True,
        description="What the model was trained on.",
        resolver=lambda rule, info: str(model_of(rule).trained_on),
    )


class Band(graphene.ObjectType):
    """A named stretch of the scale, up to where the next band starts."""

    name = graphene.String(required=True, description="Its name.")
    starts_at = _number("The lowest score in it.")


def _pairs(name: str) -> Callable[[DeclaredProgramme, GraphQLResolveInfo], list[Any]]:
    return lambda programme, info: sorted(getattr(programme, name).items())


def _list_of(of_type: Any, name: str, description: str) -> Any:
    return graphene.List(
        graphene.NonNull(of_type), required=True, description=description, resolver=_pairs(name)
    )


class Programme(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(DeclaredProgramme,)
):
    """A versioned scoring model of one purpose, as it is declared now."""

    id = graphene.ID(
        required=True,
        description="Opaque id, unique over all types.",
        resolver=lambda programme, info: global_id("Programme", programme.purpose, programme.name),
    )
    name = graphene.String(required=True, description="Name, as `programme` arguments take it.")
    version = graphene.Int(required=True, description="Version of the declaration.")
    purpose = graphene.String(required=True, description="Name of the purpose.")
    description = graphene.String(required=True, description="What it is about.")
    is_champion = graphene.Boolean(
        required=True,
        description="Whether readers get its scores where they name no programme.",
        resolver=lambda programme, info: programme.champion,
    )
    conductances = _list_of(Conductance, "conductances", "What links conduct, by kind.")
    exposure = graphene.Field(ExposureOperator, required=True, description="How risk spreads.")
    trust = graphene.Field(TrustOperator, required=True, description="How trust spreads.")
    events = _list_of(EventRule, "events", "What own events are worth, by kind.")
    reports = graphene.Field(
        ReportRule, description="What reports are worth. Null: nothing, either way."
    )
    listings = _list_of(ListPoints, "listings", "Lists with points of their own.")
    scorecard = graphene.Field(Scorecard, required=True, description="What the parts are worth.")
    bands = graphene.List(
        graphene.NonNull(Band), required=True, description="Its bands, the lowest first."
    )
    learned = graphene.Field(
        LearnedRule, description="The learned model that it uses beside all that. Null: none."
    )
    calibration_note = graphene.String(required=True, description="Where its numbers come from.")


def _resolve_programmes(
    root: None, info: GraphQLResolveInfo, purpose: str
) -> tuple[DeclaredProgramme, ...]:
    return RequestContext.of(info).view(purpose).declared_programmes()


class ProgrammeQueries(graphene.ObjectType):
    """Fields of Query that lead to programmes."""

    programmes = graphene.List(
        graphene.NonNull(Programme),
        description="The scoring models of a purpose in their highest versions, the champion "
        "first. Null only with an error.",
        purpose=graphene.String(required=True, description="Whose scoring models."),
        resolver=_resolve_programmes,
    )
