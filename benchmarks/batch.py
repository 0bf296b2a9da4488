"""How long a batch takes from an SQLite store to published scores of every programme, by stage.

`python -m benchmarks.batch` fills a store once (R-MAT, 2^20 subjects, 16 links each, of three
kinds, so that each purpose sees another part of them), builds the snapshots, and then runs the
recompute job of all five programmes in a process of its own, whose peak memory is compared with the
estimate.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

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
    batch: list[Record] = []
    for record in records(scale, edge_factor):
        batch.append(record)
        if len(batch) == BATCH:
            service.store.append(batch)
            batch = []
    service.store.append(batch)
    count = service.store.last_sequence()
    took = time.perf_counter() - begun
    print(f"filled: {count:,} records in {took:,.0f} s, {count / took:,.0f} records/s", flush=True)


def job(service: Service, kind: JobKind) -> dict[str, object]:
    """Do one job for everything, and return its result with the seconds that it took."""
    asked = service.ask_for_job(kind, JobParameters(as_of=AS_OF), actor="bench")
    begun = time.perf_counter()
    with Runner(service) as runner:
        left = runner.run_next(asked.job_id)
    assert left is not None
    assert left.state is JobState.SUCCEEDED, left.error
    return {"seconds": time.perf_counter() - begun, "result": dict(left.result or {})}


def measured(folder: Path, kind: JobKind) -> dict[str, object]:
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
    answer: dict[str, object] = json.loads(ran.stdout.splitlines()[-1])
    return answer


def print_tables(service: Service, folder: Path) -> None:
    subjects = service.store.count_subjects()
    for kind in (JobKind.SNAPSHOT, JobKind.SNAPSHOT, JobKind.RECOMPUTE, JobKind.RECOMPUTE):
        done = measured(folder, kind)
        result = done["result"]
        assert isinstance(result, dict)
        print(f"\n{kind}: {done['seconds']:.1f} s in all\n")
        if kind is JobKind.SNAPSHOT:
            print("| purpose | subjects | links |\n|---|---|---|")
            for purpose, one in result.items():
                print(f"| {purpose} | {one['subjects']:,} | {one['links']:,} |")
            continue
        runs = result["runs"]
        print(f"| programme | {' | '.join(Stage)} | all |\n|{'---|' * (len(Stage) + 2)}")
        for run in runs:
            seconds = [run["usage"][stage]["seconds"] for stage in Stage]
            cells = " | ".join(f"{one:.2f}" for one in [*seconds, sum(seconds)])
            print(f"| {run['programme']} | {cells} |")
        peak = max(run["usage"][stage]["peak_bytes"] for run in runs for stage in Stage)
        expected = max(
            recompute_estimate(
                subjects,
                one["links"],
                service.library.champion(purpose),
            ).peak_bytes
            for purpose, one in measured(folder, JobKind.SNAPSHOT)["result"].items()  # type: ignore[attr-defined]
        )
        print(
            f"\npeak memory of the process {peak / 1e9:.2f} GB; estimate of the largest programme "
            f"{expected / 1e9:.2f} GB, beside the snapshot and the program itself"
        )


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
