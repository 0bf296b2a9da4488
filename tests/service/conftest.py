"""Services on a fresh store: SQLite, or, for what must be shown on both, Neo4j as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graphsvc.app import Service
from graphsvc.settings import Settings
from tests.neo4j_fixture import empty_neo4j


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


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("neo4j", marks=[pytest.mark.neo4j, pytest.mark.xdist_group("neo4j")]),
    ]
)
def either_service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """A service on an empty store of each kind."""
    if request.param == "sqlite":
        settings = Settings(store=f"sqlite:///{tmp_path / 'store.db'}", data_dir=tmp_path / "data")
    else:
        settings = empty_neo4j(request, tmp_path / "data")
    with Service.open(settings) as service:
        yield service
