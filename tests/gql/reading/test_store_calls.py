"""No query costs a store call for each row: the calls of a level are the same for any number."""

from __future__ import annotations

from collections import Counter

import pytest

from graphsvc import app, redress
from tests.gql.conftest import Asker, World
from tests.gql.world import MARKETPLACE

NESTED = """query ($first: Int!) {
  topSubjects(purpose: "marketplace-integrity", first: $first) {
    subject {
      decision(purpose: "marketplace-integrity") { advice }
      events(purpose: "marketplace-integrity") { edges { node { kind } } }
      reports(purpose: "marketplace-integrity") { edges { node { status } } }
      listings(purpose: "marketplace-integrity") { edges { node { listName } } }
      links(purpose: "marketplace-integrity", first: 10) {
        edges {
          node { kind }
          other {
            score(purpose: "marketplace-integrity") { value }
            links(purpose: "marketplace-integrity", first: 3) { edges { other { key } } }
          }
        }
      }
    }
  }
}"""

NAMED = """query ($subjects: [SubjectInput!]!) {
  decisions(purpose: "marketplace-integrity", subjects: $subjects) {
    decision { advice }
    subject { key links(purpose: "marketplace-integrity") { edges { node { kind } } } }
  }
}"""


def calls(world: World, asker: Asker, query: str, **variables: object) -> Counter[str]:
    before = world.store.reads()
    assert "data" in asker.post(query, variables).json()
    return world.store.reads() - before


@pytest.fixture
def warm(either_archive: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The archive with its run open, and nothing that is looked up once a second due."""
    monkeypatch.setattr(app, "CURRENT_RUN_SECONDS", 600.0)
    monkeypatch.setattr(redress, "REVIEW_SECONDS", 600.0)
    either_archive.asker("service").post(NESTED, {"first": 1})
    return either_archive


def test_a_nested_query_costs_as_many_calls_for_one_row_as_for_sixty(warm: World) -> None:
    shop = warm.asker("service")
    one, sixty = (calls(warm, shop, NESTED, first=first) for first in (1, 60))
    assert sixty == one == Counter(standing_of=5)
    rows = shop.ask(NESTED, first=60)["topSubjects"]
    assert len(rows) == 60
    assert sum(len(row["subject"]["links"]["edges"]) for row in rows) > 60


def test_each_row_of_a_nested_query_says_what_it_says_alone(warm: World) -> None:
    shop = warm.asker("service")
    links = "links(first: 10) { edges { node { sequence } } }"
    top = f'topSubjects(purpose: "{MARKETPLACE}", first: 60)'
    together = shop.ask(f"{{ {top} {{ subject {{ kind key {links} }} }} }}")["topSubjects"]
    for row in together[::7]:
        subject = row["subject"]
        alone = shop.ask(
            f'{{ subject(kind: {subject["kind"]}, key: "{subject["key"]}") {{ {links} }} }}'
        )
        assert alone["subject"]["links"] == subject["links"]


def test_subjects_that_are_named_are_read_together_and_the_unknown_with_them(warm: World) -> None:
    shop = warm.asker("service")

    def asked(count: int) -> list[dict[str, str]]:
        names = ["ann", "nobody", "hal", *(f"spoke-{n:02d}" for n in range(50))]
        return [{"kind": "ACCOUNT", "key": name} for name in names[:count]]

    few, many = (calls(warm, shop, NAMED, subjects=asked(count)) for count in (2, 50))
    # One for the links; for those whom nobody mentions one more for each type of record.
    assert few == many == Counter(standing_of=5)


def test_nodes_of_one_type_are_found_by_one_call(warm: World) -> None:
    shop = warm.asker("service")
    query = (
        '{ subject(kind: ACCOUNT, key: "ann") { events { edges { node { id } } } '
        "links { edges { node { id } } } } }"
    )
    found = shop.ask(query)["subject"]
    ids = [edge["node"]["id"] for name in ("events", "links") for edge in found[name]["edges"]]
    by_ids = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert calls(warm, shop, by_ids, ids=ids) == Counter(records_at=2)
    assert [node["id"] for node in shop.ask(by_ids, ids=ids)["nodes"]] == ids


def test_long_lists_are_read_a_thousand_at_a_time(
    archive: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphsvc.reading.MOST_AT_ONCE", 20)
    shop = archive.asker("service")
    query = '{ topSubjects(purpose: "%s", first: 60) { subject { events { edges { cursor } } } } }'
    shop.post(query % MARKETPLACE)
    assert calls(archive, shop, query % MARKETPLACE)["standing_of"] == 3
