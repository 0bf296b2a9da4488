"""What the server tells of its requests, in logs, metrics and traces; and what it never tells."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from gql.watching import GATHER_S
from graphsvc import tracing
from graphsvc.access import ACCESS_FOLDER, create_key
from graphsvc.errors import StoreUnavailableError
from graphsvc.logs import configure_logs
from graphsvc.model import LinkKind
from tests.gql.conftest import CLIENT, RunningServer, WatchedStore, open_world, text_of
from tests.gql.world import AS_OF, MARKETPLACE, account, core, link

ROOT = Path(__file__).parents[2]
SUBJECT = "zanzibar-7731"
# So long that no clock or counter can hold it by chance.
NUMBER = 7_731_424_277_314_242
NOBODY = "nobody-4242"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@dataclass(frozen=True)
class Scene:
    """A server with tracing on, a key that reads, and one that scrapes."""

    url: str
    store: WatchedStore
    reader: str
    reader_id: str
    operator: str
    exporter: InMemorySpanExporter

    def post(
        self, text: str, headers: dict[str, str] | None = None, **variables: Any
    ) -> httpx.Response:
        given = {"Authorization": f"Bearer {self.reader}"} | (headers or {})
        body = {"query": text_of(text), "variables": variables}
        return CLIENT.post(f"{self.url}/graphql", json=body, headers=given)

    def scrape(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        answer = CLIENT.get(
            f"{self.url}/metrics", headers={"Authorization": f"Bearer {self.operator}"}
        )
        assert answer.status_code == 200, answer.text
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.start_tracing(provider)
    folder = tmp_path_factory.mktemp("observed")
    service, store = open_world(folder)
    trust = link(LinkKind.TRUSTS, account(SUBJECT), account("bob"))
    outcomes = service.store.append([*core(), trust])
    assert all(outcome.sequence is not None for outcome in outcomes), outcomes
    service.recompute(MARKETPLACE, as_of=AS_OF)
    keys = folder / "data" / ACCESS_FOLDER
    reader, secret = create_key(keys, "Mary Major's key", [MARKETPLACE], ["analyst"])
    _, operator = create_key(keys, "prometheus", [], ["operator"])
    try:
        with RunningServer(service) as url:
            yield Scene(url, store, secret, reader.id, operator, exporter)
    finally:
        tracing.stop_tracing()
        provider.shutdown()


@pytest.fixture
def log_lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """Return a function that reads all that was logged since, as JSON."""
    time.sleep(3 * GATHER_S)  # what is written late of earlier tests
    capsys.readouterr()
    configure_logs("json", "info")

    def read(requests: int = 1) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = []
        until = time.monotonic() + 10
        # Lines are written a moment after their answers were sent.
        while sum(line["event"] == "request" for line in lines) < requests:
            assert time.monotonic() < until, lines
            time.sleep(0.02)
            lines += [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        return lines

    yield read
    configure_logs("console", "info")


def request_line(lines: list[dict[str, Any]]) -> dict[str, Any]:
    (line,) = (line for line in lines if line["event"] == "request")
    return line


def test_each_request_has_one_line_with_its_id_and_no_name(scene: Scene, log_lines: Any) -> None:
    answer = scene.post("score", key="ann", purpose=MARKETPLACE)
    line = request_line(log_lines())
    assert line.pop("ms") > 0
    assert line.pop("timestamp")
    assert line.pop("cost", None) == answer.json().get("extensions", {}).get("cost", {}).get(
        "requested"
    )
    assert line == {
        "event": "request",
        "level": "info",
        "operation": "query subject",
        "status": 200,
        "code": "OK",
        "actor": scene.reader_id,
        "request_id": answer.headers["x-request-id"],
    }
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_an_id_is_taken_if_it_can_be_nothing_else(scene: Scene, log_lines: Any) -> None:
    given = str(uuid.uuid4())
    answer = scene.post("purposes", {"X-Request-ID": given})
    assert answer.headers["x-request-id"] == given
    assert request_line(log_lines())["request_id"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "account:ann-account:ann", "a" * 65, "0123456789abcdef\tx", "é" * 16]
)
def test_any_other_id_is_replaced(scene: Scene, given: str) -> None:
    answer = scene.post("purposes", {"X-Request-ID": given.encode("latin-1")})  # type: ignore[dict-item]
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        ({"headers": {"Authorization": "Bearer nonsense"}}, 401, "UNAUTHENTICATED"),
        ({"headers": {"Origin": "https://evil.example"}}, 403, "ORIGIN_NOT_ALLOWED"),
        ({"content": b"{"}, 400, "BAD_REQUEST"),
        ({"json": {"query": "{ nonsense }"}}, 200, "GRAPHQL_VALIDATION_FAILED"),
        ({"json": {"query": "{"}}, 200, "GRAPHQL_PARSE_FAILED"),
    ],
)
def test_what_is_refused_has_its_line_and_its_count_too(
    scene: Scene, log_lines: Any, send: dict[str, Any], status: int, code: str
) -> None:
    series = (
        "graphsvc_requests_total",
        (("code", code), ("operation", "none"), ("status", str(status))),
    )
    before = scene.scrape().get(series, 0.0)
    headers = {
        "Authorization": f"Bearer {scene.reader}",
        "Content-Type": "application/json",
    } | send.get("headers", {})
    assert (
        CLIENT.post(f"{scene.url}/graphql", **(send | {"headers": headers})).status_code == status
    )
    line = request_line(log_lines())
    assert (line["status"], line["code"], line["operation"]) == (status, code, "none")
    assert scene.scrape()[series] == before + 1


def test_a_websocket_is_counted_while_it_is_open_and_has_one_line_when_it_ends(
    scene: Scene, log_lines: Any
) -> None:
    before = scene.scrape()["graphsvc_websockets_open", ()]
    address = scene.url.replace("http", "ws", 1) + "/graphql"
    protocol = Subprotocol("graphql-transport-ws")
    with connect(address, subprotocols=[protocol], open_timeout=20) as socket:
        payload = {"Authorization": f"Bearer {scene.reader}"}
        socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(socket.recv(20))["type"] == "connection_ack"
        assert scene.scrape()["graphsvc_websockets_open", ()] == before + 1
    line = request_line(log_lines())
    assert (line["operation"], line["status"], line["actor"]) == ("websocket", 101, scene.reader_id)
    assert scene.scrape()["graphsvc_websockets_open", ()] == before


def test_metrics_are_for_operators(scene: Scene) -> None:
    without = CLIENT.get(f"{scene.url}/metrics")
    assert without.status_code == 401
    assert without.headers["www-authenticate"] == 'Bearer realm="graphsvc"'
    reading = CLIENT.get(f"{scene.url}/metrics", headers={"X-API-Key": scene.reader})
    assert reading.status_code == 403
    assert reading.json() == {
        "errors": [
            {
                "message": "metrics: the role operator is needed",
                "extensions": {"code": "FORBIDDEN"},
            }
        ]
    }


def test_requests_are_counted_by_the_schemas_fields_whatever_clients_call_them(
    scene: Scene,
) -> None:
    before = scene.scrape()
    for n in range(30):
        scene.post(f"query Op{n}Zanzibar {{ a{n}: purposes {{ name }} }}")
        scene.post(f"query Two{n} {{ a{n}: purposes {{ name }} b{n}: purposes {{ name }} }}")
    after = scene.scrape()
    grown = {
        dict(labels)["operation"]: value - before.get((name, labels), 0.0)
        for (name, labels), value in after.items()
        if name == "graphsvc_requests_total" and value != before.get((name, labels), 0.0)
    }
    assert grown == {"query purposes": 30, "query several": 30}
    label = (("operation", "query purposes"),)
    assert (
        after["graphsvc_request_seconds_count", label]
        - before.get(("graphsvc_request_seconds_count", label), 0.0)
        == 30
    )
    assert after["graphsvc_requests_in_flight", ()] == 1, "the scrape itself"


def test_runs_and_the_store_are_measured_by_purpose(scene: Scene) -> None:
    found = scene.scrape()
    label = (("purpose", MARKETPLACE),)
    assert found["graphsvc_store_up", ()] == 1
    age = time.time() - AS_OF.timestamp()
    assert found["graphsvc_run_age_seconds", label] == pytest.approx(age, abs=60)
    assert 0 < found["graphsvc_run_bound_points", label] < 1
    assert found["graphsvc_audit_entries_waiting", ()] >= 0


def test_a_store_that_fails_is_counted_and_a_scrape_is_answered_all_the_same(scene: Scene) -> None:
    failure = (("code", "STORE_UNAVAILABLE"),)
    before = scene.scrape().get(("graphsvc_failures_total", failure), 0.0)
    error = StoreUnavailableError("gone: zanzibar-7731")
    scene.store.failures |= {"standing_of": error, "current_run": error}
    try:
        answer = scene.post("links", key=SUBJECT)
        found = scene.scrape()
    finally:
        scene.store.failures.clear()
    assert answer.json()["errors"][0]["extensions"]["code"] == "STORE_UNAVAILABLE"
    assert found["graphsvc_failures_total", failure] == before + 1
    assert found["graphsvc_store_up", ()] == 0


def test_a_request_is_a_part_of_its_clients_trace_down_to_the_store(scene: Scene) -> None:
    scene.exporter.clear()
    scene.post("links", {"traceparent": f"00-{TRACE}-{PARENT}-01"}, key="ann")
    spans = {span.name: span for span in scene.spans()}
    request = spans["GraphQL query subject"]
    assert request.kind is SpanKind.SERVER
    assert request.parent is not None
    assert (request.parent.trace_id, request.parent.span_id) == (int(TRACE, 16), int(PARENT, 16))
    use_case, call = spans["service.records"], spans["store.standing_of"]
    assert use_case.parent is not None
    assert use_case.parent.span_id == request.context.span_id
    assert call.parent is not None
    assert call.parent.span_id == use_case.context.span_id
    assert {span.context.trace_id for span in spans.values()} == {int(TRACE, 16)}
    assert request.attributes is not None
    assert request.attributes["graphsvc.code"] == "OK"


def test_an_explanation_shows_its_kernels(scene: Scene) -> None:
    scene.exporter.clear()
    scene.post("explanation", key="bob", purpose=MARKETPLACE)
    names = [span.name for span in scene.spans()]
    assert {"service.explain", "kernel.explain_exposure", "kernel.explain_trust"} <= set(names)
    assert len(names) < 20


@pytest.mark.parametrize("given", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01"])
def test_a_trace_that_cannot_be_followed_begins_here(scene: Scene, given: str) -> None:
    scene.exporter.clear()
    assert scene.post("purposes", {"traceparent": given}).status_code == 200
    (request,) = scene.spans()
    assert request.parent is None


def test_an_anonymous_request_makes_no_span(scene: Scene) -> None:
    scene.exporter.clear()
    headers = {"Authorization": "Bearer nonsense", "traceparent": f"00-{TRACE}-{PARENT}-01"}
    assert scene.post("purposes", headers).status_code == 401
    assert scene.spans() == []


def test_a_failing_span_tells_the_kind_of_its_error_and_not_its_message(scene: Scene) -> None:
    scene.exporter.clear()
    scene.store.failures["standing_of"] = StoreUnavailableError(f"no records of {SUBJECT}")
    try:
        scene.post("links", key=SUBJECT)
    finally:
        scene.store.failures.clear()
    call = next(span for span in scene.spans() if span.name == "store.standing_of")
    assert call.status.status_code is StatusCode.ERROR
    assert call.status.description is None
    assert call.events == ()
    assert dict(call.attributes or {}) == {"error.type": "STORE_UNAVAILABLE"}


def test_nothing_of_what_was_asked_or_answered_is_in_logs_metrics_or_traces(
    scene: Scene, log_lines: Any
) -> None:
    scene.exporter.clear()
    told = [
        scene.post("score", key=SUBJECT, purpose=MARKETPLACE),
        scene.post("links", key=SUBJECT),
        scene.post("explanation", key=SUBJECT, purpose=MARKETPLACE),
        scene.post("score", key=NOBODY, purpose=MARKETPLACE),
        scene.post("score", key=NOBODY, purpose=f"purpose-{NOBODY}"),
        scene.post("score", key=NUMBER, purpose=MARKETPLACE),
        scene.post(
            f'query Of_zanzibar {{ zanzibar: subject(kind: ACCOUNT, key: "{SUBJECT}") {{ '
            f'score(purpose: "{MARKETPLACE}") {{ value }} }} }}'
        ),
        scene.post(f'{{ zanzibar(key: "{SUBJECT}") }}'),
        scene.post(f'{{ "{SUBJECT}" '),
        CLIENT.get(
            f"{scene.url}/graphql",
            params={"query": text_of("score"), "variables": json.dumps({"key": SUBJECT})},
            headers={"Authorization": f"Bearer {scene.reader}", "X-Request-ID": SUBJECT * 2},
        ),
        CLIENT.get(f"{scene.url}/{SUBJECT}"),
    ]
    scene.store.failures["standing_of"] = StoreUnavailableError(f"no records of {SUBJECT}")
    try:
        told.append(scene.post("links", key=SUBJECT))
    finally:
        scene.store.failures.clear()
    assert SUBJECT in told[1].text, "the answers do name it"
    lines = json.dumps(log_lines(11))
    metrics = CLIENT.get(
        f"{scene.url}/metrics", headers={"Authorization": f"Bearer {scene.operator}"}
    ).text
    spans = "\n".join(span.to_json() for span in scene.spans())
    assert lines.count('"event": "request"') == 11
    assert "GraphQL query subject" in spans
    for text in (lines, metrics, spans):
        for personal in (
            "anzibar",
            str(NUMBER),
            "nobody-4242",
            "Mary",
            "Major",
            scene.reader,
            'ann"',
        ):
            assert personal not in text


def test_worker_processes_are_counted_together(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from gql.metrics import Metrics\n"
        "from gql.observation import Observation\n"
        "metrics = Metrics()\n"
        "for n in range(int(sys.argv[1])):\n"
        "    metrics.count(Observation(operation='query subject', cost=2), 200, 0.003)\n"
        "metrics.requests_in_flight = 1\n"
        "class Quiet:\n"
        "    waiting = failed_writes = 0\n"
        "    status = staticmethod(list)\n"
        "metrics.sample(Quiet, Quiet)\n"
        "if sys.argv[2] == 'end':\n"
        "    metrics.close()\n"
        "    sys.exit()\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "class Service:\n"
        "    store = None\n"
        "    class library:\n"
        "        purpose_names = staticmethod(list)\n"
        "print(metrics.exposed(Service, '')[0].decode())\n"
    )
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
    }

    def start(count: int, then: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", program, str(count), then],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    with start(3, "end") as ended:
        assert ended.wait(60) == 0
    with start(4, "stay") as one, start(5, "stay") as other:
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        text, _ = one.communicate("\n", timeout=60)
        other.communicate("\n", timeout=60)
    counted = dict(re.findall(r"^(graphsvc_\w+)(?:\{.*\})? ([0-9.]+)$", text, flags=re.MULTILINE))
    assert float(counted["graphsvc_requests_total"]) == 12
    assert float(counted["graphsvc_request_seconds_count"]) == 12
    assert float(counted["graphsvc_request_cost_total"]) == 24
    assert float(counted["graphsvc_requests_in_flight"]) == 2, "ended processes answer nothing"
