"""Who asks: from the credential that came with a connection to a principal, for every transport."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from starlette.requests import HTTPConnection

from gql.errors import RefusedRequestError
from gql.observation import observed
from graphsvc.access import Gate, Principal
from graphsvc.errors import IssuerUnavailableError, NotAuthenticatedError
from graphsvc.settings import LOOPBACK_HOSTS

WAITING = 8
"""Credentials that are checked with their issuer at once; others wait outside of any thread."""

RETRY_AFTER_S = 10
CHALLENGE = 'Bearer realm="graphsvc"'
FORWARDING_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Doorkeeper:
    """Asks the gate without blocking the event loop."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._waiting = CapacityLimiter(WAITING)

    async def principal_of(self, connection: HTTPConnection, credential: str) -> Principal:
        """Return whom a credential speaks for; an empty one gets in by dev mode only.

        Args:
            connection: what it came by: a request, or a WebSocket before or after it is accepted.
            credential: an API key's secret or a bearer token.

        Raises:
            NotAuthenticatedError: it is missing or not valid.
            IssuerUnavailableError: its issuer can't be asked.
        """
        if not credential:
            developer = self._gate.without_credential
            if developer is not None and comes_from_this_machine(connection):
                return _noted(developer)
            raise NotAuthenticatedError(
                "a credential is needed: Authorization: Bearer with an API key (gsk_…) or a token"
            )
        if self._gate.may_wait(credential):
            return _noted(
                await to_thread.run_sync(self._gate.authenticate, credential, limiter=self._waiting)
            )
        return _noted(self._gate.authenticate(credential))

    async def of_request(self, request: HTTPConnection) -> Principal:
        """Return whom an HTTP request speaks for, by its headers.

        Raises:
            RefusedRequestError: 401, or 503 where the issuer of its token doesn't answer.
        """
        credential = credential_in(request)
        try:
            return await self.principal_of(request, credential)
        except NotAuthenticatedError as error:
            challenge = f'{CHALLENGE}, error="invalid_token"' if credential else CHALLENGE
            raise RefusedRequestError(
                HTTPStatus.UNAUTHORIZED, error.code, str(error), {"WWW-Authenticate": challenge}
            ) from None
        except IssuerUnavailableError as error:
            raise RefusedRequestError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                error.code,
                str(error),
                {"Retry-After": str(RETRY_AFTER_S)},
            ) from None


def _noted(principal: Principal) -> Principal:
    observed().actor = principal.key_id
    return principal


def credential_in(connection: HTTPConnection) -> str:
    """Return the credential among the headers, empty where there is none."""
    scheme, _, credential = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        credential = connection.headers.get("x-api-key", "")
    return credential.strip()


def comes_from_this_machine(connection: HTTPConnection) -> bool:
    """Say whether both ends and the name that was asked for are loopback, with no proxy between.

    The name, because a page of another site can have its own name point to this machine.
    """
    ends: tuple[Sequence[object] | None, ...] = (connection.scope.get("server"), connection.client)
    return (
        _asked_name(connection) in LOOPBACK_HOSTS
        and all(end is not None and end[0] in LOOPBACK_HOSTS for end in ends)
        and not any(header in connection.headers for header in FORWARDING_HEADERS)
    )


def _asked_name(connection: HTTPConnection) -> str | None:
    # Not connection.url, which takes the server's own name where the header can't be read.
    try:
        return urlsplit(f"//{connection.headers.get('host', '')}").hostname
    except ValueError:
        return None
