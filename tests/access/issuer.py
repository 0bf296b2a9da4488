"""A real issuer of tokens on a loopback port: discovery, JWKS, and keys that can be rotated."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "https://graphsvc.example"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass
class Issuer:
    """Signs tokens, and publishes the public keys; `asked` counts requests for them by path."""

    url: str = ""
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    status: int = 200
    delay_s: float = 0.0
    body: bytes | None = None
    claimed_issuer: str | None = None

    def token(
        self, key_id: str = "first", header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """Return a signed token; a claim that is given as None is left out."""
        key = self.keys[key_id]
        now = int(time.time())
        whole = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ann@people.example",
            "iat": now,
            "exp": now + 600,
            "roles": ["analyst"],
            "purposes": ["marketplace-integrity"],
        } | claims
        given = {name: value for name, value in whole.items() if value is not None}
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(given, key, algorithm, headers={"kid": key_id} | (header or {}))

    def jwks(self) -> dict[str, Any]:
        return {"keys": [_published(key_id, key) for key_id, key in self.keys.items()]}

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        time.sleep(self.delay_s)
        if self.body is not None:
            return self.status, self.body
        documents = {
            "/.well-known/openid-configuration": {
                "issuer": self.claimed_issuer or self.url,
                "jwks_uri": f"{self.url}/jwks",
            },
            "/jwks": self.jwks(),
        }
        return self.status, json.dumps(documents[path]).encode()


def _published(key_id: str, key: PrivateKey) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        made = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        return made | {"kid": key_id, "use": "sig", "alg": "RS256"}
    made = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return made | {"kid": key_id, "use": "sig", "alg": "ES256"}


def new_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = issuer.answer(self.path)
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:  # who asked has given up
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
        issuer.keys = {"first": new_key()}
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join(10)
