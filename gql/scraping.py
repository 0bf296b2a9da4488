"""/metrics: for whoever holds the role operator; what it tells names purposes and nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gql.authentication import Doorkeeper
from gql.errors import RefusedRequestError
from gql.metrics import Metrics
from graphsvc.access import AuditTrail, Principal
from graphsvc.app import Service
from graphsvc.model import Role

SAMPLING_S = 5.0


class Scraping:
    """Answers scrapes, and takes this process's levels every few seconds for those of others."""

    def __init__(
        self,
        metrics: Metrics,
        service: Service,
        trail: AuditTrail,
        doorkeeper: Doorkeeper,
    ) -> None:
        self.metrics = metrics
        self._service = service
        self._trail = trail
        self._doorkeeper = doorkeeper

    @asynccontextmanager
    async def sampling(self) -> AsyncIterator[None]:
        """Take levels while a block lasts."""
        task = asyncio.create_task(self._sample_on())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self.metrics.close()

    async def answer(self, request: Request) -> Response:
        """Answer one scrape."""
        try:
            _require_operator(await self._doorkeeper.of_request(request))
        except RefusedRequestError as refused:
            shown = {"message": str(refused), "extensions": {"code": refused.code}}
            return JSONResponse({"errors": [shown]}, refused.status, refused.headers)
        accept = request.headers.get("accept", "")
        content, media = await to_thread.run_sync(self._exposed, accept)
        return Response(content, headers={"Cache-Control": "no-store", "Content-Type": media})

    def _exposed(self, accept: str) -> tuple[bytes, str]:
        self.metrics.sample(self._trail, self._service.live_host)
        return self.metrics.exposed(self._service, accept)

    async def _sample_on(self) -> None:
        while True:
            await to_thread.run_sync(self.metrics.sample, self._trail, self._service.live_host)
            await asyncio.sleep(SAMPLING_S)


def _require_operator(principal: Principal) -> None:
    if not principal.holds_one_of(Role.OPERATOR):
        raise RefusedRequestError(
            HTTPStatus.FORBIDDEN, "FORBIDDEN", "metrics: the role operator is needed"
        )


async def scrape(request: Request) -> Response:
    """Answer a request to /metrics."""
    scraping: Scraping = request.state.scraping
    return await scraping.answer(request)
