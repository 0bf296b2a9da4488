"""Judges every member of a grid on a view, scoring once what must come out the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.proof.declared import Evidence, Reading
from benchmarks.proof.grid import Setting
from benchmarks.proof.nested import aucs
from benchmarks.proof.protocol import Questions
from benchmarks.proof.view import Floats, Ids, View
from graphsvc.model import LinkKind, Programme

_Key = tuple[object, ...] | None


@dataclass
class Judge:
    """Gives every member's AUC on a task; scores once what must come out the same."""

    programme: Programme
    members: Sequence[Setting]
    kinds: frozenset[LinkKind]
    cap: float
    reading: Reading
    _orders: dict[tuple[bool, ...], tuple[list[int], Ids]] = field(default_factory=dict)

    def __call__(self, view: View, asked: Sequence[Questions]) -> list[Floats]:
        """Return the AUC of every member on each of the questions, float64 (m,)."""
        evidence = Evidence(view, self.reading)
        first, at = self._distinct(evidence)
        members = [self.members[each] for each in first]
        return [
            aucs(-self._rows(members, evidence, questions.subjects), questions.is_bad)[at]
            for questions in asked
        ]

    def points(self, view: View, subjects: Ids) -> Floats:
        """Return the points that every member gives to subjects, float64 (m, k)."""
        return self._rows(self.members, Evidence(view, self.reading), subjects)

    def _rows(self, members: Sequence[Setting], evidence: Evidence, subjects: Ids) -> Floats:
        parts: dict[object, Floats] = {}
        return np.stack([self._points(each, evidence, subjects, parts) for each in members])

    def _points(
        self, member: Setting, evidence: Evidence, subjects: Ids, parts: dict[object, Floats]
    ) -> Floats:
        exposure, trust, reports = self._keys(member, evidence)

        def part(key: object, read: Callable[[Programme], Floats]) -> Floats:
            if key not in parts:
                parts[key] = read(member.applied_to(self.programme, self.kinds))[subjects]
            return parts[key]

        total = np.zeros(subjects.size)
        if exposure is not None:
            total -= member.exposure_points * part(exposure, evidence.exposure)
        if trust is not None:
            total += member.trust_points * part(trust, evidence.trust)
        total = np.clip(total, -self.cap, self.cap)
        return total if reports is None else total + part(reports, evidence.reports)

    def _distinct(self, evidence: Evidence) -> tuple[list[int], Ids]:
        """Return one member for each order of subjects that is possible, and whose is whose."""
        known = (evidence.view.bad.size > 0, evidence.view.good.size > 0, evidence.has_reports)
        if known not in self._orders:
            first: dict[object, int] = {}
            keys = [self._what_matters(member, evidence) for member in self.members]
            for place, key in enumerate(keys):
                first.setdefault(key, place)
            rank = {key: row for row, key in enumerate(first)}
            self._orders[known] = list(first.values()), np.array([rank[key] for key in keys])
        return self._orders[known]

    def _what_matters(self, member: Setting, evidence: Evidence) -> object:
        """Return what the order of subjects depends on; one part alone is in any scale the same."""
        exposure, trust, reports = self._keys(member, evidence)
        if trust is None and reports is None:
            return exposure and exposure[:-1]
        if exposure is None and reports is None:
            return trust and trust[:-1]
        return exposure, trust, reports, member.exposure_points, member.trust_points

    def _keys(self, member: Setting, evidence: Evidence) -> tuple[_Key, _Key, _Key]:
        links = member.links if self.reading.kind in self.kinds else None
        flow = links and (links.weight, links.half_life_days, links.carries_trust)
        carries = (
            links.carries_trust
            if links is not None
            else self.programme.conductances[self.reading.kind].carries_trust
        ) and evidence.view.good.size > 0
        exposure, trust, reports = None, None, None
        if member.exposure_points and evidence.view.bad.size:
            way = links and (links.direction, links.weight, links.half_life_days)
            exposure = ("exposure", way, member.reach, member.half_points_at)
        if member.trust_points and carries:
            trust = ("trust", flow, member.reach, member.half_points_at)
        if member.counts_reports and evidence.has_reports:
            reports = ("reports", flow, member.reach, member.report_half_life_days)
        return exposure, trust, reports
