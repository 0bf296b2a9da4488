"""API keys: made, listed, rotated, revoked and checked; only their SHA-256 is ever kept.

A secret is `gsk_<id>_<256 random bits>`. The id finds the key, so that the comparisons that depend
on the secret run in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from graphsvc.access.key_file import (
    ApiKey,
    FormerSecret,
    Signature,
    change_keys,
    changes_made,
    read_keys,
    signature_of,
)
from graphsvc.access.last_use import LastUse
from graphsvc.access.principal import Principal
from graphsvc.errors import (
    ConflictError,
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
)
from graphsvc.model.checks import check_key, check_time
from graphsvc.model.definition import NAME_PATTERN
from graphsvc.model.role import Role, checked_roles

ACCESS_FOLDER = "access"
"""Name of the folder of keys, within the data folder."""

SECRET_PATTERN = re.compile(r"gsk_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")
SECRET_BYTES = 32
NO_SUCH_DIGEST = "0" * 64
LOOK_AGAIN_S = 0.01
"""For how long a ring doesn't look whether another process has changed the keys."""
LONGEST_OVERLAP = timedelta(days=90)


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
        purposes: what it may read for, at least one; a key that is an operator's only needs none.
        roles: what its holder is, at least one; a purpose says which roles may read.
        expires: when it stops working; never where it is not given.

    Raises:
        InvalidInputError: a name can't be used, a role doesn't exist, or the end is not in the
            future.
    """
    now = datetime.now(UTC)
    check_key("name", name)
    _check_end(expires, now)
    wanted_roles = checked_roles("roles", roles)
    wanted_purposes = tuple(sorted(set(purposes)))
    if wanted_purposes or wanted_roles != {Role.OPERATOR}:
        _check_names("purposes", wanted_purposes)
    key_id = secrets.token_hex(8)
    secret = _new_secret(key_id)
    key = ApiKey(
        id=key_id,
        name=name,
        sha256=_digest(secret),
        purposes=wanted_purposes,
        roles=tuple(sorted(role.value for role in wanted_roles)),
        created=now,
        expires=expires,
    )
    change_keys(folder, lambda keys: (*keys, key))
    return key, secret


def list_keys(folder: Path) -> tuple[ApiKey, ...]:
    """Return every key ever made, revoked and expired ones too, the oldest first."""
    return read_keys(folder)[1]


def revoke_key(folder: Path, key_id: str) -> ApiKey:
    """Make a key stop working at once, for good; again changes nothing.

    Raises:
        NotFoundError: there is no key of that id.
    """
    now = datetime.now(UTC)

    def revoked(keys: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
        key = _key_of(keys, key_id)
        changed = key if key.revoked else replace(key, revoked=now)
        return tuple(changed if other.id == key_id else other for other in keys)

    return _key_of(change_keys(folder, revoked), key_id)


def rotate_key(
    folder: Path, key_id: str, overlap: timedelta, expires: datetime | None = None
) -> tuple[ApiKey, str]:
    """Give a key a new secret; every earlier one ends after the overlap, or at its end if sooner.

    Id, name, purposes and roles stay, so that the audit goes on under the same actor.

    Args:
        folder: where the keys are kept.
        key_id: whose secret is replaced.
        overlap: for how long the earlier secret goes on working; zero ends it at once.
        expires: when the key stops working; as before where it is not given.

    Raises:
        NotFoundError: there is no key of that id.
        ConflictError: it is revoked, or expired and gets no new end.
        InvalidInputError: the overlap or the end can't be.
    """
    now = datetime.now(UTC)
    _check_end(expires, now)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidInputError(
            f"overlap: is {overlap}; from nothing to {LONGEST_OVERLAP.days} days are right"
        )
    secret = _new_secret(key_id)

    def rotated(keys: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
        key = _key_of(keys, key_id)
        if key.revoked is not None:
            raise ConflictError(f"key {key_id} is revoked; make a new one: graphsvc keys create")
        renewed = replace(
            key,
            sha256=_digest(secret),
            expires=expires or key.expires,
            rotated=now,
            former=_former_secrets(key, now, overlap),
        )
        if not renewed.is_valid_at(now):
            raise ConflictError(f"key {key_id} has expired; give it a new end: --days")
        return tuple(renewed if other.id == key_id else other for other in keys)

    return _key_of(change_keys(folder, rotated), key_id), secret


class _Kept(NamedTuple):
    """What one version of the file says; never mixed with another version's."""

    signature: Signature | None
    keys: dict[str, ApiKey]
    principals: dict[tuple[str, datetime | None], Principal]


class KeyRing:
    """Checks secrets against a folder of keys; notices when the folder changes. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last_use = LastUse(folder)
        self._kept = _Kept(None, {}, {})
        self._looked_at = (float("-inf"), 0)

    def authenticate(self, secret: str) -> Principal:
        """Return whom a secret speaks for.

        Raises:
            NotAuthenticatedError: it is no key, or one that is revoked or expired; the message
                doesn't say which.
            SettingsError: the file of keys can't be trusted; nobody gets in.
        """
        now = datetime.now(UTC)
        match = SECRET_PATTERN.fullmatch(secret)
        kept = self._current()
        key = kept.keys.get(match[1]) if match else None
        # Compared even where there is no such key, so that ids can't be told apart by the time.
        expected = key.digests_at(now) if key is not None else ((NO_SUCH_DIGEST, None),)
        given = _digest(secret)
        ends = [end for digest, end in expected if hmac.compare_digest(given, digest)]
        if key is None or not ends or not key.is_valid_at(now):
            raise NotAuthenticatedError("the API key is not valid")
        self._last_use.note(key.id, now)
        known = kept.principals.get((key.id, ends[0]))
        if known is None:
            known = kept.principals[key.id, ends[0]] = key.principal(ends[0])
        return known

    def _current(self) -> _Kept:
        # Asking for the file's signature lets go of the interpreter, which others may then hold.
        looked_at = (time.monotonic(), changes_made())
        if looked_at[0] - self._looked_at[0] < LOOK_AGAIN_S and looked_at[1] == self._looked_at[1]:
            return self._kept
        kept = self._kept
        if kept.signature != signature_of(self._folder):
            signature, listed = read_keys(self._folder)
            kept = self._kept = _Kept(signature, {key.id: key for key in listed}, {})
        self._looked_at = looked_at
        return kept


def _new_secret(key_id: str) -> str:
    return f"gsk_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _former_secrets(key: ApiKey, now: datetime, overlap: timedelta) -> tuple[FormerSecret, ...]:
    until = now + overlap
    replaced = FormerSecret(sha256=key.sha256, until=until)
    earlier = (replace(former, until=min(former.until, until)) for former in key.former)
    return tuple(former for former in (replaced, *earlier) if former.until > now)


def _key_of(keys: tuple[ApiKey, ...], key_id: str) -> ApiKey:
    for key in keys:
        if key.id == key_id:
            return key
    raise NotFoundError(f"no key {key_id!r}; graphsvc keys list shows them")


def _check_end(expires: datetime | None, now: datetime) -> None:
    check_time("expires", expires)
    if expires is not None and expires <= now:
        raise InvalidInputError(f"expires: is {expires.isoformat()}; a time in the future is right")


def _check_names(field_name: str, names: tuple[str, ...]) -> None:
    if not names:
        raise InvalidInputError(f"{field_name}: is empty; name at least one")
    for name in names:
        if not NAME_PATTERN.fullmatch(name):
            raise InvalidInputError(
                f"{field_name}: {name!r} is no name; lower-case letters, digits and hyphens are"
            )
