"""What is sent to bring the server down is answered with its code, soon, and costs little memory.

Time is only a guard against hanging; memory is the resident set of this process, server included.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest
from graphql import get_introspection_query

from tests.gql.conftest import CLIENT, Asker, RunningServer, World, make_keys, open_world
from tests.gql.world import AS_OF, MARKETPLACE, core

pytestmark = pytest.mark.xdist_group("attacks")  # they share one server

GUARD_S = 30.0
MEMORY_BYTES = 150 << 20
TOO_LARGE, TOO_COSTLY = "QUERY_TOO_LARGE", "QUERY_TOO_COSTLY"
PARSE, VALIDATION = "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"
SUBJECT = '{ subject(kind: ACCOUNT, key: "ann") { %s } }'
SCORE = f'score(purpose: "{MARKETPLACE}") {{ value }}'
WITH_KEY = "query ($key: String!) { subject(kind: ACCOUNT, key: $key) { key } }"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """A server of its own, with room for many attacks within the rate."""
    folder = tmp_path_factory.mktemp("target")
    service, _ = open_world(folder, rate_cost_per_second=0)
    service.store.append(core())
    service.recompute(MARKETPLACE, as_of=AS_OF)
    with RunningServer(service) as url:
        yield Asker(url, make_keys(folder)["shop"])


@pytest.fixture(autouse=True)
def _memory_and_life(target: Asker) -> Iterator[None]:
    """After each attack the server answers others, and has not grown."""
    process = psutil.Process()
    before = process.memory_info().rss
    yield
    assert target.ask(SUBJECT % SCORE)["subject"]["score"]["value"] > 0
    assert process.memory_info().rss - before < MEMORY_BYTES


def send(asker: Asker, body: bytes, **headers: str) -> httpx.Response:
    return CLIENT.post(
        f"{asker.url}/graphql",
        content=body,
        headers={
            "Authorization": f"Bearer {asker.secret}",
            "Content-Type": "application/json",
            **headers,
        },
        timeout=GUARD_S,
    )


def codes(answer: httpx.Response) -> set[str]:
    return {error["extensions"]["code"] for error in answer.json()["errors"]}


def query(text: str, variables: object = None) -> bytes:
    return json.dumps({"query": text, "variables": variables or {}}).encode()


def braced(fields: str) -> str:
    return "{ " + fields + " }"


def deep(levels: int) -> str:
    return SUBJECT % ("links { edges { other { " * levels + "key" + " } } }" * levels)


def fragments_doubling(count: int) -> str:
    chain = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(count))
    return f"query {{ ...F0 }} {chain} fragment F{count} on Query {{ __typename }}"


def fragments_to_nowhere(count: int) -> str:
    chain = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(count))
    return f"query {{ ...F0 }} {chain}"


def fragments_in_a_ring(count: int) -> str:
    ring = " ".join(
        f"fragment F{n} on Query {{ ...F{(n + 1) % count} ...F{(n + 1) % count} }}"
        for n in range(count)
    )
    return f"query {{ ...F0 }} {ring}"


def overlapping(count: int) -> str:
    """Fields of one name, whose arguments and children validation compares pair by pair."""
    return braced(f'subject(kind: ACCOUNT, key: "ann") {{ {"key " * 10}}} ' * count)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (deep(5), TOO_LARGE),
        (deep(200), PARSE),
        ("{" * 1990 + "}" * 5, PARSE),
        (SUBJECT % ("score { " * 600 + "value" + " }" * 600), PARSE),
        (braced("a(b: " + "[" * 900 + "1" + "]" * 900 + ")"), PARSE),
        (braced("a(b: " + "{c: " * 450 + "1" + "}" * 450 + ")"), PARSE),
        ("query ($a: " + "[" * 900 + "Int" + "]" * 900 + ") { __typename }", PARSE),
        (SUBJECT % ("key " * 600), TOO_LARGE),
        (braced(" ".join(f"p{n}: purposes {{ name }}" for n in range(200))), TOO_LARGE),
        ("{ %s }" % ("purposes { name } " * 60), TOO_LARGE),
        ("{ %s }" % ("__typename " * 5000), TOO_LARGE),
        ("{ __typename } " + "#\n" * 100_000, TOO_LARGE),
        (fragments_doubling(60), TOO_LARGE),
        (fragments_to_nowhere(60), TOO_LARGE),
        (fragments_in_a_ring(60), VALIDATION),
        ("query { ...F } fragment F on Query { ...F }", VALIDATION),
        ("fragment F on Query { ...F } " * 2, VALIDATION),
        ("fragment F on Query { %s } { __typename }" % ("__typename " * 600), TOO_LARGE),
        (overlapping(49), TOO_LARGE),
        ("{ __typename %s }" % ("@include(if: true) " * 300), TOO_LARGE),
        ("{ __typename %s }" % ("@nonsense " * 49), VALIDATION),
        ("query Q %s { __typename }" % ("@skip(if: true) " * 60), TOO_LARGE),
        (SUBJECT % f'explanation(purpose: "{MARKETPLACE}") {{ score }} ', None),
        ("{ __schema { types { %s } } }" % ("name " * 900), TOO_LARGE),
        ("{ __schema { types { fields { type { %s } } } } }" % ("name " * 400), TOO_LARGE),
        (get_introspection_query(), "FORBIDDEN"),
        ('{ __type(name: "Query") { name } }', "FORBIDDEN"),
        ("query { ...F } fragment F on Query { __schema { types { name } } }", "FORBIDDEN"),
        ("{ subject(kind: ACCOUNT, key: 99999999999999999999999) { key } }", VALIDATION),
        ('{ runs(purpose: "p", first: 99999999999999999999999) { runId } }', VALIDATION),
        ('{ runs(purpose: "p", first: -9223372036854775809) { runId } }', VALIDATION),
        ('{ runs(purpose: "p", first: 1e400) { runId } }', VALIDATION),
        ('{ subject(kind: ACCOUNT, key: "a\\u0000b") { key } }', "INVALID_RECORD"),
        ('{ subject(kind: ACCOUNT, key: "\\uD800") { key } }', PARSE),
        ('{ subject(kind: ACCOUNT, key: "\\u{110000}") { key } }', PARSE),
        ("{ purposes\x00 { name } }", PARSE),
        ("\ufeff{ purposes \u2028 { name } }", PARSE),
    ],
)
def test_a_text_that_explodes_is_refused_before_it_does(
    target: Asker, text: str, expected: str | None
) -> None:
    answer = send(target, query(text))
    assert (codes(answer) if "errors" in answer.json() else set()) == (
        {expected} if expected else set()
    )


def nested(levels: int) -> Any:
    inner: Any = "x"
    for _ in range(levels):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"key": nested(300)}, {VALIDATION}),
        ({"key": "x" * 900_000}, {"INVALID_RECORD"}),
        ({"key": ["x"] * 200_000}, {VALIDATION}),
        ({"key": {str(n): n for n in range(50_000)}}, {VALIDATION}),
        ({"key": "a\u0000b"}, {"INVALID_RECORD"}),
        ({"key": 10**4000}, {VALIDATION}),
        ({f"v{n}": n for n in range(50_000)}, {VALIDATION}),
    ],
)
def test_variables_without_measure_are_refused_in_few_words(
    target: Asker, variables: object, expected: set[str]
) -> None:
    answer = send(target, query(WITH_KEY, variables))
    assert codes(answer) == expected
    assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 400_000,
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 5000 + b"]" * 5000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 500_000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": 1e999999}}' + b"x",
        b'{"query": "\xc3\x28"}',
        b'{"query": "\xed\xa0\x80"}',
        b"\x00" * 1000,
        b'{"query": "a\x00b"}',
    ],
)
def test_a_body_that_is_no_json_is_a_bad_request(target: Asker, body: bytes) -> None:
    answer = send(target, body)
    assert (answer.status_code, codes(answer)) == (400, {"BAD_REQUEST"})


def test_a_body_of_a_gigabyte_is_refused_when_it_is_announced(target: Asker) -> None:
    url = httpx.URL(target.url)
    head = (
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {target.secret}\r\nContent-Length: {1 << 30}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port), timeout=GUARD_S) as connection:
        connection.sendall(head.encode())
        answer = connection.makefile("rb").read()  # to the end: it is closed too
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"REQUEST_TOO_LARGE" in answer


def test_a_batch_is_refused_whatever_is_in_it(target: Asker) -> None:
    for batch in ([], [{"query": "{ __typename }"}] * 1000, [[]]):
        answer = send(target, json.dumps(batch).encode())
        assert (answer.status_code, codes(answer)) == (400, {"BATCH_REFUSED"})


def test_keys_cannot_be_guessed_in_batches_and_not_fast(target: Asker) -> None:
    guesses = [Asker(target.url, f"gsk_{n:016x}_{'A' * 43}") for n in range(250)]
    batch = json.dumps([{"query": "{ __typename }"}] * 100).encode()
    assert codes(send(guesses[0], batch)) == {"UNAUTHENTICATED"}
    answers = [guess.post("{ __typename }") for guess in guesses]
    assert {answer.status_code for answer in answers} == {401, 429}
    assert int(answers[-1].headers.get("retry-after", "1")) >= 1
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert codes(limited) == {"RATE_LIMITED"}
    assert target.ask("{ purposes { name } }")  # the right key, from the same address


def test_what_a_service_may_have_meant_is_not_said_and_an_analyst_is_told(world: World) -> None:
    misspelt = "{ purpses { name } }"
    ((_, plain),) = world.asker("shop").errors(misspelt)
    ((_, helped),) = world.asker("analyst").errors(misspelt)
    assert plain == "Cannot query field 'purpses' on type 'Query'."
    assert helped.endswith("Did you mean 'purposes'?")
    kind = 'query ($kind: SubjectKind!) { subject(kind: $kind, key: "a") { key } }'
    ((_, plain),) = world.asker("shop").errors(kind, kind="ACCONT")
    assert "Did you mean" not in plain


def test_many_errors_are_cut_short(target: Asker) -> None:
    text = braced(" ".join(f"nonsense{n}" for n in range(50)))
    answer = send(target, query(text))
    assert codes(answer) == {VALIDATION}
    assert len(answer.json()["errors"]) <= 21


def test_documents_that_are_never_the_same_fill_no_memory(target: Asker) -> None:
    for number in range(100):
        key = f"{number}".rjust(30_000, "x")
        text = braced(f'subject(kind: ACCOUNT, key: "{key}") {{ key }}')
        assert codes(send(target, query(text))) == {"INVALID_RECORD"}


def test_an_answer_is_compressed_for_those_who_ask_and_only_where_it_is_large(
    world: World,
) -> None:
    large = f'{{ topSubjects(purpose: "{MARKETPLACE}", first: 50) {{ subject {{ id key }} }} }}'
    shop = world.asker("shop")
    for text, encoding, expected in (
        (large, "gzip", "gzip"),
        (large, "br, gzip;q=0.5", "gzip"),
        (large, "gzip;q=0", None),
        (large, "identity", None),
        ("{ purposes { name } }", "gzip", None),
    ):
        answer = send(shop, query(text), **{"Accept-Encoding": encoding})
        assert answer.headers.get("content-encoding") == expected
        assert "data" in answer.json()
        assert "Accept-Encoding" in answer.headers["vary"]
