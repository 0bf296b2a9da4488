"""The shipped marketplace programme as a method, and without what guards it against fakes.

Reports in it are negative ratings, as the importer makes of them. Its guards: a reporter is
believed by the square of their trust (decision 21), and open reports have a joint cap. Dates are
left out: everything is as fresh as the last rating.
"""

from __future__ import annotations

from functools import cache

import numpy as np

import algorithms as a
from benchmarks.proof.methods import TOLERANCE, Method, Score
from benchmarks.proof.view import Floats, View
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import Programme, ReportRule
from graphsvc.scoring.reports import credibility
from graphsvc.scoring.saturation import saturated

PROGRAMME = "marketplace-integrity-linear"


def programme_points(*, is_believed_by_trust: bool, is_capped: bool) -> Score:
    """Return minus the programme's points for reports and association, with or without guards."""

    def score(view: View) -> Floats:
        programme, cap = _programme()
        trust = _trust(view, programme)
        rule = programme.reports
        assert rule is not None
        believed = credibility(trust, rule.credibility_half_at)
        weight = _reported(view, believed if is_believed_by_trust else np.ones(view.n))
        if is_capped:
            weight = np.minimum(weight, rule.open_weight_cap)
        return -(_report_points(rule, weight) + _association(view, programme, trust, cap))

    return score


@cache
def _programme() -> tuple[Programme, float]:
    library = DefinitionLibrary.load()
    found = next(
        each for each in library.programmes_of("marketplace-integrity") if each.name == PROGRAMME
    )
    return found, library.purpose("marketplace-integrity").association_cap_points


def _trust(view: View, programme: Programme) -> Floats:
    """Trust in the service's unit: a known good subject holds 1 by itself."""
    return a.trust_mass(
        view.trust,
        view.marks(view.good),
        programme.trust.alpha,
        TOLERANCE,
        transposed=view.backwards,
    ).values


def _reported(view: View, belief: Floats) -> Floats:
    """Joint weight of the negative ratings, each weighed by how far its author is believed."""
    is_report = view.links.weight < 0.0
    links = view.links.only(is_report)
    return np.bincount(links.dst, -links.weight * belief[links.src], view.n).astype(float)


def _report_points(rule: ReportRule, weight: Floats) -> Floats:
    return rule.points * saturated(weight, rule.half_points_at)


def _association(view: View, programme: Programme, trust: Floats, cap: float) -> Floats:
    card = programme.scorecard
    marks = view.marks(view.bad)
    graph = _weighed_contacts(view)
    exposed = a.exposure(graph, marks, programme.exposure.beta, TOLERANCE).values
    from_others = np.maximum(trust - view.marks(view.good), 0.0)
    points = card.exposure_points * saturated(
        np.where(marks > 0.0, 0.0, exposed), programme.exposure.half_points_at
    ) + card.trust_points * saturated(from_others, programme.trust.half_points_at)
    return np.clip(points, -cap, cap)


def _weighed_contacts(view: View) -> a.CSRGraph:
    links = view.links.only(view.links.weight > 0.0)
    ends = np.concatenate([links.src, links.dst]), np.concatenate([links.dst, links.src])
    return a.CSRGraph.from_edges(*ends, np.tile(links.weight, 2), view.n)


_NEEDS = frozenset({"bad", "good"})
_SIGNED = frozenset({"signed"})

METHODS = (
    Method(
        "programme, as shipped",
        programme_points(is_believed_by_trust=True, is_capped=True),
        _SIGNED,
        _NEEDS,
    ),
    Method(
        "programme, all believed alike",
        programme_points(is_believed_by_trust=False, is_capped=True),
        _SIGNED,
        _NEEDS,
    ),
    Method(
        "programme, all alike, no cap",
        programme_points(is_believed_by_trust=False, is_capped=False),
        _SIGNED,
        _NEEDS,
    ),
)
