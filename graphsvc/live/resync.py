"""What a reader needs whose place means nothing here: which scores moved since, or all of them.

The scores at a cursor are a function of the records and the time that it names, so that they can be
made again and held against the scores as they stand.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from graphsvc.changes import ScoreChange
from graphsvc.errors import SubjectNotFoundError
from graphsvc.live.cursor import Cursor, Moment
from graphsvc.live.engine import LiveScores
from graphsvc.live.evidence import LiveEvidence
from graphsvc.model import Programme, Purpose, SubjectRef
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.snapshot import Snapshot, SnapshotShelf

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

RESYNC_POINTS = 0.01
"""A resync tells of smaller moves than an engine does: what it leaves out adds up over restarts."""

MOMENTS_KEPT = 2
OLDEST_CURSOR = timedelta(days=7)
"""Scores of longer ago are not made again for a reader: it gets all scores as they stand."""

CLOCKS_DIFFER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """Scores at a moment in the past, float64 (n,) by the snapshot's index, and their bound."""

    snapshot: Snapshot
    scores: Floats
    bound: float


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """Where each subject of the past is in the evidence, when that knew so many."""

    past: _Past
    evidence: LiveEvidence
    known: int
    places: Int64s


class PastScores:
    """Scores of one programme at moments in the past; the latest few are kept."""

    def __init__(self, shelf: SnapshotShelf, purpose: Purpose, programme: Programme) -> None:
        self._shelf = shelf
        self._purpose = purpose
        self._programme = programme
        self._lock = threading.Lock()
        self._kept: OrderedDict[Moment, _Placed] = OrderedDict()

    def changes_since(self, cursor: Cursor, now: LiveScores) -> Iterator[ScoreChange]:
        """Yield every score that is RESYNC_POINTS from what it was at a cursor, and those gone."""
        past, places = self._at(cursor.moment, now.evidence)
        bound = past.bound + now.bound
        is_there = (places >= 0) & (places < now.scores.size)
        before = np.full(now.scores.size, np.nan)
        before[places[is_there]] = past.scores[is_there]
        moved = np.flatnonzero(~(np.abs(now.scores - before) <= RESYNC_POINTS))
        for index in moved.tolist():
            then = None if np.isnan(before[index]) else float(before[index])
            subject = now.evidence.ref_of(index)
            yield self._change(subject, then, float(now.scores[index]), bound)
        for gone in np.flatnonzero(~is_there).tolist():
            subject = past.snapshot.ref_of(gone)
            yield self._change(subject, float(past.scores[gone]), None, bound)

    def forget(self) -> None:
        """Keep nothing: something was erased."""
        with self._lock:
            self._kept.clear()

    def _at(self, moment: Moment, evidence: LiveEvidence) -> tuple[_Past, Int64s]:
        """Return the scores at a moment, and the index in the evidence of each of them, or -1."""
        # One at a time: each takes all cores, and those who come back together ask for the same.
        with self._lock:
            kept = self._kept.pop(moment, None)
            past = self._solved(moment) if kept is None else kept.past
            if kept is None or kept.evidence is not evidence or kept.known != evidence.n:
                kept = _Placed(past, evidence, evidence.n, evidence.places_of(past.snapshot))
            self._kept[moment] = kept
            while len(self._kept) > MOMENTS_KEPT:
                self._kept.popitem(last=False)
            return past, kept.places

    def _solved(self, moment: Moment) -> _Past:
        programme, as_of = self._programme, moment.as_of
        snapshot = self._shelf.at(self._purpose, moment.sequence, as_of=as_of)
        _, values = propagate_snapshot(
            snapshot, programme, self._purpose, as_of, programme.tolerance
        )
        return _Past(snapshot, values.points.score, values.score_bound)

    def _change(
        self, subject: SubjectRef, before: float | None, after: float | None, bound: float
    ) -> ScoreChange:
        return ScoreChange(self._purpose.name, self._programme.name, subject, before, after, bound)


def can_be_made_again(cursor: Cursor, erasures: int) -> bool:
    """Say whether the scores at a cursor can still be made: nothing erased, and not long ago."""
    age = datetime.now(UTC) - cursor.moment.as_of
    return cursor.moment.erasures == erasures and -CLOCKS_DIFFER <= age <= OLDEST_CURSOR


def all_as_they_stand(now: LiveScores, purpose: str, programme: str) -> Iterator[ScoreChange]:
    """Yield every score, as a change from nothing."""
    for index, after in enumerate(now.scores.tolist()):
        subject = now.evidence.ref_of(index)
        yield ScoreChange(purpose, programme, subject, None, after, now.bound)


def these_as_they_stand(
    now: LiveScores, purpose: str, programme: str, subjects: frozenset[SubjectRef]
) -> Iterator[ScoreChange]:
    """Yield the scores of some subjects, as changes from nothing; unknown ones have none."""
    for subject in sorted(subjects):
        try:
            index = now.evidence.index_of(subject)
        except SubjectNotFoundError:
            continue
        if index < now.scores.size:
            after = float(now.scores[index])
            yield ScoreChange(purpose, programme, subject, None, after, now.bound)
