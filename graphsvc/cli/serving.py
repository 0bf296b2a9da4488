"""The command that serves: sockets, TLS, proxies and worker processes, by uvicorn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from graphsvc.access import require_loopback_for_dev_mode
from graphsvc.cli.operators import use_threads
from graphsvc.cli.output import stderr
from graphsvc.errors import SettingsError
from graphsvc.settings import Settings

HUNG_SECONDS = 30
"""After how long without a sign of life a worker process is replaced."""

LARGEST_MESSAGE = 1 << 18
"""Bytes of a message over a WebSocket; gql.sockets refuses it too, under any other server."""

METRICS_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Read by the metrics' library when a worker process loads it."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address; loopback by default.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 for a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes serve.")] = None,
) -> None:
    """Serve GraphQL at /graphql; every request needs an API key (graphsvc keys create)."""
    import uvicorn

    settings = Settings.load(host=host, port=port, workers=workers)
    require_loopback_for_dev_mode(settings)
    use_threads(settings)
    _check_tls(settings)
    if not settings.binds_to_loopback and settings.tls_certificate is None:
        stderr.print(
            f"[yellow]warning[/]  {settings.host} can be reached from other machines; set "
            "GRAPHSVC_TLS_CERTIFICATE and GRAPHSVC_TLS_KEY, or put a proxy with TLS in front"
        )
    password = settings.tls_key_password
    with counted_together(settings.workers):
        uvicorn.run(
            "gql.asgi:app",
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            http="gql.protocol:BoundedProtocol",
            ws_max_size=LARGEST_MESSAGE,
            log_level=settings.log_level,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
            ssl_keyfile_password=None if password is None else password.get_secret_value(),
            timeout_keep_alive=settings.idle_seconds,
            timeout_graceful_shutdown=settings.drain_seconds,
            timeout_worker_healthcheck=HUNG_SECONDS,
        )


def _check_tls(settings: Settings) -> None:
    given = {
        "GRAPHSVC_TLS_CERTIFICATE": settings.tls_certificate,
        "GRAPHSVC_TLS_KEY": settings.tls_key,
    }
    for name, path in given.items():
        if path is not None and not path.is_file():
            raise SettingsError(f"{name}: there is no file {path}")
    missing = [name for name, path in given.items() if path is None]
    if len(missing) == 1:
        raise SettingsError(f"{missing[0]}: is not set; HTTPS needs a certificate and its key")


@contextmanager
def counted_together(workers: int) -> Iterator[None]:
    """Let worker processes keep their metrics in one folder, so that a scrape of any tells all.

    Args:
        workers: how many there will be; one needs no folder.
    """
    if workers == 1 or METRICS_FOLDER_VARIABLE in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="graphsvc-metrics-") as folder:
        os.environ[METRICS_FOLDER_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[METRICS_FOLDER_VARIABLE]
