"""The shared server that other tests use, and that `wipe` leaves it as good as new."""

from __future__ import annotations

from contextlib import closing

import pytest
from neo4j import Driver, Record

from graphsvc.neo4j_server import ServerInfo
from tests.contract.evidence import link
from tests.contract.openers import open_neo4j_store
from tests.neo4j_fixture import wipe, wipe_data

pytestmark = pytest.mark.neo4j


def test_a_wiped_database_holds_no_data_and_no_schema(neo4j_driver: Driver) -> None:
    for statement in (
        "UNWIND range(1, 12000) AS i CREATE (:Left {i: i})-[:TO]->(:Right {i: i})",
        "CREATE CONSTRAINT `odd ``name` FOR (n:Left) REQUIRE n.i IS UNIQUE",
        "CREATE INDEX plain FOR (n:Right) ON (n.i)",
    ):
        neo4j_driver.execute_query(statement)
    wipe(neo4j_driver)
    assert neo4j_driver.execute_query("MATCH (n) RETURN count(n) AS n").records[0]["n"] == 0
    assert neo4j_driver.execute_query("SHOW CONSTRAINTS").records == []
    indexes = neo4j_driver.execute_query("SHOW INDEXES YIELD type").records
    assert {index["type"] for index in indexes} == {"LOOKUP"}


def test_a_store_whose_data_is_wiped_is_as_one_that_was_just_migrated(
    neo4j_server: ServerInfo, neo4j_driver: Driver
) -> None:
    address = neo4j_server.uri, neo4j_server.user, neo4j_server.read_password()
    wipe(neo4j_driver)
    with closing(open_neo4j_store(*address)) as store:
        assert store.migrate()
        new, first_id = everything(neo4j_driver), store.store_id()
        store.append([link("1")])
        assert everything(neo4j_driver) != new
    wipe_data(neo4j_driver)
    with closing(open_neo4j_store(*address)) as store:
        assert store.migrate() == []
        assert everything(neo4j_driver) == new
        assert store.store_id() != first_id


def test_a_database_that_was_not_migrated_to_its_end_keeps_no_data(neo4j_driver: Driver) -> None:
    neo4j_driver.execute_query("CREATE (:Migration {number: 99, name: '0099_tomorrow'})")
    wipe_data(neo4j_driver)
    assert everything(neo4j_driver)[0] == []


def everything(driver: Driver) -> tuple[list[object], list[object]]:
    """Return all nodes and all indexes, but for ids and times that differ each time."""
    nodes = driver.execute_query(
        "MATCH (n) RETURN labels(n) AS labels, n {.*, store_id: null, applied_at_us: null} AS node"
    )
    indexes = driver.execute_query("SHOW INDEXES YIELD name, labelsOrTypes, properties")
    return ordered(nodes.records), ordered(indexes.records)


def ordered(records: list[Record]) -> list[object]:
    return sorted((record.data() for record in records), key=repr)
