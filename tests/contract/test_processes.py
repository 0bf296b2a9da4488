"""Several real processes on one store at once, and processes that die in the middle."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from graphsvc.model import Record, RecordType
from graphsvc.store.ports import AppendOutcome, AppendStatus, Store
from tests.contract.evidence import append_all, link, person, registration, standing_ids
from tests.contract.openers import Opener
from tests.contract.processes import (
    KILLED_BATCH,
    append_in_step,
    append_until_killed,
    killed_batch,
)

PROCESSES = 4
SPAWN = multiprocessing.get_context("spawn")


def overlapping_batches(worker: int) -> list[list[Record]]:
    """Return batches of a worker's own records among shared ones, in an order of its own."""
    mixed: list[Record] = [
        *(link(f"shared-{n}", person(f"a{n % 17}"), person("b")) for n in range(150)),
        *(link(f"{worker}-{n}", person(f"w{worker}"), person("c")) for n in range(90)),
    ]
    random.Random(worker).shuffle(mixed)
    return [mixed[start : start + 20] for start in range(0, len(mixed), 20)]


def append_by_processes(opener: Opener) -> list[list[AppendOutcome]]:
    start = SPAWN.Barrier(PROCESSES)
    workers = []
    for worker in range(PROCESSES):
        receive, send = SPAWN.Pipe(duplex=False)
        arguments = (opener, overlapping_batches(worker), start, send)
        process = SPAWN.Process(target=append_in_step, args=arguments)
        process.start()
        send.close()
        workers.append((process, receive))
    answers = [receive.recv() for _, receive in workers]
    for process, receive in workers:
        process.join()
        receive.close()
        process.close()
    return [[outcome for batch in answer for outcome in batch] for answer in answers]


def test_processes_writing_at_once_leave_no_gaps_and_no_doubles(
    store: Store, opener: Opener
) -> None:
    outcomes = append_by_processes(opener)
    records = 150 + PROCESSES * 90

    stored = list(store.records(RecordType.LINK))
    assert [s.sequence for s in stored] == list(range(1, records + 1))
    assert len({s.record.external_id for s in stored}) == records
    assert [s.recorded_at for s in stored] == sorted(s.recorded_at for s in stored)

    flat = [outcome for of_worker in outcomes for outcome in of_worker]
    by_status = Counter(outcome.status for outcome in flat)
    assert by_status[AppendStatus.ACCEPTED] == records
    assert by_status[AppendStatus.UNCHANGED] == (PROCESSES - 1) * 150
    given = [o.sequence for o in flat if o.status is AppendStatus.ACCEPTED]
    assert sorted(sequence or 0 for sequence in given) == list(range(1, records + 1))

    numbers = [n for batch in store.iter_subjects() for n in batch.number.tolist()]
    assert numbers == list(range(17 + 2 + PROCESSES))
    for worker, of_worker in enumerate(outcomes):
        sent = [record for batch in overlapping_batches(worker) for record in batch]
        told = {r.external_id: o.sequence for r, o in zip(sent, of_worker, strict=True)}
        kept = {s.record.external_id: s.sequence for s in stored if s.record.external_id in told}
        assert told == kept


def test_a_killed_writer_leaves_whole_batches_and_no_gaps(store: Store, opener: Opener) -> None:
    delay = random.Random(7)
    whole = 0
    for life in range(3):
        receive, send = SPAWN.Pipe(duplex=False)
        process = SPAWN.Process(target=append_until_killed, args=(opener, life, send))
        process.start()
        send.close()
        acknowledged = [receive.recv()]
        time.sleep(delay.uniform(0.02, 0.2))
        process.kill()
        process.join()
        while receive.poll():
            try:
                acknowledged.append(receive.recv())
            except EOFError:
                break
        receive.close()
        process.close()

        # A Neo4j server may take a moment to notice; appending waits until it has.
        append_all(store, registration(f"after life {life}"))
        ids = standing_ids(store)
        batches = len(ids) // KILLED_BATCH - whole
        expected = [r.external_id for number in range(batches) for r in killed_batch(life, number)]
        assert ids[whole * KILLED_BATCH :] == expected
        assert batches >= len(acknowledged)
        whole += batches
        assert store.last_sequence() == whole * KILLED_BATCH + life + 1
    sequences = sorted(
        s.sequence for t in (RecordType.LINK, RecordType.SUBJECT) for s in store.records(t)
    )
    assert sequences == list(range(1, store.last_sequence() + 1))
    numbers = [n for batch in store.iter_subjects() for n in batch.number.tolist()]
    assert numbers == list(range(store.count_subjects()))


def test_threads_sharing_one_store_leave_no_gaps_and_no_doubles(store: Store) -> None:
    def append(worker: int) -> None:
        for n in range(10):
            append_all(store, link(f"{worker}-{n}", person(f"w{worker}"), person(f"n{n}")))
            assert store.last_sequence() > 0

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(append, range(4)))
    assert [s.sequence for s in store.records(RecordType.LINK)] == list(range(1, 41))
    assert store.count_subjects() == 4 + 10
