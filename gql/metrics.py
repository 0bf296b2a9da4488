"""Prometheus metrics: what is counted, in how many processes soever, and how a scrape reads it.

With PROMETHEUS_MULTIPROC_DIR set before the process starts, values live in files that all worker
processes of a server share; `graphsvc serve` sets it where it starts several.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from gql.observation import Observation
from graphsvc.access import AuditTrail
from graphsvc.app import Service
from graphsvc.errors import GraphsvcError
from graphsvc.live.host import LiveHost

log = structlog.get_logger(__name__)

SHARED_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class _Series(NamedTuple):
    """What is counted of requests that are alike."""

    requests: Counter
    seconds: Histogram
    cost: Counter


class Metrics:
    """The metrics of one process; a scrape of any worker process reads those of all."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, int, str], _Series] = {}
        self._own = CollectorRegistry()
        self._requests = Counter(
            "graphsvc_requests",
            "GraphQL requests by operation, HTTP status and code of the first error.",
            ("operation", "status", "code"),
            registry=self._own,
        )
        self._seconds = Histogram(
            "graphsvc_request_seconds",
            "Time from a request's first byte to its answer's last, by operation.",
            ("operation",),
            buckets=SECONDS,
            registry=self._own,
        )
        self._cost = Counter(
            "graphsvc_request_cost",
            "Cost of operations, as answers state it.",
            ("operation",),
            registry=self._own,
        )
        self._failures = Counter(
            "graphsvc_failures",
            "Failures of the service's own, such as of its store, by code.",
            ("code",),
            registry=self._own,
        )
        self.requests_in_flight = 0
        self.websockets_open = 0
        self._in_flight = self._sum("graphsvc_requests_in_flight", "Requests being answered.")
        self._open = self._sum("graphsvc_websockets_open", "WebSockets that are open.")
        self._audit_waiting = self._sum(
            "graphsvc_audit_entries_waiting", "Audit entries that are not in the store yet."
        )
        self._audit_failures = self._sum(
            "graphsvc_audit_write_failures", "Batches of audit entries that the store refused."
        )
        self._live_lag = self._worst(
            "graphsvc_live_lag_seconds", "Since when live scores have not asked the store."
        )
        self._live_bound = self._worst(
            "graphsvc_live_bound_points", "Largest possible error of a live score."
        )

    def count(self, observation: Observation, status: int, seconds: float) -> None:
        """Count a GraphQL request that was answered."""
        operation = observation.operation
        known = self._series.get((operation, status, observation.code))
        if known is None:
            known = self._new_series(operation, status, observation.code)
        known.requests.inc()
        known.seconds.observe(seconds)
        if observation.cost is not None:
            known.cost.inc(observation.cost)

    def count_failure(self, code: str) -> None:
        """Count a failure of the service's own."""
        self._failures.labels(code).inc()

    def sample(self, trail: AuditTrail, live: LiveHost) -> None:
        """Take this process's levels: what it answers, what waits, how live its scores are."""
        self._in_flight.set(self.requests_in_flight)
        self._open.set(self.websockets_open)
        self._audit_waiting.set(trail.waiting)
        self._audit_failures.set(trail.failed_writes)
        for status in live.status():
            if status.behind_s is not None and status.bound is not None:
                self._live_lag.labels(status.purpose).set(status.behind_s)
                self._live_bound.labels(status.purpose).set(status.bound)

    def exposed(self, service: Service, accept: str) -> tuple[bytes, str]:
        """Return what a scrape gets, and its media type; asks the store, so it may wait.

        Args:
            service: whose runs are told.
            accept: the media types that the scraper takes.
        """
        registry = self._own
        if SHARED_FOLDER_VARIABLE in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        encode, media = choose_encoder(accept)
        both = CollectorRegistry()
        both.register(_Together(registry, _StoreReadings(service)))
        return encode(both), media

    def close(self) -> None:
        """Let no level of this process count any longer, once it ends."""
        if SHARED_FOLDER_VARIABLE in os.environ:
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]

    def _new_series(self, operation: str, status: int, code: str) -> _Series:
        # Kept, because looking one up by its labels takes longer than counting.
        series = _Series(
            self._requests.labels(operation, status, code),
            self._seconds.labels(operation),
            self._cost.labels(operation),
        )
        self._series[operation, status, code] = series
        return series

    def _sum(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self._own, multiprocess_mode="livesum")

    def _worst(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, ("purpose",), registry=self._own, multiprocess_mode="livemax")


class _StoreReadings(Collector):
    """What a scrape asks the store: whether it answers, and how old and exact the runs are."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("graphsvc_store_up", "Whether the store answers.")
        age = GaugeMetricFamily(
            "graphsvc_run_age_seconds",
            "Since the time that the current run scores.",
            labels=("purpose",),
        )
        bound = GaugeMetricFamily(
            "graphsvc_run_bound_points",
            "Largest possible error of a score of the current run.",
            labels=("purpose",),
        )
        library, store = self._service.library, self._service.store
        now = datetime.now(UTC)
        try:
            for purpose in library.purpose_names():
                run = store.current_run(library.champion(purpose).name)
                if run is not None:
                    age.add_metric((purpose,), (now - run.as_of).total_seconds())
                    bound.add_metric((purpose,), run.score_bound)
            up.add_metric((), 1.0)
        except GraphsvcError as error:
            log.warning("metrics: the store doesn't answer", code=error.code)
            up.add_metric((), 0.0)
        yield from (up, age, bound)


class _Together(Collector):
    def __init__(self, *collectors: Collector) -> None:
        self._collectors = collectors

    def collect(self) -> Iterator[Metric]:
        for collector in self._collectors:
            yield from collector.collect()
