"""Scores on the subjects of a real Neo4j, found by an analyst's own Cypher."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from neo4j import Driver

from graphsvc.app import Service
from graphsvc.errors import ConflictError, InvalidInputError
from graphsvc.export import use_case
from graphsvc.model import EventKind
from graphsvc.store.ports import AnalystGraph
from tests.contract.evidence import contents
from tests.export.conftest import odd
from tests.service.samples import AS_OF, PURPOSE, account, event, listed

pytestmark = [pytest.mark.neo4j, pytest.mark.xdist_group("neo4j")]


def found(driver: Driver) -> dict[str, dict[str, object]]:
    """Return what an analyst sees: the published properties by the subject's id."""
    rows = driver.execute_query(
        "MATCH (subject:Subject) WHERE subject.published_run IS NOT NULL "
        "RETURN subject.id AS id, properties(subject) AS properties",
        database_="neo4j",
    ).records
    return {
        row["id"]: {
            name: value
            for name, value in row["properties"].items()
            if name.startswith("published_")
        }
        for row in rows
    }


def test_an_analyst_finds_the_published_scores_by_cypher(
    on_neo4j: Service, neo4j_driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_case, "PROPERTIES_AT_ONCE", 4)
    scores = on_neo4j.scores(PURPOSE)
    before = contents(on_neo4j.store)
    done = on_neo4j.exports.write_back(PURPOSE, actor="ann")
    assert (done.subjects, done.removed) == (len(scores), 0)
    told = found(neo4j_driver)
    assert len(told) == len(scores)
    for rank in range(len(scores)):
        value = scores.at_rank(rank)
        properties = told[str(value.subject)]
        assert properties["published_score"] == value.score
        assert properties["published_band"] == value.band
        assert properties["published_trust"] == value.trust
        assert properties["published_association_points"] == value.association_points
        assert properties["published_run"] == scores.run.run_id
        assert properties["published_purpose"] == PURPOSE
    # Neither records nor what is scored next see any of it.
    assert contents(on_neo4j.store) == before
    again = on_neo4j.recompute(PURPOSE, as_of=AS_OF)
    assert again.checksum == scores.run.checksum


def test_writing_again_changes_nothing_and_a_newer_run_takes_the_place_of_the_older(
    on_neo4j: Service, neo4j_driver: Driver
) -> None:
    on_neo4j.exports.write_back(PURPOSE, actor="ann")
    first = found(neo4j_driver)
    on_neo4j.exports.write_back(PURPOSE, actor="ann")
    assert found(neo4j_driver) == first

    on_neo4j.store.append([event(EventKind.CHARGEBACK, 3, occurred_at=AS_OF)])
    run = on_neo4j.recompute(PURPOSE, as_of=AS_OF + timedelta(days=1))
    # Somebody whom the later run does not score any more.
    neo4j_driver.execute_query(
        "CREATE (:Subject {id: 'account:stale', kind: 'account', key: 'stale', number: 11, "
        "published_run: 'older', published_score: 1.0})",
        database_="neo4j",
    )
    done = on_neo4j.exports.write_back(PURPOSE, actor="ann")
    assert done.removed == 1
    told = found(neo4j_driver)
    assert {one["published_run"] for one in told.values()} == {run.run_id}
    assert "account:stale" not in told
    assert told["account:3"]["published_score"] != first["account:3"]["published_score"]
    neo4j_driver.execute_query(
        "MATCH (s:Subject {id: 'account:stale'}) DELETE s", database_="neo4j"
    )


def test_two_purposes_scores_never_stand_on_one_subject(
    on_neo4j: Service, neo4j_driver: Driver
) -> None:
    other = "deposit-waiver"
    on_neo4j.recompute(other, as_of=AS_OF)
    on_neo4j.exports.write_back(PURPOSE, actor="ann")
    before = found(neo4j_driver)
    with pytest.raises(ConflictError, match="must not be joined"):
        on_neo4j.exports.write_back(other, actor="ann")
    with pytest.raises(ConflictError, match=f"those of {PURPOSE}"):
        on_neo4j.exports.remove_write_back(other, actor="ann")
    assert found(neo4j_driver) == before
    assert on_neo4j.exports.remove_write_back(PURPOSE, actor="ann") == len(before)
    assert found(neo4j_driver) == {}
    on_neo4j.exports.write_back(other, actor="ann")
    assert {one["published_purpose"] for one in found(neo4j_driver).values()} <= {other}


def test_an_erased_subject_has_no_score_left_and_gets_none(
    on_neo4j: Service, neo4j_driver: Driver
) -> None:
    stale = on_neo4j.scores(PURPOSE)
    on_neo4j.exports.write_back(PURPOSE, actor="ann")
    on_neo4j.redress.erase(odd(), actor="ann")
    assert len(found(neo4j_driver)) == len(stale) - 1
    assert str(odd()) not in found(neo4j_driver)
    graph = on_neo4j.store
    assert isinstance(graph, AnalystGraph)
    with pytest.raises(ConflictError, match="erased since it was made"):
        graph.begin_write_back(stale.run)
    on_neo4j.exports.write_back(PURPOSE, actor="ann")
    assert len(found(neo4j_driver)) == len(stale) - 1


def test_of_two_write_backs_at_once_the_later_one_goes_on(
    on_neo4j: Service, neo4j_driver: Driver
) -> None:
    graph, scores = on_neo4j.store, on_neo4j.scores(PURPOSE)
    assert isinstance(graph, AnalystGraph)
    later = replace(scores.run, run_id="later")
    graph.begin_write_back(scores.run)
    graph.write_back(scores.run, [scores.score(account(1))])
    graph.begin_write_back(later)
    with pytest.raises(ConflictError, match="took over"):
        graph.write_back(scores.run, [scores.score(account(2))])
    with pytest.raises(ConflictError, match="took over"):
        graph.end_write_back(scores.run)
    graph.write_back(later, [scores.score(account(2))])
    assert graph.end_write_back(later) == 1
    assert {name: one["published_run"] for name, one in found(neo4j_driver).items()} == {
        "account:2": "later"
    }


def test_a_store_that_is_no_neo4j_says_so(own: Service) -> None:
    own.store.append([listed(9, "marketplace-fraud")])
    with pytest.raises(InvalidInputError, match="to a Neo4j store only; this is SQLite"):
        own.exports.write_back(PURPOSE, actor="ann")
