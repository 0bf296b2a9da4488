"""Import against a bare reader: how much the checks, the records and the store cost.

The peer reads the same file with the standard library's csv module and writes the rows into one
SQLite table with an index on (source, external id), as a quick script does: no validation, no
history. Both start from an empty file; trials alternate; the median counts.

A second table leaves files and checks out: links that are in memory already are appended, and
the peer puts the same rows, as tuples that are ready, into one table with that index by
`executemany`, batch by batch, with the same journal and the same flushes.
"""

from __future__ import annotations

import csv
import gc
import gzip
import itertools
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.batch import BATCH, records
from graphsvc.ingest import import_files, load_mapping
from graphsvc.model import Link
from graphsvc.store.encoding import encode
from graphsvc.store.sqlite import SqliteStore

DATA = Path("../shared/data/epinions-signed/soc-sign-epinions.txt.gz")
TRIALS = 3


def main() -> None:
    """Print one table; skip with a message where the data set is absent."""
    if not DATA.exists():
        print(f"\nimport: skipped, {DATA} is not there")
        return
    with gzip.open(DATA, "rt") as file:
        rows = sum(1 for line in file if not line.startswith("#"))
    print(f"\nEpinions signed, {rows:,} rows, into an empty SQLite file")
    print(f"  {'how':<12}{'median s':>10}{'rows/s':>12}{'× bare':>9}")
    ways: dict[str, Callable[[Path], None]] = {"ours": _ours, "bare csv": _bare}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for (name, way), _ in itertools.product(ways.items(), range(TRIALS)):
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            way(Path(folder))
            taken[name].append(time.perf_counter() - begun)
    bare = statistics.median(taken["bare csv"])
    for name, values in taken.items():
        median = statistics.median(values)
        print(f"  {name:<12}{median:>10.1f}{rows / median:>12,.0f}{median / bare:>8.1f}×")


def appending(scale: int) -> None:
    """Print the table of appends: R-MAT, 2^scale subjects, 16 links each."""
    gathered = [record for record in records(scale, 16) if isinstance(record, Link)]
    ways = {"append": _append, "bare executemany": _execute_many}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    gc.collect()
    gc.disable()
    for (name, way), _ in itertools.product(ways.items(), range(TRIALS)):
        with tempfile.TemporaryDirectory() as folder:
            taken[name].append(way(Path(folder), gathered))
    gc.enable()
    print(f"\n{len(gathered):,} links in memory into an empty SQLite file, median of {TRIALS}")
    print(f"  {'how':<18}{'s':>7}{'CPU s':>8}{'links/s':>10}{'× bare':>8}")
    bare = sorted(taken["bare executemany"])[TRIALS // 2][0]
    for name, values in taken.items():
        wall, processor = sorted(values)[TRIALS // 2]
        rate = len(gathered) / wall
        print(f"  {name:<18}{wall:>7.1f}{processor:>8.1f}{rate:>10,.0f}{wall / bare:>7.1f}×")


def _append(folder: Path, links: list[Link]) -> tuple[float, float]:
    store = SqliteStore.open(folder / "ours.db")
    store.migrate()
    begun, processor = time.perf_counter(), time.process_time()
    for start in range(0, len(links), BATCH):
        store.append(links[start : start + BATCH])
    spent = time.perf_counter() - begun, time.process_time() - processor
    store.close()
    return spent


def _execute_many(folder: Path, links: list[Link]) -> tuple[float, float]:
    rows = [tuple(encode(link).values()) for link in links]
    connection = sqlite3.connect(folder / "bare.db")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    names = tuple(encode(links[0]))
    connection.execute(f"CREATE TABLE link ({', '.join(names)})")
    connection.execute("CREATE UNIQUE INDEX identity ON link (source, external_id)")
    statement = "INSERT INTO link VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    begun, processor = time.perf_counter(), time.process_time()
    for start in range(0, len(rows), BATCH):
        with connection:
            connection.executemany(statement, rows[start : start + BATCH])
    spent = time.perf_counter() - begun, time.process_time() - processor
    connection.close()
    return spent


def _ours(folder: Path) -> None:
    store = SqliteStore.open(folder / "ours.db")
    store.migrate()
    import_files([DATA], load_mapping("epinions-signed"), store, rejects_dir=folder)
    store.close()


def _bare(folder: Path) -> None:
    connection = sqlite3.connect(folder / "bare.db")
    connection.execute("CREATE TABLE link (source, external_id, src, dst, weight)")
    connection.execute("CREATE UNIQUE INDEX identity ON link (source, external_id)")
    with gzip.open(DATA, "rt") as file, connection:
        lines = (line for line in file if not line.startswith("#"))
        connection.executemany(
            "INSERT INTO link VALUES ('epinions', ?, ?, ?, ?)",
            (
                (f"{src}-{dst}", src, dst, int(sign))
                for src, dst, sign in csv.reader(lines, delimiter="\t")
            ),
        )
    connection.close()
