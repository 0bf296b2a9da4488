"""Import against a bare reader: how much the checks, the records and the store cost.

The peer reads the same file with the standard library's csv module and writes the rows into one
SQLite table with an index on (source, external id), as a quick script does: no validation, no
history. Both start from an empty file; trials alternate; the median counts.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from graphsvc.ingest import import_files, load_mapping
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
