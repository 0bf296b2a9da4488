"""`python -m benchmarks.spark`: a sweep on Spark against links and partitions, beside the core.

Local mode, as many cores as there are. Every vector is compared with plain sweeps on this machine,
bit by bit, before its time counts. A third way is measured on small graphs: the same sweep in SQL.
"""

import argparse
import contextlib
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as parquet

import algorithms
from algorithms.plain_sweeps import PlainSweeps
from algorithms.row_block import RowBlock, SweepRule
from benchmarks.graphs import rmat
from benchmarks.machine import machine
from benchmarks.scaling import risks
from graphsvc.spark.blocks import LINK, Blocks, build_blocks, entries_of
from graphsvc.spark.session import spark_session
from graphsvc.spark.sweeping import sweep_until_done

DAMPING, TARGET, SWEEPS = 0.85, 1e-6, 6
LARGEST_FOR_SQL = 16
ARRAYS = (
    "indptr",
    "places",
    "weights",
    "sums",
    "outside",
    "own",
    "targets",
    "lengths",
    "positions",
)


@dataclass(frozen=True)
class Measured:
    """Seconds to build and for a sweep, bytes that are kept and that a sweep sends.

    `processor_s` is what a sweep took of all processes together: on a machine that has other work
    it says more than the clock on the wall.
    """

    build_s: float
    sweep_s: float
    processor_s: float
    kept_bytes: int
    sent_bytes: int


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scales", type=int, nargs="*", default=[14, 16, 18, 20])
    parser.add_argument("--blocks", type=int, nargs="*", default=[2, 4, 8, 16, 32])
    parser.add_argument("--blocks-at", type=int, default=16, help="scale of the second table")
    parser.add_argument("--memory", default="3g", help="of Spark's Java process")
    asked = parser.parse_args()
    print(f"{machine()}\n\n### Links\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        options = {"spark.driver.memory": asked.memory}
        with spark_session("local[*]", Path(folder), options) as spark:
            by_links(spark, Path(folder), asked.scales)
            print(f"\n### Partitions, 2^{asked.blocks_at} subjects\n", flush=True)
            by_blocks(spark, Path(folder), asked.blocks_at, asked.blocks)


def by_links(spark: Any, folder: Path, scales: list[int]) -> None:
    """Print what a sweep costs on graphs of several sizes."""
    print(
        "| subjects | links | blocks | build s | sweep s | its processor s | kept B a link "
        "| sent B a link | SQL sweep s | one process, sweep s | core sweep s | sweeps | core's |"
    )
    print("|---" * 13 + "|", flush=True)
    for scale in scales:
        graph, own = problem(scale)
        blocks = max(4, graph.m >> 21)
        found = measured(spark, folder, graph, own, blocks)
        sql = f"{sql_sweep(spark, folder, graph, own):.2f}" if scale <= LARGEST_FOR_SQL else "–"
        plain, plain_s = timed(algorithms.exposure_by_sweeps, graph, own)
        core, core_s = timed(algorithms.exposure, graph, own)
        print(
            f"| 2^{scale} | {graph.m:,} | {blocks} | {found.build_s:.1f} | {found.sweep_s:.2f} "
            f"| {found.processor_s:.2f} | {found.kept_bytes / graph.m:.1f} "
            f"| {found.sent_bytes / graph.m:.2f} | {sql} "
            f"| {plain_s / plain.certificate.sweeps:.4f} | {core_s / core.certificate.sweeps:.4f} "
            f"| {plain.certificate.sweeps} | {core.certificate.sweeps} |",
            flush=True,
        )


def by_blocks(spark: Any, folder: Path, scale: int, counts: list[int]) -> None:
    """Print what a sweep costs on one graph in several numbers of blocks."""
    print("| blocks | build s | sweep s | its processor s | kept B a link | sent B a link |")
    print("|---" * 6 + "|", flush=True)
    graph, own = problem(scale)
    for blocks in counts:
        found = measured(spark, folder, graph, own, blocks)
        print(
            f"| {blocks} | {found.build_s:.1f} | {found.sweep_s:.2f} | {found.processor_s:.2f} "
            f"| {found.kept_bytes / graph.m:.1f} | {found.sent_bytes / graph.m:.2f} |",
            flush=True,
        )


def problem(scale: int) -> tuple[algorithms.CSRGraph, np.ndarray]:
    """Return a weighted graph of 16 links a subject, and own risks."""
    bare = rmat(scale, False).without_weights()
    weights = np.random.default_rng(scale).lognormal(0.0, 1.0, bare.m)
    return algorithms.CSRGraph(bare.indptr, bare.indices, weights), risks(bare.n, 1)[0]


def timed(solve: Any, graph: algorithms.CSRGraph, own: np.ndarray) -> tuple[Any, float]:
    """Return a solution to a certified 1e-6, and the seconds that the second time took."""
    solve(graph, own, DAMPING, TARGET)
    begun = time.perf_counter()
    found = solve(graph, own, DAMPING, TARGET)
    return found, time.perf_counter() - begun


def measured(
    spark: Any, folder: Path, graph: algorithms.CSRGraph, own: np.ndarray, wanted: int
) -> Measured:
    """Build blocks, sweep, compare with plain sweeps on one process, and return what it took."""
    links = written(folder, graph)
    rows = np.flatnonzero(own)
    begun = time.perf_counter()
    entries = spark.read.parquet(links)
    blocks = build_blocks(spark, entries, graph.n, (rows, own[rows]), wanted, hands_on=False)
    build_s = time.perf_counter() - begun
    ended: list[tuple[float, float]] = []
    sweeps = PlainSweeps.exposure(blocks.shape, DAMPING, TARGET, float(own.max()), SWEEPS)
    table, _ = sweep_until_done(blocks, sweeps, lambda done: ended.append(clocks()))
    values = table.toArrow()
    expected = algorithms.exposure_by_sweeps(graph, own, DAMPING, TARGET, hop_limit=SWEEPS)
    assert np.array_equal(expected.values[values["row"].to_numpy()], values["value"].to_numpy())
    kept, sent = bytes_of(blocks)
    blocks.forget()
    # The first sweep starts Python workers.
    wall_s, processor_s = np.median(np.diff(ended, axis=0), axis=0)
    return Measured(build_s, float(wall_s), float(processor_s), kept, sent)


def clocks() -> tuple[float, float]:
    """Return the time, and the processor time of this process and its children, in seconds."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    used = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system
    return time.perf_counter(), used


def bytes_of(blocks: Blocks) -> tuple[int, int]:
    """Return how many bytes are kept, and how many values' bytes go from block to block."""
    kept = " + ".join(f"coalesce(sum(length({name})), 0)" for name in ARRAYS)
    sums = blocks.table.selectExpr(kept, "sum(length(outside)) + sum(length(own))").first()
    return int(sums[0]), int(sums[1])


def sql_sweep(spark: Any, folder: Path, graph: algorithms.CSRGraph, own: np.ndarray) -> float:
    """Return the seconds of a sweep as a join and a sum; its sums have no fixed order."""
    links = spark.read.parquet(written(folder, graph)).select("row", "column", "weight")
    links = links.repartition("column").persist()
    weight = links.groupBy("row").sum("weight").withColumnRenamed("sum(weight)", "total").persist()
    subjects = pa.table({"column": np.arange(graph.n), "x": own, "own": own})
    x = spark.createDataFrame(subjects).repartition("column").persist()
    links.count(), weight.count(), x.count()
    ended = []
    for _ in range(4):
        felt = links.join(x, "column").selectExpr("row", "weight * x AS part").groupBy("row")
        after = (
            felt.sum("part")
            .join(weight, "row")
            .selectExpr("row AS column", f"{DAMPING} * `sum(part)` / total AS reached")
        )
        after = (
            x.select("column", "own")
            .join(after, "column", "left")
            .selectExpr(
                "column",
                f"CASE WHEN reached IS NULL THEN own ELSE {1 - DAMPING} * own + reached END AS x",
                "own",
            )
        )
        x = after.persist()
        x.count()
        ended.append(time.perf_counter())
    got = x.toArrow()
    x_after = np.empty(graph.n)
    x_after[got["column"].to_numpy()] = got["x"].to_numpy()
    rule = SweepRule(False, 1.0 - DAMPING, DAMPING, 1.0, 1.0)
    block, z = RowBlock.of_graph(graph, graph.weight_sum), own
    for _ in range(4):
        z = block.sweep(rule, own, z).after
    assert np.allclose(x_after, z, rtol=1e-12, atol=1e-15)
    for one in (links, weight, x):
        one.unpersist()
    return statistics.median(np.diff(ended))


def written(folder: Path, graph: algorithms.CSRGraph) -> str:
    """Write a graph's links to a file, once, and return its path."""
    path = folder / f"links-{graph.n}.parquet"
    if not path.exists():
        row = np.repeat(np.arange(graph.n), graph.out_degree)
        batch = entries_of(row, graph.indices.astype(np.int64), graph.weights, LINK)
        parquet.write_table(pa.Table.from_batches([batch]), path, row_group_size=1 << 20)
    return str(path)


if __name__ == "__main__":
    main()
