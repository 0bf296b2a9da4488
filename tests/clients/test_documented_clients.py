"""The examples of docs/clients.md, run as they stand there against `graphsvc serve`."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import pytest

from graphsvc.model import ListKind
from graphsvc.runs import SubjectScore
from tests.clients.conftest import Node, Served, printed_by_python
from tests.clients.documented import examples, write_examples
from tests.gql.world import MARKETPLACE, account, listed, standing_spokes

TESTED_HERE = {"score.py", "score.mjs", "links.mjs", "changes.mjs"}
TESTED_WITH_GENERATED_TYPES = {"codegen.json", "typed.ts"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_examples(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def ann(served: Served) -> SubjectScore:
    return served.service.scores(MARKETPLACE).score(account("ann"))


def test_every_example_of_the_page_is_run_by_a_test() -> None:
    assert set(examples()) == TESTED_HERE | TESTED_WITH_GENERATED_TYPES


def test_httpx_reads_a_score_and_sees_the_code_of_an_unknown_subject(
    folder: Path, served: Served, ann: SubjectScore
) -> None:
    assert printed_by_python(folder, served) == [
        f"ann {round(ann.score, 3)} {ann.band}",
        "nobody SUBJECT_NOT_FOUND",
    ]


def test_graphql_request_reads_a_score_and_throws_the_code_of_an_unknown_subject(
    folder: Path, served: Served, node: Node, ann: SubjectScore
) -> None:
    node.prepare(folder)
    assert node.run(["score.mjs"], folder, served).splitlines() == [
        f"ann {ann.score:.3f} {ann.band}",
        "nobody SUBJECT_NOT_FOUND",
    ]


def test_urql_reads_all_pages_of_links(folder: Path, served: Served, node: Node) -> None:
    node.prepare(folder)
    printed = node.run(["links.mjs"], folder, served).splitlines()
    assert sorted(printed) == standing_spokes()


def test_graphql_ws_tells_a_change_and_tells_it_again_to_who_comes_back_from_before(
    folder: Path, served: Served, node: Node
) -> None:
    node.prepare(folder)
    with node.running(["changes.mjs"], folder, served) as printed:
        word, before = printed.readline().split()
        assert word == "at"
        served.service.store.append(
            [listed("spoke-02", "marketplace-fraud", ListKind.BLACKLIST, 0.5)]
        )
        told = _changes(printed)
    assert "spoke-02" in {line.split()[0] for line in told}
    with node.running(["changes.mjs", before], folder, served) as printed:
        assert _changes(printed) == told


def _changes(printed: IO[str]) -> list[str]:
    """Return what is told until the next cursor after at least one change."""
    told: list[str] = []
    for line in printed:
        if line.startswith("at ") and told:
            return told
        if not line.startswith("at "):
            told.append(line.strip())
    raise AssertionError(f"nothing more is told after {told}")
