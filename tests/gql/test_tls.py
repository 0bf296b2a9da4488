"""HTTPS, proxies and draining by settings, shown on one real process."""

from __future__ import annotations

import signal
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import trustme

from graphsvc.cli.serving import serve
from graphsvc.errors import SettingsError
from tests.gql.conftest import make_keys, open_world
from tests.gql.processes import Process, serving

pytestmark = pytest.mark.xdist_group("tls")  # they share one server


@dataclass(frozen=True)
class Secured:
    """A server that speaks HTTPS, and a key for it."""

    process: Process
    secret: str


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    service, _ = open_world(folder)
    service.store.close()
    secret = make_keys(folder)["shop"]
    authority = trustme.CA()
    own = authority.issue_cert("127.0.0.1")
    own.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    own.private_key_pem.write_to_path(folder / "key.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with serving(
        folder,
        tls=context,
        tls_certificate=folder / "certificate.pem",
        tls_key=folder / "key.pem",
        trusted_proxies="127.0.0.1",
        body_seconds=600,
        drain_seconds=1,
    ) as process:
        yield Secured(process, secret)


def test_the_server_speaks_https_and_nothing_else(secured: Secured) -> None:
    with secured.process.client() as client:
        assert client.get("/healthz").json() == {"status": "alive"}
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{secured.process.port}/healthz", timeout=60)


def test_wrong_keys_are_counted_against_the_address_that_the_proxy_names(
    secured: Secured,
) -> None:
    def guess(client: httpx.Client, address: str) -> int:
        headers = {"Authorization": "Bearer wrong", "X-Forwarded-For": address}
        return client.post("/graphql", headers=headers, json={}).status_code

    with secured.process.client() as client:
        statuses = [guess(client, "192.0.2.1") for _ in range(250)]
        assert set(statuses) == {401, 429}
        assert guess(client, "192.0.2.2") == 401


def test_a_client_that_never_ends_its_request_keeps_the_server_from_ending_for_a_while_only(
    secured: Secured,
) -> None:
    """Stands after the others: it ends their server."""
    with secured.process.connect() as slow:
        slow.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + secured.secret.encode() + b"\r\n"
            b"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n"
        )
        assert slow.recv(1000).startswith(b"HTTP/1.1 100 ")  # it waits for the body now
        # uvicorn ends by the signal that it was sent, once all is done.
        assert secured.process.terminate() in {0, -signal.SIGTERM}


def test_half_a_certificate_is_refused_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "certificate.pem"
    monkeypatch.setenv("GRAPHSVC_TLS_CERTIFICATE", str(certificate))
    with pytest.raises(SettingsError, match="GRAPHSVC_TLS_CERTIFICATE: there is no file"):
        serve()
    certificate.touch()
    with pytest.raises(SettingsError, match="GRAPHSVC_TLS_KEY: is not set"):
        serve()
