"""What stands of many subjects, in one read: narrowed, paged, in the order asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from graphsvc.model import EventKind, LinkKind, RecordType, ReportCategory, ReportStatus
from graphsvc.store.ports import Store, Wanted
from tests.contract.evidence import (
    ANN,
    BOB,
    CAY,
    DAN,
    DAY,
    LATER,
    append_all,
    event,
    link,
    listing,
    one_of_each,
    person,
    report,
    retraction,
)

HOUR = timedelta(hours=1)


def standing(
    store: Store, record_type: RecordType, *subjects: object, limit: int = 100, **wanted: object
) -> list[list[str]]:
    found = store.standing_of(
        subjects or (ANN,),  # type: ignore[arg-type]
        record_type,
        Wanted(**wanted),  # type: ignore[arg-type]
        limit=limit,
    )
    return [[stored.record.external_id for stored in records] for records in found]


def test_each_subject_gets_its_own_records_in_the_order_asked(store: Store) -> None:
    append_all(store, link("1", ANN, BOB), link("2", CAY, ANN), link("3", BOB, CAY), event("4"))
    asked = (CAY, person("nobody"), ANN, CAY)
    assert standing(store, RecordType.LINK, *asked) == [["2", "3"], [], ["1", "2"], ["2", "3"]]
    assert standing(store, RecordType.EVENT, *asked) == [[], [], ["4"], []]
    assert store.standing_of([], RecordType.LINK) == []


@pytest.mark.parametrize("record_type", [RecordType.SUBJECT, RecordType.DISPUTE])
def test_other_types_have_none(store: Store, record_type: RecordType) -> None:
    append_all(store, *one_of_each())
    assert standing(store, record_type) == [[]]


def test_what_was_corrected_or_withdrawn_does_not_stand_and_takes_no_place(store: Store) -> None:
    append_all(
        store,
        *(link(f"{n}", ANN, BOB) for n in range(6)),
        link("right", ANN, CAY, supersedes="1"),
        retraction("gone", "2"),
    )
    assert standing(store, RecordType.LINK, ANN, BOB, CAY) == [
        ["0", "3", "4", "5", "right"],
        ["0", "3", "4", "5"],
        ["right"],
    ]
    assert standing(store, RecordType.LINK, ANN, BOB, limit=2) == [["0", "3"], ["0", "3"]]
    assert standing(store, RecordType.LINK, limit=0) == [[]]


def test_pages_go_on_after_a_sequence(store: Store) -> None:
    append_all(store, *(event(f"{n}", (ANN, BOB)[n % 2]) for n in range(10)))
    after = store.standing_of([BOB, ANN], RecordType.EVENT, after_sequence=4, limit=2)
    assert [[stored.sequence for stored in records] for records in after] == [[6, 8], [5, 7]]


def test_links_are_narrowed_by_kind_and_direction(store: Store) -> None:
    append_all(
        store,
        link("1", ANN, BOB, kind=LinkKind.PAID),
        link("2", BOB, ANN, kind=LinkKind.PAID),
        link("3", ANN, BOB, kind=LinkKind.TRUSTS),
    )
    assert standing(store, RecordType.LINK, kinds=("paid",)) == [["1", "2"]]
    assert standing(store, RecordType.LINK, kinds=("paid", "trusts", "knows")) == [["1", "2", "3"]]
    assert standing(store, RecordType.LINK, kinds=()) == [[]]
    assert standing(store, RecordType.LINK, ANN, BOB, is_outgoing=True) == [["1", "3"], ["2"]]
    assert standing(store, RecordType.LINK, ANN, BOB, is_outgoing=False) == [["2"], ["1", "3"]]


def test_events_are_narrowed_by_kind_and_time(store: Store) -> None:
    kinds = [EventKind.BILL_PAID, EventKind.CHARGEBACK]
    append_all(
        store, *(event(f"{n}", kind=kinds[n % 2], occurred_at=DAY + n * HOUR) for n in range(6))
    )
    assert standing(store, RecordType.EVENT, kinds=("chargeback",)) == [["1", "3", "5"]]
    assert standing(store, RecordType.EVENT, kinds=()) == [[]]
    hours = {"since": DAY + HOUR, "until": DAY + 3 * HOUR}
    assert standing(store, RecordType.EVENT, **hours) == [["1", "2"]]
    assert standing(store, RecordType.EVENT, not_over_before=DAY + 4 * HOUR) == [["4", "5"]]


def test_reports_are_narrowed_by_category_and_by_being_open(store: Store) -> None:
    statuses = list(ReportStatus)
    append_all(store, *(report(f"{s}", status=s, reporter=BOB) for s in statuses))
    append_all(store, report("other", category=ReportCategory.HARASSMENT))
    assert standing(store, RecordType.REPORT, is_open=True) == [["open", "other"]]
    assert standing(store, RecordType.REPORT, is_open=False) == [["upheld", "rejected"]]
    assert standing(store, RecordType.REPORT, kinds=("harassment",)) == [["other"]]
    assert standing(store, RecordType.REPORT, BOB) == [[]]


def test_listings_are_narrowed_by_list_and_by_being_in_force(store: Store) -> None:
    append_all(
        store,
        listing("1", list_name="a"),
        listing("2", list_name="b", effective_from=DAY + HOUR),
        listing("3", list_name="a", until=DAY + HOUR),
    )
    assert standing(store, RecordType.LISTING, kinds=("a",)) == [["1", "3"]]
    assert standing(store, RecordType.LISTING, in_force_at=DAY) == [["1", "3"]]
    assert standing(store, RecordType.LISTING, in_force_at=DAY + HOUR) == [["1", "2"]]
    assert standing(store, RecordType.LISTING, in_force_at=LATER) == [[]]
    assert standing(store, RecordType.LISTING, not_over_before=DAY + 2 * HOUR) == [["1", "2"]]
    assert standing(store, RecordType.LISTING, since=DAY + HOUR) == [["2"]]


def test_a_link_without_an_end_is_over_only_where_it_was_a_dealing(store: Store) -> None:
    append_all(
        store,
        link("old dealing", kind=LinkKind.PAID, valid_from=DAY),
        link("dealing without a date", kind=LinkKind.PAID),
        link("dealing with an end", kind=LinkKind.PAID, valid_from=DAY, valid_to=LATER),
        link("old tie", kind=LinkKind.TRUSTS, valid_from=DAY),
        link("ended tie", kind=LinkKind.TRUSTS, valid_from=DAY, valid_to=DAY + HOUR),
    )
    assert standing(store, RecordType.LINK, not_over_before=DAY + 2 * HOUR) == [
        ["dealing without a date", "dealing with an end", "old tie"]
    ]
    assert standing(store, RecordType.LINK, since=DAY, until=DAY + HOUR) == [
        ["old dealing", "dealing with an end", "old tie", "ended tie"]
    ]


def test_records_are_read_by_their_sequences_superseded_or_not(store: Store) -> None:
    batch = [*one_of_each(), link("right", ANN, DAN, supersedes="link"), link("other", CAY, DAN)]
    append_all(store, *batch)
    asked = [9, 100, 2, 1, 5, 3, 6, 7, 4, 8, 2]
    found = store.records_at(asked)
    singly = [store.record_at(sequence) for sequence in asked]
    evidence = {RecordType.LINK, RecordType.EVENT, RecordType.REPORT, RecordType.LISTING}
    assert found == [
        stored if stored is not None and stored.record.record_type in evidence else None
        for stored in singly
    ]
    assert [stored and stored.superseded_by for stored in found] == [
        None, None, 9, None, None, 8, None, None, None, None, 9,
    ]  # fmt: skip
    assert store.records_at([]) == []


def test_an_erased_record_stands_nowhere(store: Store) -> None:
    append_all(store, link("1", ANN, BOB), event("2", ANN))
    store.erase({1: "~one", 2: "~two"}, {ANN: "~ann"})
    assert store.records_at([1, 2]) == [None, None]
    assert standing(store, RecordType.LINK, ANN, BOB) == [[], []]
