"""What finished stages of a recompute leave on disk, so that a later runner need not repeat them.

Files hold values of subjects: they are copies like any other, and go when something is erased. One
that is missing, torn or of another plan is as good as a stage that was not finished.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import numpy as np

from graphsvc.errors import SnapshotError
from graphsvc.model import RunCertificate
from graphsvc.runs import payload_checksum
from graphsvc.scoring.propagate import Spread
from graphsvc.snapshot.container import read_container, write_container
from graphsvc.snapshot.copies import NOTE_FILE, LocalCopies
from graphsvc.store.ports import Reader

SPREAD, PAYLOAD = "spread", "payload"
_COLUMNS = ("exposure", "trust", "association_exposure", "association_trust")
_CERTIFICATES = ("exposure_certificate", "trust_certificate")


class Checkpoints:
    """Files of unfinished runs of one store, named after the run."""

    def __init__(self, folder: Path, store: Reader, shared: Path | None = None) -> None:
        """Keep files in `folder`, and what other machines read in `shared`, if that is another."""
        self._copies = LocalCopies(folder / store.store_id(), store)
        self._shared = self._copies
        if shared is not None:
            self._shared = LocalCopies(shared / store.store_id(), store)

    def refresh(self) -> None:
        """Remove every file if something was erased since they were made."""
        self._copies.refresh()
        self._shared.refresh()

    @contextmanager
    def shared_folder(self, run_id: str) -> Iterator[Path]:
        """An empty folder for files that other machines read; it goes with all that is in it."""
        folder = self._shared_folder(run_id)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def save_spread(self, run_id: str, spread: Spread) -> None:
        """Keep how far risk and trust spread."""
        facts = {name: asdict(getattr(spread, name)) for name in _CERTIFICATES}
        arrays = {name: np.asarray(getattr(spread, name)) for name in _COLUMNS}
        if spread.learned is not None:
            arrays["learned"] = spread.learned
        path = self._path(run_id, SPREAD)
        write_container(path, facts | {"run_id": run_id, "links": spread.links}, arrays)
        self._keep_if_current(path)

    def spread(self, run_id: str) -> Spread | None:
        """Return what was kept; None where nothing that can be used was."""
        try:
            facts, arrays = read_container(self._path(run_id, SPREAD))
        except (FileNotFoundError, SnapshotError):
            return None
        if facts.get("run_id") != run_id:
            return None
        return Spread(
            exposure=arrays["exposure"],
            trust=arrays["trust"],
            association_exposure=arrays["association_exposure"],
            association_trust=arrays["association_trust"],
            exposure_certificate=RunCertificate(**facts["exposure_certificate"]),
            trust_certificate=RunCertificate(**facts["trust_certificate"]),
            links=facts["links"],
            learned=arrays.get("learned"),
        )

    def save_payload(self, run_id: str, payload: bytes) -> None:
        """Keep a run's payload."""
        path = self._path(run_id, PAYLOAD)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".payload.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(payload)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)
        self._keep_if_current(path)

    def payload(self, run_id: str, checksum: str) -> bytes | None:
        """Return a run's payload if it is there, whole."""
        try:
            payload = self._path(run_id, PAYLOAD).read_bytes()
        except FileNotFoundError:
            return None
        return payload if payload_checksum(payload) == checksum else None

    def drop(self, run_id: str) -> None:
        """Remove a run's files."""
        for kind in (SPREAD, PAYLOAD):
            self._path(run_id, kind).unlink(missing_ok=True)
        shutil.rmtree(self._shared_folder(run_id), ignore_errors=True)

    def forget_before(self, time: datetime) -> None:
        """Remove files that nobody wrote since a time, those of killed writers too."""
        for path in (*self._copies.folder.glob("*"), *self._shared.folder.glob("*")):
            with contextlib.suppress(FileNotFoundError):
                if path.name == NOTE_FILE or path.stat().st_mtime >= time.timestamp():
                    continue
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()

    def forget(self) -> None:
        """Remove every file."""
        self._copies.forget()
        self._shared.forget()

    def _shared_folder(self, run_id: str) -> Path:
        return self._shared.folder / f"{run_id}.shared"

    def _path(self, run_id: str, kind: str) -> Path:
        return self._copies.folder / f"{run_id}.{kind}"

    def _keep_if_current(self, path: Path) -> None:
        if not self._copies.are_current():
            # The folder may have been emptied before this was in it.
            path.unlink(missing_ok=True)
