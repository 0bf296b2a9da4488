"""Several worker processes of a real server: one scrape tells all of them, no log names anybody."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from graphsvc.access import ACCESS_FOLDER, create_key
from graphsvc.cli.serving import METRICS_FOLDER_VARIABLE, counted_together
from tests.gql.conftest import make_keys, open_world, text_of
from tests.gql.world import AS_OF, MARKETPLACE, core

ROOT = Path(__file__).parents[2]
ASKED = 20


def test_one_scrape_tells_all_workers_and_no_log_holds_what_get_asked(tmp_path: Path) -> None:
    service, _ = open_world(tmp_path)
    with service:
        service.store.append(core())
        service.recompute(MARKETPLACE, as_of=AS_OF)
    reader = make_keys(tmp_path)["shop"]
    _, operator = create_key(tmp_path / "data" / ACCESS_FOLDER, "prometheus", [], ["operator"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "metrics").mkdir()
    environment = os.environ | {
        "GRAPHSVC_STORE": f"sqlite:///{tmp_path / 'store.db'}",
        "GRAPHSVC_DATA_DIR": str(tmp_path / "data"),
        "GRAPHSVC_LOG_FORMAT": "json",
        METRICS_FOLDER_VARIABLE: str(tmp_path / "metrics"),
    }
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "gql.asgi:app",
        "--port",
        str(port),
        "--workers",
        "2",
    ]
    log_file = tmp_path / "log"
    with (
        log_file.open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as running,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for_two(url, log_file, running)
            parameters = {
                "query": text_of("score"),
                "variables": json.dumps({"key": "zanzibar-7731", "purpose": MARKETPLACE}),
            }
            for _ in range(ASKED):  # each by a connection of its own, so that either may get it
                httpx.get(
                    f"{url}/graphql",
                    params=parameters,
                    headers={"Authorization": f"Bearer {reader}"},
                )
            text = httpx.get(f"{url}/metrics", headers={"X-API-Key": operator}).text
        finally:
            running.terminate()
            running.wait(30)
    counted = re.findall(r"^graphsvc_requests_total\{(.*)\} ([0-9.]+)$", text, flags=re.MULTILINE)
    assert sum(float(count) for _, count in counted) == ASKED
    logged = log_file.read_text()
    assert logged.count('"event":"request"') == ASKED
    assert "zanzibar" not in logged + text


def _wait_for_two(url: str, log_file: Path, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while log_file.read_text().count("Application startup complete") < 2:
        assert running.poll() is None, log_file.read_text()
        assert time.monotonic() < until, log_file.read_text()
        time.sleep(0.05)
    assert httpx.get(f"{url}/readyz").status_code == 200


def test_serve_gives_several_workers_a_folder_and_one_none() -> None:
    assert METRICS_FOLDER_VARIABLE not in os.environ
    with counted_together(1):
        assert METRICS_FOLDER_VARIABLE not in os.environ
    with counted_together(2):
        folder = Path(os.environ[METRICS_FOLDER_VARIABLE])
        assert folder.is_dir()
    assert METRICS_FOLDER_VARIABLE not in os.environ
    assert not folder.exists()
