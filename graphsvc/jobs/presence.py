"""Whether a runner is still there: the kernel lets go of a dead process's file lock at once.

A lease alone would let a killed job wait until it is over. A runner that is there but stands still
keeps its lock; for that there is the lease.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

SUFFIX = ".runner"


class Presence:
    """A name that this process holds for as long as it lives."""

    def __init__(self, folder: Path) -> None:
        """Take a name that nobody has, and hold it."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._file = self._path(self.name).open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the name."""
        self._path(self.name).unlink(missing_ok=True)
        self._file.close()

    def is_gone(self, name: str) -> bool:
        """Say whether nobody holds a name any more."""
        if name == self.name:
            return False
        try:
            with self._path(name).open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._path(name).unlink(missing_ok=True)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        return True

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"
