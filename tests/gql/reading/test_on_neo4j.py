"""The core of reading, guarding, attacks and real clients once more, on a real Neo4j.

The tests that are imported run here a second time: `archive` is another one in this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graphsvc.runs import SubjectScore
from tests.clients.conftest import Node, Served, node, printed_by_python
from tests.clients.documented import write_examples
from tests.gql.conftest import World
from tests.gql.reading.conftest import served
from tests.gql.reading.test_every_field_is_guarded import (
    test_every_field_answers_somebody_so_that_a_refusal_means_something,
    test_no_field_answers_for_a_purpose_that_is_not_held_or_does_not_admit_the_role,
)
from tests.gql.reading.test_nodes import (
    ids,
    test_a_record_that_is_read_by_its_id_is_in_the_audit,
    test_a_record_that_the_purpose_forbids_or_that_stands_no_more_is_not_there,
    test_an_id_leads_nobody_to_a_purpose_that_is_not_held,
    test_an_id_of_a_dispute_or_case_leads_its_readers_there_and_nobody_else,
    test_disputes_and_cases_are_found_by_either_of_their_ids,
    test_every_id_leads_back_to_its_object_alone_and_with_others,
)
from tests.gql.test_attacks import (
    PARSE,
    SCORE,
    SUBJECT,
    TOO_LARGE,
    VALIDATION,
    codes,
    deep,
    fragments_doubling,
    fragments_in_a_ring,
    query,
    send,
)
from tests.gql.world import MARKETPLACE, account
from tests.neo4j_fixture import empty_neo4j

__all__ = [
    "ids",
    "node",
    "test_a_record_that_is_read_by_its_id_is_in_the_audit",
    "test_a_record_that_the_purpose_forbids_or_that_stands_no_more_is_not_there",
    "test_an_id_leads_nobody_to_a_purpose_that_is_not_held",
    "test_an_id_of_a_dispute_or_case_leads_its_readers_there_and_nobody_else",
    "test_disputes_and_cases_are_found_by_either_of_their_ids",
    "test_every_field_answers_somebody_so_that_a_refusal_means_something",
    "test_every_id_leads_back_to_its_object_alone_and_with_others",
    "test_no_field_answers_for_a_purpose_that_is_not_held_or_does_not_admit_the_role",
]
pytestmark = [pytest.mark.neo4j, pytest.mark.xdist_group("neo4j")]


@pytest.fixture(scope="module")
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with served(empty_neo4j(request, tmp_path_factory.mktemp("archive"))) as world:
        yield world


@pytest.fixture
def on_neo4j(archive: World) -> Served:
    return Served(archive.url, archive.secrets["analyst"], archive.service)


@pytest.fixture
def ann(archive: World) -> SubjectScore:
    return archive.service.scores(MARKETPLACE).score(account("ann"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (deep(5), TOO_LARGE),
        (deep(200), PARSE),
        (fragments_in_a_ring(60), VALIDATION),
        (fragments_doubling(60), TOO_LARGE),
    ],
)
def test_an_attack_is_answered_with_its_code_and_reads_nothing(
    archive: World, text: str, code: str
) -> None:
    attacker = archive.asker("service")
    before = archive.store.reads()
    assert codes(send(attacker, query(text))) == {code}
    assert archive.store.reads() == before
    assert attacker.ask(SUBJECT % SCORE)["subject"]["score"]["value"] > 0


def test_httpx_reads_a_score(tmp_path: Path, on_neo4j: Served, ann: SubjectScore) -> None:
    write_examples(tmp_path)
    assert printed_by_python(tmp_path, on_neo4j) == [
        f"ann {round(ann.score, 3)} {ann.band}",
        "nobody SUBJECT_NOT_FOUND",
    ]


def test_graphql_request_reads_a_score(
    tmp_path: Path,
    on_neo4j: Served,
    node: Node,
    ann: SubjectScore,
) -> None:
    write_examples(tmp_path)
    node.prepare(tmp_path)
    assert node.run(["score.mjs"], tmp_path, on_neo4j).splitlines() == [
        f"ann {ann.score:.3f} {ann.band}",
        "nobody SUBJECT_NOT_FOUND",
    ]
