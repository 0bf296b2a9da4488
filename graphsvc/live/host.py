"""Live scores in a server: an engine and a thread for each purpose, from start to end.

The thread builds the engine, takes in what is recorded as soon as this process writes it and soon
after another does, and outlasts a store that is away: scores then stay as they were, and say since
when. Engines are apart, so that no number of one purpose tells of another's changes.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

import structlog

from graphsvc.errors import (
    CertificateError,
    LiveBuildingError,
    LiveOffError,
    SettingsError,
    SubjectNotFoundError,
)
from graphsvc.live.changelog import ChangeLog
from graphsvc.live.cursor import Cursor, Moment
from graphsvc.live.engine import RECONCILE_S, LiveEngine, LiveReading
from graphsvc.live.resync import PastScores
from graphsvc.model import Programme, Purpose, SubjectRef

if TYPE_CHECKING:
    from graphsvc.app import Service

log = structlog.get_logger(__name__)

POLL_S = 0.25
"""For how long at most a record of another process, or a time that came, goes unnoticed."""

RETRY_S = 1.0
STOP_S = 10.0
READERS = 4
"""So many reads of one purpose at once may wait for its engine; others do for ADMISSION_WAIT_S."""

ADMISSION_WAIT_S = 1.0
ERASURE_WAIT_S = 5.0
"""For how long a read waits for this process's own erasure to be felt."""


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """An engine from when it was built, and the changes that it numbered."""

    id: str
    engine: LiveEngine
    changes: ChangeLog
    past: PastScores


@dataclass(frozen=True, slots=True)
class HostedReading:
    """A score with the place to follow it from; `behind_s` is how long ago the store was asked."""

    reading: LiveReading
    cursor: Cursor
    as_of: datetime
    behind_s: float


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """How one purpose's live scores are doing; what isn't known before they are built is None."""

    purpose: str
    is_built: bool
    sequence: int | None = None
    behind_s: float | None = None
    bound: float | None = None


class HostedPurpose:
    """One purpose's engine and the thread that keeps it going."""

    def __init__(
        self, service: Service, purpose: Purpose, programme: Programme, poll_s: float
    ) -> None:
        self.purpose, self.programme = purpose, programme
        self._store, self._shelf = service.store, service.snapshots
        self._poll_s = poll_s
        self._life: Life | None = None
        self._erasures = 0
        self._caught_up: tuple[float, datetime] | None = None
        self._announced = self._felt = 0
        self._state = threading.Condition()
        self._woken, self._stopped = threading.Event(), False
        self._admission = threading.BoundedSemaphore(READERS)
        self._listeners: set[Callable[[], None]] = set()
        self._thread = threading.Thread(target=self._run, name=f"live {purpose.name}", daemon=True)

    @property
    def is_built(self) -> bool:
        """Whether there are scores to read."""
        return self._life is not None

    @property
    def standing_life(self) -> Life | None:
        """The engine that stands, whatever it has yet to feel; None while it is being built."""
        return self._life

    def last_recorded(self) -> int:
        """Return the last sequence number in the store."""
        return self._store.last_sequence()

    def start(self) -> None:
        """Begin to build."""
        self._thread.start()

    def stop(self) -> None:
        """End; a step that takes very long is left to end with the process."""
        self._stopped = True
        self._woken.set()
        self._thread.join(STOP_S)

    def wake(self) -> None:
        """Look for new records now."""
        self._woken.set()

    def wake_after_erasure(self) -> None:
        """Let nobody read until what was erased has gone from here too."""
        with self._state:
            self._announced += 1
        self._woken.set()

    def life(self) -> Life:
        """Return the engine that stands.

        Raises:
            LiveBuildingError: it is being built, or has yet to feel this process's erasure.
        """
        with self._state:
            announced = self._announced
            is_felt = self._life is not None and self._state.wait_for(
                lambda: self._felt >= announced, ERASURE_WAIT_S
            )
            if self._life is None or not is_felt:
                raise self._being_built()
            return self._life

    @property
    def erasures(self) -> int:
        """How many erasures the scores know."""
        return self._erasures

    @contextlib.contextmanager
    def listening(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call a listener, in the purpose's thread, whenever scores may have moved."""
        self._listeners.add(listener)
        try:
            yield
        finally:
            self._listeners.discard(listener)

    def reading(self, subject: SubjectRef) -> HostedReading:
        """Return a subject's score as it stands.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
            LiveBuildingError: there are no scores yet, or they are being built anew.
        """
        life = self.life()
        with self._admitted():
            reading = life.engine.reading(self.purpose.name, subject)
        at, moment = self._caught_up_at()
        live = reading.live
        known = Moment(live.sequence, live.as_of, self._erasures)
        return HostedReading(
            reading,
            Cursor(self.purpose.name, life.id, reading.number, known),
            max(moment, live.as_of),
            time.monotonic() - at,
        )

    def status(self) -> LiveStatus:
        """Return how things are going."""
        if self._life is None:
            return LiveStatus(self.purpose.name, False)
        engine, name = self._life.engine, self.purpose.name
        at, _ = self._caught_up_at()
        bound = engine.programme(name).bound(datetime.now(UTC)).score
        return LiveStatus(name, True, engine.sequence, time.monotonic() - at, bound)

    @contextlib.contextmanager
    def _admitted(self) -> Iterator[None]:
        # While a base is built anew, reads wait: not so many that no thread is left for others.
        if not self._admission.acquire(timeout=ADMISSION_WAIT_S):
            raise self._being_built()
        try:
            yield
        finally:
            self._admission.release()

    def _being_built(self) -> LiveBuildingError:
        return LiveBuildingError(
            f"purpose {self.purpose.name}: live scores are being built; try again soon"
        )

    def _caught_up_at(self) -> tuple[float, datetime]:
        return self._caught_up or (time.monotonic(), datetime.now(UTC))

    def _run(self) -> None:
        due = time.monotonic() + RECONCILE_S
        while not self._stopped:
            pause_s = self._poll_s
            self._woken.clear()
            try:
                life = self._life or self._built()
                self._catch_up(life)
                if time.monotonic() >= due:
                    due = time.monotonic() + RECONCILE_S
                    life.engine.reconcile()
            except CertificateError:
                log.exception("live scores are wrong, building them anew")
                self._life, pause_s = None, RETRY_S
            except Exception as error:  # the store may be away for a while
                log.warning("live scores stand still, trying again", why=type(error).__qualname__)
                pause_s = RETRY_S
            if not self._stopped:
                self._woken.wait(pause_s)

    def _built(self) -> Life:
        begun = time.perf_counter()
        name = self.purpose.name
        engine = LiveEngine(self._store, self._shelf, [(self.purpose, [self.programme])])
        past = PastScores(self._shelf, self.purpose, self.programme)
        life = Life(secrets.token_hex(8), engine, ChangeLog(), past)
        self._erasures = engine.evidence(name).base.facts.erasures
        with self._state:
            self._life = life
        log.info(
            "live scores built",
            purpose=name,
            sequence=engine.sequence,
            seconds=round(time.perf_counter() - begun, 3),
        )
        return life

    def _catch_up(self, life: Life) -> None:
        announced, begun = self._announced, (time.monotonic(), datetime.now(UTC))
        changes = life.engine.catch_up(begun[1])
        evidence = life.engine.evidence(self.purpose.name)
        if evidence.base.facts.erasures != self._erasures:
            self._erasures = evidence.base.facts.erasures
            life.past.forget()

            def is_known(subject: SubjectRef) -> bool:
                with contextlib.suppress(SubjectNotFoundError):
                    return evidence.index_of(subject) >= 0
                return False

            life.changes.forget(is_known)
        life.changes.append(changes, self._erasures)
        with self._state:
            self._caught_up, self._felt = begun, announced
            self._state.notify_all()
        if changes:
            self._tell()

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()


class LiveHost:
    """The purposes that a server keeps live scores for."""

    def __init__(
        self, service: Service, purposes: Sequence[str] = (), *, poll_s: float = POLL_S
    ) -> None:
        """Prepare; nothing is built before the host is entered.

        Args:
            service: whose records are followed.
            purposes: which to keep live, each by its champion.
            poll_s: how often to look for what other processes recorded.
        """
        library = service.library
        self._hosted = {
            name: HostedPurpose(service, library.purpose(name), library.champion(name), poll_s)
            for name in purposes
        }
        if self._hosted:
            service.announcing.listen(self._wake, self._wake_after_erasure)

    def __enter__(self) -> Self:
        for hosted in self._hosted.values():
            hosted.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for hosted in self._hosted.values():
            hosted.stop()

    @property
    def is_built(self) -> bool:
        """Whether every purpose has scores to read."""
        return all(hosted.is_built for hosted in self._hosted.values())

    def of(self, purpose: str) -> HostedPurpose:
        """Return what is kept for a purpose.

        Raises:
            LiveOffError: nothing is.
        """
        hosted = self._hosted.get(purpose)
        if hosted is None:
            raise LiveOffError(
                f"purpose {purpose}: this server keeps no live scores for it; GRAPHSVC_LIVE names "
                "those that it does"
            )
        return hosted

    def status(self) -> list[LiveStatus]:
        """Return how each purpose is doing, for readiness and metrics."""
        return [hosted.status() for hosted in self._hosted.values()]

    def _wake(self) -> None:
        for hosted in self._hosted.values():
            hosted.wake()

    def _wake_after_erasure(self) -> None:
        for hosted in self._hosted.values():
            hosted.wake_after_erasure()


@contextlib.contextmanager
def host_live_scores(service: Service) -> Iterator[LiveHost]:
    """Keep live scores for the purposes that the service's settings name, until left.

    Raises:
        SettingsError: GRAPHSVC_LIVE names a purpose that is not declared.
    """
    with LiveHost(service, _purposes(service)) as host:
        service.live_host = host
        yield host


def _purposes(service: Service) -> list[str]:
    declared, asked = service.library.purpose_names(), service.settings.live.strip()
    if asked in {"all", "none", ""}:
        return declared if asked == "all" else []
    named = [name.strip() for name in asked.split(",")]
    for name in named:
        if name not in declared:
            raise SettingsError(
                f"GRAPHSVC_LIVE: {name!r} is no purpose; all, none, or some of "
                f"{', '.join(declared)} are right"
            )
    return named
