"""The gate: the one way from a credential to a principal, whatever transport it came by."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Self

import structlog

from graphsvc.access.keys import KeyRing
from graphsvc.access.principal import CredentialKind, Principal
from graphsvc.access.pseudonyms import Pseudonyms
from graphsvc.access.tokens import TokenVerifier
from graphsvc.errors import NotAuthenticatedError, SettingsError
from graphsvc.model import Role
from graphsvc.settings import Settings

log = structlog.get_logger(__name__)

KEY_PREFIX = "gsk_"


class Gate:
    """Knows the keys, the issuer of tokens, and whether a developer gets in without either."""

    def __init__(
        self,
        keys: KeyRing,
        tokens: TokenVerifier | None = None,
        without_credential: Principal | None = None,
    ) -> None:
        self._keys = keys
        self._tokens = tokens
        self.without_credential = without_credential

    @classmethod
    def open(
        cls, settings: Settings, folder: Path, pseudonyms: Pseudonyms, purposes: Iterable[str]
    ) -> Self:
        """Return the gate that the settings describe.

        Args:
            settings: with the issuer of tokens, and dev mode.
            folder: where the keys are kept.
            pseudonyms: what token holders go by.
            purposes: all that are declared; dev mode holds each.

        Raises:
            SettingsError: a setting is missing or wrong, or dev mode is on at an address that
                other machines reach.
        """
        without = _developer(settings, purposes) if settings.dev_mode else None
        return cls(KeyRing(folder), TokenVerifier.open(settings, pseudonyms), without)

    def may_wait(self, credential: str) -> bool:
        """Say whether checking a credential may wait for another machine: use a thread then."""
        return self._takes_token(credential) and self._of_tokens().may_wait(credential)

    def authenticate(self, credential: str) -> Principal:
        """Return whom a credential speaks for: an API key's secret, or a bearer token.

        Raises:
            NotAuthenticatedError: it is not valid.
            IssuerUnavailableError: it is a token, and the issuer's keys can't be had.
            SettingsError: the file of keys can't be trusted; nobody gets in.
        """
        if self._takes_token(credential):
            return self._of_tokens().authenticate(credential)
        return self._keys.authenticate(credential)

    def _takes_token(self, credential: str) -> bool:
        return self._tokens is not None and not credential.startswith(KEY_PREFIX)

    def _of_tokens(self) -> TokenVerifier:
        if self._tokens is None:
            raise NotAuthenticatedError("the token is not valid: no issuer is set")
        return self._tokens


def require_loopback_for_dev_mode(settings: Settings) -> None:
    """Refuse to serve without keys where other machines can ask.

    Raises:
        SettingsError: dev mode is on, and the address is not this machine's own.
    """
    if settings.dev_mode and not settings.binds_to_loopback:
        raise SettingsError(
            f"GRAPHSVC_DEV_MODE: lets everybody in without a key, and GRAPHSVC_HOST is "
            f"{settings.host}, which other machines reach; unset one of them"
        )


def _developer(settings: Settings, purposes: Iterable[str]) -> Principal:
    require_loopback_for_dev_mode(settings)
    log.warning(
        "DEV MODE: whoever reaches this address gets in without a key, with every role and purpose",
        host=settings.host,
    )
    return Principal(
        key_id="in dev mode",
        name="developer",
        roles=frozenset(Role),
        purposes=frozenset(purposes),
        kind=CredentialKind.DEV,
    )
