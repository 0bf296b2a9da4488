"""What a reader needs whose place means nothing here: which scores moved since, or all of them.

The scores at a cursor are a function of the records and the time that it names, so that they can be
made again and held against the scores as they stand.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from graphsvc.changes import ScoreChange
from graphsvc.errors import SubjectNotFoundError
from graphsvc.live.cursor import Cursor, Moment
from graphsvc.live.engine import LiveScores
from graphsvc.model import Programme, Purpose, SubjectRef
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.snapshot import Snapshot, SnapshotShelf

Floats = NDArray[np.float64]

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


class PastScores:
    """Scores of one programme at moments in the past; the latest few are kept."""

    def __init__(self, shelf: SnapshotShelf, purpose: Purpose, programme: Programme) -> None:
        self._shelf = shelf
        self._purpose = purpose
        self._programme = programme
        self._lock = threading.Lock()
        self._kept: OrderedDict[Moment, _Past] = OrderedDict()

    def changes_since(self, cursor: Cursor, now: LiveScores) -> Iterator[ScoreChange]:
        """Yield every score that is RESYNC_POINTS from what it was at a cursor, and those gone."""
        past = self._at(cursor)
        bound = past.bound + now.bound
        is_met = np.zeros(past.snapshot.n, np.bool_)
        for index, after in enumerate(now.scores.tolist()):
            subject = now.evidence.ref_of(index)
            before = None
            with suppress(SubjectNotFoundError):
                then = past.snapshot.index_of(subject)
                is_met[then] = True
                before = float(past.scores[then])
            if before is None or abs(after - before) > RESYNC_POINTS:
                yield self._change(subject, before, after, bound)
        for then in np.flatnonzero(~is_met).tolist():
            subject = past.snapshot.ref_of(then)
            yield self._change(subject, float(past.scores[then]), None, bound)

    def forget(self) -> None:
        """Keep nothing: something was erased."""
        with self._lock:
            self._kept.clear()

    def _at(self, cursor: Cursor) -> _Past:
        # One at a time: each takes all cores, and those who come back together ask for the same.
        with self._lock:
            found = self._kept.pop(cursor.moment, None) or self._solved(cursor.moment)
            self._kept[cursor.moment] = found
            while len(self._kept) > MOMENTS_KEPT:
                self._kept.popitem(last=False)
            return found

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
