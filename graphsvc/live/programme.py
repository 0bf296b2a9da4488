"""One programme's scores, kept within a certified bound while its evidence changes.

Whatever a change touches is derived anew from an excerpt of the evidence, by the very code that
scores a whole snapshot; exposure and trust follow by pushes. Time itself is bounded (see `clock`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

import algorithms
from graphsvc.live.clock import ClockBound, clock_bound, good_until
from graphsvc.live.evidence import Excerpt, LiveEvidence, Touched
from graphsvc.live.own_columns import LEARNED, OwnColumns
from graphsvc.model import Programme, Purpose, Record
from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.scoring.learned import learned_probability
from graphsvc.scoring.scorecard import Points, PointScale
from graphsvc.snapshot.retention import within_retention

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
DEFAULT_TOLERANCE = 1e-4
PUSH_SHARE = 0.5
"""Share of the tolerance for pushes; the rest is for the time that passes between rebuilds."""


@dataclass(frozen=True, slots=True)
class LiveBound:
    """How far any value may be off: of exposure, of trust, and of scores in points."""

    exposure: float
    trust: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """Whose scores were looked at again, int64 (k,), and what they were and are, float64 (k,).

    `links` and `sweeps` say what that took; `bound` holds for `before` and `after` alike.
    """

    index: Int64s
    before: Floats
    after: Floats
    links: int
    sweeps: int
    bound: LiveBound


@dataclass(frozen=True, slots=True, eq=False)
class _Derived:
    """What an excerpt comes to, `links` as (src, dst, contact weight, vouching weight)."""

    index: Int64s
    asked: Int64s
    inputs: PropagationInputs
    links: tuple[Int64s, Int64s, Floats, Floats]


class LiveProgramme:
    """Scores of one programme over live evidence. Not safe for threads to change."""

    def __init__(
        self,
        evidence: LiveEvidence,
        programme: Programme,
        purpose: Purpose,
        as_of: datetime,
        *,
        tolerance: float = DEFAULT_TOLERANCE,
    ) -> None:
        """Solve for the evidence as it stands in the snapshot below it.

        Args:
            evidence: the purpose's evidence, nothing added or removed yet.
            programme: how it is scored.
            purpose: whose cap and retention hold.
            as_of: the time that is scored.
            tolerance: largest error of any exposure, and of all trust values together.
        """
        self.programme, self.purpose, self.tolerance = programme, purpose, tolerance
        self.as_of = self.base_as_of = as_of
        self._evidence = evidence
        self._scale = PointScale.of(programme, purpose)
        whole = within_retention(evidence.base, purpose.retention_days, as_of)
        inputs = PropagationInputs.derive(whole, programme, as_of)
        self._contacts = algorithms.DynamicGraph(inputs.contacts)
        self._vouching = algorithms.DynamicGraph(inputs.vouching, inputs.vouching_reversed)
        self._unit = 1.0 - programme.trust.alpha
        self._exposure = algorithms.LiveExposure(
            self._contacts,
            inputs.own_risk,
            programme.exposure.beta,
            PUSH_SHARE * tolerance,
            hop_limit=programme.exposure.hop_limit,
        )
        self._trust = algorithms.LiveTrustMass(
            self._vouching,
            inputs.trust_seed,
            programme.trust.alpha,
            PUSH_SHARE * tolerance * self._unit,
            hop_limit=programme.trust.hop_limit,
        )
        self._reported_by: dict[int, set[int]] = {}
        self._note_reporters(inputs, np.arange(evidence.n))
        self._own = OwnColumns.of(inputs, inputs.reports.joint(self._trust.values / self._unit))
        told = learned_probability(whole, programme, as_of)
        self.learned_as_of = None if told is None else as_of
        if told is not None:
            self._own.columns[LEARNED][:] = told
        self._score = self.points_of(np.arange(self.n)).score

    @property
    def n(self) -> int:
        """Number of subjects."""
        return self._contacts.n

    @property
    def scores(self) -> Floats:
        """Scores as they stand, float64 (n,), a read-only view that later calls move."""
        view = self._score[: self.n]
        view.flags.writeable = False
        return view

    @property
    def learned(self) -> Floats | None:
        """What the learned model told at `learned_as_of`, float64 (n,); 0 for who came later."""
        return None if self.learned_as_of is None else self._own.learned.copy()

    def points_of(self, index: Int64s) -> Points:
        """Return the parts of some subjects' scores."""
        trust = self.trust_of(index)
        return self._own.taken(index).points(self._scale, self.exposure_of(index), trust)

    def exposure_of(self, index: Int64s) -> Floats:
        """Return some subjects' exposure."""
        return self._exposure.values[index]

    def trust_of(self, index: Int64s) -> Floats:
        """Return some subjects' trust, in units of a seed."""
        return self._trust.values[index] / self._unit

    def bound(self, now: datetime | None = None) -> LiveBound:
        """Return how far any value may be off, read at a time (None: that of the last change)."""
        exposure, trust = self._exposure.certificate(), self._trust.certificate()
        return self._bound(exposure.bound_inf, trust.bound_1, now)

    def good_until(self) -> datetime:
        """Return until when the passing of time keeps within its share of the tolerance."""
        share = (1.0 - PUSH_SHARE) * self.tolerance
        seeds = float(self._trust.own.sum())
        return good_until(self.programme, seeds, self.base_as_of, share, share * self._unit)

    def apply(self, excerpt: Excerpt, as_of: datetime) -> Moved:
        """Take in what the evidence has become for those that were touched.

        Args:
            excerpt: of all that changed in the evidence since the last call.
            as_of: the time that they are scored for, not before that of the last call.
        """
        self.as_of = as_of
        self._grow()
        found = self._derive(excerpt, as_of)
        asked = found.asked
        self._note_reporters(found.inputs, found.index)
        self._exposure.set_own(asked, found.inputs.own_risk[: asked.size])
        self._trust.set_seeds(asked, found.inputs.trust_seed[: asked.size])
        src, dst, contact, vouched = found.links
        self._contacts.set_links(src, dst, contact)
        self._vouching.set_links(src, dst, vouched)
        felt, trusted = self._exposure.settle(threshold=0.0), self._trust.settle(threshold=0.0)
        self._put_own(found)
        believing = self._believing(trusted.changed) - set(asked.tolist())
        if believing:
            self._put_own(self._derive(self._evidence.excerpt(Touched(believing)), as_of))
        known = np.concatenate([asked, src])
        self._own.columns["has_contacts"][known] = self._contacts.weight_sum[known] > 0.0
        # Marking is a hundred times faster than sorting where sweeps have moved everybody.
        is_moved = np.zeros(self.n, np.bool_)
        for some in (asked, src, felt.changed, trusted.changed, _array(believing)):
            is_moved[some] = True
        index = np.flatnonzero(is_moved)
        before = self._score[index].copy()
        after = self.points_of(index).score
        self._score[index] = after
        return Moved(
            index,
            before,
            after,
            felt.links + trusted.links,
            felt.sweeps + trusted.sweeps,
            self.bound(),
        )

    def what_if(
        self, touched: Touched, without: frozenset[int], also: Sequence[tuple[int, Record]]
    ) -> Moved:
        """Return what would move, with some records left out and others put in; nothing moves.

        Args:
            touched: all that those records tell of; every subject is known.
            without: sequences of records to leave out.
            also: records to put in, with sequences that no record has.
        """
        excerpt = self._evidence.excerpt(touched, without=without, also=also)
        found = self._derive(excerpt, self.as_of)
        asked = found.asked
        src, dst, contact, vouched = found.links
        felt = self._exposure.what_if(
            own=(asked, found.inputs.own_risk[: asked.size]), links=(src, dst, contact)
        )
        trusted = self._trust.what_if(
            own=(asked, found.inputs.trust_seed[: asked.size]), links=(src, dst, vouched)
        )
        believing = self._believing(trusted.subjects)
        index = np.unique(
            np.concatenate([asked, src, felt.subjects, trusted.subjects, _array(believing)])
        )
        exposure = _overlaid(self._exposure.values, index, felt)
        trust_after = dict(zip(trusted.subjects.tolist(), trusted.after.tolist(), strict=True))
        own = self._own.taken(index)
        parts = [found]
        if more := believing - touched.subjects:
            others = self._evidence.excerpt(Touched(more), without=without, also=also)
            parts.append(self._derive(others, self.as_of))
        for part in parts:
            rows = self._columns(part, trust_after)
            own = own.with_rows(np.searchsorted(index, part.asked), rows)
        own.columns["has_contacts"] = self._has_contacts(index, found)
        trust = _overlaid(self._trust.values, index, trusted) / self._unit
        return Moved(
            index,
            self._score[index].copy(),
            own.points(self._scale, exposure, trust).score,
            felt.links + trusted.links,
            felt.sweeps + trusted.sweeps,
            self._bound(felt.bound, trusted.bound, None),
        )

    def exposure_sources(self, index: int) -> list[tuple[int, float]]:
        """Return whose own risk makes up a subject's exposure, the largest share first."""
        found = algorithms.exposure_contributions(
            self._contacts.to_csr(),
            self._own.risk,
            self.programme.exposure.beta,
            index,
            self.tolerance,
            hop_limit=self.programme.exposure.hop_limit,
            values=self._exposure.values,
            values_bound=self._exposure.certificate().bound_inf,
        )
        return list(zip(found.subjects.tolist(), found.shares.tolist(), strict=True))

    def _bound(self, exposure: float, mass: float, now: datetime | None) -> LiveBound:
        clock = self._clock(now or self.as_of)
        exposure += clock.exposure
        trust = (mass + clock.trust_1) / self._unit
        score = self._scale.score_bound(exposure, trust, trust, self._own.most_records)
        return LiveBound(exposure, trust, score + clock.points)

    def _clock(self, now: datetime) -> ClockBound:
        seeds = float(self._trust.own.sum())
        return clock_bound(self.programme, seeds, self.base_as_of, max(now, self.as_of))

    def _derive(self, excerpt: Excerpt, as_of: datetime) -> _Derived:
        kept = within_retention(excerpt.snapshot, self.purpose.retention_days, as_of)
        inputs = PropagationInputs.derive(kept, self.programme, as_of)
        pairs = np.array(excerpt.pairs, np.int64).reshape(-1, 2)
        src = np.concatenate([pairs[:, 0], pairs[:, 1]])
        dst = np.concatenate([pairs[:, 1], pairs[:, 0]])
        links = (
            excerpt.index[src],
            excerpt.index[dst],
            _weights(inputs.contacts, src, dst),
            _weights(inputs.vouching, src, dst),
        )
        return _Derived(excerpt.index, excerpt.index[: excerpt.asked], inputs, links)

    def _grow(self) -> None:
        added = self._evidence.n - self.n
        if added <= 0:
            return
        new = np.arange(self.n, self.n + added)
        self._contacts.add_subjects(added)
        self._vouching.add_subjects(added)
        self._own = self._own.extended(added)
        self._score = np.concatenate([self._score, self.points_of(new).score])

    def _put_own(self, found: _Derived) -> None:
        has_contacts = self._own.columns["has_contacts"][found.asked]
        self._own = self._own.with_rows(found.asked, self._columns(found, {}))
        # An excerpt knows some of a subject's links only.
        self._own.columns["has_contacts"][found.asked] = has_contacts

    def _columns(self, found: _Derived, trust_after: dict[int, float]) -> OwnColumns:
        """Return what an excerpt's subjects' own evidence comes to, reporters' trust looked up."""
        mass = self._trust.values[found.index]
        for place, index in enumerate(found.index.tolist()):
            mass[place] = trust_after.get(index, mass[place])
        return OwnColumns.of(found.inputs, found.inputs.reports.joint(mass / self._unit))

    def _has_contacts(self, index: Int64s, found: _Derived) -> NDArray[np.bool_]:
        """Say who would have contacts if the derived links replaced those that stand."""
        src, dst, contact, _ = found.links
        sums = self._contacts.weight_sum[index].copy()
        for one, other, weight in zip(src.tolist(), dst.tolist(), contact.tolist(), strict=True):
            sums[np.searchsorted(index, one)] += weight - self._contacts.weight(one, other)
        return sums > 1e-12

    def _note_reporters(self, inputs: PropagationInputs, index: Int64s) -> None:
        """Remember who reported whom: when a reporter's trust moves, so does what it weighs."""
        open_, by = inputs.reports.open, inputs.reports.open_reporter
        for reporter, subject in zip(by.tolist(), open_.subject.tolist(), strict=True):
            if reporter >= 0:
                self._reported_by.setdefault(int(index[reporter]), set()).add(int(index[subject]))

    def _believing(self, reporters: Int64s) -> frozenset[int]:
        """Return who is reported by any of these."""
        known = self._reported_by.keys() & set(reporters.tolist())
        return frozenset().union(*(self._reported_by[reporter] for reporter in known))


def _weights(graph: algorithms.CSRGraph, src: Int64s, dst: Int64s) -> Floats:
    """Return the weight of each link, 0 where there is none."""
    first, last = algorithms.link_places(graph.indptr, graph.indices, src, dst)
    found = np.zeros(src.size)
    stands = first < last
    found[stands] = 1.0 if graph.weights is None else graph.weights[first[stands]]
    return found


def _overlaid(values: Floats, index: Int64s, found: algorithms.WhatIf) -> Floats:
    """Return the values at an index, those that were found instead of what they were."""
    result = values[index]
    result[np.searchsorted(index, found.subjects)] = found.after
    return result


def _array(subjects: frozenset[int]) -> Int64s:
    return np.array(sorted(subjects), np.int64)
