"""`python -m benchmarks.core`: time to a *true* error, ours against the peers, as ratios.

Every solver's error is measured against a solution certified to 1e-12. A solver whose error is
above the target gets a tighter stop rule until it meets it, so that nobody wins by stopping early.
Trials alternate between solvers; medians count, the spread is (slowest − fastest) / median. Slow
solvers get one run, so that all tables come in a quarter of an hour on a quiet machine; with
`--all-runs` those near ours get all of theirs.
`--cpu` takes the processor time of the process in place of the clock: on a machine that others
use, waiting is no property of a solver. Only one thread is measured then. Compilation, reading
and the building of each peer's own graph are not timed.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from benchmarks.graphs import graphs
from benchmarks.machine import machine
from benchmarks.peers import Solver, solvers
from benchmarks.problems import Problem

TARGETS = (1e-4, 1e-6, 1e-9)
TIGHTEST = 1e-15
ONE_RUN_IS_ENOUGH_S = 1.0
# A table takes about so long: a solver has one run at each target, more while there is time.
TABLE_S = 30.0
# With --all-runs, ours and whoever is not this many times slower have all their runs.
CONTENDS = 6.0
# Who takes longer than this on one thread is not run again on two.
TOO_SLOW_S = 5.0
LARGEST_FOR_ALL = 10_000_000


@dataclass
class Row:
    """One solver on one problem: seconds of each trial, by (target, threads)."""

    solver: Solver
    rules: dict[float, tuple[float, float]] = field(default_factory=dict)
    seconds: dict[tuple[float, int], list[float]] = field(default_factory=dict)


def main() -> None:
    """Print one table for each problem."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", nargs="*", help="parts of the names of graphs")
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--solvers", nargs="*", help="parts of the names of peers; ours always")
    parser.add_argument("--all-runs", action="store_true", help="of ours and those near it; slow")
    parser.add_argument("--cpu", action="store_true", help="processor time, one thread")
    asked = parser.parse_args()
    threads = [1] if asked.cpu else asked.threads
    clock = time.process_time if asked.cpu else time.perf_counter
    kind = "processor time" if asked.cpu else "wall clock"
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}; {kind}, medians of up to {asked.trials} runs")
    for name, graph in graphs(asked.graphs):
        for operator, weighted in _problems(name, graph.weights is not None):
            chosen = graph if weighted else graph.without_weights()
            measure(name, Problem(operator, chosen), asked, threads, clock)


def _problems(name: str, has_weights: bool) -> Iterable[tuple[str, bool]]:
    if not name.endswith("both ways"):
        yield "trust", False
    yield "exposure", False
    if has_weights and name.startswith("R-MAT"):
        if not name.endswith("both ways"):
            yield "trust", True
        yield "exposure", True


def measure(
    name: str,
    problem: Problem,
    asked: argparse.Namespace,
    threads: list[int],
    clock: Callable[[], float],
) -> None:
    """Solve one problem with every solver, and print the table."""
    graph = problem.graph
    kind = "unweighted" if graph.weights is None else "weighted"
    print(f"\n### {name}: {problem.operator}, {kind}, {graph.n:,} subjects, {graph.m:,} links\n")
    # With weights the largest graphs go to ours, the limit and scipy: the others take minutes.
    is_large = graph.weights is not None and graph.m > LARGEST_FOR_ALL
    names = ["scipy"] if is_large and asked.solvers is None else asked.solvers
    rows = [Row(solver) for solver in solvers(problem, names)]
    begun = time.perf_counter()
    for row in rows:
        row.solver.use_threads(min(threads))
        _find_rules(row, problem, min(threads), clock)
    for trial in range(asked.trials):
        is_late = trial > 0 and time.perf_counter() - begun > TABLE_S
        if is_late and not asked.all_runs:
            break
        for target in TARGETS:
            for count in threads:
                near = [row for row in rows if _contends(row, rows[0], target, count)]
                some = near if is_late else rows
                _alternate(some, target, count, threads, clock, all_runs=asked.all_runs)
    _print(rows, threads)


def _find_rules(row: Row, problem: Problem, threads: int, clock: Callable[[], float]) -> None:
    """Find for each target the loosest stop rule, by halves of a decade, that truly meets it.

    A run that takes seconds is kept as the one that is measured.
    """

    def tried(stop: float) -> float:
        nonlocal taken
        begun = clock()
        values = row.solver.solve(stop)
        taken = clock() - begun
        return problem.error(values)

    taken = 0.0
    stop = TARGETS[0] * 10.0
    is_certified = row.solver.name == "ours"
    error = tried(stop)
    for target in TARGETS:
        if is_certified:
            # A certificate is asked for the target itself.
            row.rules[target] = (target, tried(target))
            continue
        while error > target and row.solver.has_rule and stop > TIGHTEST:
            # Errors fall as the stop rule does: jump to near the target, then step.
            stop = max(min(stop / 3.0, stop * target / error * 2.0), TIGHTEST)
            error = tried(stop)
        if error <= target:
            row.rules[target] = (stop, error)
            if taken > ONE_RUN_IS_ENOUGH_S:
                row.seconds[target, threads] = [taken]


def _alternate(
    rows: list[Row],
    target: float,
    count: int,
    threads: list[int],
    clock: Callable[[], float],
    *,
    all_runs: bool,
) -> None:
    """Let each solver that can do so take its turn."""
    for row in rows:
        if target not in row.rules or not (row.solver.is_parallel or count == min(threads)):
            continue
        alone = row.seconds.get((target, min(threads)), [0.0])
        taken = row.seconds.setdefault((target, count), [])
        is_known = bool(taken) and taken[0] > ONE_RUN_IS_ENOUGH_S
        if is_known and not (all_runs and _contends(row, rows[0], target, count)):
            continue
        if not taken and alone[0] > TOO_SLOW_S:
            continue
        row.solver.use_threads(count)
        begun = clock()
        row.solver.solve(row.rules[target][0])
        taken.append(clock() - begun)


def _contends(row: Row, ours: Row, target: float, count: int) -> bool:
    """Say whether a solver's first run is near enough to ours for chance to matter."""
    first, best = (one.seconds.get((target, count)) for one in (row, ours))
    return bool(first and best) and first[0] < CONTENDS * best[0]


def _print(rows: list[Row], threads: list[int]) -> None:
    heads = [f"{target:g}, {count} thr." for target in TARGETS for count in threads]
    print("| solver | " + " | ".join(heads) + " | true error at 1e-6 |")
    print("|---" * (len(heads) + 2) + "|")
    ours = rows[0]
    for row in rows:
        cells = []
        for target in TARGETS:
            for count in threads:
                taken = row.seconds.get((target, count))
                # One thread is all that some have: their time stands for any number.
                taken = taken or row.seconds.get((target, min(threads)))
                if not taken:
                    cells.append("not reached")
                    continue
                middle = statistics.median(taken)
                ratio = middle / statistics.median(ours.seconds[target, count])
                spread = (max(taken) - min(taken)) / middle
                cells.append(f"{middle:.3f} s ±{spread:.0%} ({ratio:.1f}×)")
        error = f"{row.rules[1e-6][1]:.1e}" if 1e-6 in row.rules else "–"
        print(f"| {row.solver.name} | " + " | ".join(cells) + f" | {error} |", flush=True)


if __name__ == "__main__":
    main()
