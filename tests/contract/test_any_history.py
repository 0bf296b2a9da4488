"""Whatever is appended in whatever batches, every state reads as the slow, obvious store says."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import assert_never

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphsvc.model import Record, RecordType
from graphsvc.store.ports import Store
from tests.contract.conftest import MakeOpener
from tests.contract.evidence import (
    ALL_KINDS,
    ANN,
    BOB,
    CAY,
    DAN,
    case_entry,
    dispute,
    event,
    link,
    listing,
    registration,
    report,
    retraction,
)
from tests.contract.naive_store import NaiveStore, concerned

EVIDENCE = (RecordType.LINK, RecordType.EVENT, RecordType.REPORT, RecordType.LISTING)
SUBJECTS = [ANN, BOB, CAY, DAN]
IDS = [f"{n}" for n in range(8)]
LISTS = ["a", "b"]


@st.composite
def any_record(draw: st.DrawFn) -> Record:
    """Draw from a world so small that repeats, conflicts and corrections are common."""
    external_id = draw(st.sampled_from(IDS))
    source = draw(st.sampled_from(["s", "s", "s", "t"]))
    other_ids = st.sampled_from([other for other in IDS if other != external_id])
    supersedes = draw(st.none() | other_ids)
    one, two = draw(st.permutations(SUBJECTS))[:2]
    common = {"source": source, "supersedes": supersedes}
    record_type = draw(st.sampled_from(RecordType))
    match record_type:
        case RecordType.SUBJECT:
            return registration(external_id, one, **common)
        case RecordType.LINK:
            weight = draw(st.sampled_from([1.0, 2.0]))
            kind = draw(st.sampled_from(ALL_KINDS[:3]))
            return link(external_id, one, two, weight=weight, kind=kind, **common)
        case RecordType.EVENT:
            return event(external_id, one, **common)
        case RecordType.REPORT:
            return report(external_id, one, reporter=draw(st.sampled_from([None, two])), **common)
        case RecordType.LISTING:
            return listing(external_id, one, list_name=draw(st.sampled_from(LISTS)), **common)
        case RecordType.DISPUTE:
            return dispute(external_id, one, **common)
        case RecordType.CASE_ENTRY:
            return case_entry(external_id, draw(st.sampled_from([None, one])), **common)
        case RecordType.RETRACTION:
            return retraction(external_id, draw(other_ids), source=source)
        case _:
            assert_never(record_type)


histories = st.lists(st.lists(any_record(), max_size=8), min_size=1, max_size=6)


def test_every_state_of_any_history_reads_as_brute_force_says(
    new_opener: MakeOpener, request: pytest.FixtureRequest
) -> None:
    # A server answers some hundred times slower than a file in the same process.
    examples = 6 if request.node.get_closest_marker("neo4j") else 40

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(history=histories)
    def holds(history: Sequence[Sequence[Record]]) -> None:
        assert_reads_as_brute_force_says(new_opener, history)

    holds()


def assert_reads_as_brute_force_says(
    new_opener: MakeOpener, history: Sequence[Sequence[Record]]
) -> None:
    naive = NaiveStore()
    with closing(new_opener()()) as store:
        store.migrate()
        for batch in history:
            foretold = store.check(batch)
            outcomes = store.append(batch)
            assert [(o.status, o.field) for o in foretold] == [
                (o.status, o.field) for o in outcomes
            ]
            assert [(o.status, o.sequence, o.field) for o in outcomes] == naive.append(batch)
        assert_equal_now(store, naive)
        for known_at in range(len(naive.entries) + 1):
            assert_equal_at(store, naive, known_at)


def assert_equal_now(store: Store, naive: NaiveStore) -> None:
    assert store.last_sequence() == len(naive.entries)
    assert store.count_subjects() == len(naive.subjects)
    assert store.subject_numbers(naive.subjects) == list(range(len(naive.subjects)))
    counts = {t: sum(e.record.record_type is t for e in naive.entries) for t in RecordType}
    assert store.count_records() == counts
    for entry in naive.entries:
        stored = store.record(entry.record.source, entry.record.external_id)
        assert stored is not None
        assert (stored.sequence, stored.record, stored.superseded_by) == (
            entry.sequence,
            entry.record,
            entry.superseded_by,
        )
    last = len(naive.entries)
    for record_type in EVIDENCE:
        found = store.standing_of(naive.subjects, record_type)
        stands = naive.standing(record_type, last)
        assert [[(s.sequence, s.record) for s in records] for records in found] == [
            [(e.sequence, e.record) for e in stands if subject in concerned(e.record)]
            for subject in naive.subjects
        ]
    at = store.records_at([entry.sequence for entry in naive.entries])
    assert [stored and (stored.record, stored.superseded_by) for stored in at] == [
        (entry.record, entry.superseded_by) if entry.record.record_type in EVIDENCE else None
        for entry in naive.entries
    ]


def assert_equal_at(store: Store, naive: NaiveStore, known_at: int) -> None:
    for record_type in RecordType:
        standing = list(store.records(record_type, known_at=known_at))
        expected = naive.standing(record_type, known_at)
        assert [(s.sequence, s.record) for s in standing] == [
            (e.sequence, e.record) for e in expected
        ]
    for subject in naive.subjects:
        for record_type in (RecordType.LINK, RecordType.REPORT, RecordType.LISTING):
            found = store.records_of(subject, record_type, known_at=known_at)
            assert [(s.sequence, s.superseded_by) for s in found] == naive.of_subject(
                subject, record_type, known_at
            )
    listed = store.listings(LISTS, known_at=known_at)
    assert [s.sequence for s in listed] == naive.on_lists(LISTS, known_at)
    last = len(naive.entries)
    assert store.superseded_between(known_at, last).tolist() == naive.superseded_between(
        known_at, last
    )
    found_links = [
        (sequence, naive.subjects[src], naive.subjects[dst], superseded_by)
        for batch in store.iter_links(ALL_KINDS, after_sequence=known_at)
        for sequence, src, dst, superseded_by in zip(
            batch.sequence, batch.src, batch.dst, batch.superseded_by, strict=True
        )
    ]
    assert found_links == naive.links(known_at, last)
