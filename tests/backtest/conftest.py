"""Services for backtests: on an empty SQLite store, or on each store where reading differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from graphsvc.app import Service
from graphsvc.settings import Settings
from tests.service.conftest import either_service

__all__ = ["either_service"]


@pytest.fixture
def make_backtest_service(tmp_path: Path) -> Iterator[Callable[[str], Service]]:
    """Makes services on an empty SQLite store each."""
    with ExitStack() as opened:

        def make(name: str) -> Service:
            folder = tmp_path / name
            settings = Settings(store=f"sqlite:///{folder / 's.db'}", data_dir=folder / "data")
            return opened.enter_context(Service.open(settings))

        yield make
