"""What reports weigh: on whom they are about by their outcome, and on who made them if false.

An open report weighs by its reporter's credibility c(t) = t² / (t² + half²), t the reporter's own
trust for the purpose: whoever nobody trusts weighs nothing, however many of them there are. Being
convex near 0, c gives a ring nothing for spreading the trust it got hold of over many accounts:
with T in all, the ring weighs T / (2 half) at most. c is nowhere steeper than 0.65/half, so that
errors of the reporters' trust that add up to δ move the joint weight by at most 0.65 δ/half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphsvc.model import ReportRule, ReportStatus
from graphsvc.scoring.own import RecordWeights, freshness
from graphsvc.snapshot import Snapshot
from graphsvc.snapshot.snapshot import NO_REPORTER, REPORT_STATUSES

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class JointReports:
    """What the reports weigh together, float64 (n,) each.

    Attributes:
        on_subject: upheld ones and, under their cap, open ones.
        uncapped: the same without the cap.
        on_reporter: rejected ones, on those who made them.
    """

    on_subject: Floats
    uncapped: Floats
    on_reporter: Floats

    @classmethod
    def none(cls, n: int) -> JointReports:
        """Return the weight of no report on n subjects."""
        return cls(np.zeros(n), np.zeros(n), np.zeros(n))


@dataclass(frozen=True, slots=True, eq=False)
class Reports:
    """The reports made up to a time, as a rule reads them.

    Attributes:
        rule: the programme's rule, or None where it counts no reports.
        n: number of subjects.
        upheld: on the subject, severity · 2^(−age / half-life).
        open: the same, of each reporter's strongest open report on each subject, if believed.
        open_reporter: int32, who made each of `open`; NO_REPORTER is an analyst.
        rejected: on the reporter, the same.
        most_records: how many reports there are on (or by) the subject with most of them.
    """

    rule: ReportRule | None
    n: int
    upheld: RecordWeights
    open: RecordWeights
    open_reporter: NDArray[np.int32]
    rejected: RecordWeights
    most_records: int

    @classmethod
    def derive(cls, snapshot: Snapshot, rule: ReportRule | None, as_of_us: int) -> Reports:
        """Return the reports up to a time, each with what it weighs if its reporter is believed."""
        reports = snapshot.reports
        made = reports.reported_at_us <= as_of_us if rule is not None else np.zeros(0, np.bool_)
        half_life_days = None if rule is None else rule.half_life_days

        def weigh(place: Int64s, subject: NDArray[np.int32]) -> RecordWeights:
            fresh = freshness(reports.reported_at_us[place], as_of_us, half_life_days)
            return RecordWeights(place, subject[place], reports.severity[place] * fresh, fresh)

        def of_status(status: ReportStatus) -> Int64s:
            if rule is None:
                return np.zeros(0, np.int64)
            return np.flatnonzero(made & (reports.status == REPORT_STATUSES.index(status)))

        open_ = weigh(of_status(ReportStatus.OPEN), reports.subject)
        strongest = _strongest_of_each_reporter(open_, reports.reporter[open_.place])
        open_ = weigh(open_.place[strongest], reports.subject)
        rejected = of_status(ReportStatus.REJECTED)
        rejected = rejected[reports.reporter[rejected] != NO_REPORTER]
        upheld = weigh(of_status(ReportStatus.UPHELD), reports.subject)
        about = np.bincount(np.concatenate([upheld.subject, open_.subject]), minlength=1)
        by = np.bincount(reports.reporter[rejected], minlength=1)
        return cls(
            rule=rule,
            n=snapshot.n,
            upheld=upheld,
            open=open_,
            open_reporter=reports.reporter[open_.place],
            rejected=weigh(rejected, reports.reporter),
            most_records=int(max(about.max(), by.max())),
        )

    def credible(self, trust: Floats) -> RecordWeights:
        """Return the open reports, each weighed by how far its reporter is believed.

        Args:
            trust: float64 (n,), every subject's trust; 1 is what a seed holds by itself.
        """
        if self.rule is None:
            return self.open
        named = self.open_reporter != NO_REPORTER
        held = np.where(named, np.append(trust, 0.0)[self.open_reporter], 0.0)
        belief = np.where(
            named, credibility(held, self.rule.credibility_half_at), self.rule.analyst_weight
        )
        found = self.open
        return RecordWeights(found.place, found.subject, found.weight * belief, found.freshness)

    def joint(self, trust: Floats) -> JointReports:
        """Return what all reports weigh together, given every subject's trust."""
        if self.rule is None:
            return JointReports.none(self.n)
        settled = self.upheld.joint(self.n)
        unsettled = self.credible(trust).joint(self.n)
        return JointReports(
            on_subject=settled + np.minimum(unsettled, self.rule.open_weight_cap),
            uncapped=settled + unsettled,
            on_reporter=self.rejected.joint(self.n),
        )


STEEPEST_CREDIBILITY = 3.0 * math.sqrt(3.0) / 8.0
"""Largest slope of c in units of 1/half; it is at t = half/√3."""


def credibility(trust: Floats, half: float) -> Floats:
    """Return t² / (t² + half²): 0 at 0, ½ at `half`, at most t / (2 half) anywhere.

    >>> credibility(np.array([0.0, 0.2]), half=0.2)
    array([0. , 0.5])
    """
    squared = np.square(trust / half)
    return squared / (squared + 1.0)


def _strongest_of_each_reporter(
    reports: RecordWeights, reporter: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Return which reports count: of several by one reporter on one subject the heaviest.

    Analysts' reports all count; between equal ones the first in order of content does.
    """
    order = np.lexsort((reports.place, -reports.weight, reporter, reports.subject))
    subject, author = reports.subject[order], reporter[order]
    is_first = np.ones(order.size, np.bool_)
    is_first[1:] = (subject[1:] != subject[:-1]) | (author[1:] != author[:-1])
    counts = np.zeros(order.size, np.bool_)
    counts[order] = is_first | (author == NO_REPORTER)
    return counts
