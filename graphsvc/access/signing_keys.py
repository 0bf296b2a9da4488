"""The public keys that an OpenID Connect issuer signs with (JWKS, RFC 7517): fetched and kept.

The issuer is asked when keys are older than REFRESH_S, or when a token names a key that is not
held; never more often than every PAUSE_S, however many tokens come, and by one thread at a time.
While it doesn't answer, held keys serve until they are STALE_S old.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import structlog
from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError

from graphsvc.errors import IssuerUnavailableError, NotAuthenticatedError

log = structlog.get_logger(__name__)

REFRESH_S = 300.0
STALE_S = 3600.0
PAUSE_S = 10.0
TIMEOUT_S = 3.0
MOST_BYTES = 1 << 20
PUBLIC_KEY_TYPES = frozenset({"RSA", "EC", "OKP"})
DISCOVERY_PATH = "/.well-known/openid-configuration"
LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class _Held:
    """Keys by id, and when the issuer gave them."""

    keys: Mapping[str, PyJWK]
    since: float


class SigningKeys:
    """An issuer's keys by id. Thread-safe; only a thread that asks the issuer waits for it."""

    def __init__(
        self,
        fetch: Callable[[], Mapping[str, PyJWK]],
        *,
        refresh_s: float = REFRESH_S,
        stale_s: float = STALE_S,
        pause_s: float = PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._refresh_s = refresh_s
        self._stale_s = stale_s
        self._pause_s = pause_s
        self._clock = clock
        self._held: _Held | None = None
        self._asked_at = float("-inf")
        self._last_failed = False
        self._asking = threading.Lock()

    @property
    def version(self) -> float | None:
        """What tells one set of held keys from the next; None where they must be fetched anew."""
        held = self._held
        return held.since if held is not None and self._age(held) < self._refresh_s else None

    def needs_asking(self, key_id: str) -> bool:
        """Say whether looking for a key would ask the issuer, and so might wait."""
        held = self._held
        is_at_hand = held is not None and key_id in held.keys and self._age(held) < self._refresh_s
        return not is_at_hand and (self._asking.locked() or self._may_ask())

    def get(self, key_id: str) -> PyJWK:
        """Return the key of an id.

        Raises:
            NotAuthenticatedError: the issuer has no such key.
            IssuerUnavailableError: the issuer doesn't answer, so that nobody can tell.
        """
        held = self._held
        if held is not None and key_id in held.keys:
            if self._age(held) >= self._refresh_s and self._asking.acquire(blocking=False):
                self._ask_and_release()
        elif self._asking.acquire(timeout=2 * TIMEOUT_S):
            self._ask_and_release()
        return self._found(key_id)

    def _found(self, key_id: str) -> PyJWK:
        held = self._held
        if held is not None and self._age(held) < self._stale_s:
            if key_id in held.keys:
                return held.keys[key_id]
            if not self._last_failed:
                raise NotAuthenticatedError("the token is not valid: the issuer has no such key")
        raise IssuerUnavailableError(
            "the issuer of tokens doesn't answer, so that no token can be checked; try again later"
        )

    def _ask_and_release(self) -> None:
        try:
            if not self._may_ask():
                return
            self._asked_at = self._clock()
            self._held = _Held(self._fetch(), self._asked_at)
            self._last_failed = False
        except (httpx.HTTPError, PyJWTError, ValueError, TypeError, KeyError) as error:
            self._last_failed = True
            log.warning("the issuer's keys can't be had", why=type(error).__qualname__)
        finally:
            self._asking.release()

    def _may_ask(self) -> bool:
        return self._clock() - self._asked_at >= self._pause_s

    def _age(self, held: _Held) -> float:
        return self._clock() - held.since


def keys_of_issuer(
    issuer: str, jwks_url: str | None, *, timeout_s: float = TIMEOUT_S
) -> dict[str, PyJWK]:
    """Ask an issuer for its public keys.

    Args:
        issuer: its URL, as its tokens name it.
        jwks_url: where the keys are; asked of the issuer where it is not given.
        timeout_s: the longest that one answer may take.

    Raises:
        httpx.HTTPError: it doesn't answer, or not with 200.
        ValueError, TypeError, KeyError: its answer can't be used.
    """
    if jwks_url is None:
        found = _get_json(f"{issuer.rstrip('/')}{DISCOVERY_PATH}", timeout_s)
        if found.get("issuer") != issuer:
            raise ValueError("the discovery document names another issuer")
        jwks_url = require_secure_url("jwks_uri", str(found["jwks_uri"]))
    listed = _get_json(jwks_url, timeout_s)["keys"]
    if not isinstance(listed, list):
        raise TypeError("the answer holds no list of keys")
    # A shared secret among public keys would let whoever reads them sign.
    usable = [
        key
        for key in listed
        if isinstance(key, dict)
        and key.get("kty") in PUBLIC_KEY_TYPES
        and key.get("use", "sig") == "sig"
        and "kid" in key
    ]
    return {str(key.key_id): key for key in PyJWKSet(usable).keys}


def require_secure_url(field: str, url: str) -> str:
    """Return a URL that is https, or http on this machine.

    Raises:
        ValueError: it is neither; names the field.
    """
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES
    if not parts.hostname or not (parts.scheme == "https" or is_local):
        raise ValueError(f"{field}: {url!r} is no https URL")
    return url


def _get_json(url: str, timeout_s: float) -> dict[str, object]:
    """Return a JSON object; the whole answer has `timeout_s`, not each of its packets."""
    until = time.monotonic() + timeout_s
    content = bytearray()
    with httpx.stream("GET", url, timeout=timeout_s) as answer:
        if answer.status_code != httpx.codes.OK:
            raise ValueError(f"{url}: answered {answer.status_code}")
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > MOST_BYTES or time.monotonic() > until:
                raise ValueError(f"{url}: the answer is too large or too slow")
    found = json.loads(content)
    if not isinstance(found, dict):
        raise TypeError(f"{url}: the answer is no JSON object")
    return found
