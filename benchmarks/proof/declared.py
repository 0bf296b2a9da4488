"""What a declared programme makes of a view: the service's own operators, points and reports.

A view's links become the records that the shipped mapping makes of the same file: positive links
conduct, negative ones are open reports by their raters. Known bad are on a blacklist, known good on
an allowlist. Whatever several programmes share is solved once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

import algorithms
from benchmarks.proof.view import Floats, Ids, View
from graphsvc.model import Conductance, Direction, LinkKind, Programme, ReportRule
from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.scoring.own import OwnRecord, RecordWeights, freshness
from graphsvc.scoring.propagate import Spread, spread
from graphsvc.scoring.reports import Reports
from graphsvc.scoring.saturation import saturated

MICROSECONDS_PER_DAY = 86_400_000_000
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Reading:
    """How a set's links read as records.

    Attributes:
        kind: of every link that is positive.
        scale: the recorded weight of a link is its weight times this; 0 where none is recorded.
        days: length of the set's unit of time, in days.
    """

    kind: LinkKind
    scale: float = 0.0
    days: float = 1.0


@dataclass(eq=False)
class Evidence:
    """One view as a programme's inputs; remembers what it has solved."""

    view: View
    reading: Reading
    _solved: dict[object, Floats] = field(default_factory=dict)
    _graphs: dict[Conductance, algorithms.CSRGraph] = field(default_factory=dict)

    def exposure(self, programme: Programme) -> Floats:
        """Return what comes through contacts of the known bad, saturated, float64 (n,)."""
        model, rule = programme.exposure, programme.conductances[self.reading.kind]
        key = ("exposure", rule, model.beta, model.hop_limit)
        if key not in self._solved:
            self._solved[key] = self._spread(programme, is_trust=False).association_exposure
        return saturated(self._solved[key], model.half_points_at)

    def trust(self, programme: Programme) -> Floats:
        """Return what comes from the known good, saturated, float64 (n,)."""
        return saturated(
            self._trust(programme) - self.view.marks(self.view.good), programme.trust.half_points_at
        )

    def reports(self, programme: Programme) -> Floats:
        """Return the points, <= 0, that distrust takes, float64 (n,)."""
        rule = programme.reports
        if rule is None or not self.has_reports:
            return np.zeros(self.view.n)
        trust = self._trust(programme)
        weight = self._open_reports(rule).joint(trust).on_subject
        return rule.points * saturated(weight, rule.half_points_at)

    @property
    def has_reports(self) -> bool:
        """Whether anybody distrusts anybody."""
        return bool((self.view.links.weight < 0.0).any())

    def carries_trust(self, programme: Programme) -> bool:
        """Whether trust can reach anybody."""
        return programme.conductances[self.reading.kind].carries_trust and self.view.good.size > 0

    def _trust(self, programme: Programme) -> Floats:
        model, rule = programme.trust, programme.conductances[self.reading.kind]
        key = (
            "trust", rule.weight, rule.weight_scale, rule.half_life_days, rule.carries_trust,
            model.alpha, model.hop_limit,
        )  # fmt: skip
        if key not in self._solved:
            self._solved[key] = self._spread(programme, is_trust=True).trust
        return self._solved[key]

    def _spread(self, programme: Programme, *, is_trust: bool) -> Spread:
        """Solve one of the two operators; the other gets a graph without links."""
        view, rule = self.view, programme.conductances[self.reading.kind]
        nothing = algorithms.CSRGraph.from_edges(np.zeros(0, int), np.zeros(0, int), n=view.n)
        contacts = nothing if is_trust else self._contacts(rule)
        vouching = self._vouching(rule) if is_trust and rule.carries_trust else nothing
        inputs = PropagationInputs(
            contacts=contacts,
            vouching=vouching,
            vouching_reversed=vouching.transpose(),
            own_risk=np.zeros(view.n) if is_trust else view.marks(view.bad),
            trust_seed=view.marks(view.good) if is_trust else np.zeros(view.n),
            has_contacts=contacts.out_degree > 0,
            links=contacts.m + vouching.m,
            own=OwnRecord.nothing(view.n),
            reports=Reports(None, view.n, _NOBODY, _NOBODY, np.zeros(0, np.int32), _NOBODY, 0),
        )
        return spread(inputs, programme, TOLERANCE)

    def _contacts(self, rule: Conductance) -> algorithms.CSRGraph:
        if rule not in self._graphs:
            self._graphs[rule] = self._made_contacts(rule)
        return self._graphs[rule]

    def _made_contacts(self, rule: Conductance) -> algorithms.CSRGraph:
        src, dst, conductance = self._conducting(rule)
        along, against = (
            slice(None) if rule.exposure_direction is not other else slice(0)
            for other in (Direction.AGAINST, Direction.ALONG)
        )
        return algorithms.CSRGraph.from_edges(
            np.concatenate([src[along], dst[against]]),
            np.concatenate([dst[along], src[against]]),
            np.concatenate([conductance[along], conductance[against]]),
            self.view.n,
        )

    def _vouching(self, rule: Conductance) -> algorithms.CSRGraph:
        return algorithms.CSRGraph.from_edges(*self._conducting(rule), self.view.n)

    def _conducting(self, rule: Conductance) -> tuple[Ids, Ids, Floats]:
        links = self.view.links
        kept = links.weight > 0.0
        weight = (
            links.weight[kept] * self.reading.scale if self.reading.scale else np.ones(kept.sum())
        )
        conductance = algorithms.conductance(
            np.full(weight.size, rule.conductance),
            weight / rule.weight_scale,
            self._age_days[kept],
            rule.half_life_days or np.inf,
            rule.weight,
        )
        # What is too old to be told from nothing conducts nothing, as in the service.
        kept, conducts = np.flatnonzero(kept), conductance > 0.0
        return links.src[kept[conducts]], links.dst[kept[conducts]], conductance[conducts]

    @property
    def _age_days(self) -> Floats:
        """Age of each link at the time of the latest."""
        time = self.view.links.time
        if time is None or not time.size:
            return np.zeros(self.view.links.src.size)
        return (time.max() - time) * self.reading.days

    def _open_reports(self, rule: ReportRule) -> Reports:
        links = self.view.links
        place = np.flatnonzero(links.weight < 0.0)
        age_us = np.rint(self._age_days[place] * MICROSECONDS_PER_DAY).astype(np.int64)
        fresh = freshness(-age_us, 0, rule.half_life_days)
        made = RecordWeights(
            place, links.dst[place].astype(np.int32), -links.weight[place] * fresh, fresh
        )
        reporter = links.src[place].astype(np.int32)
        return Reports(rule, self.view.n, _NOBODY, made, reporter, _NOBODY, 0)


_NOBODY = RecordWeights(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0), np.zeros(0))
