"""Bearer tokens, signed by real keys and checked by those of a real issuer's HTTP server."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from graphsvc.access import CredentialKind, Pseudonyms
from graphsvc.access.signing_keys import SigningKeys, keys_of_issuer, require_secure_url
from graphsvc.access.tokens import TokenRules, TokenVerifier
from graphsvc.errors import IssuerUnavailableError, NotAuthenticatedError, SettingsError
from graphsvc.settings import Settings
from tests.access.issuer import AUDIENCE, Issuer, new_key, running_issuer

PSEUDONYMS = Pseudonyms(b"k" * 32)
LONG_AGO = 1_000_000_000
FAR_AHEAD = 4_000_000_000


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


@dataclass
class Clock:
    """Monotonic seconds that a test sets."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def rules_of(issuer: Issuer, **changes: Any) -> TokenRules:
    rules = TokenRules(
        issuer=issuer.url,
        audience=AUDIENCE,
        algorithms=("RS256", "ES256"),
        leeway_s=30,
        roles_claim="roles",
        purposes_claim="purposes",
    )
    return replace(rules, **changes)


def verifier_of(
    issuer: Issuer, clock: Callable[[], float] = time.monotonic, **changes: Any
) -> TokenVerifier:
    fetch = partial(keys_of_issuer, issuer.url, None, timeout_s=0.5)
    return TokenVerifier(rules_of(issuer, **changes), SigningKeys(fetch, clock=clock), PSEUDONYMS)


def reason(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(NotAuthenticatedError) as caught:
        verifier.authenticate(token)
    return str(caught.value)


def test_a_good_token_speaks_for_its_holder_by_a_pseudonym(issuer: Issuer) -> None:
    principal = verifier_of(issuer).authenticate(issuer.token(email="ann@people.example"))
    assert principal.roles == {"analyst"}
    assert principal.purposes == {"marketplace-integrity"}
    assert principal.kind is CredentialKind.TOKEN
    assert principal.key_id == PSEUDONYMS.of_holder(issuer.url, "ann@people.example")
    assert principal.actor == f"oidc (token {principal.key_id})"
    assert "ann" not in repr(principal)
    assert principal.expires is not None
    assert 500 < principal.expires.timestamp() - time.time() < 700


def test_a_program_that_asks_for_itself_goes_by_its_client_id(issuer: Issuer) -> None:
    verifier = verifier_of(issuer)
    program = verifier.authenticate(issuer.token(sub="till-7", client_id="till-7"))
    assert program.name == "till-7"
    assert program.key_id == PSEUDONYMS.of_holder(issuer.url, "till-7")
    person = verifier.authenticate(issuer.token(sub="ann", azp="desk"))
    assert person.name == "oidc"
    # What could be an address of a person is no name for a program.
    mail = verifier.authenticate(issuer.token(sub="a@b.example", azp="a@b.example"))
    assert mail.name == "oidc"


def test_one_subject_of_two_issuers_is_two_holders() -> None:
    assert PSEUDONYMS.of_holder("https://a", "1") != PSEUDONYMS.of_holder("https://b", "1")


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": LONG_AGO}, "the token has expired"),
        ({"exp": int(time.time()) - 31}, "the token has expired"),
        ({"nbf": FAR_AHEAD}, "the token is not valid yet"),
        ({"iat": FAR_AHEAD}, "the token is not valid yet"),
        ({"aud": "https://other.example"}, "the token is for another audience"),
        ({"aud": ["https://other.example"]}, "the token is for another audience"),
        ({"iss": "https://other.example"}, "the token is of another issuer"),
        ({"exp": None}, "the token is not valid"),
        ({"aud": None}, "the token is not valid"),
        ({"iss": None}, "the token is not valid"),
        ({"sub": None}, "the token is not valid"),
        ({"sub": ""}, "the token is not valid: a claim can't be used"),
        ({"sub": "a\0b"}, "the token is not valid: a claim can't be used"),
        ({"exp": 10**30}, "the token is not valid: a claim can't be used"),
    ],
)
def test_a_token_that_is_not_for_now_or_not_for_us_is_refused(
    issuer: Issuer, claims: dict[str, Any], message: str
) -> None:
    assert reason(verifier_of(issuer), issuer.token(**claims)) == message


def test_clocks_may_differ_by_the_leeway(issuer: Issuer) -> None:
    now = int(time.time())
    late = issuer.token(exp=now - 20)
    early = issuer.token(nbf=now + 20)
    assert verifier_of(issuer).authenticate(late)
    assert verifier_of(issuer).authenticate(early)
    assert reason(verifier_of(issuer, leeway_s=0), late) == "the token has expired"


def test_only_the_algorithms_of_the_list_are_let_in_and_cost_the_issuer_no_request(
    issuer: Issuer,
) -> None:
    verifier = verifier_of(issuer)
    good = issuer.token()
    unsigned = jwt.encode({"sub": "x"}, "", "none", headers={"kid": "first"})
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "first"}).encode())
    stripped = ".".join([header.rstrip(b"=").decode(), good.split(".")[1], ""])
    for token in (unsigned, stripped):
        assert reason(verifier, token) == "the token is not valid"
    assert reason(verifier_of(issuer, algorithms=("RS256",)), good) == "the token is not valid"
    assert issuer.asked == []


def test_a_public_key_is_no_shared_secret(issuer: Issuer) -> None:
    """The classic confusion: HS256 with the published key's own text as the secret."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer.keys["rsa"] = key
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(issuer.token("rsa"), options={"verify_signature": False})
    forged = _hs256({"alg": "HS256", "kid": "rsa"}, claims, public)
    assert reason(verifier_of(issuer), forged) == "the token is not valid"
    # Even where somebody's settings let HS256 in, a public key signs nothing.
    assert reason(verifier_of(issuer, algorithms=("HS256", "RS256")), forged).startswith(
        "the token is not valid"
    )
    relabelled = _hs256({"alg": "RS256", "kid": "rsa"}, claims, public)
    assert reason(verifier_of(issuer), relabelled) == "the token is not valid"
    assert verifier_of(issuer).authenticate(issuer.token("rsa"))


def _hs256(header: dict[str, str], claims: dict[str, Any], secret: bytes) -> str:
    import hashlib
    import hmac

    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in (header, claims)
    ]
    signed = b".".join(parts)
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signed, hashlib.sha256)).rstrip(b"=")
    return b".".join([signed, signature]).decode()


def test_a_key_of_another_kind_than_the_header_says_checks_nothing(issuer: Issuer) -> None:
    token = issuer.token()
    head, body, signature = token.split(".")
    as_rsa = base64.urlsafe_b64encode(json.dumps({"alg": "RS256", "kid": "first"}).encode())
    assert (
        reason(verifier_of(issuer), ".".join([as_rsa.rstrip(b"=").decode(), body, signature]))
        == "the token is not valid"
    )
    changed = body[:-4] + ("AAAA" if body[-4:] != "AAAA" else "BBBB")
    assert reason(verifier_of(issuer), ".".join([head, changed, signature])).startswith(
        "the token is not valid"
    )


def test_a_shared_secret_among_the_issuers_keys_is_left_out(issuer: Issuer) -> None:
    issuer.body = json.dumps(
        {"keys": [{"kty": "oct", "kid": "first", "k": "c2VjcmV0"}, *issuer.jwks()["keys"][:0]]}
    ).encode()
    with pytest.raises(IssuerUnavailableError):
        TokenVerifier(
            rules_of(issuer, algorithms=("HS256",)),
            SigningKeys(partial(keys_of_issuer, issuer.url, f"{issuer.url}/jwks")),
            PSEUDONYMS,
        ).authenticate(_hs256({"alg": "HS256", "kid": "first"}, {"sub": "x"}, b"secret"))


@pytest.mark.parametrize(
    "token",
    ["", "a", "a.b.c", "é.b.c", "..", "gsk", "e30.e30.", "x" * 20_000, "W10.W10.AA", "\ud800.b.c"],
)
def test_what_is_no_token_is_refused_without_a_request(issuer: Issuer, token: str) -> None:
    verifier = verifier_of(issuer)
    assert not verifier.may_wait(token)
    assert reason(verifier, token) == "the token is not valid"
    assert issuer.asked == []


def test_keys_are_asked_for_once_and_anew_when_one_is_unknown(issuer: Issuer) -> None:
    clock = Clock()
    verifier = verifier_of(issuer, clock)
    old = issuer.token()
    assert verifier.may_wait(old)
    verifier.authenticate(old)
    for _ in range(5):
        assert not verifier.may_wait(old)
        verifier.authenticate(old)
    assert issuer.asked.count("/jwks") == 1
    issuer.keys = {"second": new_key()} | issuer.keys
    clock.now += 11
    assert verifier.authenticate(issuer.token("second"))
    assert verifier.authenticate(old)
    assert issuer.asked.count("/jwks") == 2


def test_unknown_keys_cause_no_more_than_one_request_a_pause(issuer: Issuer) -> None:
    clock = Clock()
    verifier = verifier_of(issuer, clock)
    verifier.authenticate(issuer.token())
    stranger = Issuer(url=issuer.url, keys={"first": new_key()})
    for n in range(50):
        stranger.keys[f"made-up-{n}"] = stranger.keys["first"]
        assert reason(verifier, stranger.token(f"made-up-{n}")) == (
            "the token is not valid: the issuer has no such key"
        )
    assert issuer.asked.count("/jwks") == 1
    clock.now += 11
    for n in range(50):
        reason(verifier, stranger.token(f"made-up-{n}"))
    assert issuer.asked.count("/jwks") == 2
    assert reason(verifier, stranger.token("first")) == "the token is not valid"


def test_a_key_that_the_issuer_withdrew_opens_nothing_after_the_next_refresh(
    issuer: Issuer,
) -> None:
    clock = Clock()
    verifier = verifier_of(issuer, clock)
    token = issuer.token()
    verifier.authenticate(token)
    issuer.keys = {"second": new_key()}
    assert verifier.authenticate(token), "held keys serve until they are refreshed"
    clock.now += 301
    assert reason(verifier, token) == "the token is not valid: the issuer has no such key"
    assert verifier.authenticate(issuer.token("second"))


def test_a_remembered_token_still_ends(issuer: Issuer) -> None:
    verifier = verifier_of(issuer, leeway_s=0)
    token = issuer.token(exp=int(time.time()) + 2)
    verifier.authenticate(token)
    verifier.authenticate(token)
    time.sleep(2.05)
    assert reason(verifier, token) == "the token has expired"


def test_while_the_issuer_is_silent_held_keys_serve_for_an_hour(issuer: Issuer) -> None:
    clock = Clock()
    verifier = verifier_of(issuer, clock)
    token = issuer.token()
    verifier.authenticate(token)
    issuer.status = 500
    clock.now += 3000
    assert verifier.authenticate(token)
    with pytest.raises(IssuerUnavailableError, match=r"doesn't answer.*try again later"):
        verifier.authenticate(issuer.token(header={"kid": "unknown"}))
    clock.now += 601
    with pytest.raises(IssuerUnavailableError):
        verifier.authenticate(token)
    issuer.status = 200
    clock.now += 11
    assert verifier.authenticate(token)


def test_of_many_threads_one_asks_a_slow_issuer_and_all_get_their_answer(issuer: Issuer) -> None:
    verifier = verifier_of(issuer)
    issuer.delay_s = 0.1
    found: list[str] = []
    token = issuer.token()
    threads = [
        threading.Thread(target=lambda: found.append(verifier.authenticate(token).key_id))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 8
    assert issuer.asked.count("/jwks") == 1


@pytest.mark.parametrize(
    "break_it",
    [
        {"status": 404},
        {"status": 302},
        {"body": b"no JSON"},
        {"body": b"[]"},
        {"body": b'{"keys": []}'},
        {"body": b'{"keys": 7}'},
        {"body": b'{"keys": [7, {"kty": "EC", "kid": "first", "crv": "P-256"}]}'},
        {"body": b" " * ((1 << 20) + 1)},
        {"delay_s": 1.0},
        {"claimed_issuer": "https://other.example"},
    ],
)
def test_an_issuer_that_cannot_be_understood_lets_nobody_in(
    issuer: Issuer, break_it: dict[str, Any]
) -> None:
    token = issuer.token()
    for name, value in break_it.items():
        setattr(issuer, name, value)
    with pytest.raises(IssuerUnavailableError):
        verifier_of(issuer).authenticate(token)


@pytest.mark.parametrize(
    ("changes", "claims", "roles", "purposes"),
    [
        ({}, {"roles": "analyst reviewer", "purposes": "a b"}, {"analyst", "reviewer"}, {"a", "b"}),
        ({}, {"roles": ["root", "auditor", 7]}, {"auditor"}, {"marketplace-integrity"}),
        ({}, {"roles": {"analyst": True}, "purposes": None}, set(), set()),
        (
            {"roles_claim": "realm_access.roles", "role_of": {"gs-risk": "analyst"}},
            {"realm_access": {"roles": ["gs-risk", "reviewer"]}},
            {"analyst"},
            {"marketplace-integrity"},
        ),
        (
            {"purposes_claim": "scope", "purpose_of": {"read:fraud": "payment-fraud"}},
            {"scope": "openid read:fraud marketplace-integrity"},
            {"analyst"},
            {"payment-fraud"},
        ),
    ],
)
def test_claims_come_to_roles_and_purposes_as_the_settings_say(
    issuer: Issuer,
    changes: dict[str, Any],
    claims: dict[str, Any],
    roles: set[str],
    purposes: set[str],
) -> None:
    principal = verifier_of(issuer, **changes).authenticate(issuer.token(**claims))
    assert (principal.roles, principal.purposes) == (roles, purposes)


def settings(**values: str) -> Settings:
    return Settings.load(**{f"oidc_{name}": value for name, value in values.items()})


def test_settings_are_read_from_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TokenRules.of(settings()) is None
    monkeypatch.setenv("GRAPHSVC_OIDC_ISSUER", "https://id.example")
    monkeypatch.setenv("GRAPHSVC_OIDC_AUDIENCE", AUDIENCE)
    monkeypatch.setenv("GRAPHSVC_OIDC_ALGORITHMS", "PS256, EdDSA")
    monkeypatch.setenv("GRAPHSVC_OIDC_ROLES", "risk-team=analyst, a=b=reviewer")
    rules = TokenRules.of(settings())
    assert rules is not None
    assert rules.algorithms == ("PS256", "EdDSA")
    assert rules.role_of == {"risk-team": "analyst", "a=b": "reviewer"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"issuer": "https://id.example"}, "GRAPHSVC_OIDC_AUDIENCE: is not set"),
        (
            {"issuer": "http://id.example", "audience": "a"},
            "GRAPHSVC_OIDC_ISSUER: 'http://id.example' is no https URL",
        ),
        (
            {"issuer": "https://id.example", "audience": "a", "roles": "x=admin"},
            "GRAPHSVC_OIDC_ROLES: 'admin' is no role; there are service, analyst,",
        ),
        (
            {"issuer": "https://id.example", "audience": "a", "jwks_url": "ftp://x/y"},
            "GRAPHSVC_OIDC_JWKS_URL: 'ftp://x/y' is no https URL",
        ),
        ({"algorithms": "HS256"}, "GRAPHSVC_OIDC_ALGORITHMS"),
        ({"algorithms": "none"}, "GRAPHSVC_OIDC_ALGORITHMS"),
        ({"algorithms": ""}, "GRAPHSVC_OIDC_ALGORITHMS"),
        ({"roles": "analyst"}, "GRAPHSVC_OIDC_ROLES: .*write pairs: value=meaning"),
        ({"leeway_s": "301"}, "GRAPHSVC_OIDC_LEEWAY_S"),
    ],
)
def test_settings_that_would_let_the_wrong_in_are_refused(
    values: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        TokenVerifier.open(settings(**values), PSEUDONYMS)


def test_an_issuer_is_asked_over_tls_or_on_this_machine() -> None:
    assert require_secure_url("x", "https://id.example/keys")
    assert require_secure_url("x", "http://127.0.0.1:8080/keys")
    for url in (
        "http://id.example",
        "https://",
        "file:///etc/passwd",
        "http://127.0.0.1.evil.example",
    ):
        with pytest.raises(ValueError, match="is no https URL"):
            require_secure_url("x", url)
