from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from graphsvc.access import AuditTrail
from graphsvc.errors import StoreUnavailableError
from graphsvc.model import AuditDraft, AuditEntry
from graphsvc.store.ports import Writer
from graphsvc.store.sqlite import SqliteStore


class GatedStore:
    """A real store that can be told to be out of reach."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.is_reachable = True
        self.batches: list[int] = []

    def append_audit(self, drafts: Sequence[AuditDraft]) -> list[AuditEntry]:
        if not self.is_reachable:
            raise StoreUnavailableError("out of reach")
        self.batches.append(len(drafts))
        return self.store.append_audit(drafts)

    def subjects(self) -> list[str | None]:
        return [entry.draft.subject for entry in self.store.audit_entries(0, 100_000)]


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[GatedStore]:
    store = SqliteStore.open(tmp_path / "store.db")
    store.migrate()
    yield GatedStore(store)
    store.close()


def trail_on(gated: GatedStore, **limits: float) -> AuditTrail:
    return AuditTrail(cast(Writer, gated), **limits)  # type: ignore[arg-type]


def read(subject: object) -> AuditDraft:
    return AuditDraft(
        at=datetime(2024, 1, 1, tzinfo=UTC), actor="test", action="read", subject=str(subject)
    )


def wait_until_failing(trail: AuditTrail) -> None:
    while trail.is_writing_well:
        time.sleep(0.01)


def test_entries_reach_the_store_in_order_and_few_transactions(gated: GatedStore) -> None:
    with trail_on(gated) as trail:
        for number in range(1200):
            trail.record([read(number)])
        assert trail.flush()
        assert gated.subjects() == [str(number) for number in range(1200)]
    assert len(gated.batches) < 60


def test_closing_writes_what_waits(gated: GatedStore) -> None:
    with trail_on(gated) as trail:
        trail.record([read(number) for number in range(1500)])
    assert len(gated.subjects()) == 1500


def test_entries_survive_a_store_that_is_away_for_a_while(gated: GatedStore) -> None:
    gated.is_reachable = False
    with trail_on(gated) as trail:
        trail.record([read("a")])
        wait_until_failing(trail)
        trail.record([read("b")])
        gated.is_reachable = True
        assert trail.flush()
        assert trail.is_writing_well
    assert gated.subjects() == ["a", "b"]


def test_closing_while_the_store_is_away_waits_for_it(gated: GatedStore) -> None:
    gated.is_reachable = False
    with trail_on(gated) as trail:
        trail.record([read("a")])
        threading.Timer(0.3, setattr, (gated, "is_reachable", True)).start()
    assert gated.subjects() == ["a"]


def test_a_full_trail_takes_nothing_so_that_nobody_reads_unseen(gated: GatedStore) -> None:
    gated.is_reachable = False
    with trail_on(gated, capacity=3, record_timeout_s=0.05) as trail:
        trail.record([read("a")])
        wait_until_failing(trail)  # it has taken that one out of the queue
        trail.record([read("b"), read("c")])
        with pytest.raises(StoreUnavailableError, match="the audit takes no entries now"):
            trail.record([read("d"), read("e")])
        gated.is_reachable = True
    assert gated.subjects() == ["a", "b", "c"]


def test_what_the_store_never_takes_goes_to_the_log(gated: GatedStore) -> None:
    gated.is_reachable = False
    with capture_logs() as logs, trail_on(gated, close_timeout_s=0.1) as trail:
        trail.record([read("a"), read("b")])
    lost = [entry for entry in logs if entry["event"] == "audit entry could not be stored"]
    assert [entry["subject"] for entry in lost] == ["a", "b"]
    assert {entry["log_level"] for entry in lost} == {"error"}


def test_a_closed_trail_takes_nothing(gated: GatedStore) -> None:
    with trail_on(gated) as trail:
        pass
    with pytest.raises(StoreUnavailableError):
        trail.record([read("a")])


def test_many_readers_at_once_lose_no_entry(gated: GatedStore) -> None:
    with trail_on(gated, capacity=50) as trail:

        def record_many(reader: int) -> None:
            for number in range(200):
                trail.record([read(f"{reader}-{number}")])

        readers = [threading.Thread(target=record_many, args=(reader,)) for reader in range(6)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    found = gated.subjects()
    assert len(found) == len(set(found)) == 1200
