"""Services with a small graph, on a fresh store, and a process that forks what is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graphsvc.app import Service
from graphsvc.settings import Settings
from tests.jobs.killing import evidence
from tests.jobs.zygote import Zygote


@pytest.fixture(scope="package")
def zygote() -> Iterator[Zygote]:
    with Zygote("tests.jobs.killing") as started:
        yield started


@pytest.fixture
def plain_settings(tmp_path: Path) -> dict[str, str]:
    """Settings of an SQLite store that can be sent to another process."""
    return {"store": f"sqlite:///{tmp_path / 'store.db'}", "data_dir": str(tmp_path / "data")}


@pytest.fixture
def service(plain_settings: dict[str, str]) -> Iterator[Service]:
    with Service.open(Settings(**plain_settings)) as opened:  # type: ignore[arg-type]
        opened.store.append(evidence())
        yield opened
