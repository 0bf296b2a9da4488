"""Signed random walk with restart: personalised PageRank in which the walker's mood has a sign.

Jung, Jin, Sael & Kang, Personalized ranking in signed networks using signed random walk with
restart, ICDM 2016, eq. 2:
r⁺ = (1 − c)(Ã⁺ᵀ r⁺ + β Ã⁻ᵀ r⁻ + (1 − γ) Ã⁺ᵀ r⁻) + c q,
r⁻ = (1 − c)(Ã⁻ᵀ r⁺ + γ Ã⁺ᵀ r⁻ + (1 − β) Ã⁻ᵀ r⁻).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms._contraction import contract_1
from algorithms._gather_kernels import gather
from algorithms.arguments import (
    CheckedVector,
    Floats,
    checked_mass,
    float_vector,
    real_number,
    tolerance_value,
)
from algorithms.certificate import UNDERFLOW, Certificate, gamma, norm_1_upward, upward
from algorithms.errors import InvalidArgumentError
from algorithms.signed_graph import SignedGraph


@dataclass(frozen=True, eq=False)
class SignedWalk:
    """Where the walker is found, ``positive`` and ``negative`` float64 (n,), and their worth.

    The certificate's bound_1 holds for the errors of both, summed.
    """

    positive: Floats
    negative: Floats
    certificate: Certificate

    @property
    def values(self) -> Floats:
        """Trust minus distrust, r⁺ − r⁻, float64 (n,): the paper's relative trustworthiness.

        >>> graph = SignedGraph.from_edges([0], [1], [-1.0])
        >>> signed_walk(graph, [1.0, 0.0], 0.5, 1e-9).values
        array([ 0.5 , -0.25])
        """
        return self.positive - self.negative


def signed_walk(
    graph: SignedGraph,
    seeds: ArrayLike | CheckedVector,
    restart: float,
    tolerance: float,
    *,
    balance_beta: float = 0.5,
    balance_gamma: float = 0.9,
    max_sweeps: int | None = None,
) -> SignedWalk:
    """Return the signed walk's fixed point, the summed error within ``tolerance``.

    A walker starts at a seed in positive mood; a negative link turns the mood, but an enemy's
    enemy is a friend only with β, and an enemy's friend an enemy only with γ. One step keeps
    (1 − c) of the mass at most, so ‖(r⁺, r⁻) − exact‖₁ <= ‖residual‖₁ / c. A subject without
    out-links lets its mass go, as in ``trust_mass``.

    Args:
        graph: trust and distrust; a subject leaves by each link in proportion to its magnitude.
        seeds: q, float (n,), each >= 0, in the unit that the values shall have.
        restart: c in (0, 1].
        tolerance: largest acceptable sum of errors, > 0, in the unit of the seeds.
        balance_beta: β in [0, 1]; the default is a middle choice, to be tuned.
        balance_gamma: γ in [0, 1]; likewise.
        max_sweeps: give up after so many sweeps; None for as many as 1 − c can need.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.
        ConvergenceError: the tolerance was not certified.

    >>> graph = SignedGraph.from_edges([0, 1], [1, 2], [-1.0, -1.0])
    >>> signed_walk(graph, [1.0, 0.0, 0.0], 0.5, 1e-9, balance_beta=1.0).values
    array([ 0.5  , -0.25 ,  0.125])
    """
    supply = checked_mass("seeds", seeds, graph.n)
    if restart != 1.0:
        restart = real_number("restart", restart, low=0.0, high=1.0)
    if restart == 0.0:
        raise InvalidArgumentError("restart", "is 0; it must be in (0, 1]")
    tolerance = tolerance_value(tolerance)
    beta, gam = (
        float(float_vector(name, [value], 1, low=0.0, high=1.0)[0])
        for name, value in (("balance_beta", balance_beta), ("balance_gamma", balance_gamma))
    )
    n, c = graph.n, float(restart)
    arriving = graph.transpose()
    leaving = np.where(graph.magnitude_sum > 0.0, graph.magnitude_sum, 1.0)
    base = c * supply.values

    def step(x: Floats) -> Floats:
        p, m = x[:n] / leaving, x[n:] / leaving
        y = np.empty_like(x)
        # Links are linear: the moods are mixed before they travel, so each graph is read twice.
        y[:n] = gather(arriving.positive, p + (1.0 - gam) * m) + gather(arriving.negative, beta * m)
        y[n:] = gather(arriving.negative, p + (1.0 - beta) * m) + gather(arriving.positive, gam * m)
        y *= 1.0 - c
        y[:n] += base
        return y

    depth = max(arriving.positive.longest_row, arriving.negative.longest_row) + 12
    total = norm_1_upward(supply.total, n)
    rounding = upward(gamma(depth) * 2.0 * total + 2.0 * n * UNDERFLOW * max(1.0, total))
    x, certificate = contract_1(
        step,
        np.concatenate([supply.values, np.zeros(n)]),
        amplified=upward(1.0 / c),
        rounding=rounding if total > 0.0 else 0.0,
        tolerance=tolerance,
        max_sweeps=max_sweeps,
    )
    return SignedWalk(x[:n].copy(), x[n:].copy(), certificate)
