"""Settings of who gets in: dev mode, web origins, and the issuer of bearer tokens."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode

TokenAlgorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
"""Ways to sign that need no shared secret; a token signed in any other way is never let in."""


def split_words(value: object) -> object:
    """Split a text of words parted by commas."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


def split_pairs(value: object) -> object:
    """Split a text of pairs, `value=meaning`, parted by commas."""
    if not isinstance(value, str):
        return value
    pairs = [pair.rpartition("=") for pair in value.split(",") if pair.strip()]
    for left, _, right in pairs:
        if not left.strip() or not right.strip():
            raise ValueError("write pairs: value=meaning,value=meaning")
    return {left.strip(): right.strip() for left, _, right in pairs}


def _exact_origin(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        parts = urlsplit(origin)
        is_whole = f"{parts.scheme}://{parts.netloc}" == origin and "*" not in origin
        if parts.scheme not in {"http", "https"} or not parts.netloc or not is_whole:
            raise ValueError(f"{origin!r} is no origin; write https://host or https://host:port")
    return origins


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_words)]
Origins = Annotated[Words, AfterValidator(_exact_origin)]
Pairs = Annotated[dict[str, str], NoDecode, BeforeValidator(split_pairs)]


class AccessSettings(BaseSettings):
    """What an operator can set about access; part of `Settings`."""

    dev_mode: bool = Field(
        default=False,
        description="Let requests in without a key, with every role and purpose; only on this "
        "machine's own address, and never in production.",
    )
    cors_origins: Origins = Field(
        default=(),
        description="Web origins whose pages may ask, parted by commas: https://desk.example. None "
        "where it is not set; other origins are refused.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="Issuer of bearer tokens, as its tokens name it; only API keys are let in "
        "where it is not set.",
    )
    oidc_audience: str | None = Field(
        default=None, description="Whom tokens must be made for; needed with an issuer."
    )
    oidc_jwks_url: str | None = Field(
        default=None, description="Where the issuer's public keys are; asked of it if not set."
    )
    oidc_algorithms: Annotated[
        tuple[TokenAlgorithm, ...], NoDecode, BeforeValidator(split_words)
    ] = Field(
        default=("RS256", "ES256"),
        min_length=1,
        description="Ways to sign that are let in, parted by commas; asymmetric ones only.",
    )
    oidc_leeway_s: Annotated[float, Field(ge=0, le=300)] = Field(
        default=30.0, description="Seconds by which the issuer's clock may differ."
    )
    oidc_roles_claim: str = Field(
        default="roles", description="Claim with the holder's roles; dots lead into objects."
    )
    oidc_purposes_claim: str = Field(
        default="purposes", description="Claim with the holder's purposes; dots lead into objects."
    )
    oidc_roles: Pairs | None = Field(
        default=None,
        description="What values of the roles claim mean: value=role, parted by commas; a value is "
        "the role's own name where it is not set.",
    )
    oidc_purposes: Pairs | None = Field(
        default=None,
        description="What values of the purposes claim mean: value=purpose, parted by commas; a "
        "value is the purpose's own name where it is not set.",
    )
