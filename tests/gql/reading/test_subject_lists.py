from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphsvc.lookup import KeyColumn
from graphsvc.model import SubjectKind, SubjectRef
from graphsvc.selection import Ranked, Selection
from graphsvc.snapshot.snapshot import SUBJECT_KINDS
from tests.gql.conftest import Asker, World
from tests.gql.world import MARKETPLACE, account

QUERY = """query (
  $first: Int!, $after: String, $kind: SubjectKind, $band: String, $keyPrefix: String,
  $purpose: String = "marketplace-integrity"
) {
  subjects(
    purpose: $purpose, first: $first, after: $after, kind: $kind, band: $band, keyPrefix: $keyPrefix
  ) {
    edges { cursor node { kind key } score { value band } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
BANDS = ["a", "b", "c"]

refs = st.builds(
    SubjectRef,
    st.sampled_from([SubjectKind.ACCOUNT, SubjectKind.DEVICE, SubjectKind.PERSON]),
    st.text("abé\U0001f600", min_size=1, max_size=4),
)
selections = st.builds(
    Selection,
    after=st.none() | refs,
    kind=st.none() | st.sampled_from([SubjectKind.ACCOUNT, SubjectKind.DEVICE]),
    band=st.none() | st.sampled_from([*BANDS, "z"]),
    key_prefix=st.none() | st.text("abé", max_size=2),
)


def order(ref: SubjectRef) -> tuple[int, bytes]:
    return SUBJECT_KINDS.index(ref.kind), ref.key.encode()


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(refs, st.integers(0, 2), max_size=25), selections, st.integers(1, 10))
def test_what_is_selected_is_what_a_look_at_everyone_finds(
    bands: dict[SubjectRef, int], selection: Selection, limit: int
) -> None:
    everyone = sorted(bands, key=order)
    ranked = Ranked(
        np.array([SUBJECT_KINDS.index(ref.kind) for ref in everyone], np.uint8),
        KeyColumn.of(pa.array([ref.key for ref in everyone], pa.large_string())),
        np.array([bands[ref] for ref in everyone], np.uint8),
        BANDS,
    )
    expected = [
        place
        for place, ref in enumerate(everyone)
        if (selection.after is None or order(ref) > order(selection.after))
        and selection.kind in (None, ref.kind)
        and selection.band in (None, BANDS[bands[ref]])
        and ref.key.startswith(selection.key_prefix or "")
    ]
    assert ranked.selected(selection, limit) == expected[:limit]


def walk(asker: Asker, first: int, **filters: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    after = None
    while True:
        page = asker.ask(QUERY, first=first, after=after, **filters)["subjects"]
        assert len(page["edges"]) <= first
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        found += [(edge["node"]["kind"], edge["node"]["key"]) for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("first", [1, 10, 1000])
def test_pages_of_any_size_walk_the_whole_run_in_order(
    archive: World, shop: Asker, first: int
) -> None:
    scores = archive.service.scores(MARKETPLACE)
    everyone = [scores.ref_at_rank(rank) for rank in range(len(scores))]
    assert walk(shop, first) == [(ref.kind.name, ref.key) for ref in everyone]


def test_subjects_are_filtered_by_kind_band_and_prefix(archive: World, shop: Asker) -> None:
    assert walk(shop, 10, kind="DEVICE") == [("DEVICE", "phone-1")]
    assert walk(shop, 10, keyPrefix="spoke-1") == [("ACCOUNT", f"spoke-{n}") for n in range(10, 20)]
    scores = archive.service.scores(MARKETPLACE)
    everyone = [scores.at_rank(rank) for rank in range(len(scores))]
    for band in ("critical", "fair", "good"):
        expected = [score.subject.key for score in everyone if score.band == band]
        assert [key for _, key in walk(shop, 7, band=band)] == expected
    assert walk(shop, 7, band="no such band") == []


def test_a_page_goes_on_after_a_subject_that_the_run_no_longer_has(shop: Asker) -> None:
    cursor = base64.urlsafe_b64encode(b"subject:account:spoke-105").decode()
    page = shop.ask(QUERY, first=1, after=cursor)["subjects"]
    assert [edge["node"]["key"] for edge in page["edges"]] == ["spoke-11"]


@pytest.mark.parametrize("cursor", ["", "x", "c3ViamVjdDo=", "bGluazox", "é"])
def test_what_is_no_cursor_of_subjects_is_refused(shop: Asker, cursor: str) -> None:
    assert shop.errors(QUERY, first=1, after=cursor) == [
        (
            "INVALID_INPUT",
            f"after: {cursor!r} is no cursor of this list; send an endCursor that it gave",
        )
    ]


def test_each_subject_that_a_list_shows_is_an_entry_of_the_audit(
    archive: World, shop: Asker
) -> None:
    start = archive.audit_length()
    shop.ask(QUERY, first=2, keyPrefix="spoke-0")
    of = archive.service.pseudonyms.of_subject
    assert [(e.draft.action, e.draft.subject) for e in archive.audited(start, 2)] == [
        ("read_score", of(account(key))) for key in ("spoke-00", "spoke-01")
    ]
