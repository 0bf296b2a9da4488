"""Where snapshots are kept: one folder for each store and purpose, one file for each sequence.

A file that is torn, foreign or of another purpose version is never used: it is set aside, the
reason is logged, and the snapshot is built again. Once something was erased, by whichever server of
the store, every file goes: they may still hold it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from graphsvc.errors import SnapshotError, SnapshotForeignError
from graphsvc.model import LinkKind, Purpose
from graphsvc.snapshot.build import advance_snapshot, build_snapshot, purpose_digest
from graphsvc.snapshot.copies import LocalCopies
from graphsvc.snapshot.retention import within_retention
from graphsvc.snapshot.snapshot import Snapshot
from graphsvc.snapshot.together import links_read_once
from graphsvc.store.ports import Reader
from graphsvc.tracing import traced

log = structlog.get_logger(__name__)

KEPT_FILES = 3


class SnapshotShelf:
    """Opens, brings forward or builds snapshots under one folder."""

    def __init__(self, folder: Path, store: Reader) -> None:
        self._store = store
        self._copies = LocalCopies(folder / store.store_id(), store)

    @traced("snapshot.latest")
    def latest(self, purpose: Purpose, *, as_of: datetime | None = None) -> Snapshot:
        """Return the snapshot of all that is recorded now, made from the newest file there is.

        Records that are past the purpose's retention at `as_of` (now where it is not given) are not
        in it.
        """
        moment = as_of or datetime.now(UTC)
        return within_retention(self._latest(purpose, moment), purpose.retention_days, moment)

    @traced("snapshot.at")
    def at(self, purpose: Purpose, sequence: int, *, as_of: datetime | None = None) -> Snapshot:
        """Return the snapshot as it was when `sequence` was the last record."""
        moment = as_of or datetime.now(UTC)
        return within_retention(self._at(purpose, sequence, moment), purpose.retention_days, moment)

    @traced("snapshot.prepare")
    def prepare(self, purposes: Sequence[Purpose], sequence: int, *, as_of: datetime) -> None:
        """Build the snapshots of purposes that have none up to a sequence, reading links once.

        It holds all those links in memory meanwhile. One that is there already is brought forward
        by whoever asks for it.
        """
        self._copies.refresh()
        missing = [
            purpose
            for purpose in purposes
            if not any(number <= sequence for number in self._sequences(purpose))
        ]
        if len(missing) < 2:
            return
        kinds = frozenset[LinkKind]().union(*(purpose.link_kinds for purpose in missing))
        store = links_read_once(self._store, kinds, sequence)
        for purpose in missing:
            self._keep(purpose, build_snapshot(store, purpose, as_of=as_of, known_at=sequence))

    def unfiltered(self, purpose: Purpose, *, as_of: datetime) -> Snapshot:
        """Return the latest snapshot with what is past its retention, for who follows the time."""
        return self._latest(purpose, as_of)

    def forget(self) -> None:
        """Remove every file of every purpose."""
        self._copies.forget()

    def _latest(self, purpose: Purpose, as_of: datetime) -> Snapshot:
        return self._brought_to(purpose, self._store.last_sequence(), as_of)

    def _at(self, purpose: Purpose, sequence: int, as_of: datetime) -> Snapshot:
        self._copies.refresh()
        kept = self._open(purpose, sequence)
        return self._brought_to(purpose, sequence, as_of) if kept is None else kept

    def _brought_to(self, purpose: Purpose, sequence: int, as_of: datetime) -> Snapshot:
        """Return the snapshot at a sequence, made from the nearest older file there is."""
        self._copies.refresh()
        for number in reversed(self._sequences(purpose)):
            older = self._open(purpose, number) if number <= sequence else None
            if older is not None:
                made = advance_snapshot(self._store, purpose, older, as_of=as_of, known_at=sequence)
                return self._keep(purpose, made)
        return self._keep(
            purpose, build_snapshot(self._store, purpose, as_of=as_of, known_at=sequence)
        )

    def path(self, purpose: Purpose, sequence: int) -> Path:
        """Return where the snapshot of a purpose at a sequence number is kept."""
        return self._copies.folder / purpose.name / f"{sequence:016d}.snapshot"

    def _keep(self, purpose: Purpose, snapshot: Snapshot) -> Snapshot:
        path = self.path(purpose, snapshot.facts.sequence)
        if path.exists():
            return snapshot
        snapshot.save(path)
        if snapshot.facts.erasures != self._store.erasures():
            # The folder may have been emptied before this was in it.
            path.unlink(missing_ok=True)
            return snapshot
        for sequence in self._sequences(purpose)[:-KEPT_FILES]:
            if sequence != snapshot.facts.sequence:
                self.path(purpose, sequence).unlink(missing_ok=True)
        # Another process may take it away at any moment; what is in memory is as good.
        with contextlib.suppress(FileNotFoundError):
            return Snapshot.open(path, verify=False)
        return snapshot

    def _open(self, purpose: Purpose, sequence: int) -> Snapshot | None:
        path = self.path(purpose, sequence)
        try:
            snapshot = Snapshot.open(path)
            self._require_own(snapshot, purpose, path)
            if snapshot.facts.erasures != self._store.erasures():
                path.unlink(missing_ok=True)
                return None
        except FileNotFoundError:
            return None
        except SnapshotError as error:
            log.warning("snapshot set aside, building it again", code=error.code, why=str(error))
            with contextlib.suppress(FileNotFoundError):
                path.replace(path.with_suffix(".unusable"))
            return None
        return snapshot

    def _require_own(self, snapshot: Snapshot, purpose: Purpose, path: Path) -> None:
        facts = snapshot.facts
        if facts.store_id != self._store.store_id():
            raise SnapshotForeignError(f"{path}: made from store {facts.store_id}, another one")
        if (facts.purpose, facts.purpose_digest) != (purpose.name, purpose_digest(purpose)):
            raise SnapshotForeignError(
                f"{path}: made for {facts.purpose} version {facts.purpose_version}, "
                f"not for {purpose.name} version {purpose.version} as declared now"
            )

    def _sequences(self, purpose: Purpose) -> list[int]:
        folder = self._copies.folder / purpose.name
        if not folder.is_dir():
            return []
        return sorted(int(path.stem) for path in folder.glob("*.snapshot") if path.stem.isdigit())
