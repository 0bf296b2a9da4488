"""Runs: staged unseen, published whole in one step, immutable from then on."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from graphsvc.errors import ConflictError, LeaseLostError, RunNotFoundError
from graphsvc.model import RunCertificate, RunMethod, ScoreRun
from graphsvc.store.ports import Store
from tests.contract.conftest import OpenStore

RUN = ScoreRun(
    run_id="run-1",
    purpose="lending",
    purpose_version=3,
    programme="exposure-v2",
    programme_version=2,
    snapshot_sequence=2**40,
    as_of=datetime(2024, 5, 1, 12, 30, 0, 123_457, tzinfo=UTC),
    tolerance=1e-9,
    created_at=datetime(2024, 5, 2, tzinfo=UTC),
    subjects=3,
    links=4,
    exposure=RunCertificate(bound=1e-10, bound_1=2e-10, residual=3e-11, tolerance=1e-9, sweeps=17),
    trust=RunCertificate(bound=5e-324, bound_1=0.0, residual=1 / 3, tolerance=0.1, sweeps=0),
    score_bound=0.25,
    checksum="ab" * 32,
    payload_bytes=10,
)


def stage(store: Store, run_id: str = "run-1") -> None:
    for chunk, payload in enumerate((b"abcd", b"\x00\xff", b"wxyz")):
        store.stage_run_chunk(run_id, chunk, payload)


def publish(store: Store, run_id: str = "run-1", **changes: object) -> ScoreRun:
    run = replace(RUN, run_id=run_id, **changes)  # type: ignore[arg-type]
    stage(store, run_id)
    store.publish_run(run)
    return run


def payload_of(store: Store, run_id: str = "run-1") -> bytes:
    return b"".join(store.run_payload(run_id))


def assert_unseen(store: Store, run_id: str = "run-1") -> None:
    assert store.run(run_id) is None
    assert store.runs() == []
    assert store.current_run(RUN.programme) is None
    assert list(store.run_payload(run_id)) == []


def test_a_published_run_is_read_back_as_it_was_published(
    store: Store, second_store: OpenStore
) -> None:
    publish(store)
    other = second_store()
    assert other.run("run-1") == RUN
    assert other.current_run("exposure-v2") == RUN
    assert other.runs() == [RUN]
    assert list(other.run_payload("run-1")) == [b"abcd", b"\x00\xff", b"wxyz"]


def test_a_run_says_by_which_method_its_values_came(store: Store, second_store: OpenStore) -> None:
    run = publish(store, method=RunMethod.SWEEPS)
    assert second_store().run("run-1") == run
    assert RUN.method is RunMethod.CORE


def test_a_staged_run_is_invisible(store: Store, second_store: OpenStore) -> None:
    stage(store)
    assert_unseen(store)
    assert_unseen(second_store())


def test_chunks_come_in_order_however_they_were_staged(store: Store) -> None:
    order = [11, 2, 0, 10, 9, 1, 3, 8, 4, 7, 5, 6]
    for chunk in order:
        store.stage_run_chunk("run-1", chunk, bytes([chunk]))
    store.publish_run(replace(RUN, payload_bytes=12))
    assert payload_of(store) == bytes(range(12))


def test_a_chunk_staged_again_overwrites(store: Store) -> None:
    store.stage_run_chunk("run-1", 0, b"a crashed job's part")
    stage(store)
    store.publish_run(RUN)
    assert payload_of(store) == b"abcd\x00\xffwxyz"


def test_a_run_without_all_its_chunks_is_refused_and_stays_unseen(store: Store) -> None:
    store.stage_run_chunk("run-1", 0, b"abcd")
    store.stage_run_chunk("run-1", 2, b"wxyz")
    with pytest.raises(ConflictError, match=r"8 bytes.*10"):
        store.publish_run(RUN)
    assert_unseen(store)
    store.stage_run_chunk("run-1", 1, b"\x00\xff")
    store.publish_run(RUN)
    assert payload_of(store) == b"abcd\x00\xffwxyz"


def test_a_run_with_too_much_staged_is_refused(store: Store) -> None:
    stage(store)
    store.stage_run_chunk("run-1", 3, b"more")
    with pytest.raises(ConflictError):
        store.publish_run(RUN)
    assert_unseen(store)


def test_a_run_without_any_chunk_is_refused(store: Store) -> None:
    with pytest.raises(ConflictError):
        store.publish_run(RUN)
    assert_unseen(store)


def test_an_empty_payload_needs_no_chunk(store: Store) -> None:
    store.publish_run(replace(RUN, payload_bytes=0))
    assert payload_of(store) == b""
    assert store.run("run-1") is not None


def test_a_run_is_published_only_once(store: Store) -> None:
    publish(store)
    with pytest.raises(ConflictError, match="published already"):
        store.publish_run(RUN)
    with pytest.raises(ConflictError, match="published already"):
        store.publish_run(replace(RUN, tolerance=0.5))
    assert store.runs() == [RUN]


def test_the_payload_of_a_published_run_can_no_longer_change(store: Store) -> None:
    publish(store)
    with pytest.raises(ConflictError, match="published already"):
        store.stage_run_chunk("run-1", 0, b"ABCD")
    assert payload_of(store) == b"abcd\x00\xffwxyz"


def test_the_run_published_last_is_the_current_one_of_its_programme(store: Store) -> None:
    publish(store, "run-b", created_at=datetime(2025, 1, 1, tzinfo=UTC))
    publish(store, "run-a", created_at=datetime(2024, 1, 1, tzinfo=UTC))
    publish(store, "run-c", programme="other")
    assert [run.run_id for run in store.runs()] == ["run-c", "run-a", "run-b"]
    current, other = store.current_run("exposure-v2"), store.current_run("other")
    assert current is not None
    assert other is not None
    assert (current.run_id, other.run_id) == ("run-a", "run-c")


def test_runs_can_be_narrowed_to_a_purpose_and_a_number(store: Store) -> None:
    for n in range(4):
        publish(store, f"run-{n}", purpose=("lending", "hiring")[n % 2])
    assert [run.run_id for run in store.runs("lending")] == ["run-2", "run-0"]
    assert [run.run_id for run in store.runs("hiring", limit=1)] == ["run-3"]
    assert [run.run_id for run in store.runs(limit=3)] == ["run-3", "run-2", "run-1"]
    assert store.runs("none") == []
    assert store.runs(limit=0) == []


def test_discarding_removes_staged_runs_only(store: Store) -> None:
    publish(store, "run-1")
    stage(store, "run-2")
    store.stage_run_chunk("run-3", 0, b"x")
    assert store.discard_staged_runs() == 2
    assert store.discard_staged_runs() == 0
    assert payload_of(store) == b"abcd\x00\xffwxyz"
    with pytest.raises(ConflictError):
        store.publish_run(replace(RUN, run_id="run-2"))


def test_a_large_chunk_comes_back(store: Store) -> None:
    payload = os.urandom(3_000_001)
    store.stage_run_chunk("run-1", 0, payload)
    store.publish_run(replace(RUN, payload_bytes=len(payload)))
    assert payload_of(store) == payload


def test_a_reader_sees_the_old_run_or_the_new_one_never_a_mix(
    store: Store, second_store: OpenStore
) -> None:
    publish(store, "run-0")
    reader = second_store()
    seen: list[tuple[str, bytes]] = []
    is_done = threading.Event()

    def read() -> None:
        while not is_done.is_set():
            run = reader.current_run(RUN.programme)
            assert run is not None
            seen.append((run.run_id, payload_of(reader, run.run_id)))

    thread = threading.Thread(target=read)
    thread.start()
    for n in range(1, 8):
        publish(store, f"run-{n}")
    is_done.set()
    thread.join()
    assert {payload for _, payload in seen} == {b"abcd\x00\xffwxyz"}
    order = [run_id for run_id, _ in seen]
    assert order == sorted(order)


PRUNED_AT = datetime(2025, 6, 1, 8, 30, tzinfo=UTC)


def current_id(store: Store) -> str | None:
    run = store.current_run(RUN.programme)
    return None if run is None else run.run_id


def test_a_run_published_again_is_current_in_one_step_and_nothing_else_changes(
    store: Store, second_store: OpenStore
) -> None:
    runs = [publish(store, f"run-{n}") for n in range(3)]
    publish(store, "other", programme="other")
    store.republish_run("run-0")
    reader = second_store()
    assert current_id(reader) == "run-0"
    assert [reader.run(run.run_id) for run in runs] == runs
    assert payload_of(reader, "run-2") == b"abcd\x00\xffwxyz"
    assert reader.current_run("other").run_id == "other"  # type: ignore[union-attr]
    assert [run.run_id for run in reader.runs()] == ["run-0", "other", "run-2", "run-1"]


def test_after_a_rollback_the_next_run_goes_forward_again(store: Store) -> None:
    for n in range(2):
        publish(store, f"run-{n}")
    store.republish_run("run-0")
    publish(store, "run-2")
    assert current_id(store) == "run-2"
    store.republish_run("run-1")
    assert current_id(store) == "run-1"


def test_a_run_that_was_never_published_is_not_published_again(store: Store) -> None:
    publish(store)
    stage(store, "run-2")
    with pytest.raises(RunNotFoundError, match="'run-2'"):
        store.republish_run("run-2")
    assert current_id(store) == "run-1"


def test_a_pruned_run_loses_its_values_and_nothing_else(
    store: Store, second_store: OpenStore
) -> None:
    for n in range(3):
        publish(store, f"run-{n}")
    store.prune_run("run-0", PRUNED_AT)
    store.prune_run("run-0", PRUNED_AT.replace(year=2030))
    reader = second_store()
    assert payload_of(reader, "run-0") == b""
    assert reader.run("run-0") == replace(RUN, run_id="run-0", pruned_at=PRUNED_AT)
    assert [run.run_id for run in reader.runs()] == ["run-2", "run-1", "run-0"]
    assert payload_of(reader, "run-1") == b"abcd\x00\xffwxyz"
    assert reader.discard_staged_runs() == 0


def test_the_current_run_is_never_pruned_and_a_pruned_one_never_current(store: Store) -> None:
    publish(store, "run-0")
    publish(store, "run-1")
    with pytest.raises(ConflictError, match="current"):
        store.prune_run("run-1", PRUNED_AT)
    store.prune_run("run-0", PRUNED_AT)
    with pytest.raises(RunNotFoundError, match="pruned"):
        store.republish_run("run-0")
    with pytest.raises(RunNotFoundError):
        store.prune_run("run-9", PRUNED_AT)
    assert current_id(store) == "run-1"
    assert payload_of(store) == b"abcd\x00\xffwxyz"


def test_a_run_that_was_taken_over_takes_nothing_from_who_had_it_before(
    store: Store, second_store: OpenStore
) -> None:
    store.take_run("run-1", 3)
    store.stage_run_chunk("run-1", 0, b"abcd", fence=3)
    other = second_store()
    other.take_run("run-1", 4)
    for late in (
        lambda: store.stage_run_chunk("run-1", 1, b"??", fence=3),
        lambda: store.take_run("run-1", 3),
        lambda: store.publish_run(RUN, fence=3),
    ):
        with pytest.raises(LeaseLostError, match="run-1"):
            late()
    other.stage_run_chunk("run-1", 1, b"\x00\xff", fence=4)
    other.stage_run_chunk("run-1", 2, b"wxyz", fence=4)
    assert_unseen(store)
    other.publish_run(RUN, fence=4)
    assert payload_of(store) == b"abcd\x00\xffwxyz"
    with pytest.raises(ConflictError, match="published already"):
        store.publish_run(RUN, fence=3)


def test_discarding_a_run_does_not_let_an_earlier_holder_back_in(store: Store) -> None:
    store.take_run("run-1", 1)
    stage(store)
    store.take_run("run-1", 2)
    store.discard_staged_run("run-1")
    with pytest.raises(LeaseLostError):
        store.stage_run_chunk("run-1", 0, b"abcd", fence=1)
    assert store.discard_staged_runs() == 0
