"""Every case of the contract runs on every store: an empty one for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

import pytest
from neo4j import Driver

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
def store_kind(request: pytest.FixtureRequest) -> str:
    """Which kind of store a test has."""
    return str(request.param)


@pytest.fixture
def new_opener(store_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> MakeOpener:
    """Makes openers of stores without data; on Neo4j each empties the one before."""
    from tests.neo4j_fixture import wipe_data

    return opener_of(store_kind, request, tmp_path, wipe_data)


@pytest.fixture
def bare_opener(store_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens a store that was never migrated."""
    from tests.neo4j_fixture import wipe

    return opener_of(store_kind, request, tmp_path, wipe)()


def opener_of(
    store_kind: str, request: pytest.FixtureRequest, folder: Path, wipe: Callable[[Driver], None]
) -> MakeOpener:
    if store_kind == "sqlite":
        numbers = count()
        return lambda: SqliteOpener(folder / f"store-{next(numbers)}.db")

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
