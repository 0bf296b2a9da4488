"""Readers see every sequence that they were told of, while a writer commits and supersedes.

Neo4j shows commits to readers while it applies them. Without the bookmarks, or without the second
look for moved links, these reads miss records within seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pytest

from graphsvc.model import RecordType
from graphsvc.neo4j_server import ServerInfo
from graphsvc.store.neo4j import Neo4jStore
from tests.contract.evidence import ALL_KINDS, link, person

pytestmark = pytest.mark.neo4j
BATCH = 1_000
GENERATIONS = 12
CENTRE = person("centre")


@contextmanager
def generations_of_links(server: ServerInfo) -> Iterator[None]:
    """Append, all the while, batches that supersede the whole batch before."""
    is_over = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        password = server.read_password()
        try:
            with closing(Neo4jStore.open(server.uri, user=server.user, password=password)) as store:
                generation = 0
                while not is_over.is_set():
                    store.append(
                        [
                            link(
                                f"{generation}.{n}",
                                CENTRE if n == 7 else person(f"{n}"),
                                person("end"),
                                supersedes=f"{generation - 1}.{n}" if generation else None,
                            )
                            for n in range(BATCH)
                        ]
                    )
                    generation += 1
        except BaseException as failure:
            failures.append(failure)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        is_over.set()
        writer.join()
    assert not failures


def test_what_was_counted_is_there_in_full(store: Neo4jStore, neo4j_server: ServerInfo) -> None:
    seen: set[int] = set()
    with generations_of_links(neo4j_server):
        deadline = time.monotonic() + 120
        while len(seen) < GENERATIONS and time.monotonic() < deadline:
            last = store.last_sequence()
            after = max(0, last - 5 * BATCH)
            seen.add(last)

            columns = list(store.iter_links(ALL_KINDS, after, last))
            sequences = [part.sequence for part in columns]
            asked = np.arange(after + 1, last + 1)
            assert np.array_equal(np.concatenate([[], *sequences]), asked)

            superseded = store.superseded_between(after, last)
            assert np.array_equal(
                superseded, np.arange(max(1, after + 1 - BATCH), last - BATCH + 1)
            )

            standing = store.records(RecordType.LINK, after_sequence=after, known_at=last)
            first_standing = max(after, last - BATCH) + 1
            assert [found.sequence for found in standing] == list(range(first_standing, last + 1))

            found = store.records_of(CENTRE, RecordType.LINK, known_at=last, after_sequence=after)
            assert [record.sequence for record in found] == list(range(after + 8, last + 1, BATCH))
    assert len(seen) == GENERATIONS
