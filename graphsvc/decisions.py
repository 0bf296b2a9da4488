"""Many advices at once: what `advice.advise` says of one subject, column by column for thousands.

It is no second opinion: both share rules, reasons and order of sums, and a test holds every row to
what `advise` says of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graphsvc.advice import ASSOCIATION_ONLY, HUMAN_REVIEW, MOVING_PARTS, Advised
from graphsvc.lookup import Places
from graphsvc.model import Advice, Condition, Policy, Programme, Purpose, ScoreRun, SubjectRef
from graphsvc.reasons import ADVERSE_REASONS, Reason
from graphsvc.runs import PublishedScores
from graphsvc.scoring.scorecard import PointScale
from graphsvc.tracing import traced

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Judge:
    """A policy, the programme and the purpose that it judges by, and who waits for a person."""

    policy: Policy
    programme: Programme
    purpose: Purpose
    under_review: Collection[SubjectRef] = frozenset()

    @traced("service.decisions")
    def judge(
        self, scores: PublishedScores, ranks: Places, subjects: Sequence[SubjectRef]
    ) -> Decisions:
        """Return what the policy advises on some subjects.

        Args:
            scores: a run of the programme.
            ranks: the subjects' places in it, int64 (m,).
            subjects: the same subjects, in the same order.
        """
        values = {name: scores.column(name)[ranks] for name in _COLUMNS}
        band, names = scores.bands_at(ranks)
        own = (
            values["own_listing_points"]
            + values["event_points"]
            + values["report_points"]
            + values["rejected_report_points"]
        )
        as_published = _Standings(values["score"], band, names, own, values["width"])
        rule = self._rules(as_published)
        alone = self._rules(self._without_adverse_association(as_published, values))
        reviewed = self.under_review
        is_reviewed = np.array([bool(reviewed) and one in reviewed for one in subjects], np.bool_)
        return Decisions(
            self, scores.run, list(subjects), values, as_published, rule, alone, is_reviewed
        )

    def _rules(self, standings: _Standings) -> NDArray[np.intp]:
        """Return the place of the first rule that each meets; the last has no condition."""
        met: Flags = np.array([standings.meet(rule.when) for rule in self.policy.rules])
        first: NDArray[np.intp] = np.argmax(met, axis=0)
        return first

    def _without_adverse_association(
        self, published: _Standings, values: dict[str, Floats]
    ) -> _Standings:
        # In the order of `advice.without_adverse_association`, for the same last bit.
        total = (
            self.programme.scorecard.base
            + values["own_listing_points"]
            + values["event_points"]
            + values["report_points"]
            + values["rejected_report_points"]
            + np.maximum(values["association_points"], 0.0)
        )
        scale = PointScale.of(self.programme, self.purpose)
        score = scale.score(total)
        names = [band.name for band in self.programme.bands]
        return _Standings(score, scale.band(score), names, published.own_points, published.width)


@dataclass(frozen=True)
class _Standings:
    """What rules look at, one entry a subject; see `advice.Standing`."""

    score: Floats
    band: NDArray[np.uint8]
    band_names: list[str]
    own_points: Floats
    width: Floats

    def meet(self, condition: Condition) -> Flags:
        """Whether everything that the condition names holds."""
        holds = np.ones(self.score.size, np.bool_)
        for values, least, most in (
            (self.score, condition.score_at_least, condition.score_below),
            (self.own_points, condition.own_points_at_least, condition.own_points_below),
            (self.width, condition.width_at_least, None),
        ):
            if least is not None:
                holds &= values >= least
            if most is not None:
                holds &= values < most
        if condition.width_at_most is not None:
            holds &= self.width <= condition.width_at_most
        if condition.bands is not None:
            wanted = [at for at, name in enumerate(self.band_names) if name in condition.bands]
            holds &= np.isin(self.band, wanted)
        return holds


@dataclass(frozen=True, slots=True)
class ReasonColumns:
    """The reasons of many, one after the other; those of one end at `ends[place]`."""

    codes: list[str]
    points: list[float]
    texts: list[str]
    ends: list[int]

    def of(self, place: int) -> tuple[Reason, ...]:
        """Return the reasons of one."""
        return tuple(map(self.at, range(self.ends[place - 1] if place else 0, self.ends[place])))

    def at(self, number: int) -> Reason:
        """Return one reason, counted over all."""
        return Reason(self.codes[number], self.points[number], self.texts[number])


@dataclass(frozen=True)
class Decisions:
    """Advices on many subjects, in the order asked; `at` gives one as `advise` would."""

    judge: Judge
    run: ScoreRun
    subjects: list[SubjectRef]
    values: dict[str, Floats]
    standings: _Standings
    rule: NDArray[np.intp]
    alone: NDArray[np.intp]
    is_reviewed: Flags

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.subjects)

    @cached_property
    def advice(self) -> list[Advice]:
        """What is advised on each."""
        rules = [rule.advice for rule in self.judge.policy.rules]
        needs_a_person = self._needs_a_person.tolist()
        return [
            Advice.REVIEW if needed else rules[rule]
            for rule, needed in zip(self.rule.tolist(), needs_a_person, strict=True)
        ]

    @cached_property
    def on_own_evidence(self) -> list[Advice]:
        """What the policy says of each without what contacts take away."""
        rules = [rule.advice for rule in self.judge.policy.rules]
        return [rules[rule] for rule in self.alone.tolist()]

    @cached_property
    def bands(self) -> list[str | None]:
        """The band of each; None where the programme has none."""
        names = self.standings.band_names
        return [names[band] if names else None for band in self.standings.band.tolist()]

    @cached_property
    def reasons(self) -> ReasonColumns:
        """The reasons for each, in order: see `Advised`."""
        rules = self.judge.policy.rules
        every = [
            *(Reason(rule.reason_code, 0.0, rule.text) for rule in rules),
            ASSOCIATION_ONLY,
            HUMAN_REVIEW,
            *(Reason(code, 0.0, text) for code, _, text in MOVING_PARTS),
        ]
        rests, waits = self._rests_on_association, self._is_adverse_under_review
        is_stated = np.column_stack((np.ones(len(self), np.bool_), rests, waits))
        stated = np.tile(np.array([0, len(rules), len(rules) + 1]), (len(self), 1))
        stated[:, 0] = self.rule
        points = np.array([self.values[column] for _, column, _ in MOVING_PARTS]).T
        order = np.argsort(-np.abs(points), axis=1, kind="stable")
        points = np.take_along_axis(points, order, axis=1)
        advice_is_adverse = self._needs_a_person | self._is_adverse[self.rule]
        moves = (points != 0.0) & ~(advice_is_adverse[:, None] & (points > 0.0))
        moves &= np.cumsum(moves, axis=1) <= ADVERSE_REASONS
        is_there = np.column_stack((is_stated, moves))
        which = np.column_stack((stated, len(rules) + 2 + order))[is_there]
        return ReasonColumns(
            np.array([reason.code for reason in every], object)[which].tolist(),
            np.column_stack((np.zeros(stated.shape), points))[is_there].tolist(),
            np.array([reason.text for reason in every], object)[which].tolist(),
            np.cumsum(is_there.sum(axis=1)).tolist(),
        )

    def at(self, place: int) -> Advised:
        """Return one of them."""
        return Advised(
            subject=self.subjects[place],
            purpose=self.judge.purpose.name,
            advice=self.advice[place],
            on_own_evidence=self.on_own_evidence[place],
            reasons=self.reasons.of(place),
            score=float(self.values["score"][place]),
            band=self.bands[place],
            own_points=float(self.standings.own_points[place]),
            association_points=float(self.values["association_points"][place]),
            width=float(self.values["width"][place]),
            policy=self.judge.policy.name,
            policy_version=self.judge.policy.version,
            programme=self.judge.programme.name,
            run_id=self.run.run_id,
        )

    @cached_property
    def _rests_on_association(self) -> Flags:
        is_adverse = self._is_adverse
        return is_adverse[self.rule] & ~is_adverse[self.alone]

    @cached_property
    def _needs_a_person(self) -> Flags:
        return self._rests_on_association | self._is_adverse_under_review

    @cached_property
    def _is_adverse_under_review(self) -> Flags:
        return self._is_adverse[self.rule] & self.is_reviewed

    @property
    def _is_adverse(self) -> Flags:
        return np.array([rule.advice.is_adverse for rule in self.judge.policy.rules])


_COLUMNS = (
    "score",
    "own_listing_points",
    "event_points",
    "report_points",
    "rejected_report_points",
    "association_points",
    "width",
)
