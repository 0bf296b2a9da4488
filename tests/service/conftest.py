"""A service on a fresh SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graphsvc.app import Service
from graphsvc.settings import Settings


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    opened: list[Service] = []

    def make(name: str = "one") -> Service:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        settings = Settings(store=f"sqlite:///{folder / 'store.db'}", data_dir=folder / "data")
        service = Service.open(settings)
        opened.append(service)
        return service

    yield make
    for service in opened:
        service.store.close()


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:
    return make_service()
