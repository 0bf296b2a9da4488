"""How long a batch takes from an SQLite store to published scores of every programme, by stage.

`python -m benchmarks.batch` fills a store once (R-MAT, 2^20 subjects, 16 links each, of three
kinds, so that each purpose sees another part of them). Then each of these is a job in a process of
its own: the recompute of all five programmes with no snapshot there (cold), the snapshots alone,
brought up to date (warm), and the recompute from them, twice. The peak memory of a recompute from
warm snapshots is compared with the estimate.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from algorithms.generators import rmat
from benchmarks.machine import machine
from graphsvc.app import Service
from graphsvc.estimate import recompute_estimate
from graphsvc.jobs.model import JobKind, JobParameters, JobState
from graphsvc.jobs.recompute import Stage
from graphsvc.jobs.runner import Runner
from graphsvc.logs import configure_logs
from graphsvc.model import Link, LinkKind, Listing, ListKind, Record, SubjectKind, SubjectRef
from graphsvc.settings import Settings

AS_OF = datetime(2024, 1, 1, tzinfo=UTC)
BATCH = 20_000
KINDS = (LinkKind.PAID, LinkKind.PAID, LinkKind.REFUNDED, LinkKind.VOUCHES_FOR)
LISTS = {
    ListKind.BLACKLIST: ("marketplace-fraud", "payment-fraud", "hire-fraud", "credit-fraud"),
    ListKind.ALLOWLIST: (
        "verified-merchants",
        "payment-verified",
        "hire-verified",
        "credit-verified",
    ),
}
LISTED_EVERY = 500


def account(number: int) -> SubjectRef:
    return SubjectRef(SubjectKind.ACCOUNT, f"a{number:07d}")


def records(scale: int, edge_factor: int) -> Iterator[Record]:
    """Yield the graph's links, then entries on every list."""
    src, dst = rmat(scale, edge_factor, seed=1)
    kind = np.random.default_rng(2).integers(0, len(KINDS), src.size)
    for number, (one, other, of_kind) in enumerate(zip(src, dst, kind, strict=True)):
        if one != other:
            yield Link(
                source="bench",
                external_id=str(number),
                kind=KINDS[of_kind],
                src=account(one),
                dst=account(other),
                weight=1.0 + number % 9,
                valid_from=datetime(2023, 1 + number % 12, 1, tzinfo=UTC),
            )
    for list_kind, names in LISTS.items():
        for name in names:
            offset = 0 if list_kind is ListKind.BLACKLIST else LISTED_EVERY // 2
            for number in range(offset, 1 << scale, LISTED_EVERY):
                yield Listing(
                    source="bench",
                    external_id=f"{name}:{number}",
                    subject=account(number),
                    list_name=name,
                    list_kind=list_kind,
                    severity=0.5,
                    reason_code="BENCH",
                    authority="bench",
                    effective_from=datetime(2020, 1, 1, tzinfo=UTC),
                    until=datetime(2030, 1, 1, tzinfo=UTC),
                )


def fill(service: Service, scale: int, edge_factor: int) -> None:
    """Append the records, unless a run before this one has."""
    if service.store.last_sequence():
        return
    begun = time.perf_counter()
    left = records(scale, edge_factor)
    # As an import does: records form no cycles.
    gc.disable()
    while batch := list(islice(left, BATCH)):
        service.store.append(batch)
    gc.enable()
    count = service.store.last_sequence()
    took = time.perf_counter() - begun
    print(f"filled: {count:,} records in {took:,.0f} s, {count / took:,.0f} records/s", flush=True)


def job(service: Service, kind: JobKind) -> dict[str, object]:
    """Do one job for everything, and return its result with what it took."""
    asked = service.ask_for_job(kind, JobParameters(as_of=AS_OF), actor="bench")
    begun, processor = time.perf_counter(), time.process_time()
    with Runner(service) as runner:
        left = runner.run_next(asked.job_id)
    taken = {
        "seconds": time.perf_counter() - begun,
        "processor_seconds": time.process_time() - processor,
    }
    assert left is not None
    assert left.state is JobState.SUCCEEDED, left.error
    return taken | {"result": dict(left.result or {})}


def measured(folder: Path, kind: JobKind) -> dict[str, Any]:
    """Do a job in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.batch",
        "--folder",
        str(folder),
        "--do",
        kind.value,
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return answer


def print_tables(service: Service, folder: Path) -> None:
    """Forget the snapshots, then do the jobs one after the other and print what each took."""
    service.snapshots.forget()
    print_recompute("recompute, no snapshot there", measured(folder, JobKind.RECOMPUTE))
    service.snapshots.forget()
    for name in ("snapshots, none there", "snapshots, up to date"):
        done = measured(folder, JobKind.SNAPSHOT)
        print(f"\n{name}: {spent(done)}")
    snapshots = done["result"]
    print("\n| purpose | subjects | links |\n|---|---|---|")
    for purpose, one in snapshots.items():
        print(f"| {purpose} | {one['subjects']:,} | {one['links']:,} |")
    for _ in range(2):
        print_recompute("recompute, snapshots up to date", measured(folder, JobKind.RECOMPUTE))
    expected = max(
        recompute_estimate(one["subjects"], one["links"], programme).peak_bytes
        for purpose, one in snapshots.items()
        for programme in service.library.programmes_of(purpose)
    )
    print(
        f"estimate of the largest programme {expected / 1e9:.2f} GB, beside the program itself and "
        "the snapshot's mapped file"
    )


def spent(done: dict[str, Any]) -> str:
    """Say what a job took, by the clock and of the processor, of both cores together."""
    return (
        f"{done['seconds']:.1f} s by the clock, {done['processor_seconds']:.1f} s of the processor"
    )


def print_recompute(name: str, done: dict[str, Any]) -> None:
    """Print the stages of a recompute as a table, and its peak."""
    print(f"\n{name}: {spent(done)}\n")
    print(f"| programme | {' | '.join(Stage)} | all |\n|{'---|' * (len(Stage) + 2)}")
    runs = done["result"]["runs"]
    for run in runs:
        seconds = [run["usage"][stage]["seconds"] for stage in Stage]
        cells = " | ".join(f"{one:.2f}" for one in [*seconds, sum(seconds)])
        print(f"| {run['programme']} | {cells} |")
    peak = max(run["usage"][stage]["peak_bytes"] for run in runs for stage in Stage)
    print(f"\npeak memory of the process {peak / 1e9:.2f} GB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=20, help="2^scale subjects")
    parser.add_argument("--edge-factor", type=int, default=16, help="links for each subject")
    parser.add_argument("--folder", type=Path, help="kept, so that the next run need not fill it")
    parser.add_argument("--do", type=JobKind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    configure_logs("console", "warning")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(store=f"sqlite:///{folder / 'store.db'}", data_dir=folder / "data")
        with Service.open(settings) as service:
            if options.do is not None:
                print(json.dumps(job(service, options.do)))
                return
            print(f"{machine()}, {os.getloadavg()[0]:.1f} running", flush=True)
            fill(service, options.scale, options.edge_factor)
            print_tables(service, folder)


if __name__ == "__main__":
    main()
