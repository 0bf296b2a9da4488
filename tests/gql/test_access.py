"""Who gets in over HTTP: bearer tokens, dev mode, web origins; what simple requests can do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from gql.server import create_app
from graphsvc.access import ACCESS_FOLDER, create_key, require_loopback_for_dev_mode
from graphsvc.app import Service
from graphsvc.errors import SettingsError
from graphsvc.settings import Settings
from tests.access.issuer import AUDIENCE, Issuer, new_key, running_issuer
from tests.gql.conftest import CLIENT, Asker, RunningServer
from tests.gql.world import AS_OF, MARKETPLACE, core

DESK = "https://desk.example"
QUERY = "{ purposes { name } }"


def open_service(folder: Path, **settings: Any) -> Service:
    return Service.open(
        Settings(store=f"sqlite:///{folder / 'store.db'}", data_dir=folder / "data", **settings)
    )


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Service:
    made = open_service(
        tmp_path_factory.mktemp("access"),
        oidc_issuer=issuer.url,
        oidc_audience=AUDIENCE,
        cors_origins=(DESK,),
    )
    made.store.append(core())
    made.recompute(MARKETPLACE, as_of=AS_OF)
    return made


@pytest.fixture(scope="module")
def url(service: Service) -> Iterator[str]:
    with RunningServer(service) as running:
        yield running


@pytest.fixture(scope="module")
def secret(service: Service) -> str:
    folder = service.settings.data_dir / ACCESS_FOLDER
    return create_key(folder, "desk", [MARKETPLACE], ["analyst"])[1]


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"], error["message"]


def test_a_token_reads_and_the_audit_knows_its_holder_by_a_pseudonym(
    url: str, service: Service, issuer: Issuer
) -> None:
    holder = Asker(url, issuer.token(sub="zoe.zebra@people.example", name="Zoe Zebra"))
    assert holder.ask("score", key="ann", purpose=MARKETPLACE)["subject"]["score"]
    pseudonym = service.pseudonyms.of_holder(issuer.url, "zoe.zebra@people.example")
    actors: set[str] = set()
    for _ in range(100):
        actors = {entry.draft.actor for entry in service.store.audit_entries(0, 1000)}
        if f"oidc (token {pseudonym})" in actors:
            break
        time.sleep(0.02)
    assert f"oidc (token {pseudonym})" in actors
    assert not any("zebra" in actor for actor in actors)


def test_a_token_reads_for_the_purposes_and_by_the_roles_that_it_names(
    url: str, issuer: Issuer
) -> None:
    without_role = Asker(url, issuer.token(roles=["operator"]))
    assert without_role.errors("score", key="ann", purpose=MARKETPLACE)[0][0] == "FORBIDDEN"
    without_purpose = Asker(url, issuer.token(purposes=[]))
    assert without_purpose.errors("score", key="ann", purpose=MARKETPLACE)[0][0] == "FORBIDDEN"


def test_a_bad_token_is_answered_401_with_the_reason_and_a_challenge(
    url: str, issuer: Issuer
) -> None:
    answer = Asker(url, issuer.token(exp=1_000_000_000)).post(QUERY)
    assert error_of(answer) == (401, "UNAUTHENTICATED", "the token has expired")
    assert answer.headers["www-authenticate"] == 'Bearer realm="graphsvc", error="invalid_token"'
    stranger = Issuer(url=issuer.url, keys={"first": new_key()})
    assert error_of(Asker(url, stranger.token()).post(QUERY))[0] == 401


def test_keys_are_let_in_beside_tokens(url: str, secret: str) -> None:
    assert Asker(url, secret).ask("purposes")["purposes"]
    answer = Asker(url, secret[:-1] + ("A" if secret[-1] != "A" else "B")).post(QUERY)
    assert error_of(answer) == (401, "UNAUTHENTICATED", "the API key is not valid")


def test_a_silent_issuer_is_answered_503_and_keys_still_get_in(
    tmp_path: Path, issuer: Issuer
) -> None:
    with running_issuer() as silent:
        silent.status = 500
        service = open_service(tmp_path, oidc_issuer=silent.url, oidc_audience=AUDIENCE)
        folder = tmp_path / "data" / ACCESS_FOLDER
        _, key = create_key(folder, "desk", [MARKETPLACE], ["analyst"])
        with RunningServer(service) as url:
            answer = Asker(url, silent.token()).post(QUERY)
            assert error_of(answer) == (
                503,
                "ISSUER_UNAVAILABLE",
                "the issuer of tokens doesn't answer, so that no token can be checked; "
                "try again later",
            )
            assert answer.headers["retry-after"] == "10"
            assert Asker(url, key).post(QUERY).status_code == 200


def preflight(url: str, origin: str, method: str = "POST") -> httpx.Response:
    return CLIENT.options(
        f"{url}/graphql",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )


def test_a_page_of_a_named_origin_may_ask_without_cookies(url: str, secret: str) -> None:
    answer = preflight(url, DESK)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == DESK
    assert "access-control-allow-credentials" not in answer.headers
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert preflight(url, DESK, "DELETE").status_code == 400
    answer = CLIENT.post(
        f"{url}/graphql",
        json={"query": QUERY},
        headers={"Origin": DESK, "Authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == DESK
    assert "Origin" in answer.headers["vary"]
    assert "set-cookie" not in answer.headers


OTHERS = [
    "null",
    "https://evil.example",
    "http://desk.example",
    "https://desk.example:8443",
    "https://desk.example.evil.example",
    "https://DESK.example/",
    "",
]


@pytest.mark.parametrize("origin", OTHERS)
def test_a_page_of_any_other_origin_is_refused_before_anything_is_read(
    url: str, secret: str, origin: str
) -> None:
    refusal = (
        403,
        "ORIGIN_NOT_ALLOWED",
        "pages of this origin may not ask; GRAPHSVC_CORS_ORIGINS names those that may",
    )
    headers = {"Origin": origin, "Authorization": f"Bearer {secret}"}
    for answer in (
        preflight(url, origin),
        CLIENT.post(f"{url}/graphql", content=b"\xff", headers=headers),
        CLIENT.get(f"{url}/graphql", params={"query": QUERY}, headers=headers),
        CLIENT.get(f"{url}/readyz", headers=headers),
    ):
        assert error_of(answer) == refusal
        assert "access-control-allow-origin" not in answer.headers


def test_a_websocket_of_another_origin_is_refused_before_it_is_accepted(url: str) -> None:
    address = url.replace("http", "ws", 1) + "/graphql"
    protocol = Subprotocol("graphql-transport-ws")
    with pytest.raises(InvalidStatus) as refused:
        connect(address, origin=Origin("null"), subprotocols=[protocol], open_timeout=20)
    assert refused.value.response.status_code == 403
    with connect(address, origin=Origin(DESK), subprotocols=[protocol], open_timeout=20) as socket:
        assert socket.subprotocol == protocol


def test_two_origins_are_none(url: str, secret: str) -> None:
    answer = CLIENT.get(
        f"{url}/graphql",
        params={"query": QUERY},
        headers=[("Origin", DESK), ("Origin", DESK), ("Authorization", f"Bearer {secret}")],
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "origins",
    ["*", "null", "desk.example", "https://*.example", "https://desk.example/", "ftp://a"],
)
def test_an_origin_that_is_not_exact_is_refused_at_the_start(origins: str) -> None:
    with pytest.raises(SettingsError, match=r"^GRAPHSVC_CORS_ORIGINS: .*is no origin"):
        Settings.load(cors_origins=origins)


SIMPLE_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
]
CHANGE = (
    'mutation { recordLink(input: { idempotencyKey: "simple", item: { kind: KNOWS, '
    'src: { kind: ACCOUNT, key: "ann" }, dst: { kind: ACCOUNT, key: "eve" } } }) '
    "{ accepted { sequence } } }"
)


@pytest.fixture(scope="module")
def writer(service: Service) -> dict[str, str]:
    folder = service.settings.data_dir / ACCESS_FOLDER
    secret = create_key(folder, "shop", [MARKETPLACE], ["service"])[1]
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("content_type", [*SIMPLE_TYPES, None])
def test_what_a_form_can_send_changes_nothing(
    url: str, service: Service, writer: dict[str, str], content_type: str | None
) -> None:
    """A page can send these without a preflight; they are refused by their type."""
    before = service.store.last_sequence()
    headers = writer if content_type is None else writer | {"Content-Type": content_type}
    answer = CLIENT.post(f"{url}/graphql", content=json.dumps({"query": CHANGE}), headers=headers)
    assert error_of(answer)[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert service.store.last_sequence() == before


def test_what_a_link_or_an_image_can_send_changes_nothing(
    url: str, service: Service, writer: dict[str, str]
) -> None:
    before = service.store.last_sequence()
    answer = CLIENT.get(f"{url}/graphql", params={"query": CHANGE}, headers=writer)
    assert error_of(answer)[:2] == (405, "METHOD_NOT_ALLOWED")
    assert service.store.last_sequence() == before


def test_the_same_change_as_json_is_made(
    url: str, service: Service, writer: dict[str, str]
) -> None:
    """The control: what the tests above send is a change that would be made."""
    before = service.store.last_sequence()
    answer = CLIENT.post(f"{url}/graphql", json={"query": CHANGE}, headers=writer)
    assert answer.json()["data"]["recordLink"]["accepted"], answer.text
    assert service.store.last_sequence() == before + 1


def test_a_key_in_a_cookie_or_the_address_opens_nothing(url: str, secret: str) -> None:
    for name in ("key", "api_key", "access_token", "authorization"):
        answer = httpx.get(
            f"{url}/graphql", params={"query": QUERY, name: secret}, cookies={name: secret}
        )
        assert answer.status_code == 401


@pytest.fixture(scope="module")
def dev_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    service = open_service(tmp_path_factory.mktemp("dev"), dev_mode=True)
    with RunningServer(service, host="0.0.0.0") as running:
        yield running


def test_dev_mode_lets_this_machine_in_without_a_key(dev_url: str) -> None:
    answer = CLIENT.post(f"{dev_url}/graphql", json={"query": QUERY})
    assert len(answer.json()["data"]["purposes"]) == 4


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "[::1"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Authorization": "Bearer gsk_0123456789abcdef_" + "A" * 43},
    ],
)
def test_dev_mode_lets_nobody_else_in(dev_url: str, headers: dict[str, str]) -> None:
    answer = CLIENT.post(f"{dev_url}/graphql", json={"query": QUERY}, headers=headers)
    assert error_of(answer)[:2] == (401, "UNAUTHENTICATED")


def test_dev_mode_answers_at_no_address_but_loopback_whatever_the_server_binds_to(
    dev_url: str,
) -> None:
    """127.0.0.2 stands for an address of this machine that others may reach."""
    other = dev_url.replace("127.0.0.1", "127.0.0.2")
    answer = CLIENT.post(f"{other}/graphql", json={"query": QUERY})
    assert error_of(answer)[:2] == (401, "UNAUTHENTICATED")
    named = CLIENT.post(f"{other}/graphql", json={"query": QUERY}, headers={"Host": "localhost"})
    assert named.status_code == 401


def test_dev_mode_takes_no_page_of_another_origin(dev_url: str) -> None:
    answer = CLIENT.post(
        f"{dev_url}/graphql", json={"query": QUERY}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403


def test_dev_mode_refuses_to_start_where_others_can_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "GRAPHSVC_DEV_MODE: lets everybody in without a key, and GRAPHSVC_HOST is 0.0.0.0"
    service = open_service(tmp_path, dev_mode=True, host="0.0.0.0")

    async def start() -> None:
        async def receive() -> dict[str, str]:
            return {"type": "lifespan.startup"}

        async def send(message: Mapping[str, object]) -> None:
            assert message["type"] == "lifespan.startup.failed"

        await create_app(lambda: service)({"type": "lifespan", "state": {}}, receive, send)

    with pytest.raises(SettingsError, match=message):
        anyio.run(start)
    with pytest.raises(SettingsError, match=message):
        require_loopback_for_dev_mode(Settings(dev_mode=True, host="0.0.0.0"))


def test_dev_mode_is_off_by_default_and_loud_when_on(
    dev_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Settings().dev_mode is False
    with RunningServer(open_service(tmp_path, dev_mode=True)):
        pass
    said = capsys.readouterr()
    assert "DEV MODE: whoever reaches this address gets in without a key" in said.out + said.err
