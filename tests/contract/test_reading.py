"""Reading: streams, one subject's records, lists, paging, columns."""

from __future__ import annotations

import numpy as np
import pytest

from graphsvc.model import (
    EventKind,
    LinkKind,
    Listing,
    ListKind,
    RecordType,
    ReportCategory,
    SubjectKind,
    SubjectRef,
)
from graphsvc.model.checks import to_microseconds
from graphsvc.store.ports import (
    LINK_KIND_CODES,
    NO_END_US,
    NO_START_US,
    LinkColumns,
    RecordHeading,
    Store,
)
from tests.contract.evidence import (
    ALL_KINDS,
    ANN,
    BOB,
    CAY,
    DAN,
    DAY,
    LATER,
    append_all,
    append_one,
    event,
    link,
    listing,
    one_of_each,
    person,
    registration,
    report,
    retraction,
)


def ids(found: object) -> list[str]:
    return [stored.record.external_id for stored in found]  # type: ignore[attr-defined]


def joined(batches: list[LinkColumns], column: str) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.int64), *(getattr(batch, column) for batch in batches)])


def test_records_stream_in_order_of_sequence_after_a_sequence(store: Store) -> None:
    append_all(store, link("1"), event("2"), link("3"), link("4"))
    assert [s.sequence for s in store.records(RecordType.LINK)] == [1, 3, 4]
    assert [s.sequence for s in store.records(RecordType.LINK, after_sequence=1)] == [3, 4]
    assert [s.sequence for s in store.records(RecordType.LINK, after_sequence=4)] == []


def test_streams_go_on_over_many_pages(store: Store) -> None:
    many = 5_000
    store.append([link(f"{n}", person(f"p{n}"), person(f"q{n % 7}")) for n in range(many)])
    assert [s.sequence for s in store.records(RecordType.LINK)] == list(range(1, many + 1))
    assert joined(list(store.iter_links(ALL_KINDS)), "sequence").tolist() == list(
        range(1, many + 1)
    )


def test_a_stream_may_be_left_open_while_records_are_appended(store: Store) -> None:
    append_all(store, link("1"), link("2"))
    stream = store.records(RecordType.LINK)
    next(stream)
    append_all(store, link("3"))
    assert ids(stream) == ["2"]


@pytest.mark.parametrize("number", range(5))
def test_records_of_a_subject_are_found_by_type(store: Store, number: int) -> None:
    batch = one_of_each()
    append_all(store, *batch, link("other", CAY, DAN))
    found = store.records_of(ANN, batch[number].record_type)
    assert [stored.record for stored in found] == [batch[number]]


def test_links_are_found_at_either_end(store: Store) -> None:
    append_all(store, link("1", ANN, BOB), link("2", CAY, ANN), link("3", BOB, CAY))
    assert ids(store.records_of(ANN, RecordType.LINK)) == ["1", "2"]
    assert ids(store.records_of(BOB, RecordType.LINK)) == ["1", "3"]


def test_links_of_a_subject_can_be_narrowed_to_kinds(store: Store) -> None:
    append_all(
        store,
        link("1", kind=LinkKind.PAID),
        link("2", kind=LinkKind.TRUSTS),
        link("3", BOB, ANN, kind=LinkKind.PAID),
    )
    kinds = [LinkKind.PAID, LinkKind.HOUSEHOLD]
    assert ids(store.records_of(ANN, RecordType.LINK, link_kinds=kinds)) == ["1", "3"]
    assert store.records_of(ANN, RecordType.LINK, link_kinds=[]) == []


def test_a_report_concerns_the_reported_subject(store: Store) -> None:
    append_all(store, report("1", ANN, reporter=BOB))
    assert ids(store.records_of(ANN, RecordType.REPORT)) == ["1"]
    assert store.records_of(BOB, RecordType.REPORT) == []


def test_an_unknown_subject_has_no_records(store: Store) -> None:
    append_all(store, link("1", ANN, BOB))
    assert store.records_of(CAY, RecordType.LINK) == []
    assert store.records_of(SubjectRef(SubjectKind.PHONE, "ann"), RecordType.LINK) == []


def test_records_of_a_subject_can_be_paged(store: Store) -> None:
    ends = ((ANN, BOB), (CAY, ANN), (BOB, CAY))
    append_all(store, *(link(f"{n}", *ends[n % 3]) for n in range(30)))
    expected = [n + 1 for n in range(30) if n % 3 != 2]
    pages: list[int] = []
    after = 0
    while page := store.records_of(ANN, RecordType.LINK, after_sequence=after, limit=7):
        assert len(page) <= 7
        pages += [stored.sequence for stored in page]
        after = pages[-1]
    assert pages == expected


def test_no_limit_means_a_hundred_and_nought_means_none(store: Store) -> None:
    append_all(store, *(event(f"{n}") for n in range(120)))
    assert len(store.records_of(ANN, RecordType.EVENT)) == 100
    assert store.records_of(ANN, RecordType.EVENT, limit=0) == []


def test_records_of_a_subject_in_a_past_state_end_there(store: Store) -> None:
    append_all(store, event("1"), event("2"), retraction("3", "1"))
    seen = [
        [(s.sequence, s.superseded_by) for s in store.records_of(ANN, RecordType.EVENT, known_at=n)]
        for n in range(4)
    ]
    assert seen == [[], [(1, None)], [(1, None), (2, None)], [(1, 3), (2, None)]]


def test_listings_are_found_by_list(store: Store) -> None:
    append_all(
        store,
        listing("1", list_name="a"),
        listing("2", list_name="b"),
        listing("3", list_name="c"),
        listing("4", BOB, list_name="a"),
    )
    assert ids(store.listings(["a"])) == ["1", "4"]
    assert ids(store.listings(["b", "a"])) == ["1", "2", "4"]
    assert ids(store.listings(["a", "a"])) == ["1", "4"]
    assert ids(store.listings(["z"])) == []
    assert ids(store.listings([])) == []


def test_listings_can_be_narrowed_to_a_kind(store: Store) -> None:
    append_all(store, listing("1"), listing("2", list_kind=ListKind.ALLOWLIST))
    assert ids(store.listings(["sanctions"], kind=ListKind.ALLOWLIST)) == ["2"]
    assert ids(store.listings(["sanctions"], kind=ListKind.BLACKLIST)) == ["1"]
    assert ids(store.listings(["sanctions"])) == ["1", "2"]


def test_a_lifted_listing_is_gone_from_its_list_but_not_from_the_past(store: Store) -> None:
    append_all(store, listing("1"), listing("2", BOB), retraction("3", "1"))
    assert ids(store.listings(["sanctions"])) == ["2"]
    assert ids(store.listings(["sanctions"], known_at=2)) == ["1", "2"]
    assert ids(store.listings(["sanctions"], known_at=1)) == ["1"]
    assert ids(store.listings(["sanctions"], known_at=0)) == []


def test_listings_are_listings(store: Store) -> None:
    append_all(store, listing("1"))
    (stored,) = store.listings(["sanctions"])
    assert isinstance(stored.record, Listing)
    assert (stored.record, stored.sequence) == (listing("1"), 1)


def test_a_record_is_found_by_source_and_external_id(store: Store) -> None:
    append_all(store, link("1", source="s"), event("1", source="t"))
    by_s, by_t = store.record("s", "1"), store.record("t", "1")
    assert by_s is not None
    assert by_t is not None
    assert (by_s.record, by_t.record) == (link("1", source="s"), event("1", source="t"))
    assert store.record("u", "1") is None
    assert store.record("s", "2") is None


def test_subjects_stream_in_order_of_number(store: Store) -> None:
    append_all(store, link("1", ANN, SubjectRef(SubjectKind.DEVICE, "d")), registration("2", CAY))
    (batch,) = store.iter_subjects()
    assert batch.number.tolist() == [0, 1, 2]
    assert batch.number.dtype == np.int64
    assert (batch.kind, batch.key) == (["person", "device", "person"], ["ann", "d", "cay"])
    (rest,) = store.iter_subjects(after_number=0)
    assert (rest.number.tolist(), rest.key) == ([1, 2], ["d", "cay"])
    assert list(store.iter_subjects(after_number=2)) == []


def test_link_columns_say_what_the_records_say(store: Store) -> None:
    append_all(
        store,
        link("1", ANN, BOB, kind=LinkKind.PAID, weight=2.5, count=7, currency="EUR"),
        event("2", CAY),
        link("3", CAY, ANN, kind=LinkKind.TRUSTS, valid_from=DAY, valid_to=LATER),
        link("4", CAY, BOB, kind=LinkKind.RATES, weight=-1.0, valid_from=DAY),
        link("5", ANN, BOB, kind=LinkKind.PAID, weight=9.0, supersedes="1"),
    )
    batches = list(store.iter_links(ALL_KINDS))
    day, later = to_microseconds(DAY), to_microseconds(LATER)
    codes = [LINK_KIND_CODES[k] for k in map(LinkKind, ("paid", "trusts", "rates", "paid"))]
    expected = {
        "sequence": [1, 3, 4, 5],
        "kind": codes,
        "src": [0, 2, 2, 0],
        "dst": [1, 0, 1, 1],
        "weight": [2.5, 1.0, -1.0, 9.0],
        "count": [7, 1, 1, 1],
        "valid_from_us": [NO_START_US, day, day, NO_START_US],
        "valid_to_us": [NO_END_US, later, NO_END_US, NO_END_US],
        "superseded_by": [5, 0, 0, 0],
    }
    assert {name: joined(batches, name).tolist() for name in expected} == expected


def test_link_columns_have_the_types_that_the_port_states(store: Store) -> None:
    append_all(store, link("1"))
    (batch,) = store.iter_links(ALL_KINDS)
    types = {name: str(getattr(batch, name).dtype) for name in LinkColumns.__slots__}
    expected = dict.fromkeys(LinkColumns.__slots__, "int64")
    assert types == expected | {"kind": "uint8", "weight": "float64"}


def test_link_columns_are_of_the_kinds_and_the_range_asked_for(store: Store) -> None:
    kinds = [LinkKind.PAID, LinkKind.KNOWS, LinkKind.TRUSTS]
    append_all(store, *(link(f"{n}", kind=kinds[n % 3]) for n in range(9)))

    def sequences(*asked: LinkKind, after: int = 0, up_to: int | None = None) -> list[int]:
        found = store.iter_links(asked, after, up_to)
        return [int(sequence) for sequence in joined(list(found), "sequence")]

    assert sequences(LinkKind.PAID) == [1, 4, 7]
    assert sequences(LinkKind.TRUSTS, LinkKind.PAID) == [1, 3, 4, 6, 7, 9]
    assert sequences(*ALL_KINDS, after=3, up_to=6) == [4, 5, 6]
    assert sequences(LinkKind.PAID, after=4, up_to=7) == [7]
    assert sequences(LinkKind.PAID, after=7) == []
    assert sequences(LinkKind.HOUSEHOLD) == []
    assert sequences() == []
    assert sequences(*ALL_KINDS, up_to=0) == []
    assert sequences(*ALL_KINDS, up_to=100) == list(range(1, 10))


def test_every_kind_of_link_keeps_its_code(store: Store) -> None:
    append_all(store, *(link(kind.value, kind=kind) for kind in LinkKind))
    codes = joined(list(store.iter_links(ALL_KINDS)), "kind").tolist()
    assert codes == [LINK_KIND_CODES[kind] for kind in LinkKind]


def test_headings_say_what_records_are_in_the_order_asked(store: Store) -> None:
    sequences = append_all(store, *one_of_each())
    theirs = append_one(store, event("event", source="other"))
    sorts = [
        "",
        LinkKind.KNOWS,
        next(iter(EventKind)),
        ReportCategory.FRAUD,
        "sanctions",
        "",
        "",
        "",
    ]
    wanted = [
        RecordHeading(sequence, record_type, sort)
        for sequence, record_type, sort in zip(sequences, RecordType, sorts, strict=True)
    ]
    asked = [("s", record.external_id) for record in one_of_each()]
    assert store.headings(asked) == wanted
    assert store.headings([("s", "no"), ("other", "event"), asked[1], asked[1]]) == [
        None,
        RecordHeading(theirs.sequence or 0, RecordType.EVENT, next(iter(EventKind))),
        wanted[1],
        wanted[1],
    ]
    assert store.headings([]) == []
    store.erase({sequences[3]: "trace"}, {})
    assert store.headings([("s", "report"), ("s", "trace")]) == [None, None]
