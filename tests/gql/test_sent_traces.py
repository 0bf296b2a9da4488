"""Traces leave `graphsvc serve` by OTLP over HTTP, whole, also those of its last moment."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from tests.gql.conftest import make_keys, open_world, text_of
from tests.gql.processes import serving
from tests.gql.world import AS_OF, MARKETPLACE, core

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@dataclass
class Collector:
    """Takes traces as an OpenTelemetry collector does."""

    url: str = ""
    taken: list[ResourceSpans] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            found.bodies.append(body)
            found.taken.extend(ExportTraceServiceRequest.FromString(body).resource_spans)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing on the console."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join(30)


def test_a_collector_takes_the_spans_of_a_clients_trace_and_no_name(
    tmp_path: Path, collector: Collector
) -> None:
    service, _ = open_world(tmp_path)
    with service:
        service.store.append(core())
        service.recompute(MARKETPLACE, as_of=AS_OF)
        secret = make_keys(tmp_path)["shop"]
    with serving(tmp_path, traces_url=collector.url) as process:
        with process.client() as client:
            answer = client.post(
                "/graphql",
                json={"query": text_of("links"), "variables": {"key": "ann"}},
                headers={
                    "Authorization": f"Bearer {secret}",
                    "traceparent": f"00-{TRACE}-{PARENT}-01",
                },
            )
        assert "errors" not in answer.json(), answer.text
        process.terminate()
    names = {
        attribute.value.string_value
        for resource in collector.taken
        for attribute in resource.resource.attributes
        if attribute.key == "service.name"
    }
    assert names == {"graphsvc"}
    spans = {
        span.name: span
        for resource in collector.taken
        for scope in resource.scope_spans
        for span in scope.spans
        if span.trace_id.hex() == TRACE
    }
    request = spans["GraphQL query subject"]
    assert request.parent_span_id.hex() == PARENT
    assert spans["service.records"].parent_span_id == request.span_id
    assert spans["store.standing_of"].parent_span_id == spans["service.records"].span_id
    assert all(span.end_time_unix_nano > span.start_time_unix_nano for span in spans.values())
    assert not any(b"ann" in body for body in collector.bodies)
