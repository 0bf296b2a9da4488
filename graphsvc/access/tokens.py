"""Bearer tokens of an OpenID Connect issuer (JWT, RFC 7519 and 9068): checked, and for whom.

A holder goes by a pseudonym of issuer and subject; no name, address or other claim about a person
is kept, logged or audited.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Self

import jwt
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    PyJWTError,
)

from graphsvc.access.principal import CredentialKind, Principal
from graphsvc.access.pseudonyms import Pseudonyms
from graphsvc.access.signing_keys import SigningKeys, keys_of_issuer, require_secure_url
from graphsvc.errors import InvalidRecordError, NotAuthenticatedError, SettingsError
from graphsvc.model import Role
from graphsvc.model.checks import check_key
from graphsvc.settings import Settings

MOST_CHARACTERS = 16_384
MOST_REMEMBERED = 2_000
REQUIRED_CLAIMS = ("exp", "iss", "aud", "sub")
HOLDER_NAME = "oidc"
_CLIENT_ID = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_REASONS: tuple[tuple[type[PyJWTError], str], ...] = (
    (ExpiredSignatureError, "the token has expired"),
    (ImmatureSignatureError, "the token is not valid yet"),
    (InvalidAudienceError, "the token is for another audience"),
    (InvalidIssuerError, "the token is of another issuer"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token must be, and what its claims come to.

    A claim is found by its path, its parts parted by dots: `realm_access.roles`. Its value is a
    list of texts, or one text of words. Where a mapping is given, only what it names counts.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    leeway_s: float
    roles_claim: str
    purposes_claim: str
    role_of: Mapping[str, str] | None = None
    purpose_of: Mapping[str, str] | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Return what the settings say, None where they name no issuer.

        Raises:
            SettingsError: a setting is missing or wrong.
        """
        if settings.oidc_issuer is None:
            return None
        if settings.oidc_audience is None:
            raise SettingsError(
                "GRAPHSVC_OIDC_AUDIENCE: is not set; without it, tokens that were made for other "
                "services would be let in"
            )
        roles = settings.oidc_roles
        for role in sorted(set((roles or {}).values()) - set(Role)):
            raise SettingsError(
                f"GRAPHSVC_OIDC_ROLES: {role!r} is no role; there are {', '.join(Role)}"
            )
        return cls(
            issuer=_secure("GRAPHSVC_OIDC_ISSUER", settings.oidc_issuer),
            audience=settings.oidc_audience,
            algorithms=tuple(settings.oidc_algorithms),
            leeway_s=settings.oidc_leeway_s,
            roles_claim=settings.oidc_roles_claim,
            purposes_claim=settings.oidc_purposes_claim,
            role_of=roles,
            purpose_of=settings.oidc_purposes,
        )


class TokenVerifier:
    """Checks bearer tokens by the issuer's keys. Thread-safe."""

    def __init__(self, rules: TokenRules, keys: SigningKeys, pseudonyms: Pseudonyms) -> None:
        self._rules = rules
        self._keys = keys
        self._pseudonyms = pseudonyms
        # Checking a signature takes longer than a score. What was found is kept until the token
        # ends or the issuer's keys are fetched anew, by digest, so that no token stays in memory.
        self._remembered: dict[bytes, tuple[float, Principal]] = {}

    @classmethod
    def open(cls, settings: Settings, pseudonyms: Pseudonyms) -> Self | None:
        """Return the verifier that the settings describe, None where they name no issuer.

        Raises:
            SettingsError: a setting is missing or wrong.
        """
        rules = TokenRules.of(settings)
        if rules is None:
            return None
        url = settings.oidc_jwks_url
        if url is not None:
            _secure("GRAPHSVC_OIDC_JWKS_URL", url)
        return cls(rules, SigningKeys(partial(keys_of_issuer, rules.issuer, url)), pseudonyms)

    def may_wait(self, token: str) -> bool:
        """Say whether checking a token may have to wait for the issuer."""
        if self._recalled(token) is not None:
            return False
        try:
            return self._keys.needs_asking(self._key_id(token))
        except NotAuthenticatedError:
            return False

    def authenticate(self, token: str) -> Principal:
        """Return whom a token speaks for.

        Raises:
            NotAuthenticatedError: it is not valid; says why once its signature was found good.
            IssuerUnavailableError: the issuer's keys can't be had.
        """
        known = self._recalled(token)
        if known is not None:
            return known
        # The version of before: keys that were fetched meanwhile are not those it was checked by.
        version = self._keys.version
        principal = self._verified(token, self._key_id(token))
        if version is not None:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered = {}
            self._remembered[_digest(token)] = (version, principal)
        return principal

    def _recalled(self, token: str) -> Principal | None:
        found = self._remembered.get(_digest(token))
        is_current = found is not None and found[0] == self._keys.version
        return found[1] if found is not None and is_current and not _has_ended(found[1]) else None

    def _verified(self, token: str, key_id: str) -> Principal:
        rules = self._rules
        key = self._keys.get(key_id)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=list(rules.algorithms),
                audience=rules.audience,
                issuer=rules.issuer,
                leeway=rules.leeway_s,
                options={"require": list(REQUIRED_CLAIMS)},
            )
            return self._principal(claims)
        except PyJWTError as error:
            raise NotAuthenticatedError(_reason(error)) from None
        except (InvalidRecordError, OverflowError, ValueError, TypeError):
            raise NotAuthenticatedError("the token is not valid: a claim can't be used") from None

    def _key_id(self, token: str) -> str:
        """Return the id of the key that a token says it is signed with; nothing is checked yet."""
        if len(token) > MOST_CHARACTERS or not token.isascii():
            raise NotAuthenticatedError("the token is not valid")
        try:
            header = jwt.get_unverified_header(token)
        except (PyJWTError, ValueError, RecursionError):
            raise NotAuthenticatedError("the token is not valid") from None
        key_id = header.get("kid")
        # Before the issuer is asked for a key: a token of another kind is not worth a request.
        if header.get("alg") not in self._rules.algorithms or not isinstance(key_id, str):
            raise NotAuthenticatedError("the token is not valid")
        return key_id

    def _principal(self, claims: Mapping[str, object]) -> Principal:
        rules = self._rules
        subject = str(claims["sub"])
        check_key("sub", subject)
        roles = _named(claims, rules.roles_claim, rules.role_of)
        return Principal(
            key_id=self._pseudonyms.of_holder(rules.issuer, subject),
            name=_client_id(claims, subject) or HOLDER_NAME,
            roles=frozenset(role for role in Role if role in roles),
            purposes=_named(claims, rules.purposes_claim, rules.purpose_of),
            kind=CredentialKind.TOKEN,
            expires=datetime.fromtimestamp(int(str(claims["exp"])) + rules.leeway_s, UTC),
        )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _client_id(claims: Mapping[str, object], subject: str) -> str | None:
    """Return the id of the program that a token was given to, None where it is a person's.

    A program that asks for itself is its own subject (RFC 9068, section 2.2).
    """
    client = claims.get("client_id", claims.get("azp"))
    return subject if client == subject and _CLIENT_ID.fullmatch(subject) else None


def _named(
    claims: Mapping[str, object], path: str, meaning: Mapping[str, str] | None
) -> frozenset[str]:
    found: object = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    words: Iterable[object] = found.split() if isinstance(found, str) else ()
    if isinstance(found, list):
        words = found
    texts = frozenset(word for word in words if isinstance(word, str))
    return texts if meaning is None else frozenset(meaning[word] for word in texts & meaning.keys())


def _reason(error: PyJWTError) -> str:
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    return "the token is not valid"


def _has_ended(principal: Principal) -> bool:
    return principal.expires is not None and principal.expires <= datetime.now(UTC)


def _secure(name: str, url: str) -> str:
    try:
        return require_secure_url(name, url)
    except ValueError as error:
        raise SettingsError(f"{error}; http is for issuers on this machine only") from None
