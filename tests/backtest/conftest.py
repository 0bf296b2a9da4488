"""Services for backtests: on an empty SQLite store, or on each store where reading differs."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphsvc.app import Service
from graphsvc.settings import Settings
from graphsvc.store import neo4j_append, sqlite_append
from tests.service.conftest import either_service

__all__ = ["either_service"]

START = datetime(2024, 1, 1, tzinfo=UTC)
Clock = Callable[[datetime], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the time at which the stores record what they are given from then on."""
    now = [START]

    def time_ns() -> int:
        return int(now[0].timestamp()) * 1_000_000_000

    for module in (sqlite_append, neo4j_append):
        monkeypatch.setattr(module, "time", types.SimpleNamespace(time_ns=time_ns))

    def set_to(moment: datetime) -> None:
        now[0] = moment

    return set_to


@pytest.fixture
def make_backtest_service(tmp_path: Path) -> Iterator[Callable[[str], Service]]:
    """Makes services on an empty SQLite store each."""
    with ExitStack() as opened:

        def make(name: str) -> Service:
            folder = tmp_path / name
            settings = Settings(store=f"sqlite:///{folder / 's.db'}", data_dir=folder / "data")
            return opened.enter_context(Service.open(settings))

        yield make
