"""Runs that wait for a person's release: whole, unseen by readers, gone with any erasure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from graphsvc.errors import ConflictError
from graphsvc.model import HeldRun
from graphsvc.store.ports import Store
from tests.contract.conftest import OpenStore
from tests.contract.evidence import append_all, event
from tests.contract.test_runs import RUN, assert_unseen, payload_of, publish, stage

HELD = HeldRun(
    run=RUN,
    held_at=datetime(2024, 5, 2, 0, 0, 0, 5, tzinfo=UTC),
    reasons=("PSI of score is 0.31, above 0.25", "Grüße"),
)
PAYLOAD = b"abcd\x00\xffwxyz"


def hold(store: Store, run_id: str = "run-1", **changes: object) -> HeldRun:
    held = replace(HELD, run=replace(RUN, run_id=run_id, **changes))  # type: ignore[arg-type]
    stage(store, run_id)
    store.hold_run(held)
    return held


def held_payload(store: Store, run_id: str = "run-1") -> bytes:
    return b"".join(store.held_run_payload(run_id))


def test_a_held_run_is_kept_whole_and_no_reader_of_runs_sees_it(
    store: Store, second_store: OpenStore
) -> None:
    hold(store)
    other = second_store()
    assert other.held_run("run-1") == HELD
    assert other.held_runs() == [HELD]
    assert held_payload(other) == PAYLOAD
    assert_unseen(other)


def test_readers_keep_the_run_before_until_the_held_one_is_published(store: Store) -> None:
    former = publish(store, "run-0")
    hold(store)
    assert store.current_run(RUN.programme) == former
    store.publish_run(RUN)
    assert store.current_run(RUN.programme) == RUN
    assert payload_of(store) == PAYLOAD
    assert store.held_runs() == []
    assert store.held_run("run-1") is None
    assert held_payload(store) == b""


def test_a_run_can_be_held_only_where_it_could_be_published(store: Store) -> None:
    with pytest.raises(ConflictError, match="0 bytes staged of 10"):
        store.hold_run(HELD)
    publish(store)
    with pytest.raises(ConflictError, match="published already"):
        store.hold_run(HELD)
    assert store.held_runs() == []


def test_holding_a_run_again_says_anew_why_and_not_since_when(store: Store) -> None:
    hold(store)
    store.hold_run(replace(HELD, held_at=datetime(2025, 1, 1, tzinfo=UTC), reasons=("other",)))
    assert store.held_runs() == [replace(HELD, reasons=("other",))]


def test_held_runs_come_latest_first_and_can_be_narrowed_to_a_purpose(store: Store) -> None:
    early = hold(store, "run-2")
    late = replace(
        HELD,
        held_at=datetime(2024, 6, 1, tzinfo=UTC),
        run=replace(RUN, run_id="run-1", purpose="hiring"),
    )
    stage(store, "run-1")
    store.hold_run(late)
    assert store.held_runs() == [late, early]
    assert store.held_runs("lending") == [early]
    assert store.held_runs("none") == []


def test_a_discarded_run_is_gone_and_the_other_one_still_waits(store: Store) -> None:
    hold(store, "run-1")
    other = hold(store, "run-2")
    store.discard_staged_run("run-1")
    assert store.held_runs() == [other]
    assert held_payload(store, "run-1") == b""
    assert held_payload(store, "run-2") == PAYLOAD


def test_discarding_all_that_is_staged_takes_held_runs_with_it(store: Store) -> None:
    hold(store, "run-1")
    stage(store, "run-2")
    assert store.discard_staged_runs() == 2
    assert store.held_runs() == []
    with pytest.raises(ConflictError, match="0 bytes staged"):
        store.publish_run(RUN)


def test_a_run_held_before_an_erasure_is_neither_published_nor_held_after_it(store: Store) -> None:
    append_all(store, event("e"), event("f"))
    hold(store)
    store.erase({1: "erased-1"}, {})
    with pytest.raises(ConflictError, match="erased while it was made"):
        store.publish_run(RUN)
    with pytest.raises(ConflictError, match="erased while it was made"):
        store.hold_run(HELD)
    assert_unseen(store)


def test_a_staged_run_that_nobody_holds_is_read_by_no_name(store: Store) -> None:
    stage(store)
    publish(store, "run-2")
    assert store.held_run("run-1") is None
    assert held_payload(store) == b""
    assert held_payload(store, "run-2") == b""
