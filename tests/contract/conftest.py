"""Every case of the contract runs on every store: an empty one for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

import pytest

from graphsvc.store.ports import Store
from tests.contract.openers import Neo4jOpener, Opener, SqliteOpener

MakeOpener = Callable[[], Opener]
OpenStore = Callable[[], Store]


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("neo4j", marks=[pytest.mark.neo4j, pytest.mark.xdist_group("neo4j")]),
    ]
)
def new_opener(request: pytest.FixtureRequest, tmp_path: Path) -> MakeOpener:
    """Makes openers of empty stores; on Neo4j each empties the one before."""
    if request.param == "sqlite":
        numbers = count()
        return lambda: SqliteOpener(tmp_path / f"store-{next(numbers)}.db")

    from tests.neo4j_fixture import wipe

    server = request.getfixturevalue("neo4j_server")
    driver = request.getfixturevalue("neo4j_driver")

    def emptied() -> Opener:
        wipe(driver)
        return Neo4jOpener(server.uri, server.user, server.read_password())

    return emptied


@pytest.fixture
def new_store(new_opener: MakeOpener) -> Iterator[OpenStore]:
    """Makes empty, migrated stores; on Neo4j each empties the one before."""
    with ExitStack() as opened:

        def migrated() -> Store:
            store = opened.enter_context(closing(new_opener()()))
            store.migrate()
            return store

        yield migrated


@pytest.fixture
def opener(new_opener: MakeOpener) -> Opener:
    """Opens the store of this test."""
    return new_opener()


@pytest.fixture
def store(opener: Opener) -> Iterator[Store]:
    """An empty, migrated store."""
    with closing(opener()) as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def second_store(store: Store, opener: Opener) -> Iterator[OpenStore]:
    """Opens the test's store again, with other connections."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(opener()))
