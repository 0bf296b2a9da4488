"""What is erased is gone from every answer; all else stays as it was."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from graphsvc.errors import ConflictError, RunNotFoundError
from graphsvc.model import DisputeStatus, LinkKind, Record, RecordType
from graphsvc.store.ports import AppendStatus, Store
from tests.contract.conftest import OpenStore
from tests.contract.evidence import (
    ANN,
    BOB,
    CAY,
    DAY,
    append_all,
    append_one,
    dispute,
    event,
    every_record,
    link,
    listing,
    one_of_each,
    registration,
    report,
    retraction,
    subject_keys,
)
from tests.contract.test_runs import RUN, publish, stage


def pseudonyms(sequences: list[int]) -> dict[int, str]:
    return {sequence: f"erased-{sequence}" for sequence in sequences}


@pytest.mark.parametrize("place", range(len(RecordType)), ids=[kind.value for kind in RecordType])
def test_a_record_of_any_type_can_be_erased(store: Store, place: int) -> None:
    records = one_of_each()
    sequences = append_all(store, *records)
    before = {stored.sequence: stored for stored in every_record(store)}
    counts = store.count_records()
    erased = sequences[place]

    store.erase(pseudonyms([erased]), {})

    assert store.record("s", records[place].external_id) is None
    assert store.record("s", f"erased-{erased}") is None
    assert store.record_at(erased) is None
    wanted = {number: stored for number, stored in before.items() if number != erased}
    if records[place].record_type is RecordType.EVENT:
        renamed = dataclasses.replace(records[-1], supersedes=f"erased-{erased}")
        wanted[sequences[-1]] = dataclasses.replace(wanted[sequences[-1]], record=renamed)
    assert {stored.sequence: stored for stored in every_record(store)} == wanted
    counts[records[place].record_type] -= 1
    assert store.count_records() == counts
    assert store.last_sequence() == len(records)


def test_a_subject_goes_with_its_records_and_its_number_stays_taken(store: Store) -> None:
    sequences = append_all(store, link("l", ANN, BOB), event("e", ANN), event("f", BOB))
    store.erase(pseudonyms(sequences[:2]), {ANN: "erased-ann"})
    assert store.subject_numbers([ANN, BOB]) == [None, 1]
    assert subject_keys(store) == ["erased-ann", "bob"]
    assert store.count_subjects() == 2
    append_all(store, event("g", CAY), event("h", ANN))
    assert store.subject_numbers([CAY, ANN]) == [2, 3]


@pytest.mark.parametrize(
    "left",
    [
        link("l", ANN, BOB),
        link("l", BOB, ANN),
        event("l", ANN),
        report("l", ANN),
        report("l", BOB, reporter=ANN),
        listing("l", ANN),
        registration("l", ANN),
        dispute("l", ANN),
    ],
    ids=["src", "dst", "event", "reported", "reporter", "listing", "registration", "dispute"],
)
def test_a_subject_that_a_record_still_mentions_is_not_erased(store: Store, left: Record) -> None:
    append_all(store, left, event("e", ANN))
    before = every_record(store)
    with pytest.raises(ConflictError, match="person:ann"):
        store.erase(pseudonyms([2]), {ANN: "erased-ann"})
    assert every_record(store) == before
    assert store.erasures() == 0


def test_superseded_links_are_erased_too(store: Store) -> None:
    append_all(store, link("l", weight=1.0), link("m", weight=2.0, supersedes="l"))
    store.erase(pseudonyms([1, 2]), {ANN: "a", BOB: "b"})
    assert store.records_of(ANN, RecordType.LINK) == []
    found = [number for batch in store.iter_links(tuple(LinkKind)) for number in batch.sequence]
    assert found == []


def test_what_superseded_an_erased_record_still_stands_alone(store: Store) -> None:
    append_all(store, event("e", ANN, value=1.0), event("f", ANN, value=2.0, supersedes="e"))
    store.erase(pseudonyms([1]), {})
    assert [stored.sequence for stored in store.records(RecordType.EVENT)] == [2]


@pytest.mark.parametrize(
    "later",
    [
        (event("f", supersedes="e"),),
        (retraction("f", "e"),),
        (event("f", supersedes="e"), retraction("g", "f")),
    ],
    ids=["correction", "withdrawal", "both"],
)
def test_what_superseded_an_erased_record_names_its_trace(
    store: Store, later: tuple[Record, ...]
) -> None:
    append_all(store, event("e"), *later)
    store.erase(pseudonyms([1]), {})
    successor = store.record("s", "f")
    assert successor is not None
    assert successor.record.supersedes == "erased-1"
    assert [stored.record for stored in map(store.record_at, (3,)) if stored] == list(later[1:])
    assert append_one(store, later[0]).status is AppendStatus.UNCHANGED


def test_so_do_links_standing_and_superseded(store: Store) -> None:
    append_all(
        store,
        link("a"),
        link("b", supersedes="a"),
        link("x"),
        link("y", supersedes="x"),
        link("z", supersedes="y"),
    )
    store.erase(pseudonyms([1, 3]), {})
    named = {
        stored.record.external_id: stored.record.supersedes
        for stored in store.records_of(ANN, RecordType.LINK)
    }
    assert named == {"b": "erased-1", "y": "erased-3", "z": "y"}


def test_an_erased_successor_of_an_erased_record_names_nothing(store: Store) -> None:
    append_all(store, event("e"), event("f", supersedes="e"), event("g", supersedes="f"))
    store.erase(pseudonyms([1, 2]), {})
    store.erase(pseudonyms([1, 2]), {})
    (left,) = store.records(RecordType.EVENT)
    assert left.record.supersedes == "erased-2"


def test_what_an_erased_record_superseded_does_not_come_back(store: Store) -> None:
    append_all(store, event("e", ANN), retraction("r", "e"))
    store.erase(pseudonyms([2]), {})
    assert list(store.records(RecordType.EVENT)) == []


def test_an_erased_record_can_be_sent_anew(store: Store) -> None:
    append_all(store, event("e", ANN))
    store.erase(pseudonyms([1]), {})
    assert append_one(store, event("e", ANN)).status is AppendStatus.ACCEPTED


def test_erasing_again_changes_nothing(store: Store) -> None:
    append_all(store, event("e", ANN))
    store.erase(pseudonyms([1]), {ANN: "erased-ann"})
    store.erase(pseudonyms([1]), {ANN: "erased-ann"})
    assert store.erasures() == 1


def test_erasures_are_counted_for_every_process(store: Store, second_store: OpenStore) -> None:
    append_all(store, event("e", ANN), event("f", BOB))
    assert store.erasures() == 0
    store.erase(pseudonyms([1]), {})
    second = second_store()
    assert second.erasures() == 1
    second.erase(pseudonyms([2]), {})
    assert store.erasures() == 2


def test_subjects_that_nothing_mentions_are_found(store: Store) -> None:
    append_all(store, event("e", ANN), report("r", BOB, reporter=CAY), link("l", ANN, BOB))
    assert store.subjects_without_records() == []
    store.erase(pseudonyms([1, 2]), {})
    assert store.subjects_without_records() == [CAY]
    store.erase(pseudonyms([3]), {})
    assert store.subjects_without_records() == [ANN, BOB, CAY]
    assert store.subjects_without_records(limit=1) == [ANN]
    store.erase({}, {ANN: "a"})
    assert store.subjects_without_records() == [BOB, CAY]


def test_reports_are_found_by_their_reporter(store: Store) -> None:
    append_all(
        store, report("r", BOB, reporter=ANN), report("q", ANN), report("p", CAY, reporter=ANN)
    )
    assert [stored.sequence for stored in store.reports_by(ANN)] == [1, 3]
    assert [stored.sequence for stored in store.reports_by(ANN, after_sequence=1)] == [3]
    assert [stored.sequence for stored in store.reports_by(ANN, limit=1)] == [1]
    assert store.reports_by(BOB) == []


def test_a_record_is_found_by_its_sequence(store: Store) -> None:
    records = one_of_each()
    for sequence, record in zip(append_all(store, *records), records, strict=True):
        found = store.record_at(sequence)
        assert found is not None
        assert found == store.record("s", record.external_id)
    assert store.record_at(len(records) + 1) is None
    assert store.record_at(0) is None


def test_a_run_is_redacted_in_one_step(store: Store) -> None:
    run = publish(store, "run")
    smaller = dataclasses.replace(run, subjects=1, checksum="0" * 64, payload_bytes=3)
    with pytest.raises(ConflictError, match="0 bytes staged of 3"):
        store.redact_run(smaller, "run~", replaces=run.checksum)
    store.stage_run_chunk("run~", 0, b"b")
    store.stage_run_chunk("run~", 1, b"ob")
    assert store.run("run") == run
    store.redact_run(smaller, "run~", replaces=run.checksum)
    assert store.run("run") == smaller
    assert b"".join(store.run_payload("run")) == b"bob"
    assert store.discard_staged_runs() == 0


def test_of_two_redactions_of_one_payload_the_second_is_refused(store: Store) -> None:
    run = publish(store, "run")
    for name in ("first", "second"):
        store.stage_run_chunk(name, 0, name.encode())
    first, second = (
        dataclasses.replace(run, checksum=name * 64, payload_bytes=size)
        for name, size in (("1", 5), ("2", 6))
    )
    store.redact_run(first, "first", replaces=run.checksum)
    with pytest.raises(ConflictError, match="meanwhile"):
        store.redact_run(second, "second", replaces=run.checksum)
    assert store.run("run") == first
    assert b"".join(store.run_payload("run")) == b"first"


def test_a_run_that_is_not_published_is_not_redacted(store: Store) -> None:
    with pytest.raises(RunNotFoundError, match="nobody"):
        store.redact_run(dataclasses.replace(RUN, run_id="nobody"), "x", replaces=RUN.checksum)


def test_a_run_made_before_an_erasure_is_not_published_after_it(store: Store) -> None:
    append_all(store, event("e"), event("f"))
    publish(store, "before")
    stage(store, "late")
    store.erase(pseudonyms([1]), {})
    with pytest.raises(ConflictError, match="erased while it was made"):
        store.publish_run(dataclasses.replace(RUN, run_id="late"))
    assert store.run("late") is None
    assert publish(store, "after", erasures=1) == store.run("after")


def test_one_staged_run_can_be_discarded_and_a_published_one_cannot(store: Store) -> None:
    publish(store, "published")
    stage(store, "one")
    stage(store, "other")
    store.discard_staged_run("one")
    store.discard_staged_run("published")
    store.discard_staged_run("none")
    assert b"".join(store.run_payload("published")) == b"abcd\x00\xffwxyz"
    with pytest.raises(ConflictError, match="0 bytes staged"):
        store.publish_run(dataclasses.replace(RUN, run_id="one"))
    assert store.discard_staged_runs() == 1


def test_a_dispute_is_kept_with_all_its_fields(store: Store) -> None:
    opened = dispute("d1", contested_source="t", contested_id="x")
    decided = dispute(
        "d2",
        contested_source=None,
        contested_id=None,
        purpose="p",
        status=DisputeStatus.KEPT,
        decided_at=DAY + timedelta(days=1),
        decided_by="rev",
        decision="the score stands",
    )
    append_all(store, opened, decided)
    assert [stored.record for stored in store.records_of(ANN, RecordType.DISPUTE)] == [
        opened,
        decided,
    ]
