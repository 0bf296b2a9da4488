from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from gql.media import negotiated
from tests.gql.conftest import Asker, World

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
GOOD = {"query": "{ purposes { name } }"}


@pytest.fixture
def client(shop: Asker) -> Any:
    with httpx.Client(
        base_url=shop.url, headers={"Authorization": f"Bearer {shop.secret}"}
    ) as client:
        yield client


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        ("Application/JSON; charset=utf-8", JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, {JSON}", GRAPHQL_JSON),
        (f"{JSON}, {GRAPHQL_JSON}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.5, */*;q=0.1", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0, */*", JSON),
        (f"*/*, {GRAPHQL_JSON}", GRAPHQL_JSON),
        ("text/html", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=broken", None),
    ],
)
def test_the_media_type_is_the_one_that_the_client_wants_most(
    accept: str | None, expected: str | None
) -> None:
    assert negotiated(accept) == expected


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON, "*/*"])
def test_the_answer_says_its_media_type(client: httpx.Client, accept: str) -> None:
    answer = client.post("/graphql", json=GOOD, headers={"Accept": accept})
    expected = JSON if accept == "*/*" else accept
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{expected}; charset=utf-8"


def test_a_client_that_wants_neither_is_told_what_can_be_had(client: httpx.Client) -> None:
    answer = client.post("/graphql", json=GOOD, headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert answer.json()["errors"][0]["extensions"] == {"code": "NOT_ACCEPTABLE"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($first: Int!) { purposes { name } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { purposes { name } } query B { purposes { name } }", None),
    ],
)
def test_a_bad_query_is_400_for_graphql_clients_and_200_for_plain_json_without_data(
    client: httpx.Client, query: str, code: str | None
) -> None:
    for accept, status in ((GRAPHQL_JSON, 400), (JSON, 200)):
        answer = client.post("/graphql", json={"query": query}, headers={"Accept": accept})
        assert answer.status_code == status
        assert set(answer.json()) == {"errors"}
        expected = code or "GRAPHQL_VALIDATION_FAILED"
        assert answer.json()["errors"][0]["extensions"] == {"code": expected}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body: is no JSON in UTF-8"),
        (b"{", "the body: is no JSON in UTF-8"),
        (b"\xff\xfe", "the body: is no JSON in UTF-8"),
        (b'{"query": NaN}', "the body: is no JSON in UTF-8"),
        (b"[" * 100_000, "the body: is no JSON in UTF-8"),
        (b"3", "the body: a JSON object with `query` is needed"),
        (b"{}", "query: is missing"),
        (b'{"query": ""}', "query: is missing"),
        (b'{"query": 1}', "query: a string is needed"),
        (b'{"query": "{ __typename }", "variables": []}', "variables: an object is needed"),
        (b'{"query": "{ __typename }", "operationName": {}}', "operationName: a string is needed"),
        (b'{"query": "{ __typename }", "extensions": 0}', "extensions: an object is needed"),
    ],
)
def test_a_malformed_request_is_400(client: httpx.Client, body: bytes, message: str) -> None:
    answer = client.post("/graphql", content=body, headers={"Content-Type": JSON})
    assert answer.status_code == 400
    assert answer.json() == {
        "errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]
    }


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "multipart/form-data", f"{JSON}; charset=utf-16"]
)
def test_only_json_in_utf8_is_taken(client: httpx.Client, content_type: str) -> None:
    answer = client.post(
        "/graphql", content=json.dumps(GOOD), headers={"Content-Type": content_type}
    )
    assert answer.status_code == 415
    assert answer.json()["errors"][0]["extensions"] == {"code": "UNSUPPORTED_MEDIA_TYPE"}


def test_a_body_beyond_a_mebibyte_is_refused_announced_or_not(client: httpx.Client) -> None:
    large = json.dumps({"query": "#" + "x" * (1 << 20)}).encode()

    def in_parts() -> Any:
        yield from (large[start : start + 65536] for start in range(0, len(large), 65536))

    for content in (large, in_parts()):
        answer = client.post("/graphql", content=content, headers={"Content-Type": JSON})
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["extensions"] == {"code": "REQUEST_TOO_LARGE"}


def test_get_runs_queries(client: httpx.Client) -> None:
    query = "query Q($key: String!) { subject(kind: ACCOUNT, key: $key) { key } }"
    answer = client.get(
        "/graphql",
        params={"query": query, "variables": '{"key": "ann"}', "operationName": "Q"},
    )
    assert answer.json()["data"] == {"subject": {"key": "ann"}}


def test_get_without_a_query_shows_no_explorer(client: httpx.Client) -> None:
    answer = client.get("/graphql", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "query: is missing"


def test_get_with_broken_variables_is_400(client: httpx.Client) -> None:
    answer = client.get("/graphql", params={"query": "{ __typename }", "variables": "{"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "variables: is no JSON in UTF-8"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_405(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "/graphql")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


def test_health_and_readiness_need_no_key_and_say_nothing_about_data(world: World) -> None:
    assert httpx.get(f"{world.url}/healthz").json() == {"status": "alive"}
    assert httpx.get(f"{world.url}/readyz").json() == {"status": "ready"}
