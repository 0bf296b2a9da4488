"""The methods' rivals: libraries as their documentation says to use them, and plain loops of ours.

Where no package has a method, its equations stand here as anybody would write them with scipy or
numpy, named so; each stops when its own error is surely below ``TOLERANCE``, as ours does. The
graphs that they need are built before they are timed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

import algorithms as a

Floats = NDArray[np.float64]
Solve = Callable[[], Floats]
DAMPING = 0.85
TOLERANCE = 1e-6
MOST_ROUNDS = 2000


def matrix_of(graph: a.CSRGraph) -> sp.csr_array:
    """A graph as scipy holds it."""
    weights = np.ones(graph.m) if graph.weights is None else graph.weights
    return sp.csr_array((weights, graph.indices, graph.indptr), (graph.n, graph.n))


def igraph_pagerank(graph: a.CSRGraph, seeds: Floats) -> Solve:
    """igraph's personalised PageRank (PRPACK)."""
    import igraph

    src = np.repeat(np.arange(graph.n), graph.out_degree)
    network = igraph.Graph(graph.n, np.column_stack([src, graph.indices]), directed=True)
    reset = seeds.tolist()
    return lambda: np.array(network.personalized_pagerank(damping=DAMPING, reset=reset))


def networkx_pagerank(graph: a.CSRGraph, seeds: Floats) -> Solve:
    """networkx's personalised PageRank; it makes a scipy matrix of its graph in each call."""
    import networkx as nx

    network = nx.DiGraph()
    network.add_nodes_from(range(graph.n))
    src = np.repeat(np.arange(graph.n), graph.out_degree)
    network.add_edges_from(zip(src.tolist(), graph.indices.tolist(), strict=True))
    personal = dict(enumerate(seeds.tolist()))
    tolerance = TOLERANCE * (1.0 - DAMPING) / graph.n

    def solve() -> Floats:
        ranks = nx.pagerank(network, DAMPING, personal, MOST_ROUNDS, tolerance, weight=None)
        return np.array([ranks[i] for i in range(graph.n)])

    return solve


def scikit_network_pagerank(graph: a.CSRGraph, seeds: Floats) -> Solve:
    """scikit-network's personalised PageRank, by the solver that treats dead ends as igraph."""
    from sknetwork.ranking import PageRank

    found = matrix_of(graph)
    matrix = sp.csr_matrix((found.data, found.indices, found.indptr), found.shape)

    def solve() -> Floats:
        rank = PageRank(DAMPING, "RH", n_iter=MOST_ROUNDS, tol=TOLERANCE * (1.0 - DAMPING))
        ranks = np.asarray(rank.fit_predict(matrix, weights=seeds))
        return ranks / ranks.sum()

    return solve


def scipy_pagerank(graph: a.CSRGraph, seeds: Floats) -> Solve:
    """Power iteration, dead ends back to the seeds."""
    matrix = matrix_of(graph)
    sums = matrix.sum(axis=1)
    back = (sp.diags_array(1.0 / np.where(sums > 0.0, sums, 1.0)) @ matrix).T.tocsr()
    is_dead_end = sums == 0.0

    def step(x: Floats) -> Floats:
        lost = x[is_dead_end].sum()
        return DAMPING * (back @ x + lost * seeds) + (1.0 - DAMPING) * seeds

    return lambda: _repeated(step, seeds, DAMPING, norm=1)


def scipy_exposure(graph: a.CSRGraph, own: Floats) -> Solve:
    """Each subject's exposure: its own and the mean of its contacts'."""
    matrix = matrix_of(graph)
    sums = matrix.sum(axis=1)
    mean = sp.diags_array(1.0 / np.where(sums > 0.0, sums, 1.0)) @ matrix
    base = np.where(sums > 0.0, 1.0 - DAMPING, 1.0) * own
    return lambda: _repeated(lambda x: base + DAMPING * (mean @ x), own, DAMPING)


def scipy_sybil_rank(graph: a.CSRGraph, seeds: Floats) -> Solve:
    """⌈log₂ n⌉ steps of the walk, divided by degree."""
    matrix = matrix_of(graph)
    degree = np.maximum(graph.out_degree, 1).astype(float)

    def solve() -> Floats:
        trust = np.where(graph.out_degree > 0, seeds, 0.0)
        for _ in range(math.ceil(math.log2(graph.n))):
            trust = matrix @ (trust / degree)
        return trust / degree

    return solve


def scipy_sybil_scar(graph: a.CSRGraph, prior: Floats, strength: float | None) -> Solve:
    """The local rule, cut at ±½, twenty times at most, with the authors' stop rule."""
    matrix, q = matrix_of(graph), prior - 0.5
    degree = np.maximum(graph.out_degree, 1)
    factor = 1.0 / degree if strength is None else np.full(graph.n, 2.0 * strength)

    def solve() -> Floats:
        p = q
        for _ in range(20):
            after = np.clip(q + factor * (matrix @ p), -0.5, 0.5)
            change = np.abs(after - p).sum() / np.abs(after).sum()
            p = after
            if change < 1e-3:
                break
        return p + 0.5

    return solve


def scipy_beliefs(graph: a.CSRGraph, explicit: Floats, coupling: Floats) -> Solve:
    """B = E + A B H − D B H²; stops by its spectral rate of 0.7, which is no proof."""
    matrix, degree = matrix_of(graph), graph.out_degree[:, None]
    echo = coupling @ coupling

    def step(beliefs: Floats) -> Floats:
        return explicit + (matrix @ beliefs) @ coupling - degree * (beliefs @ echo)

    return lambda: _repeated(step, np.zeros_like(explicit), 0.7)[:, 0]


def scipy_signed_walk(graph: a.SignedGraph, seeds: Floats, c: float = 0.15) -> Solve:
    """Both moods by power iteration, β = 0.5, γ = 0.9."""
    sums = np.where(graph.magnitude_sum > 0.0, graph.magnitude_sum, 1.0)
    scale = sp.diags_array(1.0 / sums)
    plus, minus = ((scale @ matrix_of(part)).T.tocsr() for part in (graph.positive, graph.negative))
    n = graph.n

    def step(x: Floats) -> Floats:
        p, m = x[:n], x[n:]
        return (1.0 - c) * np.concatenate(
            [plus @ (p + 0.1 * m) + minus @ (0.5 * m), minus @ (p + 0.5 * m) + plus @ (0.9 * m)]
        ) + c * np.concatenate([seeds, np.zeros(n)])

    def solve() -> Floats:
        x = _repeated(step, np.concatenate([seeds, np.zeros(n)]), 1.0 - c, norm=1)
        return x[:n] - x[n:]

    return solve


def scipy_guha(graph: a.SignedGraph, source: int, rounds: int) -> Solve:
    """One row of Cᵏ (T − D), scaled to its largest."""
    trust, distrust = matrix_of(graph.positive), matrix_of(graph.negative)
    trust_back, distrust_back = trust.T.tocsr(), distrust.T.tocsr()

    def solve() -> Floats:
        x = np.zeros(graph.n)
        x[source] = 1.0
        for _ in range(rounds):
            to, fro = trust_back @ x, trust @ x
            x = 0.4 * to + 0.4 * (trust_back @ fro) + 0.1 * fro + 0.1 * (trust @ to)
            x /= np.abs(x).max()
        beliefs = trust_back @ x - distrust_back @ x
        return beliefs / np.abs(beliefs).max()

    return solve


def scipy_appleseed(graph: a.CSRGraph, source: int) -> Solve:
    """Energy 1 from the source over its reach, d = 0.85, each with a link back of weight 1."""

    def solve() -> Floats:
        matrix = matrix_of(graph)
        hops = sp.csgraph.breadth_first_order(matrix, source, return_predecessors=False)
        links = matrix[hops][:, hops].tolil()
        links[:, 0] = 1.0
        links.setdiag(0.0)
        links = sp.csr_array(links)
        links.eliminate_zeros()
        back = (sp.diags_array(1.0 / np.maximum(links.sum(axis=1), 1e-300)) @ links).T.tocsr()
        seed = np.zeros(hops.size)
        seed[0] = 1.0
        x = _repeated(lambda y: DAMPING * (back @ y) + 0.15 * seed, seed, DAMPING, norm=1)
        found = np.zeros(graph.n)
        found[hops] = x
        return found

    return solve


def python_moletrust(graph: a.CSRGraph, source: int, horizon: int, threshold: float) -> Solve:
    """Hop by hop over lists of links, as the paper tells it; NaN where nothing is known."""
    starts, ends = graph.indptr.tolist(), graph.indices.tolist()
    weights = [1.0] * graph.m if graph.weights is None else graph.weights.tolist()

    def solve() -> Floats:
        hops, trust, frontier = {source: 0}, {source: 1.0}, [source]
        for hop in range(1, horizon + 1):
            above: dict[int, float] = {}
            below: dict[int, float] = {}
            reached = []
            for i in frontier:
                for k in range(starts[i], starts[i + 1]):
                    j = ends[k]
                    if j not in hops:
                        hops[j] = hop
                        reached.append(j)
                    if hops[j] == hop and trust.get(i, 0.0) >= threshold:
                        above[j] = above.get(j, 0.0) + trust[i] * weights[k]
                        below[j] = below.get(j, 0.0) + trust[i]
            trust |= {j: value / below[j] for j, value in above.items()}
            frontier = reached
        found = np.full(graph.n, np.nan)
        found[list(trust)] = list(trust.values())
        return found

    return solve


def numpy_fairness_goodness(ratings: a.Ratings) -> Solve:
    """Goodness and fairness in turn, by bincount; errors halve."""
    source, target, score, n = ratings.source, ratings.target, ratings.score, ratings.n
    given, received = np.maximum(ratings.given, 1), np.maximum(ratings.received, 1)

    def goodness(fairness: Floats) -> Floats:
        return np.bincount(target, fairness[source] * score, n) / received

    def step(fairness: Floats) -> Floats:
        off = np.abs(score - goodness(fairness)[target])
        return 1.0 - np.bincount(source, off, n) / (2.0 * given)

    return lambda: goodness(_repeated(step, np.ones(n), 0.5))


def numpy_rev2(ratings: a.Ratings) -> Solve:
    """REV2 without behaviour, all weights 1, by bincount; a sweep shrinks errors to 7/8."""
    source, target, score, n = ratings.source, ratings.target, ratings.score, ratings.n
    rates, is_rated = ratings.given > 0, ratings.received > 0

    def step(x: Floats) -> Floats:
        fairness, goodness = x[:n], x[n:]
        reliability = (fairness[source] + 1.0 - np.abs(score - goodness[target]) / 2.0) / 2.0
        mean_fairness, mean_goodness = fairness[rates].mean(), goodness[is_rated].mean()
        return np.concatenate(
            [
                (np.bincount(source, reliability, n) + mean_fairness) / (ratings.given + 1.0),
                (np.bincount(target, reliability * score, n) + mean_goodness)
                / (ratings.received + 1.0),
            ]
        )

    return lambda: _repeated(step, np.ones(2 * n), 0.875)[n:]


def python_poison(payments: a.Payments, listed: NDArray[np.bool_]) -> Solve:
    """One payment after another."""
    rows = _rows(payments)

    def solve() -> Floats:
        touched, received = listed.tolist(), [0] * payments.n
        for i, j, amount in rows:
            if i != j and amount and touched[i]:
                received[j] += amount
                touched[j] = True
        return np.array(received, float)

    return solve


def python_haircut(payments: a.Payments, listed: NDArray[np.bool_]) -> Solve:
    """One payment after another, each with its share of the payer's taint."""
    rows, dirty = _rows(payments), listed.tolist()

    def solve() -> Floats:
        balance, tainted, received = [0] * payments.n, [0.0] * payments.n, [0.0] * payments.n
        for i, j, amount in rows:
            if i == j or not amount:
                continue
            part = float(amount) if dirty[i] else tainted[i] * min(1.0, amount / max(balance[i], 1))
            balance[i] = max(balance[i] - amount, 0)
            balance[j] += amount
            tainted[i] = float(balance[i]) if dirty[i] else tainted[i] - part
            tainted[j] = float(balance[j]) if dirty[j] else tainted[j] + part
            received[j] += part
        return np.array(received)

    return solve


def python_fifo(payments: a.Payments, listed: NDArray[np.bool_]) -> Solve:
    """Queues of coins, the oldest first."""
    rows, dirty = _rows(payments), listed.tolist()

    def solve() -> Floats:
        queues: dict[int, deque[tuple[int, bool]]] = {}
        received = [0] * payments.n
        for i, j, amount in rows:
            if i == j:
                continue
            own, theirs, left = queues.setdefault(i, deque()), queues.setdefault(j, deque()), amount
            while left:
                length, is_dirty = own.popleft() if own else (left, dirty[i])
                taken = min(length, left)
                if taken < length:
                    own.appendleft((length - taken, is_dirty))
                received[j] += taken * is_dirty
                theirs.append((taken, is_dirty or dirty[j]))
                left -= taken
        return np.array(received, float)

    return solve


def _rows(payments: a.Payments) -> list[tuple[int, int, int]]:
    columns = (payments.payer.tolist(), payments.payee.tolist(), payments.amount.tolist())
    return list(zip(*columns, strict=True))


def _repeated(step: Callable[[Floats], Floats], x: Floats, rate: float, norm: int = 0) -> Floats:
    """Repeat what shrinks errors by ``rate`` until what is left is below the tolerance."""
    for _ in range(MOST_ROUNDS):
        after = step(x)
        change = np.abs(after - x)
        x = after
        if (change.sum() if norm == 1 else change.max()) * rate / (1.0 - rate) < TOLERANCE:
            break
    return x
