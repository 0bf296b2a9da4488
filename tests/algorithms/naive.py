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


def fairness_goodness(rows, n, sweeps=200, unrated=0.0):
    """(source, target, score) rows; the two equations in turn, as the paper's figure 3 has them."""
    fairness, goodness = [1.0] * n, [unrated] * n
    for _ in range(sweeps):
        for v in range(n):
            got = [fairness[u] * w for u, p, w in rows if p == v]
            goodness[v] = sum(got) / len(got) if got else unrated
        for u in range(n):
            gave = [abs(w - goodness[p]) / 2.0 for s, p, w in rows if s == u]
            fairness[u] = 1.0 - sum(gave) / len(gave) if gave else 1.0
    return fairness, goodness


def rev2(rows, n, weights, behaviour=None, sweeps=400):
    """Goodness, then reliability, then fairness, in the order of the paper's algorithm."""
    raters = sorted({u for u, _, _ in rows})
    rated = sorted({p for _, p, _ in rows})
    pi_u, pi_p, pi_r = behaviour or ([0.0] * n, [0.0] * n, [0.0] * len(rows))
    fairness, goodness = dict.fromkeys(raters, 1.0), dict.fromkeys(rated, 1.0)
    reliability = [1.0] * len(rows)
    a1, a2, b1, b2 = weights.alpha1, weights.alpha2, weights.beta1, weights.beta2
    g1, g2, g3 = weights.gamma1, weights.gamma2, weights.gamma3
    for _ in range(sweeps):
        mean = sum(goodness.values()) / len(rated)
        for p in rated:
            got = [reliability[e] * w for e, (_, q, w) in enumerate(rows) if q == p]
            goodness[p] = (sum(got) + b1 * mean + b2 * pi_p[p]) / (len(got) + b1 + b2)
        for e, (u, p, w) in enumerate(rows):
            agreement = 1.0 - abs(w - goodness[p]) / 2.0
            whole = g1 * fairness[u] + g2 * agreement + g3 * pi_r[e]
            reliability[e] = whole / (g1 + g2 + g3)
        mean = sum(fairness.values()) / len(raters)
        for u in raters:
            gave = [reliability[e] for e, (s, _, _) in enumerate(rows) if s == u]
            fairness[u] = (sum(gave) + a1 * mean + a2 * pi_u[u]) / (len(gave) + a1 + a2)
    return fairness, goodness, reliability


def sybil_rank(graph, seeds, steps):
    A = dense(graph)
    degree = A.sum(axis=1)
    has = degree > 0.0
    P = np.divide(A.T, degree, out=np.zeros_like(A), where=has)
    trust = np.linalg.matrix_power(P, steps) @ np.where(has, seeds, 0.0)
    return np.divide(trust, degree, out=np.zeros(graph.n), where=has)


def linear_beliefs(graph, explicit, coupling, echo_cancelled):
    """Eq. 6 of the paper: one linear system for all entries, by the Kronecker product."""
    A, H = dense(graph), np.asarray(coupling)
    D = np.diag((A**2).sum(axis=1))
    M = np.kron(H, A) - (np.kron(H @ H, D) if echo_cancelled else 0.0)
    solved = np.linalg.solve(np.eye(M.shape[0]) - M, np.asarray(explicit).T.reshape(-1))
    return solved.reshape(H.shape[0], graph.n).T


def poison_taint(rows, listed, opening):
    """(payer, payee, amount) rows; the set of the touched grows."""
    touched, paid = {i for i, marked in enumerate(listed) if marked}, []
    for payer, payee, amount in rows:
        moves = payer != payee and amount > 0
        paid.append(amount if moves and payer in touched else 0)
        if paid[-1]:
            touched.add(payee)
    return paid


def haircut_taint(rows, listed, opening):
    """In exact fractions: (clean, dirty) money of each account."""
    purses = [
        [Fraction(0 if marked else have), Fraction(have if marked else 0)]
        for have, marked in zip(opening, listed, strict=True)
    ]
    paid = []
    for payer, payee, amount in rows:
        if payer == payee or amount == 0:
            paid.append(Fraction(0))
            continue
        lacking = max(amount - sum(purses[payer]), 0)
        purses[payer][1 if listed[payer] else 0] += lacking
        whole = sum(purses[payer])
        clean, dirty = (part * amount / whole for part in purses[payer])
        purses[payer] = [purses[payer][0] - clean, purses[payer][1] - dirty]
        paid.append(dirty)
        if listed[payee]:
            clean, dirty = 0, clean + dirty
        purses[payee] = [purses[payee][0] + clean, purses[payee][1] + dirty]
    return paid, [dirty for _, dirty in purses]


def fifo_taint(rows, listed, opening):
    """Coin by coin: a list of every account's coins, the oldest first."""
    purses = [[marked] * have for have, marked in zip(opening, listed, strict=True)]
    paid = []
    for payer, payee, amount in rows:
        if payer == payee:
            paid.append(0)
            continue
        purses[payer] += [bool(listed[payer])] * max(amount - len(purses[payer]), 0)
        coins, purses[payer] = purses[payer][:amount], purses[payer][amount:]
        paid.append(sum(coins))
        purses[payee] += [coin or bool(listed[payee]) for coin in coins]
    return paid, [sum(coins) for coins in purses]
