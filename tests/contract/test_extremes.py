"""Whatever a record may hold comes back bit by bit: keys, texts, numbers, times."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest

from graphsvc.errors import InvalidRecordError
from graphsvc.model import LinkKind, RecordType, SubjectKind, SubjectRef
from graphsvc.store.ports import AppendStatus, Store
from tests.contract.evidence import (
    ALL_KINDS,
    ANN,
    BOB,
    append_all,
    event,
    link,
    listing,
    person,
    registration,
    report,
    retraction,
)

KEYS = [
    "O'Brien",
    '"quoted"',
    "`back` \\slash\\",
    "device:42",
    "person:ann",
    "a--b; DROP TABLE record; //",
    "$key {key} [key] %s ?1 :key @key",
    "x" * 256,
    "\U0001f600" * 256,
    "Zoë",
    unicodedata.normalize("NFD", "Zoë"),
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
    "שלום",
    "数据",
    "1",
    "01",
    "1.0",
    "1e0",
    "null",
    "None",
    "true",
    "0x1F",
    "A",
    "a",
    "a b",
    "a  b",
]
FLOATS = [5e-324, 2.2250738585072014e-308, 1e-300, 0.1, 1 / 3, 2.0**53 + 2, 1e15, 1e16, 1e308]
FLOATS += [1.7976931348623157e308, 0.0, 1.0]
TIMES = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1815, 6, 18, 11, 35, 0, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2024, 2, 29, 12, 0, 0, 123_457, tzinfo=UTC),
    datetime(2024, 6, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=45))),
]


def test_keys_of_any_script_and_with_any_sign_stay_distinct(store: Store) -> None:
    append_all(store, *(event(f"{n}", person(key)) for n, key in enumerate(KEYS)))
    assert store.subject_numbers([person(key) for key in KEYS]) == list(range(len(KEYS)))
    assert [key for batch in store.iter_subjects() for key in batch.key] == KEYS
    for n, key in enumerate(KEYS):
        (found,) = store.records_of(person(key), RecordType.EVENT)
        assert found.record == event(f"{n}", person(key))


def test_external_ids_and_sources_of_any_script_stay_distinct(store: Store) -> None:
    append_all(store, *(link(key, source="s") for key in KEYS))
    append_all(store, *(link("1", source=key, weight=2.0) for key in KEYS))
    for key in KEYS:
        by_id, by_source = store.record("s", key), store.record(key, "1")
        assert by_id is not None
        assert by_source is not None
        assert (by_id.record, by_source.record) == (
            link(key, source="s"),
            link("1", source=key, weight=2.0),
        )
    again = store.append([link(key, source="s") for key in KEYS])
    assert {outcome.status for outcome in again} == {AppendStatus.UNCHANGED}


def test_a_record_can_supersede_one_whose_id_is_strange(store: Store) -> None:
    for n, key in enumerate(KEYS):
        append_all(store, link(key, source=f"s{n}"), retraction("r", key, source=f"s{n}"))
    assert list(store.records(RecordType.LINK)) == []


def test_list_names_of_any_script_stay_distinct(store: Store) -> None:
    append_all(store, *(listing(f"{n}", list_name=key) for n, key in enumerate(KEYS)))
    for n, key in enumerate(KEYS):
        assert [found.sequence for found in store.listings([key])] == [n + 1]


@pytest.mark.parametrize("key", ["", "line\nbreak", "tab\t", "nul\x00", " lead", "x" * 257])
def test_keys_that_would_not_come_back_are_refused_before_the_store(key: str) -> None:
    with pytest.raises(InvalidRecordError):
        link("1", person(key), BOB)


def test_every_kind_of_subject_comes_back(store: Store) -> None:
    refs = [SubjectRef(kind, "k") for kind in SubjectKind]
    append_all(store, *(registration(ref.kind, ref) for ref in refs))
    assert [stored.record.subject for stored in store.records(RecordType.SUBJECT)] == refs  # type: ignore[attr-defined]
    assert store.subject_numbers(refs) == list(range(len(refs)))


def test_texts_come_back_with_their_line_breaks_and_signs(store: Store) -> None:
    texts = ["", "line\nbreak\r\n\ttab", "'\"\\", "\x01\x7f", "\U0001f600é\u202e", "x" * 10_000]
    for n, text in enumerate(texts):
        append_all(store, report(f"p{n}", text=text), registration(f"r{n}", display_name=text))
    assert [stored.record.text for stored in store.records(RecordType.REPORT)] == texts  # type: ignore[attr-defined]
    names = [stored.record.display_name for stored in store.records(RecordType.SUBJECT)]  # type: ignore[attr-defined]
    assert names == texts


def test_an_empty_text_is_not_an_absent_one(store: Store) -> None:
    append_all(store, report("1", text=""), report("2", text=None))
    assert [stored.record.text for stored in store.records(RecordType.REPORT)] == ["", None]  # type: ignore[attr-defined]


def test_evidence_comes_back_in_order(store: Store) -> None:
    evidence = [(), ("one",), ("b", "a", 'q"u', "[1, 2]", "é", "null")]
    append_all(store, *(report(f"{n}", evidence=e) for n, e in enumerate(evidence)))
    assert [stored.record.evidence for stored in store.records(RecordType.REPORT)] == evidence  # type: ignore[attr-defined]


@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_come_back_bit_by_bit(store: Store, sign: int) -> None:
    values = [sign * value for value in FLOATS if value != 0.0]
    append_all(
        store,
        *(link(f"l{n}", kind=LinkKind.RATES, weight=value) for n, value in enumerate(values)),
        *(event(f"e{n}", value=value) for n, value in enumerate(values)),
    )
    weights = [weight for batch in store.iter_links(ALL_KINDS) for weight in batch.weight.tolist()]
    assert [value.hex() for value in weights] == [value.hex() for value in values]
    for record_type, field in ((RecordType.LINK, "weight"), (RecordType.EVENT, "value")):
        found = [getattr(stored.record, field) for stored in store.records(record_type)]
        assert [value.hex() for value in found] == [value.hex() for value in values]


def test_a_nought_is_not_an_absent_value(store: Store) -> None:
    append_all(store, event("1", value=0.0), event("2", value=None))
    assert [stored.record.value for stored in store.records(RecordType.EVENT)] == [0.0, None]  # type: ignore[attr-defined]


def test_the_smallest_severity_comes_back(store: Store) -> None:
    append_all(store, listing("1", severity=5e-324), report("2", severity=0.0))
    (listed,), (reported,) = (
        list(store.records(record_type)) for record_type in (RecordType.LISTING, RecordType.REPORT)
    )
    assert listed.record == listing("1", severity=5e-324)
    assert reported.record == report("2", severity=0.0)


@pytest.mark.parametrize("number", [1, 2**31, 2**32 + 1, 2**53 - 1])
def test_counts_come_back_exactly(store: Store, number: int) -> None:
    append_all(store, link("1", count=number))
    (batch,) = store.iter_links(ALL_KINDS)
    (stored,) = store.records(RecordType.LINK)
    assert batch.count.tolist() == [number]
    assert stored.record == link("1", count=number)


@pytest.mark.parametrize("time", TIMES, ids=str)
def test_times_come_back_to_the_microsecond(store: Store, time: datetime) -> None:
    sent = [link("1", valid_from=time), event("2", occurred_at=time), report("3", reported_at=time)]
    append_all(store, *sent)
    assert [store.record("s", record.external_id).record for record in sent] == sent  # type: ignore[union-attr]
    outcomes = store.append(sent)
    assert [outcome.status for outcome in outcomes] == [AppendStatus.UNCHANGED] * 3


def test_a_link_may_end_at_the_end_of_time(store: Store) -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    append_all(store, link("1", valid_to=last), listing("2", ANN, until=last))
    assert [s.record for s in store.records(RecordType.LINK)] == [link("1", valid_to=last)]
    assert [s.record for s in store.listings(["sanctions"])] == [listing("2", ANN, until=last)]


def test_one_instant_in_two_time_zones_is_the_same_content(store: Store) -> None:
    noon = datetime(2024, 6, 1, 12, tzinfo=UTC)
    append_all(store, event("1", occurred_at=noon))
    elsewhere = noon.astimezone(timezone(timedelta(hours=-7)))
    (outcome,) = store.append([event("1", occurred_at=elsewhere)])
    assert outcome.status is AppendStatus.UNCHANGED
