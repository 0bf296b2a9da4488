"""An empty store in the session's server, and the driver that an analyst would use on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from neo4j import Driver

from graphsvc.neo4j_server import ServerInfo
from graphsvc.store.neo4j import Neo4jStore
from tests.neo4j_fixture import wipe_data


@pytest.fixture
def store(neo4j_server: ServerInfo, neo4j_driver: Driver) -> Iterator[Neo4jStore]:
    wipe_data(neo4j_driver)
    password = neo4j_server.read_password()
    with closing(
        Neo4jStore.open(neo4j_server.uri, user=neo4j_server.user, password=password)
    ) as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def cypher(neo4j_driver: Driver) -> Callable[..., list[dict[str, Any]]]:
    def run(text: Any, **parameters: Any) -> list[dict[str, Any]]:
        return [record.data() for record in neo4j_driver.execute_query(text, parameters).records]

    return run
