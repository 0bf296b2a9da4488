"""The live engine: follows the store, and keeps every active programme's scores up to date.

It holds nothing that the store doesn't: after a crash it is built again from the newest snapshot
and the records since, so that no acknowledged record can be lost here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain

import numpy as np
import structlog
from numpy.typing import NDArray

from graphsvc.changes import mentioned
from graphsvc.errors import CertificateError
from graphsvc.live.calendar import Calendar
from graphsvc.live.change_batch import ChangeBatch, Changes, PublishedChange, RecentChanges
from graphsvc.live.delta import read_delta
from graphsvc.live.evidence import LiveEvidence, Touched
from graphsvc.live.programme import DEFAULT_TOLERANCE, LiveBound, LiveProgramme
from graphsvc.live.what_if import Hypothesis, Remedy, WhatIfAnswer, candidates_of, remedy, what_if
from graphsvc.model import Programme, Purpose, SubjectRef
from graphsvc.model.checks import to_microseconds
from graphsvc.runs import SubjectScore
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.snapshot import SnapshotShelf
from graphsvc.snapshot.suspended import suspended_sequences
from graphsvc.store.ports import Store

log = structlog.get_logger(__name__)

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

REPORTED_POINTS = 0.1
"""Scores that moved by more than this are published as changes."""

REBUILD_RECORDS = 20_000
"""From so many new records on, building anew is cheaper than taking them in."""

FEW_RECORDS = 10
"""The subjects of so many are found sooner one by one."""

POLL_S = 0.02
RECONCILE_S = 600.0
MOST_SOURCES = 12


@dataclass(frozen=True, slots=True)
class LiveScore:
    """One subject's score now, and how far it may be off.

    A learned model is not asked at every change: its part is that of `learned_as_of`.
    """

    subject: SubjectRef
    score: float
    exposure: float
    trust: float
    bound: LiveBound
    sequence: int
    as_of: datetime
    learned_as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiveReading:
    """One subject's score with its parts, after the change of that number."""

    live: LiveScore
    values: SubjectScore
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class LiveScores:
    """Every subject's score, float64 (n,), by index in the evidence, after a change's number."""

    evidence: LiveEvidence
    scores: NDArray[np.float64]
    number: int
    sequence: int
    as_of: datetime
    bound: float


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How far live scores are from a full solution, in points, and how far they may be."""

    programme: str
    sequence: int
    difference: float
    allowed: float
    subjects: int

    @property
    def holds(self) -> bool:
        """Whether the difference is within what both bounds allow."""
        return self.difference <= self.allowed


@dataclass(slots=True)
class _PurposeState:
    purpose: Purpose
    evidence: LiveEvidence
    calendar: Calendar
    programmes: list[LiveProgramme]
    sequence: int
    suspended: frozenset[int]
    good_until: datetime
    told: dict[str, NDArray[np.float64]]
    """By programme: each subject's score as it was last published, NaN where none was."""

    def told_of(self, live: LiveProgramme) -> NDArray[np.float64]:
        """Return what was last published of each of a programme's subjects; may be written to."""
        told = self.told[live.programme.name]
        if told.size < live.n:
            told = np.concatenate([told, np.full(live.n - told.size, np.nan)])
            self.told[live.programme.name] = told
        return told


class LiveEngine:
    """Live scores of some purposes' programmes; safe to share by threads."""

    def __init__(
        self,
        store: Store,
        shelf: SnapshotShelf,
        programmes: Sequence[tuple[Purpose, Sequence[Programme]]],
        *,
        now: datetime | None = None,
        tolerance: float = DEFAULT_TOLERANCE,
        reported_points: float = REPORTED_POINTS,
    ) -> None:
        """Build the state from the newest snapshots.

        Args:
            store: where records are.
            shelf: where snapshots are.
            programmes: each purpose with those of its programmes that are kept live.
            now: the time to begin with.
            tolerance: largest error of an exposure, and of all trust values together.
            reported_points: changes of scores by less are not published.
        """
        self._store = store
        self._shelf = shelf
        self._tolerance = tolerance
        self._reported_points = reported_points
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._log = RecentChanges()
        moment = now or datetime.now(UTC)
        self._states = {
            purpose.name: self._build(purpose, models, moment) for purpose, models in programmes
        }

    @property
    def sequence(self) -> int:
        """The last record that every purpose's scores know."""
        with self._lock:
            return min(state.sequence for state in self._states.values())

    def follow(
        self,
        stop: threading.Event,
        *,
        poll_s: float = POLL_S,
        reconcile_s: float = RECONCILE_S,
    ) -> None:
        """Take in what is recorded, and what time brings, until told to stop.

        Every `reconcile_s` seconds live scores are compared with a full solution. If they are
        further from it than both bounds allow, that is logged as an error, and the base is built
        anew.
        """
        due = time.monotonic() + reconcile_s
        while not stop.wait(poll_s):
            try:
                self.catch_up()
                if time.monotonic() >= due:
                    due = time.monotonic() + reconcile_s
                    self._reconcile_or_rebuild()
            except Exception as error:  # the store may be away for a while
                log.warning("live scores stand still, trying again", why=type(error).__qualname__)
                stop.wait(1.0)

    def catch_up(self, now: datetime | None = None) -> Changes:
        """Take in everything recorded and due by now; return the changes that were published."""
        moment = now or datetime.now(UTC)
        with self._lock:
            last, published = self._store.last_sequence(), self._log.last
            for state in list(self._states.values()):
                # A clock that steps back must not undo what has come to pass.
                latest = max([moment, *(live.as_of for live in state.programmes)])
                self._catch_up(state, last, latest)
            if self._log.last > published:
                self._changed.notify_all()
            return self._log.after(published)

    def score(
        self, purpose: str, subject: SubjectRef, *, programme: str | None = None
    ) -> LiveScore:
        """Return one subject's score as it stands.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
        """
        with self._lock:
            state = self._states[purpose]
            live = _chosen(state, programme)
            index = np.array([state.evidence.index_of(subject)])
            return LiveScore(
                subject=subject,
                score=float(live.scores[index][0]),
                exposure=float(live.exposure_of(index)[0]),
                trust=float(live.trust_of(index)[0]),
                bound=live.bound(datetime.now(UTC)),
                sequence=state.sequence,
                as_of=live.as_of,
                learned_as_of=live.learned_as_of,
            )

    def reading(
        self, purpose: str, subject: SubjectRef, *, programme: str | None = None
    ) -> LiveReading:
        """Return one subject's score as it stands, with its parts, all of one moment.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
        """
        with self._lock:
            score = self.score(purpose, subject, programme=programme)
            state = self._states[purpose]
            live = _chosen(state, programme)
            values = _values_of(live, state.evidence.index_of(subject), score)
            return LiveReading(score, values, self._log.last)

    def standing(self, purpose: str) -> tuple[int, int, datetime]:
        """Return the number of the last change, the last record felt, and the time scored for."""
        with self._lock:
            state = self._states[purpose]
            return self._log.last, state.sequence, _chosen(state, None).as_of

    def all_scores(self, purpose: str, *, programme: str | None = None) -> LiveScores:
        """Return a copy of every score as it stands."""
        with self._lock:
            state = self._states[purpose]
            live = _chosen(state, programme)
            return LiveScores(
                evidence=state.evidence,
                scores=live.scores.copy(),
                number=self._log.last,
                sequence=state.sequence,
                as_of=live.as_of,
                bound=live.bound(datetime.now(UTC)).score,
            )

    def evidence(self, purpose: str) -> LiveEvidence:
        """Return a purpose's evidence as it stands; whoever reads it must not change it."""
        with self._lock:
            return self._states[purpose].evidence

    def programmes(self, purpose: str) -> list[str]:
        """Return the names of a purpose's programmes that are kept live."""
        with self._lock:
            return [live.programme.name for live in self._states[purpose].programmes]

    def programme(self, purpose: str, programme: str | None = None) -> LiveProgramme:
        """Return the live state of one of a purpose's programmes, its champion's by default."""
        with self._lock:
            return _chosen(self._states[purpose], programme)

    def what_if(
        self, purpose: str, hypothesis: Hypothesis, *, programme: str | None = None
    ) -> WhatIfAnswer:
        """Return every score that would move under a hypothesis; nothing published moves.

        Raises:
            NotFoundError: a record is not in force, or a subject is not known, for the purpose.
            InvalidInputError: the purpose does not permit a record that is put in.
        """
        with self._lock:
            state = self._states[purpose]
            return what_if(state.evidence, _chosen(state, programme), hypothesis)

    def what_would_change_it(
        self, purpose: str, subject: SubjectRef, goal: float, *, programme: str | None = None
    ) -> Remedy | None:
        """Return the fewest records without which a score would reach `goal`, None if none do.

        Candidates are the subject's own events, listings and reports on it, and the blacklistings
        of the subjects that it is most exposed to.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
        """
        with self._lock:
            state = self._states[purpose]
            live = _chosen(state, programme)
            index = state.evidence.index_of(subject)
            sources = [one for one, _ in live.exposure_sources(index)[:MOST_SOURCES]]
            candidates = candidates_of(state.evidence, subject, sources)
            return remedy(state.evidence, live, subject, goal, candidates)

    def changes(self, after: int, *, wait_s: float = 0.0) -> list[PublishedChange]:
        """Return the changes published after a number; wait for one for a while if there is none.

        Raises:
            LookupError: changes after that number are no longer kept.
        """
        with self._lock:
            self._changed.wait_for(lambda: self._log.last > after, wait_s)
            return list(self._log.after(after))

    def reconcile(self) -> list[Reconciled]:
        """Compare every programme with a full solution of the same evidence at the same time.

        Raises:
            CertificateError: a difference is larger than both bounds allow.
        """
        with self._lock:
            held = [
                _Held.of(state, live)
                for state in self._states.values()
                for live in state.programmes
            ]
        # The full solutions take long: nobody waits for them.
        found = [self._reconciled(one) for one in held]
        for one in found:
            if not one.holds:
                raise CertificateError(
                    f"live scores of {one.programme} are {one.difference:g} points from a full "
                    f"solution, {one.allowed:g} are allowed"
                )
        return found

    def _build(
        self, purpose: Purpose, programmes: Iterable[Programme], now: datetime
    ) -> _PurposeState:
        snapshot = self._shelf.unfiltered(purpose, as_of=now)
        evidence = LiveEvidence(snapshot)
        live = [
            LiveProgramme(evidence, programme, purpose, now, tolerance=self._tolerance)
            for programme in programmes
        ]
        sequence = snapshot.facts.sequence
        return _PurposeState(
            purpose=purpose,
            evidence=evidence,
            calendar=Calendar(snapshot, to_microseconds(now), purpose.retention_days),
            programmes=live,
            sequence=sequence,
            suspended=suspended_sequences(self._store, sequence),
            good_until=min((one.good_until() for one in live), default=now + timedelta(days=1)),
            told={one.programme.name: one.scores.copy() for one in live},
        )

    def _catch_up(self, state: _PurposeState, last: int, now: datetime) -> None:
        is_too_much = last - state.sequence > REBUILD_RECORDS
        has_erased = self._store.erasures() != state.evidence.base.facts.erasures
        if is_too_much or has_erased or now > state.good_until:
            if has_erased:
                # They may name who was erased.
                self._log.forget()
            self._rebuild(state, now)
            return
        touched = self._taken_in(state, last, now)
        due = state.calendar.due(to_microseconds(now))
        touched |= Touched.union(state.evidence.touched_by(sequence) for sequence in due)
        if touched == Touched():
            return
        excerpt = state.evidence.excerpt(touched)
        for live in state.programmes:
            moved = live.apply(excerpt, now)
            self._publish(state, live, moved.index, moved.after, now, moved.bound.score)

    def _taken_in(self, state: _PurposeState, last: int, now: datetime) -> Touched:
        if last <= state.sequence:
            return Touched()
        delta = read_delta(self._store, state.purpose, state.sequence, last, state.suspended)
        if len(delta.added) > FEW_RECORDS:
            named = (mentioned(record) for _, record in delta.added)
            state.evidence.look_up(chain.from_iterable(named))
        touched = [state.evidence.remove(sequence) for sequence in delta.removed]
        now_us = to_microseconds(now)
        for sequence, record in delta.added:
            touched.append(state.evidence.add(sequence, record))
            state.calendar.add(sequence, record, now_us)
        touched += [state.evidence.told_by(record) for record in delta.mentioned]
        state.sequence, state.suspended = delta.sequence, delta.suspended
        return Touched.union(touched)

    def _rebuild(self, state: _PurposeState, now: datetime) -> None:
        begun = time.perf_counter()
        fresh = self._build(state.purpose, [live.programme for live in state.programmes], now)
        self._states[state.purpose.name] = fresh
        log.info(
            "live scores built anew",
            purpose=state.purpose.name,
            sequence=fresh.sequence,
            seconds=round(time.perf_counter() - begun, 3),
        )
        former = state.evidence.places_of(fresh.evidence.base)
        for old, live in zip(state.programmes, fresh.programmes, strict=True):
            fresh.told[live.programme.name] = np.append(state.told_of(old), np.nan)[former]
            bound = old.bound().score + live.bound().score
            self._publish(fresh, live, np.arange(live.n), live.scores, now, bound)
            if fresh.evidence.base.facts.erasures == state.evidence.base.facts.erasures:
                self._publish_gone(state, old, former, now)

    def _publish_gone(
        self, state: _PurposeState, live: LiveProgramme, former: Int64s, now: datetime
    ) -> None:
        """Publish who has no score any more, as nothing that stands mentions them."""
        told = state.told_of(live)
        is_gone = ~np.isnan(told)
        is_gone[former[former >= 0]] = False
        who = np.flatnonzero(is_gone)
        if who.size:
            self._add_changes(state, live, who, np.full(who.size, np.nan), now, 0.0)

    def _publish(
        self,
        state: _PurposeState,
        live: LiveProgramme,
        index: Int64s,
        after: Floats,
        now: datetime,
        bound: float,
    ) -> None:
        """Publish the scores that are no longer near what was last published of them.

        Small moves add up: each is held against what subscribers know, not the step before.
        """
        told = state.told_of(live)
        far = np.flatnonzero(~(np.abs(after - told[index]) <= self._reported_points))
        if not far.size:
            return
        self._add_changes(state, live, index[far], after[far], now, bound)

    def _add_changes(
        self,
        state: _PurposeState,
        live: LiveProgramme,
        who: Int64s,
        after: Floats,
        now: datetime,
        bound: float,
    ) -> None:
        told = state.told_of(live)
        batch = ChangeBatch(
            self._log.last + 1,
            now,
            state.sequence,
            state.purpose.name,
            live.programme.name,
            bound,
            state.evidence,
            who,
            told[who],
            after,
        )
        told[who] = after
        self._log.add(batch)

    def _reconcile_or_rebuild(self) -> None:
        try:
            for found in self.reconcile():
                log.info("live scores reconciled", **asdict(found))
        except CertificateError:
            log.exception("live scores are wrong, building them anew")
            with self._lock:
                for state in list(self._states.values()):
                    self._rebuild(state, datetime.now(UTC))

    def _reconciled(self, held: _Held) -> Reconciled:
        purpose, programme = held.purpose, held.programme
        snapshot = self._shelf.at(purpose, held.sequence, as_of=held.as_of)
        index = held.evidence.places_of(snapshot)
        # What the model told stays as it was until the programme is built anew.
        learned = None if held.learned is None else held.learned[index]
        _, values = propagate_snapshot(
            snapshot, programme, purpose, held.as_of, programme.tolerance, learned=learned
        )
        difference = np.abs(held.scores[index] - values.points.score).max(initial=0.0)
        return Reconciled(
            programme=programme.name,
            sequence=held.sequence,
            difference=float(difference),
            allowed=held.bound + values.score_bound,
            subjects=snapshot.n,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """One programme's scores at one moment, to compare with a full solution."""

    purpose: Purpose
    programme: Programme
    evidence: LiveEvidence
    sequence: int
    as_of: datetime
    scores: NDArray[np.float64]
    bound: float
    learned: NDArray[np.float64] | None

    @classmethod
    def of(cls, state: _PurposeState, live: LiveProgramme) -> _Held:
        return cls(
            state.purpose,
            live.programme,
            state.evidence,
            state.sequence,
            live.as_of,
            live.scores.copy(),
            live.bound().score,
            live.learned,
        )


def _chosen(state: _PurposeState, programme: str | None) -> LiveProgramme:
    if programme is None:
        return next(
            (live for live in state.programmes if live.programme.champion), state.programmes[0]
        )
    return next(live for live in state.programmes if live.programme.name == programme)


def _values_of(live: LiveProgramme, index: int, score: LiveScore) -> SubjectScore:
    points = live.points_of(np.array([index]))
    bands = live.programme.bands
    return SubjectScore(
        subject=score.subject,
        score=score.score,
        exposure=score.exposure,
        trust=score.trust,
        own_listing_points=float(points.own_listings[0]),
        exposure_points=float(points.exposure[0]),
        trust_points=float(points.trust[0]),
        association_points=float(points.association[0]),
        event_points=float(points.events[0]),
        report_points=float(points.reports[0]),
        rejected_report_points=float(points.rejected_reports[0]),
        width=float(points.width[0]),
        learned_points=0.0 if points.learned is None else float(points.learned[0]),
        band=bands[int(points.band[0])].name if bands else None,
    )
