"""Which web pages may ask: those of exactly the origins that the settings name, by default none.

The API takes no cookies, so that no page can use what a browser holds. Requests of other pages are
refused all the same before anything of them is read: in dev mode nothing else would stop them.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gql.observation import observed

ORIGIN_REFUSED = "ORIGIN_NOT_ALLOWED"
ASKED_WITH_HEADERS = (
    "Accept",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Traceparent",
    "X-API-Key",
    "X-Request-ID",
)
SHOWN_HEADERS = ("Retry-After", "X-Request-ID")
PREFLIGHT_SECONDS = 600


class OriginGuard:
    """Refuses what other origins' pages send; answers preflights of those that may ask."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._with_cors: CORSMiddleware | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless its origin may not ask."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        if not given:
            await self._app(scope, receive, send)
            return
        allowed = scope["state"]["resources"].service.settings.cors_origins
        if len(given) == 1 and given[0] in allowed:
            await self._cors(allowed)(scope, receive, send)
            return
        observed().code = ORIGIN_REFUSED
        if scope["type"] == "websocket":
            # Before it is accepted, this is an HTTP answer of 403.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refusal()(scope, receive, send)

    def _cors(self, allowed: tuple[str, ...]) -> CORSMiddleware:
        if self._with_cors is None:
            self._with_cors = CORSMiddleware(
                self._app,
                allow_origins=allowed,
                allow_methods=("GET", "POST"),
                allow_headers=ASKED_WITH_HEADERS,
                allow_credentials=False,
                expose_headers=SHOWN_HEADERS,
                max_age=PREFLIGHT_SECONDS,
            )
        return self._with_cors


def _refusal() -> JSONResponse:
    error = {
        "message": "pages of this origin may not ask; GRAPHSVC_CORS_ORIGINS names those that may",
        "extensions": {"code": ORIGIN_REFUSED},
    }
    return JSONResponse(
        {"errors": [error]},
        HTTPStatus.FORBIDDEN,
        {"Cache-Control": "no-store", "Vary": "Origin"},
    )
