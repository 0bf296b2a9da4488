"""The peers: each as its documentation says to use it, on the same graph, its own stop rule.

Building a peer's own graph object is not timed. A peer that is not installed is left out.
"""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import networkx as nx
import numba
import numpy as np
import scipy.sparse as sp

from benchmarks import limit
from benchmarks.problems import DAMPING, Floats, Problem

NETWORKX_LARGEST = 1 << 15
MOST_SWEEPS = 400


@dataclass(frozen=True)
class Solver:
    """``solve`` takes the stop rule's threshold; None for peers that have none."""

    name: str
    solve: Callable[[float], Floats]
    has_rule: bool = True
    is_parallel: bool = False
    use_threads: Callable[[int], object] = lambda threads: None


def solvers(problem: Problem, names: list[str] | None = None) -> Iterator[Solver]:
    """Yield ours, the C++ limit, and every peer (of these names) that can solve this problem."""
    yield Solver("ours", problem.ours, True, True, numba.set_num_threads)
    yield from _limits(problem)
    makers = (_scipy, _graphblas, _networkit, _igraph, _scikit_network, _networkx)
    for make in makers:
        if names is not None and not any(name in make.__name__ for name in names):
            continue
        try:
            made = make(problem)
        except ImportError as error:
            print(f"  left out: {error}")
            continue
        if made is not None:
            yield made


def _limits(problem: Problem) -> Iterator[Solver]:
    library = limit.load()
    if library is None:
        print("  left out: C++ Gauss–Seidel, as there is no C++ compiler")
        return
    rows = problem.rows
    for precision, dtype in (("f32", np.float32), ("f64", np.float64)):
        weights = None if rows.weights is None else rows.weights.astype(dtype)

        def solve(stop: float, precision: str = precision, weights: Floats = weights) -> Floats:
            return limit.sweeps(
                library, precision, rows.indptr, rows.indices, weights, problem.graph.weight_sum,
                problem.is_trust, problem.base, problem.own, DAMPING, stop, MOST_SWEEPS,
            )[0]  # fmt: skip

        def use(threads: int) -> None:
            library.omp_set_num_threads(ctypes.c_int(threads))

        yield Solver(f"C++ Gauss–Seidel {precision}", solve, True, True, use)


def _matrix(problem: Problem) -> sp.csr_array:
    """A of x = base + damping A x, as scipy holds it."""
    graph, rows = problem.graph, problem.rows
    weights = np.ones(rows.m) if rows.weights is None else rows.weights
    sums = np.where(graph.weight_sum > 0.0, graph.weight_sum, 1.0)
    if problem.is_trust:
        entries = weights / sums[rows.indices]
    else:
        entries = weights / np.repeat(sums, rows.out_degree)
    return sp.csr_array((entries, rows.indices, rows.indptr), (rows.n, rows.n))


def _distance(problem: Problem, change: Floats) -> float:
    return float(np.abs(change).sum() if problem.is_trust else np.abs(change).max())


def _scipy(problem: Problem) -> Solver:
    matrix = _matrix(problem)

    def solve(stop: float) -> Floats:
        x = problem.own
        for _ in range(MOST_SWEEPS):
            new = problem.base + DAMPING * (matrix @ x)
            if _distance(problem, new - x) < stop:
                return new
            x = new
        return x

    return Solver("scipy", solve)


def _graphblas(problem: Problem) -> Solver:
    import graphblas as gb

    rows, n = problem.rows, problem.graph.n
    sums = np.where(problem.graph.weight_sum > 0.0, problem.graph.weight_sum, 1.0)
    values = np.ones(rows.m) if rows.weights is None else rows.weights
    matrix = gb.Matrix.from_csr(rows.indptr, rows.indices, values, ncols=n)
    base = gb.Vector.from_dense(problem.base)
    scale = gb.Vector.from_dense(DAMPING / sums)
    ring = gb.semiring.plus_second if rows.weights is None else gb.semiring.plus_times

    def solve(stop: float) -> Floats:
        x = gb.Vector.from_dense(problem.own)
        for _ in range(MOST_SWEEPS):
            new = base.dup()
            if problem.is_trust:
                z = x.ewise_mult(scale, gb.binary.times).new()
                new(gb.binary.plus) << ring(matrix @ z)
            else:
                gathered = ring(matrix @ x).new()
                new(gb.binary.plus) << gathered.ewise_mult(scale, gb.binary.times)
            change = new.ewise_add(x, gb.binary.minus).apply(gb.unary.abs)
            moved = change.reduce(gb.monoid.plus if problem.is_trust else gb.monoid.max).new()
            x = new
            if float(moved.value) < stop:
                break
        return np.asarray(x.to_dense(0.0))

    def use(threads: int) -> None:
        gb.ss.config["nthreads"] = threads

    return Solver("SuiteSparse:GraphBLAS", solve, True, True, use)


def _networkit(problem: Problem) -> Solver | None:
    if not problem.is_trust or problem.graph.weights is not None:
        return None
    import networkit as nk

    graph = problem.graph
    matrix = sp.csr_array((np.ones(graph.m), graph.indices, graph.indptr), (graph.n, graph.n))
    coo = matrix.tocoo()
    network = nk.GraphFromCoo((coo.data, (coo.row, coo.col)), n=graph.n, directed=True)
    kind = nk.centrality.SinkHandling.NO_SINK_HANDLING

    def solve(stop: float) -> Floats:
        run = nk.centrality.PageRank(network, DAMPING, stop, False, kind)
        run.norm = nk.centrality.Norm.L1_NORM
        run.maxIterations = MOST_SWEEPS
        run.run()
        return problem.scaled(np.array(run.scores()))

    return Solver("NetworKit", solve, True, True, nk.setNumberOfThreads)


def _igraph(problem: Problem) -> Solver | None:
    if not problem.is_trust:
        return None
    import igraph

    graph = problem.graph
    src = np.repeat(np.arange(graph.n), graph.out_degree)
    network = igraph.Graph(graph.n, np.column_stack([src, graph.indices]), directed=True)

    if graph.weights is not None:
        network.es["weight"] = graph.weights.tolist()
    weights = None if graph.weights is None else "weight"

    def solve(_: float) -> Floats:
        return problem.scaled(network.pagerank(damping=DAMPING, weights=weights))

    return Solver("igraph (PRPACK)", solve, False)


def _scikit_network(problem: Problem) -> Solver | None:
    if not problem.is_trust:
        return None
    from sknetwork.ranking import PageRank

    graph = problem.graph
    weights = np.ones(graph.m) if graph.weights is None else graph.weights
    matrix = sp.csr_matrix((weights, graph.indices, graph.indptr), (graph.n, graph.n))

    def solve(stop: float) -> Floats:
        # Its other solvers treat dead ends as another operator does.
        rank = PageRank(DAMPING, "RH", n_iter=MOST_SWEEPS, tol=stop)
        return problem.scaled(rank.fit_predict(matrix))

    return Solver("scikit-network", solve)


def _networkx(problem: Problem) -> Solver | None:
    graph = problem.graph
    if not problem.is_trust or graph.n > NETWORKX_LARGEST:
        return None
    src = np.repeat(np.arange(graph.n), graph.out_degree)
    network = nx.DiGraph()
    network.add_nodes_from(range(graph.n))
    network.add_edges_from(zip(src.tolist(), graph.indices.tolist(), strict=True))

    def solve(stop: float) -> Floats:
        ranks = nx.pagerank(network, DAMPING, tol=stop / graph.n, max_iter=MOST_SWEEPS, weight=None)
        return problem.scaled(np.array([ranks[i] for i in range(graph.n)]))

    return Solver("networkx", solve)
