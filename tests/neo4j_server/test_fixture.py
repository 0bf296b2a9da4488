"""The shared server that other tests use, and that `wipe` leaves it as good as new."""

from __future__ import annotations

import pytest
from neo4j import Driver

from tests.neo4j_fixture import wipe

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
