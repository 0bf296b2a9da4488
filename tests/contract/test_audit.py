"""The audit chain: intact, in order, never forked."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from graphsvc.model import AuditDraft, AuditEntry
from graphsvc.model.audit import FIRST_PREVIOUS_HASH
from graphsvc.store.ports import AppendOutcome, Store, WantedEntries
from tests.contract.conftest import OpenStore
from tests.contract.evidence import event, person

NOON = datetime(2024, 5, 1, 12, 0, 0, 123_457, tzinfo=UTC)


def draft(detail: str = "", at: datetime = NOON) -> AuditDraft:
    return AuditDraft(at=at, actor="ann", action="read", purpose="lending", detail=detail)


def assert_chained(entries: Sequence[AuditEntry]) -> None:
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    previous = [FIRST_PREVIOUS_HASH, *(entry.entry_hash for entry in entries)]
    assert [entry.previous_hash for entry in entries] == previous[:-1]
    assert all(entry.is_intact() for entry in entries)


def test_an_empty_chain_has_no_entries(store: Store) -> None:
    assert store.audit_entries() == []
    assert store.append_audit([]) == []
    assert store.last_audit_position() == 0


def test_entries_form_a_chain_over_batches(store: Store, second_store: OpenStore) -> None:
    first = store.append_audit([draft("one"), draft("two")])
    second = second_store().append_audit([draft("three")])
    entries = store.audit_entries()
    assert entries == first + second
    assert [entry.draft.detail for entry in entries] == ["one", "two", "three"]
    assert_chained(entries)
    assert store.last_audit_position() == 3


def test_entries_are_read_back_as_they_were_returned(store: Store) -> None:
    drafts = [
        draft("Zoë \U0001f600 'quoted'\n\x01"),
        AuditDraft(at=NOON, actor="", action="login"),
        AuditDraft(at=NOON, actor="a", action="b", purpose="", subject="person:ann", detail="d"),
    ]
    returned = store.append_audit(drafts)
    assert [entry.draft for entry in returned] == drafts
    assert store.audit_entries() == returned
    assert_chained(store.audit_entries())


def test_entries_stay_intact_whatever_time_zone_they_were_written_in(store: Store) -> None:
    zones = [timezone(timedelta(hours=hours, minutes=30)) for hours in (-8, 0, 5)]
    store.append_audit([draft(at=NOON.astimezone(zone)) for zone in zones])
    store.append_audit([draft(at=datetime(1969, 1, 1, 0, 0, 0, 1, tzinfo=UTC))])
    assert_chained(store.audit_entries())


def test_equal_drafts_are_entries_of_their_own(store: Store) -> None:
    store.append_audit([draft(), draft()])
    store.append_audit([draft()])
    assert_chained(store.audit_entries())
    assert len({entry.entry_hash for entry in store.audit_entries()}) == 3


def test_the_chain_can_be_paged(store: Store) -> None:
    store.append_audit([draft(f"{n}") for n in range(10)])
    pages = [store.audit_entries(after, limit=4) for after in (0, 4, 8, 10)]
    assert [[entry.position for entry in page] for page in pages] == [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
        [9, 10],
        [],
    ]
    assert store.audit_entries(limit=0) == []


def test_concurrent_writers_do_not_fork_the_chain(store: Store, second_store: OpenStore) -> None:
    other = second_store()

    def write(worker: int) -> list[AuditEntry]:
        target = store if worker % 2 else other
        return [
            entry
            for n in range(6)
            for entry in target.append_audit([draft(f"{worker}/{n}a"), draft(f"{worker}/{n}b")])
        ]

    with ThreadPoolExecutor(4) as pool:
        written = [entry for entries in pool.map(write, range(4)) for entry in entries]
    assert_chained(store.audit_entries())
    assert sorted(written, key=lambda entry: entry.position) == store.audit_entries()


def test_what_an_append_notes_is_there_with_its_records_or_not_at_all(store: Store) -> None:
    records = [event(key, person(key)) for key in ("a", "b")]

    def noted(outcomes: Sequence[AppendOutcome]) -> list[AuditDraft]:
        return [draft(f"{outcome.status} {outcome.sequence}") for outcome in outcomes]

    store.append(records, audit_of=noted)
    store.append(records, audit_of=noted)
    assert [entry.draft.detail for entry in store.audit_entries()] == [
        "accepted 1",
        "accepted 2",
        "unchanged 1",
        "unchanged 2",
    ]
    assert_chained(store.audit_entries())
    store.append([event("c", person("c"))], audit_of=lambda _: [])

    def broken(_: Sequence[AppendOutcome]) -> list[AuditDraft]:
        raise RuntimeError("no entry can be made")

    with pytest.raises(RuntimeError):
        store.append([event("d", person("d"))], audit_of=broken)
    assert store.last_sequence() == 3
    assert store.last_audit_position() == 4
    assert store.subject_numbers([person("d")]) == [None]


def test_entries_are_narrowed_by_all_that_is_wanted_of_them(store: Store) -> None:
    def entry(number: int, **fields: str) -> AuditDraft:
        values: dict[str, str] = {"actor": "ann", "action": "read", "purpose": "lending"} | fields
        return AuditDraft(at=NOON + timedelta(seconds=number), detail=f"{number}", **values)

    store.append_audit(
        [
            entry(0, subject="~one"),
            entry(1, action="erase"),
            entry(2, purpose="fraud", subject="~one"),
            entry(3, subject="~two"),
            entry(4, subject="~one"),
        ]
    )
    store.append_audit([AuditDraft(at=NOON, actor="ann", action="read")])

    def found(after: int = 0, limit: int = 10, **wanted: object) -> list[int]:
        entries = store.audit_entries(after, limit, WantedEntries(**wanted))  # type: ignore[arg-type]
        return [entry.position for entry in entries]

    assert found() == [1, 2, 3, 4, 5, 6]
    assert found(purpose="lending") == [1, 2, 4, 5]
    assert found(action="erase") == [2]
    assert found(subject="~one") == [1, 3, 5]
    assert found(purpose="lending", subject="~one", action="read") == [1, 5]
    assert found(purpose="lending", limit=2) == [1, 2]
    assert found(2, 2, purpose="lending") == [4, 5]
    assert found(since=NOON + timedelta(seconds=3)) == [4, 5]
    assert found(since=(NOON + timedelta(seconds=4)).astimezone(timezone(timedelta(hours=5)))) == [
        5
    ]
    assert found(purpose="nothing") == []


def test_entries_are_found_by_position_in_the_order_asked(store: Store) -> None:
    entries = store.append_audit([draft(f"{n}") for n in range(3)])
    assert store.audit_entries_at([3, 9, 1, 3, 0]) == [
        entries[2],
        None,
        entries[0],
        entries[2],
        None,
    ]
    assert store.audit_entries_at([]) == []
