"""A score line by line: each record's points, each source's, each cap's; they add up exactly.

`math.fsum` of all lines is the published score, to the last bit. What floating point leaves over
between the lines and the score is a line of its own, ROUNDING; what the certified solve did not
attribute to a source is another, CERTIFIED_REMAINDER. Nothing is spread over other lines to make
the sum come out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from graphsvc.model import EventKind, ListKind, Programme, ReportStatus, SubjectRef
from graphsvc.model.checks import from_microseconds, to_microseconds
from graphsvc.runs import PublishedScores, SubjectScore
from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.scoring.own import RecordWeights, event_weights, listing_weights
from graphsvc.scoring.saturation import saturated
from graphsvc.snapshot import Snapshot
from graphsvc.snapshot.snapshot import NO_REPORTER, REPORT_CATEGORIES, REPORT_STATUSES


class LinePart(StrEnum):
    """What a line of a score is."""

    BASE = "base"  # what everybody starts with
    EVENT = "event"  # one event of the subject's own
    LISTING = "listing"  # one entry of the subject's own on a list
    REPORT = "report"  # one report on the subject
    REPORT_CAP = "report_cap"  # what the cap on undecided reports gives back
    REJECTED_REPORT = "rejected_report"  # one report by the subject that was found false
    EXPOSURE = "exposure"  # one listed subject's risk, through contacts
    TRUST = "trust"  # one trusted subject's trust, through contacts
    LEARNED = "learned"  # what a learned model makes of the subject and its contacts
    ECHO = "echo"  # what the subject's own listing gives back to it through its contacts
    REMAINDER = "remainder"  # of exposure or trust, what the certified solve did not attribute
    ASSOCIATION_CAP = "association_cap"  # what the purpose's cap on association takes back
    RANGE = "range"  # what the ends of the scale take back
    ROUNDING = "rounding"  # what floating point left over


@dataclass(frozen=True, slots=True)
class PointLine:
    """One line of a score.

    `sequence` names the record in the store where the line is one record's; `source` is the other
    subject: the reporter, or whoever the effect comes from; `at` is when the record began.
    """

    part: LinePart
    code: str
    points: float
    text: str
    sequence: int | None = None
    source: SubjectRef | None = None
    at: datetime | None = None


def sum_exactly(lines: Sequence[PointLine]) -> float:
    """Return Σ points, correctly rounded: the score, for all lines of one."""
    return math.fsum(line.points for line in lines)


def rounding_line(lines: Sequence[PointLine], score: float) -> PointLine:
    """Return the line that is missing for the sum to be `score` to the last bit.

    fsum rounds once, and the difference that it returns here is off by less than half of its own
    last place, far below that of the score: so the whole sum rounds to the score.
    """
    left = math.fsum([score, *(-line.points for line in lines)])
    return PointLine(LinePart.ROUNDING, "ROUNDING", left, "What floating point leaves over.")


class RecordLines:
    """The lines of records: one programme's view of one run's snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        programme: Programme,
        inputs: PropagationInputs,
        scores: PublishedScores,
    ) -> None:
        self._snapshot = snapshot
        self._programme = programme
        self._reports = inputs.reports
        as_of_us = to_microseconds(scores.run.as_of)
        trust = scores.column("trust")[snapshot.subjects.rank_of_index]
        self._credible = inputs.reports.credible(trust)
        self._made = np.flatnonzero(snapshot.reports.reported_at_us <= as_of_us)
        self._events = {
            kind: event_weights(snapshot, kind, rule, as_of_us)
            for kind, rule in sorted(programme.events.items())
        }
        self._listings = {
            code: listing_weights(snapshot, points_of, kind, as_of_us)
            for code, kind, points_of in (
                ("OWN_BLACKLISTING", ListKind.BLACKLIST, programme.blacklist_points()),
                ("OWN_ALLOWLISTING", ListKind.ALLOWLIST, programme.allowlist_points()),
            )
        }

    def of(self, index: int, score: SubjectScore) -> list[PointLine]:
        """Return the lines of the records of the subject at an index, in a fixed order."""
        return [
            *self._of_events(index),
            *self._of_listings(index),
            *self._of_reports(index, score),
            *self._of_rejected_reports(index, score),
        ]

    def _of_events(self, index: int) -> Iterator[PointLine]:
        events = self._snapshot.events
        for kind, found in self._events.items():
            rule = self._programme.events[kind]
            places, weights = _of_subject(found, index)
            total = float(np.sum(weights))
            rate = rule.points / (total + rule.half_points_at)
            for place, weight in zip(places.tolist(), weights.tolist(), strict=True):
                value = float(events.value[place]) if events.has_value[place] else None
                at = from_microseconds(int(events.occurred_at_us[place]))
                yield PointLine(
                    LinePart.EVENT,
                    event_code(kind),
                    rate * weight,
                    _event_text(kind, at, value),
                    sequence=int(events.sequence[place]),
                    at=at,
                )

    def _of_listings(self, index: int) -> Iterator[PointLine]:
        table = self._snapshot.listings
        for code, (worth, found) in self._listings.items():
            places, weights = _of_subject(found, index)
            joint = 1.0 - float(np.prod(1.0 - weights))
            rate = worth * joint / float(np.sum(weights)) if joint else 0.0
            for place, weight in zip(places.tolist(), weights.tolist(), strict=True):
                name = self._snapshot.facts.list_names[table.list_code[place]]
                at = from_microseconds(int(table.effective_from_us[place]))
                yield PointLine(
                    LinePart.LISTING,
                    code,
                    rate * weight,
                    f"On {name} since {at:%Y-%m-%d}.",
                    sequence=int(table.sequence[place]),
                    at=at,
                )

    def _of_reports(self, index: int, score: SubjectScore) -> Iterator[PointLine]:
        rule = self._programme.reports
        if rule is None:
            return
        weight_at = dict(
            zip(*(part.tolist() for part in _of_subject(self._reports.upheld, index)), strict=True)
        )
        weight_at |= dict(
            zip(*(part.tolist() for part in _of_subject(self._credible, index)), strict=True)
        )
        rate = rule.points / (math.fsum(weight_at.values()) + rule.half_points_at)
        uncapped = 0.0
        for place in self._made[self._snapshot.reports.subject[self._made] == index].tolist():
            points = rate * weight_at.get(place, 0.0)
            uncapped += points
            yield self._report_line(place, points, counts=place in weight_at)
        given_back = score.report_points - uncapped
        if weight_at and given_back > _NOTHING_POINTS:
            text = "Undecided reports weigh no more than their cap together."
            yield PointLine(LinePart.REPORT_CAP, "OPEN_REPORT_CAP", given_back, text)

    def _report_line(self, place: int, points: float, *, counts: bool) -> PointLine:
        reports = self._snapshot.reports
        status = REPORT_STATUSES[reports.status[place]]
        category = _words(REPORT_CATEGORIES[reports.category[place]])
        at = from_microseconds(int(reports.reported_at_us[place]))
        code, outcome = _REPORT_OUTCOMES[status]
        if not counts and status is ReportStatus.OPEN:
            code, outcome = "OPEN_REPORT_NOT_COUNTED", "another one by the same reporter counts"
        reporter = int(reports.reporter[place])
        return PointLine(
            LinePart.REPORT,
            code,
            points,
            f"Reported for {category} on {at:%Y-%m-%d}: {outcome}.",
            sequence=int(reports.sequence[place]),
            source=None if reporter == NO_REPORTER else self._snapshot.ref_of(reporter),
            at=at,
        )

    def _of_rejected_reports(self, index: int, score: SubjectScore) -> Iterator[PointLine]:
        rule, reports = self._programme.reports, self._snapshot.reports
        places, weights = _of_subject(self._reports.rejected, index)
        if rule is None or not places.size:
            return
        total = float(np.sum(weights))
        joint = rule.rejected_points * saturated(total, rule.rejected_half_points_at)
        for place, weight in zip(places.tolist(), weights.tolist(), strict=True):
            at = from_microseconds(int(reports.reported_at_us[place]))
            category = _words(REPORT_CATEGORIES[reports.category[place]])
            yield PointLine(
                LinePart.REJECTED_REPORT,
                "FALSE_REPORT",
                joint * weight / total if total else 0.0,
                f"Its report of {category} on {at:%Y-%m-%d} was found false.",
                sequence=int(reports.sequence[place]),
                source=self._snapshot.ref_of(int(reports.subject[place])),
                at=at,
            )


def event_code(kind: EventKind) -> str:
    """Return the reason code of an event kind.

    >>> event_code(EventKind.CHARGEBACK)
    'EVENT_CHARGEBACK'
    """
    return f"EVENT_{kind.value.upper()}"


_NOTHING_POINTS = 1e-9
"""Below this, a difference between two ways of adding the same points is rounding."""

_REPORT_OUTCOMES = {
    ReportStatus.OPEN: ("OPEN_REPORT", "not decided yet"),
    ReportStatus.UPHELD: ("UPHELD_REPORT", "found true"),
    ReportStatus.REJECTED: ("REJECTED_REPORT", "found false, weighs nothing"),
}


def _of_subject(found: RecordWeights, index: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    chosen = np.flatnonzero(found.subject == index)
    return found.place[chosen], found.weight[chosen]


def _event_text(kind: EventKind, at: datetime, value: float | None) -> str:
    amount = "" if value is None else f" (value {value:g})"
    return f"{_words(kind).capitalize()} on {at:%Y-%m-%d}{amount}."


def _words(name: StrEnum) -> str:
    return name.value.replace("_", " ")
