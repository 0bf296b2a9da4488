"""Appending: sequence numbers, idempotence, conflicts, atomicity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from graphsvc.errors import ConflictError
from graphsvc.model import LinkKind, Record, RecordType, SubjectKind, SubjectRef
from graphsvc.store.ports import AppendOutcome, AppendStatus, Store
from tests.contract.conftest import OpenStore
from tests.contract.evidence import (
    ANN,
    BOB,
    CAY,
    DAN,
    append_all,
    append_one,
    contents,
    event,
    every_record,
    link,
    listing,
    one_of_each,
    registration,
    report,
    standing_ids,
    statuses,
    subject_keys,
)

ACCEPTED, UNCHANGED, CONFLICT = AppendStatus


def test_an_empty_store_holds_nothing(store: Store) -> None:
    assert contents(store) == (0, dict.fromkeys(RecordType, 0), [], [], [])
    assert store.count_subjects() == 0
    assert store.record("s", "1") is None
    assert store.sequence_at(datetime.now(UTC)) == 0


def test_accepted_records_get_the_next_sequence_numbers_from_1(store: Store) -> None:
    assert append_all(store, link("1"), link("2")) == [1, 2]
    assert append_all(store, link("3")) == [3]
    assert store.last_sequence() == 3


def test_an_empty_batch_changes_nothing(store: Store) -> None:
    assert store.append([]) == []
    assert store.check([]) == []
    assert store.last_sequence() == 0


@pytest.mark.parametrize("record", one_of_each()[:-1], ids=lambda record: record.record_type)
def test_a_record_is_read_back_as_it_was_sent(store: Store, record: Record) -> None:
    append_all(store, record)
    (stored,) = store.records(record.record_type)
    assert stored.record == record
    assert (stored.sequence, stored.superseded_by) == (1, None)
    assert store.record(record.source, record.external_id) == stored


def test_sending_a_batch_again_changes_nothing(store: Store) -> None:
    batch = one_of_each()
    append_all(store, *batch)
    before = contents(store)
    again = store.append(batch)
    assert again == [AppendOutcome(UNCHANGED, sequence) for sequence in range(1, len(batch) + 1)]
    assert contents(store) == before


def test_the_same_record_twice_in_a_batch_is_stored_once(store: Store) -> None:
    outcomes = store.append([link("1"), link("1")])
    assert outcomes == [AppendOutcome(ACCEPTED, 1), AppendOutcome(UNCHANGED, 1)]
    assert store.last_sequence() == 1


def test_other_content_under_a_known_id_is_a_conflict_that_names_the_field(store: Store) -> None:
    append_all(store, link("1", weight=1.0))
    outcome = append_one(store, link("1", weight=2.0))
    assert (outcome.status, outcome.sequence, outcome.field) == (CONFLICT, None, "external_id")
    assert "'1'" in (outcome.reason or "")


def test_other_content_under_an_id_of_the_same_batch_is_a_conflict(store: Store) -> None:
    outcomes = store.append([link("1", weight=1.0), link("1", weight=2.0), link("2")])
    assert statuses(outcomes) == [ACCEPTED, CONFLICT, ACCEPTED]
    assert standing_ids(store) == ["1", "2"]


def test_an_external_id_is_unique_over_all_record_types(store: Store) -> None:
    append_all(store, link("1"))
    assert append_one(store, event("1")).field == "external_id"


def test_sources_number_their_records_independently(store: Store) -> None:
    append_all(store, link("1", source="s"), link("1", source="t", weight=2.0))
    assert store.count_records()[RecordType.LINK] == 2


@pytest.mark.parametrize(
    "changed",
    [
        link("1", kind=LinkKind.TRUSTS),
        link("1", BOB, ANN),
        link("1", ANN, SubjectRef(SubjectKind.ACCOUNT, "bob")),
        link("1", count=2),
        link("1", currency="EUR"),
        link("1", valid_from=datetime(2020, 1, 1, tzinfo=UTC)),
        link("1", valid_to=datetime(2020, 1, 1, tzinfo=UTC)),
    ],
    ids=["kind", "ends", "subject kind", "count", "currency", "valid_from", "valid_to"],
)
def test_a_change_in_any_field_is_noticed(store: Store, changed: Record) -> None:
    append_all(store, link("1"))
    assert append_one(store, changed).status is CONFLICT


def test_conflicts_leave_no_trace_not_even_their_subjects(store: Store) -> None:
    append_all(store, link("1", ANN, BOB))
    before = contents(store)
    outcomes = store.append([link("1", CAY, DAN), link("2", CAY, DAN, supersedes="nothing")])
    assert statuses(outcomes) == [CONFLICT, CONFLICT]
    assert contents(store) == before
    assert store.subject_numbers([CAY, DAN]) == [None, None]


def test_what_is_no_conflict_is_stored_beside_conflicts(store: Store) -> None:
    append_all(store, link("1"))
    outcomes = store.append([link("2"), link("1", weight=9.0), link("1"), link("3", BOB, CAY)])
    assert statuses(outcomes) == [ACCEPTED, CONFLICT, UNCHANGED, ACCEPTED]
    assert [outcome.sequence for outcome in outcomes] == [2, None, 1, 3]
    assert standing_ids(store) == ["1", "2", "3"]


def test_subjects_are_numbered_from_0_in_order_of_mention(store: Store) -> None:
    append_all(store, link("1", BOB, ANN), report("2", CAY, reporter=DAN), event("3", ANN))
    assert subject_keys(store) == ["bob", "ann", "cay", "dan"]
    assert store.subject_numbers([DAN, ANN, BOB, ANN]) == [3, 1, 0, 1]
    assert store.count_subjects() == 4


def test_subjects_of_one_key_and_two_kinds_are_two(store: Store) -> None:
    device = SubjectRef(SubjectKind.DEVICE, "ann")
    append_all(store, link("1", ANN, device))
    assert store.subject_numbers([device, ANN]) == [1, 0]


def test_an_absent_reporter_is_no_subject(store: Store) -> None:
    append_all(store, report("1", ANN))
    assert store.count_subjects() == 1


def test_unknown_subjects_have_no_number(store: Store) -> None:
    append_all(store, link("1", ANN, BOB))
    assert store.subject_numbers([CAY, BOB]) == [None, 1]
    assert store.subject_numbers([]) == []


def test_check_foretells_what_append_does(store: Store) -> None:
    append_all(store, link("1"), listing("2"))
    batch = [
        link("1"),
        link("1", weight=3.0),
        link("3", supersedes="1"),
        link("4", supersedes="1"),
        link("5", supersedes="2"),
        link("6", CAY, DAN),
    ]
    foretold = store.check(batch)
    done = store.append(batch)
    assert statuses(foretold) == statuses(done)
    assert [outcome.field for outcome in foretold] == [outcome.field for outcome in done]
    assert [outcome.reason for outcome in foretold] == [outcome.reason for outcome in done]


def test_check_stores_nothing_and_gives_no_sequence(store: Store) -> None:
    append_all(store, link("1"))
    before = contents(store)
    outcomes = store.check([link("1"), link("2", CAY, DAN), link("3", supersedes="1")])
    assert [outcome.sequence for outcome in outcomes] == [None, None, None]
    assert contents(store) == before


def test_counts_are_by_type_and_include_superseded_records(store: Store) -> None:
    append_all(store, *one_of_each(), link("link 2", supersedes="link"))
    expected = dict.fromkeys(RecordType, 1) | {RecordType.LINK: 2}
    assert store.count_records() == expected


def test_what_one_connection_appends_another_reads(store: Store, second_store: OpenStore) -> None:
    other = second_store()
    append_all(store, link("1"))
    assert other.last_sequence() == 1
    append_all(other, link("2"))
    assert every_record(store) == every_record(other)


def test_a_record_carries_the_time_when_it_was_recorded(store: Store) -> None:
    before = datetime.now(UTC)
    append_all(store, link("1"))
    after = datetime.now(UTC)
    (stored,) = store.records(RecordType.LINK)
    # Whole microseconds, and a server's clock that may differ a little from this one.
    slack = timedelta(seconds=1)
    assert before - slack <= stored.recorded_at <= after + slack


def test_recorded_times_never_run_backwards(store: Store) -> None:
    for number in range(5):
        append_all(store, link(f"{number}"), registration(f"r{number}"))
    times = [stored.recorded_at for stored in every_record(store)]
    assert times == sorted(times)


def test_sequence_at_finds_the_last_record_of_a_time(store: Store) -> None:
    for number in range(4):
        append_all(store, link(f"{number}a"), link(f"{number}b"))
    stored = list(store.records(RecordType.LINK))
    for entry in stored:
        expected = max(e.sequence for e in stored if e.recorded_at <= entry.recorded_at)
        assert store.sequence_at(entry.recorded_at) == expected
        earlier = entry.recorded_at - timedelta(microseconds=1)
        expected = max((e.sequence for e in stored if e.recorded_at <= earlier), default=0)
        assert store.sequence_at(earlier) == expected
    assert store.sequence_at(datetime(1960, 1, 1, tzinfo=UTC)) == 0
    assert store.sequence_at(datetime(2999, 1, 1, tzinfo=UTC)) == 8


def test_a_whole_batch_is_refused_if_one_record_is(store: Store) -> None:
    append_all(store, link("1"))
    before = contents(store)
    with pytest.raises(ConflictError, match=r"record 2: supersedes is '9'"):
        store.append([event("2"), link("3", supersedes="9")], whole=True)
    assert contents(store) == before
    assert statuses(store.append([event("2"), link("1")], whole=True)) == [ACCEPTED, UNCHANGED]
