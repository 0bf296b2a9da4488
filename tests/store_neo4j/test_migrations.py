"""The schema keeps in step with the enumerations, and every statement finds its way by an index."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from neo4j import Driver, Session

from graphsvc.model import LinkKind, RecordType, SubjectKind
from graphsvc.store.neo4j import Neo4jStore
from graphsvc.store.neo4j_append import LABELS, LINK_TYPES
from queries._load import Statement, load
from queries.neo4j import schema
from queries.neo4j._run import named
from queries.neo4j.records import NODE_TYPES

Cypher = Callable[..., list[dict[str, Any]]]

FILES = (
    "audit",
    "definitions",
    "erasures",
    "ledger",
    "links",
    "records",
    "score_runs",
    "store",
    "subjects",
)
PLACEHOLDERS = {
    "LINK_TYPES": "FOLLOWS|PAID|SUPERSEDED",
    "LINK_TYPE": "PAID",
    "RECORD_LABEL": "Event",
    "ROLE": "DID",
}
SCANS = re.compile(r"AllNodesScan|NodeByLabelScan|RelationshipTypeScan|AllRelationshipsScan")
# These ask for all that there is of a label, and those are few: a count, or one node a migration.
READ_A_WHOLE_LABEL = {"count_records", "count_erasures", "select_migrations"}


def statements() -> Iterator[Statement]:
    for name in FILES:
        yield from load(f"neo4j/{name}.cypher").values()


def test_every_link_kind_has_an_index_for_its_sequence() -> None:
    (first, *_) = schema.migrations()
    texts = [statement.text for statement in first.statements]
    for kind in LinkKind:
        index = re.compile(rf"\(\)-\[r:{kind.name}\]-\(\) ON \(r\.sequence\)")
        assert any(index.search(text) for text in texts), f"add a migration that indexes {kind}"


def test_names_in_the_graph_come_from_the_enumerations() -> None:
    assert {kind.value: kind.name for kind in LinkKind} == LINK_TYPES
    assert set(LABELS) == {kind.value for kind in SubjectKind}
    assert all(re.fullmatch(r"[A-Z][A-Za-z]*", label) for label in LABELS.values())
    assert {noun.value for noun in RecordType} == NODE_TYPES | {RecordType.LINK.value}


@pytest.mark.parametrize("name", ["a", "KNOWS {}", "KNOWS]->() DELETE", "`KNOWS`", "", "A|", "A|b"])
def test_nothing_but_names_is_spliced(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        named("MATCH ()-[:LINK_TYPE]->() RETURN 1", "LINK_TYPE", name)


@pytest.mark.neo4j
def test_all_indexes_are_there_and_online(store: Neo4jStore, cypher: Cypher) -> None:
    assert store.migrate() == []
    rows = cypher(
        "SHOW INDEXES YIELD labelsOrTypes, properties, state, type WHERE type <> 'LOOKUP' RETURN *"
    )
    assert {row["state"] for row in rows} == {"ONLINE"}
    indexed = {(*row["labelsOrTypes"], *row["properties"]) for row in rows}
    assert indexed >= {(kind.name, "sequence") for kind in LinkKind}
    assert indexed >= {("SUPERSEDED", "sequence"), ("Record", "source", "external_id")}


@pytest.mark.neo4j
@pytest.mark.usefixtures("store")
def test_no_statement_scans(neo4j_driver: Driver) -> None:
    with neo4j_driver.session() as session:
        scans = {
            statement.name: operators
            for statement in statements()
            if (operators := [op for op in plan(session, statement) if SCANS.search(op)])
        }
    assert scans.keys() <= READ_A_WHOLE_LABEL, scans


def plan(session: Session, statement: Statement) -> list[str]:
    text = statement.text
    for placeholder, name in PLACEHOLDERS.items():
        text = named(text, placeholder, name)
    operators = list(_operators(session.run(f"EXPLAIN {text}").consume().plan))
    assert operators
    return operators


def _operators(plan: Any) -> Iterator[str]:
    yield plan["operatorType"]
    for child in plan.get("children", []):
        yield from _operators(child)
