"""The slow, obvious versions: dense matrices, plain loops, exact fractions where they help."""

from fractions import Fraction
from itertools import pairwise, permutations

import numpy as np


def dense(graph):
    matrix = np.zeros((graph.n, graph.n))
    for i in range(graph.n):
        for k in range(graph.indptr[i], graph.indptr[i + 1]):
            matrix[i, graph.indices[k]] += 1.0 if graph.weights is None else graph.weights[k]
    return matrix


def averaging(graph):
    """W, with a row of itself alone for whoever has no contacts."""
    W = dense(graph)
    for i in range(graph.n):
        total = W[i].sum()
        if total == 0.0:
            W[i, i] = 1.0
        else:
            W[i] /= total
    return W


def handing_on(graph):
    """P, with a column of zeros for whoever has no out-links."""
    A = dense(graph)
    totals = A.sum(axis=1)
    return (
        np.array([row / total if total else row for row, total in zip(A, totals, strict=True)])
        .reshape(A.shape)
        .T
    )


def exposure(graph, own, beta):
    W = averaging(graph)
    return np.linalg.solve(np.eye(graph.n) - beta * W, (1.0 - beta) * np.asarray(own))


def exposure_shares(graph, own, beta):
    """Row i: what each subject adds to the exposure of i."""
    W = averaging(graph)
    return np.linalg.inv(np.eye(graph.n) - beta * W) * ((1.0 - beta) * np.asarray(own))


def exposure_series(graph, own, beta, hops):
    """Walk by walk: Σ_{k≤K} β^k W₀^k D o."""
    lonely = graph.out_degree == 0
    W = averaging(graph)
    W[lonely] = 0.0
    term = np.where(lonely, 1.0, 1.0 - beta) * np.asarray(own)
    total = np.zeros(graph.n)
    for _ in range(hops + 1):
        total += term
        term = beta * (W @ term)
    return total


def trust(graph, seeds, alpha):
    P = handing_on(graph)
    return np.linalg.solve(np.eye(graph.n) - alpha * P, (1.0 - alpha) * np.asarray(seeds))


def trust_shares(graph, seeds, alpha):
    P = handing_on(graph)
    return np.linalg.inv(np.eye(graph.n) - alpha * P) * ((1.0 - alpha) * np.asarray(seeds))


def trust_series(graph, seeds, alpha, hops):
    P = handing_on(graph)
    term = (1.0 - alpha) * np.asarray(seeds)
    total = np.zeros(graph.n)
    for _ in range(hops + 1):
        total += term
        term = alpha * (P @ term)
    return total


def exact_exposure(graph, own, beta):
    """The fixed point in exact rational arithmetic, by Gaussian elimination."""
    n, b = graph.n, Fraction(beta)
    rows = []
    for i in range(n):
        loads = {
            int(graph.indices[k]): Fraction(1 if graph.weights is None else float(graph.weights[k]))
            for k in range(graph.indptr[i], graph.indptr[i + 1])
        }
        total = sum(loads.values())
        row = [Fraction(0)] * (n + 1)
        row[i] += 1
        row[n] = (1 - b) * Fraction(own[i]) if loads else Fraction(own[i])
        for j, load in loads.items():
            row[j] -= b * load / total
        rows.append(row)
    return _eliminated(rows)


def exact_trust(graph, seeds, alpha):
    """The fixed point in exact rational arithmetic, by Gaussian elimination."""
    n, a = graph.n, Fraction(alpha)
    rows = [
        [Fraction(int(i == j)) for j in range(n)] + [(1 - a) * Fraction(seeds[i])] for i in range(n)
    ]
    for j in range(n):
        links = range(graph.indptr[j], graph.indptr[j + 1])
        loads = [Fraction(1 if graph.weights is None else float(graph.weights[k])) for k in links]
        for k, load in zip(links, loads, strict=True):
            rows[graph.indices[k]][j] -= a * load / sum(loads)
    return _eliminated(rows)


def _eliminated(rows):
    n = len(rows)
    for i in range(n):
        pivot = next(p for p in range(i, n) if rows[p][i] != 0)
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for p in range(n):
            if p != i and rows[p][i] != 0:
                factor = rows[p][i]
                rows[p] = [a - factor * b for a, b in zip(rows[p], rows[i], strict=True)]
    return [row[n] for row in rows]


def exact_errors(values, exact):
    return [
        abs(Fraction(float(value)) - wanted) for value, wanted in zip(values, exact, strict=True)
    ]


def paths(entries, worth, damping, subject, max_hops):
    """Every path of at most max_hops from the subject: (share, subjects), strongest first."""
    others = [j for j in range(len(worth)) if j != subject]
    found = []
    for hops in range(1, max_hops + 1):
        for rest in permutations(others, hops):
            walk = (subject, *rest)
            share = worth[walk[-1]] * damping**hops
            for i, j in pairwise(walk):
                share *= entries[i, j]
            if share > 0.0:
                found.append((share, walk))
    return sorted(found, key=lambda each: (-each[0], len(each[1]), each[1]))


def auc(labels, scores):
    pairs = [
        1.0 if p > q else 0.5 if p == q else 0.0
        for p, a in zip(scores, labels, strict=True)
        for q, b in zip(scores, labels, strict=True)
        if a and not b
    ]
    return sum(pairs) / len(pairs)
