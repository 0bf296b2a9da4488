"""API keys: made, listed, revoked and checked; only their SHA-256 is ever kept.

A secret is `gsk_<id>_<256 random bits>`. The id finds the key, so that the one comparison that
depends on the secret runs in constant time. The keys live in one 0600 JSON file: writers hold a
file lock and replace the file whole, so that readers need no lock and never see half of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from graphsvc.access.principal import Principal
from graphsvc.errors import (
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
    SettingsError,
)
from graphsvc.model.checks import check_key, check_time
from graphsvc.model.definition import NAME_PATTERN

ACCESS_FOLDER = "access"
"""Name of the folder of keys, within the data folder."""

KEYS_FILE = "keys.json"
LOCK_FILE = "keys.lock"
SECRET_PATTERN = re.compile(r"gsk_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")
SECRET_BYTES = 32
NO_SUCH_DIGEST = "0" * 64

Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One key as it is kept; `sha256` is that of the whole secret, which is kept nowhere."""

    id: str
    name: str
    sha256: str = field(repr=False)
    purposes: tuple[str, ...]
    roles: tuple[str, ...]
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None

    def is_valid_at(self, now: datetime) -> bool:
        """Say whether the key is neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)

    def principal(self) -> Principal:
        """Return whom the key speaks for."""
        return Principal(
            key_id=self.id,
            name=self.name,
            roles=frozenset(self.roles),
            purposes=frozenset(self.purposes),
        )


def create_key(
    folder: Path,
    name: str,
    purposes: Iterable[str],
    roles: Iterable[str],
    expires: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret, which can't be had again.

    Args:
        folder: where the keys are kept; made where it is missing.
        name: who will use it, as the audit shows it.
        purposes: what it may read for, at least one.
        roles: what its holder is, at least one; a purpose says which roles may read.
        expires: when it stops working; never where it is not given.

    Raises:
        InvalidInputError: a name can't be used, or the end is not in the future.
    """
    now = datetime.now(UTC)
    check_key("name", name)
    check_time("expires", expires)
    if expires is not None and expires <= now:
        raise InvalidInputError(f"expires: is {expires.isoformat()}; a time in the future is right")
    key_id = secrets.token_hex(8)
    secret = f"gsk_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
    key = ApiKey(
        id=key_id,
        name=name,
        sha256=_digest(secret),
        purposes=_checked_names("purposes", purposes),
        roles=_checked_names("roles", roles),
        created=now,
        expires=expires,
    )
    _change(folder, lambda keys: (*keys, key))
    return key, secret


def list_keys(folder: Path) -> tuple[ApiKey, ...]:
    """Return every key ever made, revoked and expired ones too, the oldest first."""
    return _read(folder)[1]


def revoke_key(folder: Path, key_id: str) -> ApiKey:
    """Make a key stop working at once, for good; again changes nothing.

    Raises:
        NotFoundError: there is no key of that id.
    """
    now = datetime.now(UTC)

    def revoked(keys: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
        if all(key.id != key_id for key in keys):
            raise NotFoundError(f"no key {key_id!r}; graphsvc keys list shows them")
        return tuple(
            replace(key, revoked=now) if key.id == key_id and key.revoked is None else key
            for key in keys
        )

    return next(key for key in _change(folder, revoked) if key.id == key_id)


class KeyRing:
    """Checks secrets against a folder of keys; notices when the folder changes. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: tuple[Signature | None, dict[str, ApiKey]] = (None, {})

    def authenticate(self, secret: str) -> Principal:
        """Return whom a secret speaks for.

        Raises:
            NotAuthenticatedError: it is no key, or one that is revoked or expired; the message
                doesn't say which.
            SettingsError: the file of keys can't be trusted; nobody gets in.
        """
        match = SECRET_PATTERN.fullmatch(secret)
        key = self._keys().get(match[1]) if match else None
        # Compared even where there is no such key, so that ids can't be told apart by the time.
        expected = key.sha256 if key is not None else NO_SUCH_DIGEST
        matches = hmac.compare_digest(_digest(secret), expected)
        if key is None or not matches or not key.is_valid_at(datetime.now(UTC)):
            raise NotAuthenticatedError("the API key is not valid")
        return key.principal()

    def _keys(self) -> dict[str, ApiKey]:
        signature, keys = self._kept
        if signature != _signature(self._folder / KEYS_FILE):
            signature, listed = _read(self._folder)
            keys = {key.id: key for key in listed}
            self._kept = (signature, keys)
        return keys


class _KeyFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    keys: tuple[ApiKey, ...] = ()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _checked_names(field_name: str, names: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(sorted(set(names)))
    if not wanted:
        raise InvalidInputError(f"{field_name}: is empty; name at least one")
    for name in wanted:
        if not NAME_PATTERN.fullmatch(name):
            raise InvalidInputError(
                f"{field_name}: {name!r} is no name; lower-case letters, digits and hyphens are"
            )
    return wanted


def _signature(path: Path) -> Signature | None:
    """Return what tells one version of a file from the next, None where there is no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def _read(folder: Path) -> tuple[Signature | None, tuple[ApiKey, ...]]:
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


def _change(
    folder: Path, change: Callable[[tuple[ApiKey, ...]], tuple[ApiKey, ...]]
) -> tuple[ApiKey, ...]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder):
        keys = change(_read(folder)[1])
        _write(folder, _KeyFile(keys=keys).model_dump_json(indent=2).encode())
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
