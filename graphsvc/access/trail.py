"""The trail of reads: audit entries handed to a background writer that appends them in batches.

A read doesn't wait for the store. What that costs: a killed process (kill −9, power) loses the
entries of about the last GATHER_S seconds and of the batch being written. What it doesn't cost: a
graceful end writes everything first, and when the store takes no entries, reads are refused once
CAPACITY entries wait, so that nobody reads unseen.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog

from graphsvc.errors import StoreUnavailableError
from graphsvc.model import AuditDraft
from graphsvc.store.ports import Writer

log = structlog.get_logger(__name__)

CAPACITY = 10_000
BATCH = 512
GATHER_S = 0.05
RECORD_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 20.0
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


class AuditTrail:
    """A bounded queue of audit entries and the one thread that writes them, in order."""

    def __init__(
        self,
        store: Writer,
        *,
        capacity: int = CAPACITY,
        record_timeout_s: float = RECORD_TIMEOUT_S,
        close_timeout_s: float = CLOSE_TIMEOUT_S,
    ) -> None:
        self._store = store
        self._capacity = capacity
        self._record_timeout_s = record_timeout_s
        self._close_timeout_s = close_timeout_s
        self._waiting: deque[AuditDraft] = deque()
        self._unwritten = 0
        self._closing = False
        self._give_up_at = float("inf")
        self._is_writing_well = True
        self._failed_writes = 0
        self._lock = threading.Lock()
        # Two, so that what is recorded wakes nobody while the writer gathers.
        self._arrived = threading.Condition(self._lock)
        self._progress = threading.Condition(self._lock)
        self._is_idle = False
        self._writer = threading.Thread(target=self._run, name="audit-trail", daemon=True)

    def __enter__(self) -> Self:
        self._writer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_writing_well(self) -> bool:
        """Whether the last batch reached the store."""
        return self._is_writing_well

    @property
    def waiting(self) -> int:
        """How many entries have been taken over and are not in the store yet."""
        return self._unwritten

    @property
    def failed_writes(self) -> int:
        """How often the store has refused a batch so far."""
        return self._failed_writes

    def record(self, drafts: Sequence[AuditDraft]) -> None:
        """Take entries over; waits only where the queue is full.

        Raises:
            StoreUnavailableError: the queue stayed full, or the trail is closed; nothing was taken.
        """
        with self._lock:
            if not self.has_room(len(drafts)):
                self._wait_for_room(len(drafts))
            self._waiting.extend(drafts)
            self._unwritten += len(drafts)
            if self._is_idle or len(self._waiting) >= BATCH:
                self._arrived.notify()

    def has_room(self, count: int) -> bool:
        """Say whether `record` would take so many entries without waiting, as of now."""
        return not self._closing and len(self._waiting) + count <= self._capacity

    def flush(self, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """Wait until all that was recorded is in the store; return whether it is."""
        with self._progress:
            return self._progress.wait_for(lambda: self._unwritten == 0, timeout_s)

    def close(self) -> None:
        """Write all that waits, then stop; entries that the store refuses go to the log."""
        with self._lock:
            self._closing = True
            self._give_up_at = time.monotonic() + self._close_timeout_s
            self._arrived.notify_all()
            self._progress.notify_all()
        self._writer.join()

    def _wait_for_room(self, count: int) -> None:
        self._progress.wait_for(
            lambda: self._closing or self.has_room(count), self._record_timeout_s
        )
        if not self.has_room(count):
            raise StoreUnavailableError(
                "the audit takes no entries now, so nothing can be read; try again later"
            )

    def _run(self) -> None:
        while batch := self._next_batch():
            self._write(batch)
            with self._lock:
                self._unwritten -= len(batch)
                self._progress.notify_all()

    def _next_batch(self) -> list[AuditDraft]:
        """Return what waits, gathered for a moment; nothing only at the end."""
        with self._lock:
            self._is_idle = True
            self._arrived.wait_for(lambda: self._waiting or self._closing)
            self._is_idle = False
            self._arrived.wait_for(lambda: self._closing or len(self._waiting) >= BATCH, GATHER_S)
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._progress.notify_all()
            return batch

    def _write(self, batch: list[AuditDraft]) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                self._store.append_audit(batch)
            except Exception as error:  # whatever it is, the entries must not be lost
                self._is_writing_well = False
                self._failed_writes += 1
                log.warning("audit entries not written, trying again", why=type(error).__qualname__)
            else:
                self._is_writing_well = True
                return
            if time.monotonic() >= self._give_up_at:
                _log_lost(batch)
                return
            self._pause(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _pause(self, pause_s: float) -> None:
        if self._closing:
            time.sleep(pause_s)
            return
        with self._lock:  # cut short by the call to close
            self._arrived.wait_for(lambda: self._closing, pause_s)


def _log_lost(batch: list[AuditDraft]) -> None:
    for draft in batch:
        log.error(
            "audit entry could not be stored",
            at=draft.at.isoformat(),
            actor=draft.actor,
            action=draft.action,
            purpose=draft.purpose,
            subject=draft.subject,
            detail=draft.detail,
        )
