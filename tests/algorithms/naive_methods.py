"""The slow, obvious versions of the field's published methods; the operators' are in naive.py."""

from fractions import Fraction
from itertools import pairwise

import numpy as np

from tests.algorithms.naive import dense, handing_on


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


def signed_dense(graph):
    return dense(graph.positive), dense(graph.negative)


def signed_walk(graph, seeds, c, beta, gamma):
    """Both moods as one linear system."""
    T, D = signed_dense(graph)
    whole = (T + D).sum(axis=1, keepdims=True)
    Ap, An = (np.divide(M, whole, out=np.zeros_like(M), where=whole > 0.0).T for M in (T, D))
    M = np.block([[Ap, beta * An + (1 - gamma) * Ap], [An, gamma * Ap + (1 - beta) * An]])
    q = np.concatenate([seeds, np.zeros(graph.n)])
    solved = np.linalg.solve(np.eye(2 * graph.n) - (1 - c) * M, c * q)
    return solved[: graph.n], solved[graph.n :]


def eigentrust(graph, pretrusted, a):
    """The eigenvector of eigenvalue 1 of (1 − a) Cᵀ + a p 1ᵀ."""
    p = np.asarray(pretrusted) / np.sum(pretrusted)
    C = handing_on(graph).T
    C[graph.weight_sum == 0.0] = p
    values, vectors = np.linalg.eig((1 - a) * C.T + a * np.outer(p, np.ones(graph.n)))
    vector = np.real(vectors[:, np.argmax(np.real(values))])
    return vector / vector.sum()


def appleseed(graph, source, energy, spreading, rounds=3000):
    """The published loop: discover, pass on, keep; far beyond its stop rule."""
    A = dense(graph)
    edges = {i: {j: A[i, j] for j in range(graph.n) if A[i, j] and j != i} for i in range(graph.n)}
    known, trust, arriving = {source}, {source: 0.0}, {source: energy}
    links = {}
    for _ in range(rounds):
        found, coming = set(known), dict.fromkeys(known, 0.0)
        for x in known:
            trust[x] += (1 - spreading) * arriving[x]
            if x not in links:
                links[x] = dict(edges[x])
                if x != source:
                    links[x][source] = 1.0
            whole = sum(links[x].values())
            for u, w in links[x].items():
                if u not in found:
                    found.add(u)
                    trust[u] = 0.0
                coming[u] = coming.get(u, 0.0) + spreading * arriving[x] * w / whole
        known, arriving = found, coming
    return [trust.get(i, 0.0) for i in range(graph.n)]


def moletrust(graph, source, horizon, threshold):
    A = dense(graph)
    layers, seen = [{source}], {source}
    for _ in range(horizon):
        further = {j for i in layers[-1] for j in range(graph.n) if A[i, j]} - seen
        layers.append(further)
        seen |= further
    trust = {source: 1.0}
    for nearer, layer in pairwise(layers):
        for v in layer:
            asked = [u for u in nearer if A[u, v] and trust.get(u, 0.0) >= max(threshold, 1e-300)]
            if asked:
                whole = sum(trust[u] for u in asked)
                trust[v] = sum(trust[u] * A[u, v] for u in asked) / whole
    return trust


def guha(graph, alpha, rounds, distrust, decay):
    """The whole belief matrix, by matrix products."""
    T, D = signed_dense(graph)
    B = T - D if distrust == "propagated" else T
    C = alpha[0] * B + alpha[1] * B.T @ B + alpha[2] * B.T + alpha[3] * B @ B.T
    last = T - D if distrust == "one step" else np.eye(graph.n)
    if decay is None:
        return np.linalg.matrix_power(C, rounds) @ last
    return sum(decay**k * np.linalg.matrix_power(C, k) @ last for k in range(1, rounds + 1))
