"""Services with a small published world: on SQLite, and on Neo4j where scores go back into it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphsvc.app import Service
from graphsvc.model import EventKind, Record, SubjectKind, SubjectRef
from graphsvc.settings import Settings
from tests.neo4j_fixture import empty_neo4j
from tests.service.samples import PURPOSE, event, listed, report, scored, trusts

ODD = "ü <&\"'> ]]> key"
EVIDENCE: list[Record] = [
    *(trusts(n, n + 1, 2.5) for n in range(8)),
    trusts(2, 3, 7.0, external_id="twice", valid_from=datetime(2021, 1, 1, tzinfo=UTC)),
    trusts(1, ODD, valid_to=datetime(2031, 1, 1, tzinfo=UTC)),
    trusts(4, 6, external_id="over", valid_to=datetime(2022, 1, 1, tzinfo=UTC)),
    listed(0, "marketplace-verified"),
    listed(5, "marketplace-fraud"),
    event(EventKind.ORDER_COMPLETED, 3),
    event(EventKind.CHARGEBACK, 5),
    report(7, 1),
]


def odd() -> SubjectRef:
    return SubjectRef(SubjectKind.ACCOUNT, ODD)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that is only read from."""
    folder = tmp_path_factory.mktemp("export")
    settings = Settings(store=f"sqlite:///{folder / 's.db'}", data_dir=folder / "data")
    with Service.open(settings) as service:
        scored(service, EVIDENCE)
        yield service


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own."""
    settings = Settings(store=f"sqlite:///{tmp_path / 's.db'}", data_dir=tmp_path / "data")
    with Service.open(settings) as service:
        scored(service, EVIDENCE)
        yield service


@pytest.fixture
def on_neo4j(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """A service on a real Neo4j with the same world."""
    settings = empty_neo4j(request, tmp_path / "data")
    with Service.open(settings) as service:
        scored(service, EVIDENCE)
        assert service.scores(PURPOSE)
        yield service
