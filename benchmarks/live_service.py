"""How long a record takes to be felt in every score, end to end on a real graph.

`python -m benchmarks.live_service` imports hop-transfers once into a scratch store and measures
from the moment a record is in the store to the moment its last consequence is published: reading it
back, deriving what it touches, pushing, scoring. A full recompute in the same run is the peer.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from graphsvc.app import Service
from graphsvc.ingest import import_files, load_mapping
from graphsvc.live.engine import LiveEngine
from graphsvc.live.evidence import LiveEvidence
from graphsvc.live.what_if import Hypothesis
from graphsvc.logs import configure_logs
from graphsvc.model import Link, LinkKind, Listing, ListKind, Record, SubjectRef
from graphsvc.settings import Settings

PURPOSE = "marketplace-integrity"
AS_OF = datetime(2022, 6, 1, tzinfo=UTC)
DATA = Path(os.environ.get("GRAPHSVC_DATA", "../shared/data")) / "hop-transfers"


class Bench:
    """One service with hop-transfers, its champion live, and a seeded source of records."""

    def __init__(self, folder: Path) -> None:
        self.service = Service.open(
            Settings(store=f"sqlite:///{folder / 'hop.db'}", data_dir=folder / "data")
        )
        if self.service.store.last_sequence() == 0:
            import_files([DATA], load_mapping("hop-transfers"), self.service.store)
        purpose = self.service.library.purpose(PURPOSE)
        champion = self.service.library.champion(PURPOSE)
        begun = time.perf_counter()
        self.engine = LiveEngine(
            self.service.store, self.service.snapshots, [(purpose, [champion])], now=AS_OF
        )
        self.build_s = time.perf_counter() - begun
        self.evidence: LiveEvidence = self.engine.evidence(PURPOSE)
        self.chance = random.Random(11)
        self.stamp = time.time_ns()
        self.made = 0

    def someone(self) -> SubjectRef:
        """Return a subject, each as likely as the other."""
        return self.evidence.ref_of(self.chance.randrange(self.engine.programme(PURPOSE).n))

    def listing(self) -> Listing:
        """Return a blacklisting of someone."""
        self.made += 1
        return Listing(
            source="bench",
            external_id=f"{self.stamp}-{self.made}",
            subject=self.someone(),
            list_name="hop-eliminated",
            list_kind=ListKind.BLACKLIST,
            reason_code="BENCH",
            authority="bench",
            effective_from=datetime(2022, 1, 1, tzinfo=UTC),
            until=datetime(2030, 1, 1, tzinfo=UTC),
        )

    def link(self) -> Link:
        """Return a payment between two."""
        self.made += 1
        one, other = self.someone(), self.someone()
        return Link(
            source="bench",
            external_id=f"{self.stamp}-{self.made}",
            kind=LinkKind.PAID,
            src=one,
            dst=other if other != one else self.evidence.ref_of(0),
            weight=self.chance.uniform(1, 1000),
            valid_from=AS_OF,
        )

    def felt_ms(self, records: Sequence[Record]) -> float:
        """Append records; return how long it then takes until all scores follow."""
        self.service.store.append(records)
        begun = time.perf_counter()
        self.engine.catch_up(AS_OF)
        return 1e3 * (time.perf_counter() - begun)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keep the imported store here")
    parser.add_argument("--trials", type=int, default=200)
    options = parser.parse_args()
    configure_logs("console", "warning")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        _print(Bench(folder), options.trials)


def _print(bench: Bench, trials: int) -> None:
    live = bench.engine.programme(PURPOSE)
    print(f"hop-transfers: {live.n:,} subjects, built in {bench.build_s:.1f} s", flush=True)
    for _ in range(5):  # compile
        bench.felt_ms([bench.listing(), bench.link()])
    recompute_ms = _recompute_ms(bench)
    rows: list[tuple[str, Callable[[], float]]] = [
        ("one listing", lambda: bench.felt_ms([bench.listing()])),
        ("one link", lambda: bench.felt_ms([bench.link()])),
        ("100 links", lambda: bench.felt_ms([bench.link() for _ in range(100)])),
        ("what-if of 10 changes", lambda: _what_if_ms(bench)),
        ("explanation", lambda: _explanation_ms(bench)),
    ]
    print("| what | p50 ms | p99 ms | max ms | full recompute / p50 |\n|---|---|---|---|---|")
    for name, measure in rows:
        slow = name in ("100 links", "explanation")
        times = np.array([measure() for _ in range(trials // 10 if slow else trials)])
        p50, p99 = np.percentile(times, [50, 99])
        print(
            f"| {name} | {p50:.2f} | {p99:.2f} | {times.max():.2f} | {recompute_ms / p50:,.0f} |",
            flush=True,
        )
    print(f"full recompute, snapshot warm: {recompute_ms:,.0f} ms")
    # A stream of 10,000 a second leaves so many while the engine takes in those before.
    for size, batches in ((100, 20), (5_000, 5)):
        rate = _sustained(bench, size, batches)
        print(f"sustained, batches of {size:,} links and listings: {rate:,.0f} records/s")
    for found in bench.engine.reconcile():
        print(
            f"{found.programme}: {found.difference:.2g} points from a full solution, "
            f"{found.allowed:.2g} allowed"
        )


def _recompute_ms(bench: Bench) -> float:
    bench.service.recompute(PURPOSE, as_of=AS_OF)
    begun = time.perf_counter()
    bench.service.recompute(PURPOSE, as_of=AS_OF)
    return 1e3 * (time.perf_counter() - begun)


def _what_if_ms(bench: Bench) -> float:
    last = bench.service.store.last_sequence()
    chosen: set[int] = set()
    while len(chosen) < 10:
        sequence = bench.chance.randrange(1, last + 1)
        touched = bench.evidence.touched_by(sequence)
        if touched.subjects or touched.pairs:
            chosen.add(sequence)
    begun = time.perf_counter()
    bench.engine.what_if(PURPOSE, Hypothesis(frozenset(chosen)))
    return 1e3 * (time.perf_counter() - begun)


def _explanation_ms(bench: Bench) -> float:
    scores = bench.service.scores(PURPOSE)
    subject = scores.ref_at_rank(bench.chance.randrange(len(scores)))
    explainer = bench.service.explainer(PURPOSE)
    begun = time.perf_counter()
    explainer.explain(subject)
    return 1e3 * (time.perf_counter() - begun)


def _sustained(bench: Bench, size: int, batches: int) -> float:
    work = [
        [bench.listing() if place % 20 == 0 else bench.link() for place in range(size)]
        for _ in range(batches)
    ]
    total_ms = sum(bench.felt_ms(batch) for batch in work)
    return 1e3 * batches * size / total_ms


if __name__ == "__main__":
    main()
