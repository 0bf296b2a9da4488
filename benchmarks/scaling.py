"""`python -m benchmarks.scaling`: time for a link from 2^14 to 2^22 subjects, and sixteen at once.

Beside it a bandwidth model: what a sweep must read and write, divided by what this machine streams.
What the model lacks is the gather: values that are in no cache when they are wanted.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numba
import numpy as np

import algorithms
from benchmarks.graphs import rmat
from benchmarks.machine import machine

SCALES = range(14, 23, 2)
DAMPING, TARGET, TRIALS, VECTORS = 0.85, 1e-6, 3, 16
LARGEST_OF_MANY = 20
# A sweep streams an index for each link; for each subject a row pointer, its weight, own risk, z,
# residual and change (read and written), and what mixing reads and writes.
LINK_BYTES, SUBJECT_BYTES = 4, 8 + 8 + 8 + 8 + 16 + 40


def main() -> None:
    """Print the tables, and draw the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=max(SCALES))
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--cpu", action="store_true", help="processor time, one thread")
    parser.add_argument("--plot", type=Path, help="where to save the plot (needs matplotlib)")
    asked = parser.parse_args()
    clock = time.process_time if asked.cpu else time.perf_counter
    threads = [1] if asked.cpu else asked.threads
    numba.set_num_threads(max(threads))
    stream = bandwidth(clock)
    print(
        f"{machine()}; {'processor time' if asked.cpu else 'wall clock'}; stream {stream:.1f} GB/s"
    )
    print("\n### Exposure to a certified 1e-6, ns for each link and sweep\n")
    heads = [f"{kind}, {count} thr." for kind in ("directed", "both ways") for count in threads]
    print("| subjects | links | " + " | ".join(heads) + " | model, both ways |")
    print("|---" * (len(heads) + 3) + "|")
    drawn = []
    for scale in SCALES:
        if scale > asked.largest:
            break
        cells, links, model = [], 0, 0.0
        for both_ways in (False, True):
            graph = rmat(scale, both_ways).without_weights()
            own = algorithms.checked_vector(risks(graph.n, 1)[0])
            for count in threads:
                numba.set_num_threads(count)
                sweeps, seconds = exposure_time(graph, own, clock)
                cells.append((1e9 * seconds / sweeps / graph.m, sweeps, seconds))
            links, model = graph.m, (LINK_BYTES + SUBJECT_BYTES * graph.n / graph.m) / stream
        shown = [f"{ns:.2f} ({sweeps} sweeps, {s:.3f} s)" for ns, sweeps, s in cells]
        print(f"| 2^{scale} | {links:,} | " + " | ".join(shown) + f" | {model:.2f} |", flush=True)
        drawn.append((scale, [ns for ns, _, _ in cells], model))
    if asked.plot:
        _draw(drawn, heads, asked.plot)
    _sixteen(min(asked.largest, LARGEST_OF_MANY), threads, clock)


def exposure_time(
    graph: algorithms.CSRGraph, own: algorithms.CheckedVector, clock: Callable[[], float]
) -> tuple[int, float]:
    """Return the sweeps and the median seconds of one exposure."""
    sweeps = algorithms.exposure(graph, own, DAMPING, TARGET).certificate.sweeps
    taken = [_timed(lambda: algorithms.exposure(graph, own, DAMPING, TARGET), clock)]
    taken += [
        _timed(lambda: algorithms.exposure(graph, own, DAMPING, TARGET), clock)
        for _ in range(TRIALS - 1)
    ]
    return sweeps, statistics.median(taken)


def risks(n: int, vectors: int) -> np.ndarray:
    """Return one in a hundred listed, for each vector."""
    return np.where(np.random.default_rng(0).random((vectors, n)) < 0.01, 0.8, 0.0)


def bandwidth(clock: Callable[[], float]) -> float:
    """Return GB/s of reading 256 MiB in order, on Numba's threads."""
    values = np.ones(1 << 25)
    _read(values)
    return values.nbytes / min(_timed(lambda: _read(values), clock) for _ in range(5)) / 1e9


@numba.njit(parallel=True, fastmath=True)
def _read(values: np.ndarray) -> float:
    total = 0.0
    for i in numba.prange(values.size):
        total += values[i]
    return total


def _timed(run: Callable[[], object], clock: Callable[[], float]) -> float:
    begun = clock()
    run()
    return clock() - begun


def _sixteen(largest: int, threads: list[int], clock: Callable[[], float]) -> None:
    print(f"\n### {VECTORS} vectors at once, as times of one\n")
    print(
        "| graph | "
        + " | ".join(f"{what}, {c} thr." for what in ("exposure", "trust") for c in threads)
        + " |"
    )
    print("|---" * (2 * len(threads) + 1) + "|")
    for scale in range(18, largest + 1, 2):
        for both_ways in (False, True):
            graph = rmat(scale, both_ways).without_weights()
            reverse = graph.transpose()
            rows = risks(graph.n, VECTORS)
            runs = {
                "exposure": (
                    lambda own, g=graph: algorithms.exposure(g, own, DAMPING, TARGET),
                    lambda own, g=graph: algorithms.exposure_many(g, own, DAMPING, TARGET),
                    rows,
                ),
                "trust": (
                    lambda own, g=graph, r=reverse: algorithms.trust_mass(
                        g, own, DAMPING, TARGET, transposed=r
                    ),
                    lambda own, g=graph, r=reverse: algorithms.trust_mass_many(
                        g, own, DAMPING, TARGET, transposed=r
                    ),
                    rows / rows.sum(axis=1, keepdims=True),
                ),
            }
            cells = []
            for one, many, table in runs.values():
                for count in threads:
                    numba.set_num_threads(count)
                    one(table[0])
                    many(table)
                    alone, together = [], []
                    for _ in range(TRIALS):
                        alone.append(_timed(partial(one, table[0]), clock))
                        together.append(_timed(partial(many, table), clock))
                    ratio = statistics.median(together) / statistics.median(alone)
                    cells.append(f"{ratio:.1f}× ({statistics.median(together):.2f} s)")
            way = ", both ways" if both_ways else ""
            print(f"| R-MAT 2^{scale}{way} | " + " | ".join(cells) + " |", flush=True)


def _draw(drawn: list[tuple[int, list[float], float]], heads: list[str], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    scales = [scale for scale, _, _ in drawn]
    for column, head in enumerate(heads):
        axes.plot(scales, [times[column] for _, times, _ in drawn], marker="o", label=head)
    axes.plot(scales, [model for _, _, model in drawn], "k--", label="bandwidth model, both ways")
    axes.set_xlabel("log2 of the number of subjects")
    axes.set_ylabel("ns for each link and sweep")
    axes.set_xticks(scales)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    print(f"drawn: {path.name}")


if __name__ == "__main__":
    main()
