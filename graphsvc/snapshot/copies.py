"""A folder of copies of what a store holds, which may not outlive what was erased there.

Any server of a store may erase; each of the others finds it out by the store's count of erasures
the next time that it opens a copy, and then empties its folder.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from pathlib import Path

from graphsvc.store.ports import Reader

NOTE_FILE = ".erasures"
ABANDONED_S = 3600.0


class LocalCopies:
    """One store's folder; safe to share by threads and processes.

    Files whose names begin with a dot are being written, or are the folder's own note.
    """

    def __init__(self, folder: Path, store: Reader) -> None:
        self.folder = folder
        self._store = store
        self._lock = threading.Lock()
        self._erasures = self._noted()

    def refresh(self) -> None:
        """Empty the folder if something was erased since copies were put there."""
        erasures = self._store.erasures()
        with self._lock:
            if erasures == self._erasures:
                return
            self.forget()
            self._note(erasures)
            self._erasures = erasures

    def are_current(self) -> bool:
        """Say whether nothing was erased since the last refresh."""
        return self._store.erasures() == self._erasures

    def forget(self) -> None:
        """Remove every copy; what others are just writing is theirs."""
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != NOTE_FILE and not _is_being_written(path):
                path.unlink(missing_ok=True)

    def _noted(self) -> int:
        # Without a readable note whatever lies there may be of any time.
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / NOTE_FILE).read_text())
        return 0

    def _note(self, erasures: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f"{NOTE_FILE}.", dir=self.folder)
        with os.fdopen(descriptor, "w") as file:
            file.write(str(erasures))
        os.replace(temporary, self.folder / NOTE_FILE)


def _is_being_written(path: Path) -> bool:
    """Say whether the file is a temporary one, and not one that a killed process left."""
    if not path.name.startswith("."):
        return False
    with contextlib.suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime < ABANDONED_S
    return True
