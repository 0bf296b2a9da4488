"""Trust mass and exposure against networkx and scipy: same graph, same true error, same run.

Nobody wins by stopping early: each solver's *true* error is measured against a solution certified
to 1e-12, and a solver whose error is above the target is given a tighter stop rule until it meets
it. Compilation is not timed. Trials alternate between the solvers; the median counts.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import networkx as nx
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

import algorithms

Floats = NDArray[np.float64]

SCALES = (14, 17)
LINKS_EACH = 16
DAMPING = 0.85
TARGET = 1e-6
TRIALS = 5
NETWORKX_LARGEST = 1 << 15


@dataclass(frozen=True)
class Solver:
    """One way to the trust mass; `solve` takes the stop rule's tolerance."""

    name: str
    solve: Callable[[float], Floats]


def main() -> None:
    """Print one table for each graph."""
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, target {TARGET:g}"
    )
    for scale in SCALES:
        src, dst = algorithms.rmat(scale, LINKS_EACH, seed=1)
        graph = algorithms.CSRGraph.from_edges(src, dst, n=1 << scale).without_weights()
        seeds = np.zeros(graph.n)
        seeds[np.argsort(-graph.out_degree, kind="stable")[:100]] = 0.01
        exact = algorithms.trust_mass(graph, seeds, DAMPING, 1e-12).values
        solvers = _solvers(graph, seeds)
        print(f"\nR-MAT 2^{scale}: {graph.n:,} subjects, {graph.m:,} links, trust mass")
        print(f"  {'solver':<12}{'stop rule':>12}{'true error':>12}{'median s':>10}{'× ours':>9}")
        rules = {solver.name: _fair_rule(solver, exact) for solver in solvers}
        times = {solver.name: _alternating(solvers, rules)[solver.name] for solver in solvers}
        for solver in solvers:
            error = float(np.abs(solver.solve(rules[solver.name]) - exact).sum())
            ratio = times[solver.name] / times[solvers[0].name]
            print(
                f"  {solver.name:<12}{rules[solver.name]:>12.0e}{error:>12.1e}"
                f"{times[solver.name]:>10.4f}{ratio:>8.1f}×"
            )


def _solvers(graph: algorithms.CSRGraph, seeds: Floats) -> list[Solver]:
    transposed = graph.transpose()
    matrix = sp.csr_array((np.ones(graph.m), graph.indices, graph.indptr), (graph.n, graph.n))
    degree = np.maximum(graph.out_degree, 1)
    shared = sp.csr_array((matrix.multiply(1.0 / degree[:, None])).T)

    def ours(tolerance: float) -> Floats:
        return algorithms.trust_mass(graph, seeds, DAMPING, tolerance, transposed=transposed).values

    def scipy_power(tolerance: float) -> Floats:
        t = seeds.copy()
        while True:
            new = (1 - DAMPING) * seeds + DAMPING * (shared @ t)
            if np.abs(new - t).sum() < tolerance:
                return np.asarray(new)
            t = new

    solvers = [Solver("ours", ours), Solver("scipy", scipy_power)]
    if graph.n <= NETWORKX_LARGEST:
        network = algorithms.to_networkx(graph)
        personal = {i: float(seed) for i, seed in enumerate(seeds) if seed}

        def networkx_pagerank(tolerance: float) -> Floats:
            ranks = nx.pagerank(
                network,
                DAMPING,
                personalization=personal,
                dangling=personal,
                tol=tolerance / graph.n,
                max_iter=1000,
            )
            values = np.array([ranks[i] for i in range(graph.n)])
            # networkx hands dangling mass back to the seeds: the same vector, scaled.
            scale = float(ours(1e-12).sum())
            return values * scale

        solvers.append(Solver("networkx", networkx_pagerank))
    return solvers


def _fair_rule(solver: Solver, exact: Floats) -> float:
    """Return the loosest stop rule, by factors of 10 from the target, whose true error is met."""
    rule = TARGET * 100
    while float(np.abs(solver.solve(rule) - exact).sum()) > TARGET:
        rule /= 10
    return rule


def _alternating(solvers: list[Solver], rules: dict[str, float]) -> dict[str, float]:
    taken: dict[str, list[float]] = {solver.name: [] for solver in solvers}
    for _ in range(TRIALS):
        for solver in solvers:
            begun = time.perf_counter()
            solver.solve(rules[solver.name])
            taken[solver.name].append(time.perf_counter() - begun)
    return {name: statistics.median(values) for name, values in taken.items()}
