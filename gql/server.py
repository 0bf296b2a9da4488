"""The ASGI application: routes, and what is opened and closed around them."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from gql.answering import Resources
from gql.authentication import Doorkeeper
from gql.handler import graphql_over_http
from gql.metrics import Metrics
from gql.origins import OriginGuard
from gql.scraping import Scraping, scrape
from gql.sockets import DEFAULT_LIMITS, SocketLimits
from gql.transport_ws import SocketHandler
from gql.watching import GRAPHQL_PATH, Watch
from graphsvc.access import ACCESS_FOLDER, AuditTrail, Gate
from graphsvc.app import Service
from graphsvc.jobs.worker import working_beside
from graphsvc.live.host import host_live_scores
from graphsvc.logs import configure_logs
from graphsvc.settings import Settings

log = structlog.get_logger(__name__)

READY_SECONDS = 1.0
"""For how long an answer about readiness holds: the question needs no key and asks the store."""


def open_configured_service() -> Service:
    """Open the service that the environment describes."""
    settings = Settings.load()
    configure_logs(settings.log_format, settings.log_level)
    # Its lines hold whole addresses, and so the queries and variables of GET.
    logging.getLogger("uvicorn.access").disabled = True
    return Service.open(settings)


def create_app(
    open_service: Callable[[], Service] = open_configured_service,
    *,
    socket_limits: SocketLimits = DEFAULT_LIMITS,
) -> ASGIApp:
    """Return the application; the service is opened when it starts and closed when it ends.

    Args:
        open_service: opens the service; called once, at the start.
        socket_limits: of WebSockets.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, object]]:
        with (
            open_service() as service,
            AuditTrail(service.store) as trail,
            host_live_scores(service),
            working_beside(service),
        ):
            if not structlog.is_configured():
                # What structlog does by itself shows variables, and so subjects.
                configure_logs(service.settings.log_format, service.settings.log_level)
            gate = Gate.open(
                service.settings,
                service.settings.data_dir / ACCESS_FOLDER,
                service.pseudonyms,
                service.library.purpose_names(),
            )
            doorkeeper = Doorkeeper(gate)
            scraping = Scraping(Metrics(), service, trail, doorkeeper)
            with Resources.open(service, trail, doorkeeper) as resources:
                async with scraping.sampling():
                    yield {
                        "resources": resources,
                        "readiness": Readiness(),
                        "scraping": scraping,
                        "metrics": scraping.metrics,
                    }
            # Requests have ended; leaving the block writes the trail, then closes the store.

    others = Starlette(
        routes=[
            WebSocketRoute(GRAPHQL_PATH, SocketHandler(socket_limits)),
            Route("/healthz", _healthz, methods=["GET"]),
            Route("/readyz", _readyz, methods=["GET"]),
            Route("/metrics", scrape, methods=["GET"]),
        ],
        lifespan=lifespan,
    )
    return Watch(OriginGuard(_Paths(others)))


class _Paths:
    """Leads GraphQL over HTTP straight to its handler, all else through Starlette's routes."""

    def __init__(self, others: ASGIApp) -> None:
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_graphql = scope["type"] == "http" and scope["path"] == GRAPHQL_PATH
        await (graphql_over_http if is_graphql else self._others)(scope, receive, send)


class Readiness:
    """Whether requests can be served, asked of the store once a second at most."""

    def __init__(self) -> None:
        self._asked_at = float("-inf")
        self._is_ready = False

    async def is_ready(self, resources: Resources) -> bool:
        """Say whether the store answers and takes audit entries, and live scores are built."""
        if time.monotonic() - self._asked_at > READY_SECONDS:
            self._asked_at = time.monotonic()
            self._is_ready = await to_thread.run_sync(_store_answers, resources)
        return self._is_ready


def _store_answers(resources: Resources) -> bool:
    try:
        resources.service.store.last_sequence()
    except Exception:
        log.exception("not ready: the store doesn't answer")
        return False
    return resources.trail.is_writing_well and resources.service.live_host.is_built


async def _healthz(request: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _readyz(request: Request) -> Response:
    if await request.state.readiness.is_ready(request.state.resources):
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "not ready"}, status_code=503)
