"""The world as made: its records in order of time, and the truth behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from graphsvc.model import Record, RecordType
from graphsvc.model.checks import check_time, to_microseconds
from graphsvc.world.columns import NEVER
from graphsvc.world.population import Population
from graphsvc.world.records import TYPES, RecordMaker, external_id
from graphsvc.world.settings import WorldSettings
from graphsvc.world.truth import SubjectTruth, truths, utc

_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class ReportTruth:
    """Whether what a report says did happen, and when it was decided (None: it is still open)."""

    external_id: str
    is_true: bool
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A marketplace over some years, from one seed. Compact columns; records are made as read.

    The truth is never in a record: `truth` and `report_truth` are for whoever measures scores.
    """

    settings: WorldSettings
    population: Population
    maker: RecordMaker

    def count_records(self) -> dict[RecordType, int]:
        """Return how many records of each type there are."""
        return {kind: len(times) for kind, times in zip(TYPES, self.maker.times(), strict=True)}

    def records(self, known_at: datetime | None = None) -> Iterator[Record]:
        """Stream all records in order of time, as known in the end or at a moment before.

        As known at a moment, what happened later is left out, reports that were decided later are
        open, and links that ended later have no end: a score made of these records knows
        nothing of the future.

        Raises:
            InvalidRecordError: `known_at` has no time zone.
        """
        known_s = _seconds(known_at)
        times = [times[times <= known_s] for times in self.maker.times()]
        code = np.repeat(np.arange(len(TYPES)), [len(part) for part in times])
        place = np.concatenate([np.arange(len(part)) for part in times])
        order = np.argsort(np.concatenate(times), kind="stable")
        for start in range(0, len(order), _CHUNK):
            chosen = order[start : start + _CHUNK]
            codes, places = code[chosen], place[chosen]
            made = [
                self.maker.make(record_type, places[codes == number], known_s)
                for number, record_type in enumerate(TYPES)
            ]
            for number in codes.tolist():
                yield next(made[number])

    def records_of_type(
        self, record_type: RecordType, known_at: datetime | None = None
    ) -> Iterator[Record]:
        """Stream the records of one type in order of time; see `records`."""
        known_s = _seconds(known_at)
        times = self.maker.times()[TYPES.index(record_type)]
        return self.maker.make(record_type, np.flatnonzero(times <= known_s), known_s)

    def truth(self) -> Iterator[SubjectTruth]:
        """Return what each subject truly is."""
        return truths(self.population, self.maker.refs)

    def report_truth(self) -> Iterator[ReportTruth]:
        """Return what is true of each report."""
        reports = self.maker.reports
        columns = zip(reports.is_true.tolist(), reports.decided_s.tolist(), strict=True)
        for place, (is_true, decided_s) in enumerate(columns):
            decided_at = None if decided_s == NEVER else utc(decided_s)
            yield ReportTruth(external_id(RecordType.REPORT, place), is_true, decided_at)


def _seconds(known_at: datetime | None) -> int:
    check_time("known_at", known_at)
    # One before NEVER, so that what is never decided stays open.
    return NEVER - 1 if known_at is None else to_microseconds(known_at) // 1_000_000
