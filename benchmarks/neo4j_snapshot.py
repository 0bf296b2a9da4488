"""How fast links come out of Neo4j into a snapshot, beside the plain driver on the same rows.

`python -m benchmarks.neo4j_snapshot` starts the real server, fills it once (R-MAT, 2^14 subjects,
16 links each, of the kinds that `benchmarks.batch` uses), checks that every purpose's snapshot has
the same bits as that of the same records in SQLite, and then reads the links in turn in several
ways: by the driver alone (with neo4j-rust-ext) row by row and as lists, by the store, and into the
snapshot of the purpose that sees them all.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields
from itertools import islice
from pathlib import Path

import neo4j
import numpy as np

from benchmarks.batch import AS_OF, BATCH, records
from benchmarks.machine import machine
from graphsvc import neo4j_server
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import LinkKind, Purpose
from graphsvc.snapshot.build import build_snapshot
from graphsvc.snapshot.snapshot import GROUPS, Snapshot
from graphsvc.store.neo4j import Neo4jStore
from graphsvc.store.ports import Store
from graphsvc.store.sqlite import SqliteStore

KINDS = (LinkKind.PAID, LinkKind.REFUNDED, LinkKind.VOUCHES_FOR)
SEES_ALL = "marketplace-integrity"
OFF = neo4j.NotificationMinimumSeverity.OFF
ROWS = """
MATCH (src)-[link:PAID|REFUNDED|VOUCHES_FOR]->(dst)
RETURN type(link), link.sequence, src.number, dst.number, link.weight, link.count,
    link.valid_from_us, link.valid_to_us
"""
LISTS = """
MATCH (src)-[link:PAID|REFUNDED|VOUCHES_FOR]->(dst)
RETURN collect(type(link)), collect(link.sequence), collect(src.number), collect(dst.number),
    collect(link.weight), collect(link.count),
    collect(coalesce(link.valid_from_us, -1)), collect(coalesce(link.valid_to_us, -1))
"""


def fill(store: Store, scale: int) -> None:
    """Append the records, unless a run before this one has."""
    if store.last_sequence():
        return
    begun = time.perf_counter()
    left = records(scale, 16)
    while batch := list(islice(left, BATCH)):
        store.append(batch)
    took, count = time.perf_counter() - begun, store.last_sequence()
    print(f"filled {store.describe()}: {count / took:,.0f} records/s", flush=True)


def require_equal(one: Snapshot, other: Snapshot) -> None:
    """Stop where two snapshots differ in any bit."""
    for group in GROUPS:
        for field in fields(getattr(one, group)):
            here, there = (getattr(getattr(made, group), field.name) for made in (one, other))
            if not np.array_equal(here, there):
                raise SystemExit(f"{one.facts.purpose}: {group}.{field.name} differs")


def by_driver(driver: neo4j.Driver, text: str) -> int:
    """Read the links with the driver alone, into one list a column; return how many."""
    with driver.session(database="neo4j") as session:
        rows = [record.values() for record in session.run(text)]
    columns = rows[0] if text is LISTS else list(zip(*rows, strict=True))
    return len(columns[1])


def by_store(store: Store) -> int:
    """Read the links as the snapshot does; return how many."""
    return sum(part.sequence.size for part in store.iter_links(KINDS))


def print_table(ways: dict[str, Callable[[], int]], trials: int) -> None:
    """Take the ways in turn, and print each one's median and links a second."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    links = 0
    for _ in range(trials):
        for name, way in ways.items():
            begun = time.perf_counter()
            links = way()
            taken[name].append(time.perf_counter() - begun)
    print(
        f"\n{links:,} links, median of {trials}\n\n| way | s | links/s | range |\n|---|---|---|---|"
    )
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        spread = f"{min(seconds):.2f}–{max(seconds):.2f}"
        print(f"| {name} | {median:.2f} | {links / median:,.0f} | {spread} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=14, help="2^scale subjects")
    parser.add_argument("--trials", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="kept, so that the next run need not fill it")
    options = parser.parse_args()
    purposes = list(DefinitionLibrary.load().purposes.values())
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        print(machine(), flush=True)
        server = neo4j_server.start(folder / "neo4j", heap_mb=1024)
        try:
            login = (server.user, server.read_password())
            graph = Neo4jStore.open(server.uri, user=login[0], password=login[1], database=None)
            plain = SqliteStore.open(folder / "store.db")
            for store in (graph, plain):
                store.migrate()
                fill(store, options.scale)
            with neo4j.GraphDatabase.driver(
                server.uri, auth=login, notifications_min_severity=OFF
            ) as driver:
                compare(graph, plain, driver, purposes, options.trials)
            graph.close()
            plain.close()
        finally:
            neo4j_server.stop(folder / "neo4j")


def compare(
    graph: Store, plain: Store, driver: neo4j.Driver, purposes: list[Purpose], trials: int
) -> None:
    """Compare the snapshots of both stores, then time the ways to read."""
    for purpose in purposes:
        require_equal(*(build_snapshot(store, purpose, as_of=AS_OF) for store in (graph, plain)))
    print(f"the snapshots of {len(purposes)} purposes are equal, bit for bit")
    all_links = next(purpose for purpose in purposes if purpose.name == SEES_ALL)
    print_table(
        {
            "driver, row by row": lambda: by_driver(driver, ROWS),
            "driver, lists": lambda: by_driver(driver, LISTS),
            "store, link columns": lambda: by_store(graph),
            "snapshot": lambda: build_snapshot(graph, all_links, as_of=AS_OF).m,
            "snapshot, from SQLite": lambda: build_snapshot(plain, all_links, as_of=AS_OF).m,
        },
        trials,
    )


if __name__ == "__main__":
    main()
