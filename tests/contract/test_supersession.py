"""Corrections and retractions: what may supersede what, and what is seen when."""

from __future__ import annotations

import pytest

from graphsvc.model import Record, RecordType
from graphsvc.store.ports import AppendStatus, Store
from tests.contract.evidence import (
    ANN,
    BOB,
    DAY,
    append_all,
    append_one,
    contents,
    event,
    link,
    listing,
    one_of_each,
    retraction,
    standing_ids,
    statuses,
)

ACCEPTED, UNCHANGED, CONFLICT = AppendStatus


def assert_refused(store: Store, record: Record) -> None:
    before = contents(store)
    outcome = append_one(store, record)
    assert (outcome.status, outcome.field) == (CONFLICT, "supersedes")
    assert outcome.reason
    assert contents(store) == before


def test_a_correction_takes_the_place_of_its_target(store: Store) -> None:
    append_all(store, link("1"), link("2", supersedes="1", weight=3.0))
    assert standing_ids(store) == ["2"]


def test_a_corrected_record_stays_readable_and_says_by_what(store: Store) -> None:
    append_all(store, link("1"), link("2", supersedes="1"))
    corrected = store.record("s", "1")
    assert corrected is not None
    assert corrected.superseded_by == 2
    assert corrected.record == link("1")


def test_an_end_is_a_correction(store: Store) -> None:
    ended = link("2", supersedes="1", valid_to=DAY)
    append_all(store, link("1"), ended)
    (stored,) = store.records(RecordType.LINK)
    assert stored.record == ended


def test_a_retraction_withdraws_a_record_altogether(store: Store) -> None:
    append_all(store, link("1"), retraction("2", "1"))
    assert standing_ids(store) == []
    assert standing_ids(store, RecordType.RETRACTION) == ["2"]
    withdrawn = store.record("s", "1")
    assert withdrawn is not None
    assert withdrawn.superseded_by == 2


@pytest.mark.parametrize("record", one_of_each()[:-1], ids=lambda record: record.record_type)
def test_a_retraction_withdraws_records_of_every_type(store: Store, record: Record) -> None:
    append_all(store, record, retraction("withdrawal", record.external_id))
    assert list(store.records(record.record_type)) == []


def test_a_retraction_can_be_retracted_itself(store: Store) -> None:
    append_all(store, link("1"), retraction("2", "1"), retraction("3", "2"))
    assert standing_ids(store, RecordType.RETRACTION) == ["3"]
    assert standing_ids(store) == []


def test_the_target_may_come_earlier_in_the_same_batch(store: Store) -> None:
    outcomes = store.append([link("1"), link("2", supersedes="1"), link("3", supersedes="2")])
    assert statuses(outcomes) == [ACCEPTED] * 3
    assert store.superseded_between(0, 3).tolist() == [1, 2]


def test_the_target_may_not_come_later_in_the_batch(store: Store) -> None:
    outcomes = store.append([link("2", supersedes="1"), link("1")])
    assert statuses(outcomes) == [CONFLICT, ACCEPTED]
    assert [outcome.sequence for outcome in outcomes] == [None, 1]


def test_a_refused_record_of_the_batch_is_no_target(store: Store) -> None:
    outcomes = store.append([link("1", supersedes="0"), link("2", supersedes="1")])
    assert statuses(outcomes) == [CONFLICT, CONFLICT]
    assert store.last_sequence() == 0


def test_the_target_must_exist(store: Store) -> None:
    assert_refused(store, link("2", supersedes="1"))


def test_a_retraction_needs_its_target_too(store: Store) -> None:
    assert_refused(store, retraction("2", "1"))


def test_the_target_must_be_of_the_same_source(store: Store) -> None:
    append_all(store, link("1", source="s"))
    assert_refused(store, link("2", source="t", supersedes="1"))
    assert_refused(store, retraction("3", "1", source="t"))


def test_the_target_must_be_of_the_same_type(store: Store) -> None:
    append_all(store, link("1"))
    assert_refused(store, event("2", supersedes="1"))


def test_nothing_but_a_retraction_supersedes_a_retraction(store: Store) -> None:
    append_all(store, link("1"), retraction("2", "1"))
    assert_refused(store, link("3", supersedes="2"))


def test_a_record_is_superseded_only_once(store: Store) -> None:
    append_all(store, link("1"), link("2", supersedes="1"))
    assert_refused(store, link("3", supersedes="1"))
    assert_refused(store, retraction("4", "1"))


def test_a_record_is_superseded_only_once_within_a_batch(store: Store) -> None:
    outcomes = store.append([link("1"), retraction("2", "1"), link("3", supersedes="1")])
    assert statuses(outcomes) == [ACCEPTED, ACCEPTED, CONFLICT]


def test_sending_a_correction_again_changes_nothing(store: Store) -> None:
    append_all(store, link("1"), link("2", supersedes="1"))
    before = contents(store)
    assert statuses(store.append([link("1"), link("2", supersedes="1")])) == [UNCHANGED] * 2
    assert contents(store) == before


def test_another_target_under_a_known_id_is_a_conflict_on_the_id(store: Store) -> None:
    append_all(store, link("1"), link("2"), link("3", supersedes="1"))
    assert append_one(store, link("3", supersedes="2")).field == "external_id"


def test_a_past_state_shows_what_stood_then(store: Store) -> None:
    append_all(store, link("1"), link("2", supersedes="1"), retraction("3", "2"))
    assert [standing_ids(store, known_at=at) for at in range(4)] == [[], ["1"], ["2"], []]


def test_in_a_past_state_a_later_correction_is_unknown(store: Store) -> None:
    append_all(store, link("1"), link("2", supersedes="1"))
    (then,) = store.records(RecordType.LINK, known_at=1)
    assert then.superseded_by is None
    (of_ann,) = store.records_of(ANN, RecordType.LINK, known_at=1)
    assert of_ann.superseded_by is None


def test_a_state_that_is_yet_to_come_is_the_present_one(store: Store) -> None:
    append_all(store, link("1"), link("2", supersedes="1"))
    assert standing_ids(store, known_at=1_000) == ["2"]


def test_superseded_between_counts_by_the_superseding_record(store: Store) -> None:
    append_all(store, link("1"), link("2"), link("3"))  # 1 2 3
    append_all(store, link("4", supersedes="3"), link("5", supersedes="1"))  # 4 5
    assert store.superseded_between(0, 5).tolist() == [1, 3]
    assert store.superseded_between(0, 4).tolist() == [3]
    assert store.superseded_between(4, 5).tolist() == [1]
    assert store.superseded_between(5, 9).tolist() == []
    assert store.superseded_between(0, 5).dtype == "int64"


def test_records_of_a_subject_include_superseded_ones_and_say_so(store: Store) -> None:
    append_all(store, listing("1", BOB), listing("2", BOB, supersedes="1"))
    found = store.records_of(BOB, RecordType.LISTING)
    assert [(stored.sequence, stored.superseded_by) for stored in found] == [(1, 2), (2, None)]
