"""Traces (OpenTelemetry): what a request or a run spent its time on. Off, and free, by default.

Attributes are counts and names of the service's own: never a subject, a key, a variable or the
message of an error, which may quote them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from threading import Thread
from typing import ParamSpec, TypeVar, cast

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from graphsvc.errors import GraphsvcError, SettingsError
from graphsvc.store.ports import Store

SERVICE_NAME = "graphsvc"
INSTRUMENTATION = "graphsvc"

Attribute = str | int | float | bool
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

FLUSH_S = 5.0
"""How long the end waits for a collector that does not answer."""

_tracer: Tracer | None = None
_send_now: Callable[[], object] | None = None
_NO_SPAN: AbstractContextManager[Span | None] = nullcontext()
_CARRIED = TraceContextTextMapPropagator()


def start_tracing(provider: TracerProvider) -> None:
    """Send spans to a provider from now on, in this process."""
    global _tracer
    _tracer = provider.get_tracer(INSTRUMENTATION)


def stop_tracing() -> None:
    """Make no more spans."""
    global _tracer
    _tracer = None


def start_tracing_to(url: str) -> None:
    """Send spans by OTLP over HTTP, in batches, until the process ends; see `flush_traces`.

    Args:
        url: where a collector takes traces: http://127.0.0.1:4318/v1/traces.

    Raises:
        SettingsError: the libraries that send them are not installed.
    """
    global _send_now
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider as SendingProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError(
            "GRAPHSVC_TRACES_URL: is set, and what sends traces is not installed; run: "
            "pip install 'graphsvc[tracing]'"
        ) from error
    if _tracer is not None:
        return
    provider = SendingProvider(resource=Resource.create({"service.name": SERVICE_NAME}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    start_tracing(provider)
    _send_now = provider.force_flush


def flush_traces() -> None:
    """Send the spans that wait for their batch, for at most `FLUSH_S`.

    A server ends by a signal, after which Python runs no handlers of its exit any more.
    """
    if _send_now is None:
        return
    sending = Thread(target=_send_now, name="flush-traces", daemon=True)
    sending.start()
    sending.join(FLUSH_S)


def is_tracing() -> bool:
    """Say whether spans are made."""
    return _tracer is not None


def span(name: str, **attributes: Attribute) -> AbstractContextManager[Span | None]:
    """Time what is done in a block, as part of what is done around it; None while off."""
    if _tracer is None:
        return _NO_SPAN
    return _span(_tracer, name, attributes)


def request_span(headers: Mapping[str, str]) -> AbstractContextManager[Span | None]:
    """Time a request as part of its client's trace, where it sent one (W3C traceparent)."""
    if _tracer is None:
        return _NO_SPAN
    carried = {name: headers[name] for name in _CARRIED.fields if name in headers}
    return _span(_tracer, "GraphQL", {}, _CARRIED.extract(carried), SpanKind.SERVER)


def traced(name: str) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Make a span of every call of a function."""

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(function)
        def call(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
            if _tracer is None:
                return function(*arguments, **options)
            with _span(_tracer, name, {}):
                return function(*arguments, **options)

        return call

    return decorate


def trace_id() -> str | None:
    """Return the id of the trace that is going on, as logs show it; None where there is none."""
    if _tracer is None:
        return None
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def traced_store(store: Store) -> Store:
    """Return a store that makes spans of its calls; the store itself while off."""
    return store if _tracer is None else cast(Store, TracedStore(store))


class TracedStore:
    """A store that makes a span of every call, where a trace is going on.

    Calls of the threads that poll are no part of anything, and make none.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        found = getattr(self._store, name)
        if _tracer is None or not callable(found) or not trace.get_current_span().is_recording():
            return found
        call: Callable[..., object] = found
        return traced(f"store.{name}")(call)


@contextmanager
def _span(
    tracer: Tracer,
    name: str,
    attributes: Mapping[str, Attribute],
    parent: Context | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
) -> Iterator[Span]:
    # An exception is told by its kind: its message may name a subject.
    with tracer.start_as_current_span(
        name,
        parent,
        kind,
        attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as made:
        try:
            yield made
        except BaseException as error:
            code = error.code if isinstance(error, GraphsvcError) else type(error).__name__
            made.set_attribute("error.type", code)
            made.set_status(Status(StatusCode.ERROR))
            raise
