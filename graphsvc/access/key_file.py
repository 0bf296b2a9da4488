"""API keys as they are kept: one 0600 JSON file with digests of secrets, never a secret.

Writers hold a file lock and replace the file whole, so that readers need no lock and never see half
of it.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from graphsvc.access.principal import Principal
from graphsvc.errors import SettingsError
from graphsvc.model import Role

KEYS_FILE = "keys.json"
LOCK_FILE = "keys.lock"

Signature = tuple[int, int, int]

_changes = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerSecret:
    """The digest of a secret that a rotation replaced, and when it stops working."""

    sha256: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One key as it is kept; `sha256` is that of the whole secret, which is kept nowhere.

    `roles` are as they were written: one that is no role counts for nothing.
    """

    id: str
    name: str
    sha256: str = field(repr=False)
    purposes: tuple[str, ...]
    roles: tuple[str, ...]
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None
    rotated: datetime | None = None
    former: tuple[FormerSecret, ...] = ()

    def is_valid_at(self, now: datetime) -> bool:
        """Say whether the key is neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)

    def digests_at(self, now: datetime) -> tuple[tuple[str, datetime | None], ...]:
        """Return the digests that open the key at a time, each with its end."""
        ends = self.expires
        earlier = tuple(
            (former.sha256, former.until if ends is None else min(former.until, ends))
            for former in self.former
            if now < former.until
        )
        return ((self.sha256, ends), *earlier)

    def principal(self, expires: datetime | None) -> Principal:
        """Return whom the key speaks for, with a secret that ends then."""
        return Principal(
            key_id=self.id,
            name=self.name,
            roles=frozenset(role for role in Role if role in self.roles),
            purposes=frozenset(self.purposes),
            expires=expires,
        )


class _KeyFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    keys: tuple[ApiKey, ...] = ()


def changes_made() -> int:
    """Return how often this process has changed keys, of whatever folder."""
    return _changes


def _note_change() -> None:
    global _changes
    _changes += 1


def signature_of(folder: Path) -> Signature | None:
    """Return what tells one version of the file from the next, None where there is no file."""
    try:
        found = os.stat(os.path.join(folder, KEYS_FILE))  # asked for each request
    except FileNotFoundError:
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def read_keys(folder: Path) -> tuple[Signature | None, tuple[ApiKey, ...]]:
    """Return all keys, and the signature of the file that they were read from.

    Raises:
        SettingsError: others may write to the file, or it is damaged.
    """
    path = folder / KEYS_FILE
    try:
        with path.open("rb") as file:
            # Of the open file, not of the path: another may have taken its place meanwhile.
            found = os.fstat(file.fileno())
            content = file.read()
    except FileNotFoundError:
        return None, ()
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SettingsError(f"{path}: others may write to it; run: chmod 600 {path}")
    try:
        keys = _KeyFile.model_validate_json(content).keys
    except ValidationError as error:
        raise SettingsError(f"{path}: is damaged; restore it from a backup") from error
    return (found.st_mtime_ns, found.st_ino, found.st_size), keys


def change_keys(
    folder: Path, change: Callable[[tuple[ApiKey, ...]], tuple[ApiKey, ...]]
) -> tuple[ApiKey, ...]:
    """Replace all keys by what `change` makes of them, while nobody else does; return them."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder):
        keys = change(read_keys(folder)[1])
        _write(folder, _KeyFile(keys=keys).model_dump_json(indent=2).encode())
        _note_change()
    return keys


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(folder: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=".keys.", dir=folder)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, folder / KEYS_FILE)
    finally:
        Path(temporary).unlink(missing_ok=True)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
