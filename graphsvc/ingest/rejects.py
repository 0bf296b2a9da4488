"""The rejects file: every bad row with its number, field and reason; there whole or not at all."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from graphsvc.errors import InvalidInputError

REJECTS_SUFFIX = ".rejects.jsonl"
_RAW_CHARACTERS = 2_000
_REASON_CHARACTERS = 500
_ANY_WRITE_BIT = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH

_REASON_NAMES = (
    ("a self-link", "self-link"),
    ("the reported subject", "reporter is the reported subject"),
    ("which is unknown", "unknown kind"),
    ("a finite number is needed", "NaN or infinite number"),
    ("need a weight of at least 0", "negative weight"),
    ("more than a day after now", "time in the future"),
    (", not after ", "end not after start"),
    ("a time is needed", "missing time"),
    ("without a time zone", "time without a zone"),
    ("not within years", "unparsable time"),
    ("which is not a time", "unparsable time"),
    ("ISO 8601", "unparsable time"),
    ("a number is needed", "unparsable number"),
    ("which is not a number", "unparsable number"),
    ("a whole number is needed", "unparsable number"),
    ("a non-empty key is needed", "empty key"),
    (" characters; at most ", "over-long key or text"),
    ("control characters", "control characters in a key"),
    ("a NUL character", "control characters in a text"),
    ("begins or ends with a space", "space around a key"),
    ("write kind:key", "subject without a kind"),
    ("valid UTF-8", "invalid UTF-8"),
    ("surrogate pair", "invalid UTF-8"),
    ("columns; ", "wrong column count"),
    ("quotes are malformed", "malformed quotes"),
    ("carriage return", "carriage return in a row"),
    ("valid JSON", "invalid JSON"),
    ("JSON object", "invalid JSON"),
    ("a plain value is needed", "not a plain value"),
    ("fits no rule", "no rule for the row"),
    ("can't be read from here on", "damaged file"),
    ("the line is longer", "over-long line"),
    ("from 0 to 1", "number outside 0 to 1"),
    ("leave the entry out", "severity of zero"),
    ("at least 1 is needed", "count below 1"),
    ("a code of 3 to 12", "bad currency code"),
)


class Reject(NamedTuple):
    """One row that was not loaded, or not wholly."""

    row: int
    field: str | None
    reason: str
    raw: str


class RejectsFile:
    """Collects one input file's rejects under a temporary name; `finish` puts them in place.

    A file of an earlier import is replaced, or removed where there are no rejects now.
    """

    def __init__(self, input_path: Path, place: Path) -> None:
        self._input_name = input_path.name
        self._place = place
        self._temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
        self._stream: IO[str] | None = None

    def add(self, rejects: Sequence[Reject]) -> None:
        """Write rejects down.

        Raises:
            InvalidInputError: they can't be written there.
        """
        if not rejects:
            return
        try:
            if self._stream is None:
                self._stream = self._temporary.open(
                    "w", encoding="utf-8", errors="backslashreplace"
                )
            self._stream.writelines(self._line(reject) for reject in rejects)
        except OSError as error:
            raise self._failed(error) from error

    def finish(self) -> Path | None:
        """Put the file in place; return where, or None if there are no rejects.

        Raises:
            InvalidInputError: it can't be written there.
        """
        try:
            if self._stream is None:
                self._place.unlink(missing_ok=True)
                return None
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            self._temporary.replace(self._place)
        except OSError as error:
            raise self._failed(error) from error
        self._stream = None
        return self._place

    def discard(self) -> None:
        """Leave no trace of what was collected; a file of an earlier import stays."""
        if self._stream is not None:
            with suppress(OSError):  # a full disk: the rest of the buffer can't be written either
                self._stream.close()
            self._temporary.unlink(missing_ok=True)
            self._stream = None

    def _line(self, reject: Reject) -> str:
        content = {
            "file": self._input_name,
            "row": reject.row,
            "field": reject.field,
            "reason": reject.reason[:_REASON_CHARACTERS],
            "raw": reject.raw[:_RAW_CHARACTERS],
        }
        return json.dumps(content, ensure_ascii=False) + "\n"

    def _failed(self, error: OSError) -> InvalidInputError:
        return InvalidInputError(
            f"{self._place}: rejects can't be written: {error.strerror}; give another folder"
        )


def rejects_places(inputs: Sequence[Path], rejects_dir: Path | None, fallback: Path) -> list[Path]:
    """Return where each input's rejects go: all in `rejects_dir`, or each beside its input.

    Where the input's folder can't be written, they go to `fallback`. Two inputs of the same name
    that would meet in one folder get the name of their own folder, too.

    Raises:
        InvalidInputError: `rejects_dir` is not a folder.
    """
    if rejects_dir is not None and not rejects_dir.is_dir():
        raise InvalidInputError(f"{rejects_dir}: is not a folder; rejects can't be written there")
    taken: set[Path] = set()
    places = []
    for path in inputs:
        folder = rejects_dir or (path.parent if _may_be_written(path.parent) else fallback)
        place = folder / f"{path.name}{REJECTS_SUFFIX}"
        number = 1
        while place in taken:
            number += 1
            place = folder / f"{path.resolve().parent.name}-{number}-{path.name}{REJECTS_SUFFIX}"
        taken.add(place)
        places.append(place)
    return places


def _may_be_written(folder: Path) -> bool:
    """Say whether a folder is meant to be written to: root could, but a read-only one is not."""
    has_write_bit = bool(folder.stat().st_mode & _ANY_WRITE_BIT)
    return has_write_bit and os.access(folder, os.W_OK)


def reason_name(reason: str) -> str:
    """Return the short name under which the summary counts a reason.

    >>> reason_name("is account:7, the same as src: a self-link")
    'self-link'
    """
    for part, name in _REASON_NAMES:
        if part in reason:
            return name
    return "other"
