"""What an analyst sees who asks the graph in Cypher, without this program."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from neo4j.exceptions import ConstraintError

from graphsvc.model import LinkKind, Record, SubjectKind
from graphsvc.model.checks import to_microseconds
from graphsvc.store.neo4j import Neo4jStore
from graphsvc.store.neo4j_append import LABELS
from tests.contract.evidence import (
    ANN,
    BOB,
    CAY,
    DAY,
    event,
    link,
    listing,
    registration,
    report,
    retraction,
)

Cypher = Callable[..., list[dict[str, Any]]]
pytestmark = pytest.mark.neo4j


def follows(cypher: Cypher) -> list[tuple[str, str]]:
    rows = cypher("MATCH (a:Subject)-[:FOLLOWS]->(b) RETURN a.id AS a, b.id AS b ORDER BY a, b")
    return [(row["a"], row["b"]) for row in rows]


def test_links_are_relationships_of_a_readable_type(store: Neo4jStore, cypher: Cypher) -> None:
    store.append([link(kind.value, kind=kind) for kind in LinkKind])
    rows = cypher("MATCH (:Subject {id: 'person:ann'})-[link]->(:Subject) RETURN type(link) AS t")
    assert {row["t"] for row in rows} == {kind.name for kind in LinkKind}


def test_a_link_carries_what_it_says(store: Neo4jStore, cypher: Cypher) -> None:
    until = DAY + timedelta(days=9)
    paid = link("1", kind=LinkKind.PAID, weight=2.5, count=3, currency="EUR", valid_from=DAY)
    store.append([paid, link("2", kind=LinkKind.PAID, valid_to=until)])
    first, second = cypher("MATCH ()-[l:PAID]->() RETURN properties(l) AS l ORDER BY l.sequence")
    recorded_at_us = first["l"].pop("recorded_at_us")
    assert first["l"] == {
        "sequence": 1,
        "weight": 2.5,
        "count": 3,
        "currency": "EUR",
        "valid_from_us": to_microseconds(DAY),
        "source": "s",
        "external_id": "1",
    }
    assert second["l"]["valid_to_us"] == to_microseconds(until)
    assert second["l"]["recorded_at_us"] == recorded_at_us


@pytest.mark.parametrize("kind", SubjectKind)
def test_a_subject_has_a_label_for_its_kind(
    store: Neo4jStore, cypher: Cypher, kind: SubjectKind
) -> None:
    store.append([registration("1", ANN._replace(kind=kind))])
    (row,) = cypher("MATCH (s:Subject) RETURN labels(s) AS labels, properties(s) AS s")
    assert row["labels"] == ["Subject", LABELS[kind.value]]
    assert row["s"] == {"id": f"{kind.value}:ann", "kind": kind.value, "key": "ann", "number": 0}


def test_only_links_that_stand_are_seen(store: Neo4jStore, cypher: Cypher) -> None:
    follow = {"kind": LinkKind.FOLLOWS}
    store.append(
        [link("1", **follow), link("2", BOB, CAY, **follow), link("3", CAY, ANN, **follow)]
    )
    store.append([link("4", weight=2.0, supersedes="1", **follow), retraction("5", "2")])
    assert follows(cypher) == [("person:ann", "person:bob"), ("person:cay", "person:ann")]
    (standing,) = cypher("MATCH (:Subject {id: 'person:ann'})-[l:FOLLOWS]->() RETURN l.weight AS w")
    assert standing["w"] == 2.0


def test_a_superseded_link_keeps_all_that_it_said(store: Neo4jStore, cypher: Cypher) -> None:
    store.append([link("1", kind=LinkKind.PAID, currency="EUR", weight=7.0, valid_from=DAY)])
    (before,) = cypher("MATCH ()-[l:PAID]->() RETURN properties(l) AS l")
    store.append([retraction("2", "1")])
    assert cypher("MATCH ()-[l:PAID]->() RETURN l") == []
    (after,) = cypher(
        "MATCH (a)-[l:SUPERSEDED]->(b) RETURN properties(l) AS l, a.key AS src, b.key AS dst"
    )
    assert after == {
        "l": before["l"] | {"kind": "paid", "superseded_by": 2},
        "src": "ann",
        "dst": "bob",
    }


def test_a_link_superseded_in_its_own_batch_is_never_seen(
    store: Neo4jStore, cypher: Cypher
) -> None:
    follow = {"kind": LinkKind.FOLLOWS}
    chain = [link("1", **follow)]
    chain += [link(f"{n}", supersedes=f"{n - 1}", **follow) for n in range(2, 5)]
    store.append([*chain, retraction("5", "4")])
    assert follows(cypher) == []
    rows = cypher("MATCH ()-[l:SUPERSEDED]->() RETURN l.sequence AS s, l.superseded_by AS by")
    assert {(row["s"], row["by"]) for row in rows} == {(1, 2), (2, 3), (3, 4), (4, 5)}


@pytest.mark.parametrize(
    ("record", "pattern"),
    [
        (event("1"), "(s:Subject)-[:DID]->(r:Event)"),
        (report("1"), "(r:Report)-[:ABOUT]->(s:Subject)"),
        (report("1", BOB, reporter=ANN), "(s:Subject)-[:REPORTED]->(r:Report)"),
        (listing("1"), "(r:Listing)-[:LISTS]->(s:Subject)"),
        (registration("1"), "(r:Registration)-[:REGISTERS]->(s:Subject)"),
    ],
)
def test_other_evidence_hangs_on_its_subject(
    store: Neo4jStore, cypher: Cypher, record: Record, pattern: str
) -> None:
    store.append([record])
    (row,) = cypher(f"MATCH {pattern} RETURN s.id AS id, r.sequence AS sequence, labels(r) AS l")
    assert (row["id"], row["sequence"]) == ("person:ann", 1)
    assert "Record" in row["l"]


def test_the_database_itself_refuses_doubles(store: Neo4jStore, cypher: Cypher) -> None:
    store.append([link("1"), event("2")])
    for double in (
        "CREATE (:Record {source: 's', external_id: '1', sequence: 99})",
        "CREATE (:Record {source: 's', external_id: '99', sequence: 2})",
        "CREATE (:Subject {id: 'person:ann', number: 99})",
        "CREATE (:Subject {id: 'person:zoe', number: 0})",
    ):
        with pytest.raises(ConstraintError):
            cypher(double)
