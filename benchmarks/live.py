"""`python -m benchmarks.live`: what one change costs a live operator, against whole solutions.

Changes are settled one after another on the same state, so that each begins where the last one
left its residuals: a fresh solution would hold slack that a service does not have. Every table
gives the clock and, beside it, the processor time of the process: on a machine that others use,
waiting is no property of an algorithm. Compilation and the first solution are not timed; seeds
are fixed. After each case the residual is measured anew and the certificate checked by it.

NetworKit has no dynamic PageRank: its dynamic centralities are betweenness, harmonic closeness of
the top k and Katz ranking of the top k, none of which certifies every value of another operator.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numba
import numpy as np

import algorithms
from benchmarks.graphs import graphs
from benchmarks.machine import machine

LISTED = 0.8


@dataclass
class Case:
    """What one kind of change costs: milliseconds by the clock and of the processor."""

    name: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    links: list[int] = field(default_factory=list)
    sweeps: list[int] = field(default_factory=list)

    def time(self, call: Callable[[], object]) -> object:
        wall, cpu = time.perf_counter(), time.process_time()
        result = call()
        self.wall.append(1e3 * (time.perf_counter() - wall))
        self.cpu.append(1e3 * (time.process_time() - cpu))
        self.links.append(getattr(result, "links", 0))
        self.sweeps.append(getattr(result, "sweeps", 0))
        return result

    def print(self) -> None:
        cells = [self.name, str(len(self.wall))]
        for taken in (self.wall, self.cpu):
            cells += [f"{value:.3g}" for value in np.quantile(taken, [0.5, 0.99, 1.0])]
        cells += [f"{int(value):,}" for value in np.quantile(self.links, [0.5, 0.99])]
        cells.append(f"{sum(each > 0 for each in self.sweeps)}")
        print("| " + " | ".join(cells) + " |", flush=True)


@dataclass(frozen=True)
class Size:
    """How many of each kind; ``burst``: changes that are settled together."""

    single: int
    bursts: tuple[tuple[int, int], ...]
    stream: int


FULL = Size(1000, ((1_000, 10), (100_000, 3)), 20_000)
QUICK = Size(50, ((100, 3), (1_000, 2)), 500)


def main() -> None:
    """Print one table for each graph and operator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="R-MAT 2^14 only, few changes")
    parser.add_argument("--threads", type=int, default=numba.config.NUMBA_NUM_THREADS)
    parser.add_argument("--only", nargs="*", help="parts of the names of tables")
    asked = parser.parse_args()
    numba.set_num_threads(asked.threads)
    size = QUICK if asked.quick else FULL
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}; sweeps on {asked.threads} threads")
    print("Milliseconds. 'swept': how many of them went over to whole sweeps.")
    for name, graph in _graphs(asked.quick):
        for table, measure in _tables(name, graph, size):
            if asked.only and not any(part in f"{name} {table}" for part in asked.only):
                continue
            print(f"\n### {name}, {graph.n:,} subjects, {graph.m:,} links: {table}\n")
            print("| change | times | p50 | p99 | max | CPU p50 | p99 | max | links p50 | p99 |"
                  " swept |\n|---" + "|---" * 10 + "|")  # fmt: skip
            measure()


def _graphs(quick: bool) -> Iterator[tuple[str, algorithms.CSRGraph]]:
    scale = 14 if quick else 20
    src, dst = algorithms.rmat(scale, 16, seed=1)
    keep = src != dst
    ends = np.concatenate([src[keep], dst[keep]]), np.concatenate([dst[keep], src[keep]])
    graph = algorithms.CSRGraph.from_edges(*ends, n=1 << scale).without_weights()
    yield f"R-MAT 2^{scale} both ways", graph.relabel(algorithms.locality_order(graph))
    if not quick:
        yield from graphs(["hop-transfers"])


def _tables(
    name: str, graph: algorithms.CSRGraph, size: Size
) -> Iterator[tuple[str, Callable[[], None]]]:
    for beta, tolerance in ((0.5, 1e-4), (0.85, 1e-4), (0.5, 1e-6)):
        single = size.single if tolerance > 1e-5 else size.single // 5
        yield (
            f"exposure, β {beta}, bound {tolerance:g}",
            lambda b=beta, t=tolerance, k=single: _exposure(graph, b, t, None, k, size),
        )
    for hops in (2, 3):
        yield (
            f"exposure, β 0.5, at most {hops} hops, bound 1e-4",
            lambda k=hops: _exposure(graph, 0.5, 1e-4, k, size.single, size),
        )
    yield "trust mass, α 0.85, bound 1e-4 of all mass", lambda: _trust(graph, size)
    yield "what-if of 10 changes, exposure, β 0.5, bound 1e-4", lambda: _what_if(graph, size)
    yield "single records in a stream, exposure, β 0.5, bound 1e-4", lambda: _stream(graph, size)


def _own(graph: algorithms.CSRGraph) -> np.ndarray:
    return np.where(np.random.default_rng(0).random(graph.n) < 0.01, LISTED, 0.0)


def _ends(
    graph: algorithms.CSRGraph, random: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of new links: one end as links have them (hubs often), the other any contact."""
    linking = np.flatnonzero(graph.out_degree)
    return graph.indices[random.integers(0, graph.m, count)], random.choice(linking, count)


def _exposure(
    graph: algorithms.CSRGraph,
    beta: float,
    tolerance: float,
    hops: int | None,
    single: int,
    size: Size,
) -> None:
    random = np.random.default_rng(5)
    live = algorithms.LiveExposure(
        algorithms.DynamicGraph(graph, graph), _own(graph), beta, tolerance, hop_limit=hops
    )
    quiet = random.permutation(np.flatnonzero((graph.out_degree > 0) & (live.own == 0.0)))
    _warm_up(live, quiet[-1])
    cases = []
    listing = Case("one listing")
    for subject in quiet[:single]:
        listing.time(lambda j=subject: (live.set_own(j, LISTED), live.settle())[1])
    cases.append(listing)
    link = Case("one link, both ways")
    for i, j in zip(*_ends(graph, random, single), strict=True):
        link.time(
            lambda i=i, j=j: (live.graph.set_links([i, j], [j, i], [1.0, 1.0]), live.settle())[1]
        )
    cases.append(link)
    for count, times in size.bursts:
        burst = Case(f"{count:,} own risks at once")
        for _ in range(times):
            chosen = random.choice(quiet, min(count, quiet.size), replace=False)
            risks = LISTED * random.random(chosen.size)
            burst.time(lambda c=chosen, r=risks: (live.set_own(c, r), live.settle())[1])
        cases.append(burst)
        burst = Case(f"{count:,} links at once, both ways")
        for _ in range(times):
            i, j = _ends(graph, random, count)
            burst.time(
                lambda i=i, j=j: (
                    live.graph.set_links(np.r_[i, j], np.r_[j, i], np.ones(2 * i.size)),
                    live.settle(),
                )[1]
            )
        cases.append(burst)
    for case in cases:
        case.print()
    _whole(live, beta, tolerance, hops)
    _check(live, tolerance)


def _whole(live: algorithms.LiveExposure, beta: float, tolerance: float, hops: int | None) -> None:
    """Our own recomputation of the same values, of a graph that need not be built first."""
    graph, own = live.graph.to_csr(), live.own.copy()
    cold = Case("recomputed whole, cold")
    for _ in range(3):
        cold.time(lambda: algorithms.exposure(graph, own, beta, tolerance, hop_limit=hops))
    cold.print()
    if hops is None:
        own[np.argmax(graph.out_degree)] = 1.0 - LISTED
        warm = Case("recomputed whole, warm, after the largest hub changed")
        for _ in range(3):
            warm.time(lambda: algorithms.exposure(graph, own, beta, tolerance, start=live.values))
        warm.print()


def _trust(graph: algorithms.CSRGraph, size: Size) -> None:
    random = np.random.default_rng(6)
    linking = random.permutation(np.flatnonzero(graph.out_degree))
    seeds = np.zeros(graph.n)
    seeds[linking[:1000]] = 1.0 / min(1000, linking.size)
    live = algorithms.LiveTrustMass(algorithms.DynamicGraph(graph, graph), seeds, 0.85, 1e-4)
    live.set_seeds(linking[-1], 0.01)
    live.settle()
    seed = Case("one seed of a thousandth")
    for subject in linking[1000 : 1000 + size.single // 5]:
        seed.time(lambda j=subject: (live.set_seeds(j, 1e-3), live.settle())[1])
    seed.print()
    link = Case("one link")
    for i, j in zip(*_ends(graph, random, size.single), strict=True):
        link.time(lambda i=i, j=j: (live.graph.set_link(i, j, 1.0), live.settle())[1])
    link.print()
    whole = Case("recomputed whole, cold")
    for _ in range(3):
        whole.time(lambda: algorithms.trust_mass(graph, seeds, 0.85, 1e-4, transposed=graph))
    whole.print()
    _check(live, 1e-4)


def _what_if(graph: algorithms.CSRGraph, size: Size) -> None:
    random = np.random.default_rng(7)
    live = algorithms.LiveExposure(algorithms.DynamicGraph(graph, graph), _own(graph), 0.5, 1e-4)
    linking = np.flatnonzero(graph.out_degree)
    _warm_up(live, int(linking[-1]))

    def question() -> dict[str, tuple]:
        i, j = _ends(graph, random, 5)
        return {
            "own": (random.choice(linking, 5, replace=False), np.full(5, LISTED)),
            "links": (i, j, np.ones(5)),
        }

    live.what_if(**question())
    alone = Case("one at a time")
    for asked in [question() for _ in range(size.single // 5)]:
        alone.time(lambda each=asked: live.what_if(**each))
    alone.print()
    together = Case("ten at once")
    with ThreadPoolExecutor(10) as pool:
        # Ten scratches are made on first use.
        list(pool.map(lambda each: live.what_if(**each), [question() for _ in range(10)]))
        for _ in range(size.single // 50):
            ten = [question() for _ in range(10)]
            together.time(lambda ten=ten: list(pool.map(lambda each: live.what_if(**each), ten)))
    together.print()


def _stream(graph: algorithms.CSRGraph, size: Size) -> None:
    """Nine links to one listing, some lifted again; each settled alone, and ten together."""
    random = np.random.default_rng(8)
    live = algorithms.LiveExposure(algorithms.DynamicGraph(graph, graph), _own(graph), 0.5, 1e-4)
    linking = np.flatnonzero(graph.out_degree)
    _warm_up(live, int(linking[-1]))
    sources, targets = _ends(graph, random, size.stream)
    subjects = random.choice(linking, size.stream)
    risks = LISTED * random.integers(0, 2, size.stream)

    def apply(at: int) -> None:
        if at % 10 == 0:
            live.set_own(subjects[at], risks[at])
        else:
            i, j = sources[at], targets[at]
            live.graph.set_links([i, j], [j, i], [1.0, 1.0])

    half = size.stream // 2
    single = Case("one record, settled alone")
    for at in range(half):
        single.time(lambda at=at: (apply(at), live.settle())[1])
    together = Case("ten records, settled together")
    for at in range(half, size.stream, 10):
        together.time(lambda at=at: ([apply(k) for k in range(at, at + 10)], live.settle())[1])
    for case, each in ((single, 1), (together, 10)):
        case.print()
        for kind, taken in (("the clock", case.wall), ("processor time", case.cpu)):
            print(f"  {1e3 * each * len(taken) / sum(taken):,.0f} records a second by {kind}")
    _check(live, 1e-4)


def _warm_up(live: algorithms.LiveExposure, subject: int) -> None:
    """Compile everything that the cases run, and leave the values as they were."""
    own = live.own.copy()
    live.graph.set_link(subject, subject, 1.0)
    live.settle(max_links=0)
    live.graph.set_link(subject, subject, 0.0)
    live.set_own(np.arange(live.n), np.minimum(own + 0.1, 1.0))
    live.settle(max_links=2**40)
    live.set_own(np.arange(live.n), own)
    live.settle(live.tolerance / 10.0, max_links=0)
    live.settle()


def _check(live: algorithms.LiveExposure | algorithms.LiveTrustMass, tolerance: float) -> None:
    worth = live.refresh()
    met = "met" if worth.bound_inf <= tolerance else "NOT MET"
    print(f"\nresidual measured anew: bound {worth.bound_inf:.3g}, {met}")


if __name__ == "__main__":
    main()
