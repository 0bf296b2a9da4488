"""Cases: which there are for a purpose, and their entries."""

from __future__ import annotations

from graphsvc.model import CaseEntry, CaseStep, Record, StoredRecord
from graphsvc.store.ports import Store
from tests.contract.evidence import ANN, BOB, append_all, case_entry, event


def opening(case_id: str, purpose: str = "lending") -> CaseEntry:
    return case_entry(
        f"{case_id}.opened", None, case_id=case_id, purpose=purpose, step=CaseStep.OPENED
    )


def about(case_id: str, subject: str) -> CaseEntry:
    ref = {"ann": ANN, "bob": BOB}[subject]
    return case_entry(
        f"{case_id}.{subject}", ref, case_id=case_id, step=CaseStep.SUBJECT, text=None
    )


def ids(found: list[StoredRecord[Record]]) -> list[str]:
    return [stored.record.external_id for stored in found]


def test_openings_are_those_of_one_purpose_in_order_page_by_page(store: Store) -> None:
    append_all(
        store,
        opening("C-1"),
        event("e"),
        opening("C-2", purpose="renting"),
        about("C-1", "ann"),
        opening("C-3"),
    )
    every = store.case_openings("lending")
    assert ids(every) == ["C-1.opened", "C-3.opened"]
    assert [stored.record for stored in every] == [opening("C-1"), opening("C-3")]
    first = store.case_openings("lending", limit=1)
    assert ids(first) == ["C-1.opened"]
    assert ids(store.case_openings("lending", after_sequence=first[0].sequence)) == ["C-3.opened"]
    assert store.case_openings("lending", limit=0) == []
    assert store.case_openings("selling") == []


def test_entries_of_many_cases_come_in_order_of_sequence(store: Store) -> None:
    records = [opening("C-1"), opening("C-2"), about("C-2", "bob"), about("C-1", "ann")]
    sequences = append_all(store, *records, opening("C-3"))
    found = store.case_entries(["C-2", "no such case", "C-1"])
    assert [stored.record for stored in found] == records
    assert [stored.sequence for stored in found] == sequences[:4]
    assert store.case_entries([]) == []


def test_an_erased_entry_is_gone_from_its_case(store: Store) -> None:
    sequences = append_all(store, opening("C-1"), about("C-1", "ann"), about("C-1", "bob"))
    store.erase({sequences[1]: "trace"}, {ANN: "somebody"})
    assert ids(store.case_entries(["C-1"])) == ["C-1.opened", "C-1.bob"]
    store.erase({sequences[0]: "trace-2"}, {})
    assert store.case_openings("lending") == []
