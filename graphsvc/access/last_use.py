"""When a key was last used, to the hour: one empty file, made once an hour by each process.

A file's name is the hour. Earlier ones are removed only after a later one is there, so that however
processes interleave, the latest hour survives. Nothing is written for the other requests.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

LAST_USE_FOLDER = "last-use"
HOUR_FORMAT = "%Y%m%dT%H"
SECONDS_PER_HOUR = 3600


class LastUse:
    """Notes the hour of each key's last use in a folder that all processes share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / LAST_USE_FOLDER
        self._noted: dict[str, int] = {}

    def note(self, key_id: str, now: datetime) -> None:
        """Note that a key was used; a folder that can't be written to costs the note, no more."""
        number = int(now.timestamp()) // SECONDS_PER_HOUR
        if self._noted.get(key_id, -1) >= number:
            return
        self._noted[key_id] = number
        hour = now.astimezone(UTC).strftime(HOUR_FORMAT)
        try:
            self._write(self._folder / key_id, hour)
        except OSError as error:
            log.warning("last use of a key not noted", key=key_id, why=error.strerror)

    @staticmethod
    def _write(folder: Path, hour: str) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / hour).touch(mode=0o600)
        for other in folder.iterdir():
            if other.name < hour:
                other.unlink(missing_ok=True)


def last_use(folder: Path, key_id: str) -> datetime | None:
    """Return the hour that a key was last used in, None if it never was."""
    with contextlib.suppress(FileNotFoundError):
        hours = [path.name for path in (folder / LAST_USE_FOLDER / key_id).iterdir()]
        if hours:
            return datetime.strptime(max(hours), HOUR_FORMAT).replace(tzinfo=UTC)
    return None
