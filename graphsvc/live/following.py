"""One reader of the changes of a purpose's live scores, from a cursor on.

Where its cursor means nothing to the engine that stands (another server gave it, this one was
restarted, or the changes after it are no longer kept) the reader is told so, and told what moved
meanwhile. It never goes on as if nothing had been missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice

from graphsvc.changes import ScoreChange
from graphsvc.live.changelog import Place
from graphsvc.live.cursor import Cursor, Moment
from graphsvc.live.host import HostedPurpose, Life
from graphsvc.live.resync import all_as_they_stand, can_be_made_again, these_as_they_stand
from graphsvc.model import Programme, SubjectRef

AT_ONCE = 200
"""So many changes stand in one event at most."""

CHECKPOINT = 10_000
"""After so many changes that it didn't ask for, a reader gets an event for its cursor's sake."""


class ResyncReason(StrEnum):
    """Why a reader can't simply go on from its cursor."""

    OTHER_SERVER = "other_server"  # another server gave it, or this one before it was started anew
    TOO_OLD = "too_old"  # the changes after it are no longer kept


@dataclass(frozen=True, slots=True)
class Resync:
    """What an event has in place of the changes that can't be told one by one.

    If `is_full`, the event, with those that follow up to `is_last`, holds every score that was
    asked for as it stands. Else it holds those that moved since the cursor.
    """

    reason: ResyncReason
    is_full: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class SeenChange:
    """A change with the bands on both sides; in a resync it has no number."""

    change: ScoreChange
    number: int | None
    sequence: int
    at: datetime
    band_before: str | None
    band_after: str | None


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Some changes, and the cursor to go on from after them."""

    changes: tuple[SeenChange, ...]
    cursor: Cursor
    resync: Resync | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes a reader asks for: of these subjects, with either side in these bands."""

    subjects: frozenset[SubjectRef] | None = None
    bands: frozenset[str] | None = None

    def wants(self, seen: SeenChange) -> bool:
        """Say whether a change is asked for."""
        if self.subjects is not None and seen.change.subject not in self.subjects:
            return False
        return self.bands is None or bool({seen.band_before, seen.band_after} & self.bands)


@dataclass(slots=True)
class _Resyncing:
    """What is left of a resync, and where it leads."""

    life: Life
    reason: ResyncReason
    is_full: bool
    rest: Iterator[SeenChange]
    following: list[SeenChange]
    place: Place
    erasures: int


class Following:
    """A reader's place; one thread at a time."""

    def __init__(self, hosted: HostedPurpose, wanted: Wanted, after: Cursor | None) -> None:
        """Begin after a cursor, or where there is none, with what comes next.

        Args:
            hosted: the purpose.
            wanted: which changes.
            after: the cursor of the last event that was had.
        """
        self._hosted, self._wanted = hosted, wanted
        self._cursor = after
        self._life: Life | None = None
        self._resyncing: _Resyncing | None = None
        self._place: Place | None = None
        self._has_begun = False
        self._unsaid = 0

    @property
    def is_at_end(self) -> bool:
        """Whether there is nothing new for certain; asks nobody, so that it can be asked often."""
        life = self._hosted.standing_life
        return (
            self._has_begun
            and self._resyncing is None
            and life is not None
            and life is self._life
            and self._place is not None
            and self._place.number >= life.changes.last
        )

    def next(self) -> LiveEvent | None:
        """Return the next event, None while there is nothing new.

        The first one comes at once, if only for its cursor.

        Raises:
            LiveBuildingError: there are no scores now; the place is kept.
        """
        life = self._hosted.life()
        if self._resyncing is not None:
            return self._rest_of_resync(life)
        if self._life is not life:
            event = self._joined(life)
            if event is not None or self._life is not life:
                return event
        return self._read_on(life)

    def _joined(self, life: Life) -> LiveEvent | None:
        """Take a place in an engine's life; where that can't be done exactly, begin a resync."""
        name, cursor = self._hosted.purpose.name, self._cursor
        if cursor is None:
            number, sequence, as_of = life.engine.standing(name)
            self._place = Place(number, Moment(sequence, as_of, self._hosted.erasures))
            self._life = life
            return None
        if cursor.life == life.id and cursor.number <= life.engine.standing(name)[0]:
            self._place, self._life = Place(cursor.number, cursor.moment), life
            return None
        return self._begin_resync(life, cursor, ResyncReason.OTHER_SERVER)

    def _read_on(self, life: Life) -> LiveEvent | None:
        while self._place is not None:
            page = life.changes.read(self._place, AT_ONCE)
            if page is None:
                return self._begin_resync(life, self._cursor_at(life), ResyncReason.TOO_OLD)
            self._unsaid += page.place.number - self._place.number
            is_at_end, self._place = page.place == self._place, page.place
            programme = self._hosted.programme
            seen = [
                _seen(programme, found.change, found.number, found.sequence, found.at)
                for found in page.changes
            ]
            wanted = tuple(one for one in seen if self._wanted.wants(one))
            if wanted or not self._has_begun or self._unsaid >= CHECKPOINT:
                return self._event(wanted, self._cursor_at(life))
            if is_at_end:
                return None
        return None

    def _begin_resync(self, life: Life, cursor: Cursor, reason: ResyncReason) -> LiveEvent | None:
        hosted, erasures = self._hosted, self._hosted.erasures
        name, programme = hosted.purpose.name, hosted.programme
        now = life.engine.all_scores(name)
        is_ahead = cursor.moment.sequence > now.sequence
        if is_ahead and cursor.moment.sequence <= hosted.last_recorded():
            # Another server was quicker: this one has yet to see what the reader knows.
            hosted.wake()
            return None
        self._cursor = cursor
        is_full = (
            self._wanted.subjects is not None or is_ahead or not can_be_made_again(cursor, erasures)
        )
        if self._wanted.subjects is not None:
            changes = these_as_they_stand(now, name, programme.name, self._wanted.subjects)
        elif is_full:
            changes = all_as_they_stand(now, name, programme.name)
        else:
            changes = life.past.changes_since(cursor, now)
        seen = (_seen(programme, one, None, now.sequence, now.as_of) for one in changes)
        rest = (one for one in seen if self._wanted.wants(one))
        place = Place(now.number, Moment(now.sequence, now.as_of, erasures))
        self._resyncing = _Resyncing(
            life, reason, is_full, rest, list(islice(rest, AT_ONCE)), place, erasures
        )
        return self._rest_of_resync(life)

    def _rest_of_resync(self, life: Life) -> LiveEvent | None:
        begun, cursor = self._resyncing, self._cursor
        if begun is None or cursor is None:
            return None
        if begun.life is not life or begun.erasures != self._hosted.erasures:
            # It may name who was erased meanwhile.
            self._resyncing = None
            return self._begin_resync(life, cursor, begun.reason)
        told, begun.following = begun.following, list(islice(begun.rest, AT_ONCE))
        resync = Resync(begun.reason, begun.is_full, not begun.following)
        if resync.is_last:
            self._resyncing, self._life, self._place = None, life, begun.place
            cursor = self._cursor_at(life)
        # Cut short before its last event, a resync begins anew: the cursor is still the old one.
        return self._event(tuple(told), cursor, resync)

    def _event(
        self, changes: tuple[SeenChange, ...], cursor: Cursor, resync: Resync | None = None
    ) -> LiveEvent:
        self._has_begun, self._unsaid, self._cursor = True, 0, cursor
        return LiveEvent(changes, cursor, resync)

    def _cursor_at(self, life: Life) -> Cursor:
        place = self._place
        if place is None:
            raise AssertionError("a reader without a place has no cursor")
        return Cursor(self._hosted.purpose.name, life.id, place.number, place.settled)


def _seen(
    programme: Programme, change: ScoreChange, number: int | None, sequence: int, at: datetime
) -> SeenChange:
    before, after = band_of(programme, change.before), band_of(programme, change.after)
    return SeenChange(change, number, sequence, at, before, after)


def band_of(programme: Programme, score: float | None) -> str | None:
    """Return the name of the band that a score lies in, None without a score or without bands."""
    if score is None or not programme.bands:
        return None
    below = [band.name for band in programme.bands if band.starts_at <= score]
    return below[-1] if below else programme.bands[0].name
