"""SybilRank: trust from known honest subjects after O(log n) steps, divided by degree.

Cao, Sirivianos, Yang & Pregueiro, Aiding the detection of fake accounts in large scale social
online services, NSDI 2012, §4.2: T⁽ⁱ⁾(v) = Σ_{(u,v)} T⁽ⁱ⁻¹⁾(u) / deg(u), ranked by T(v) / deg(v).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms._gather_kernels import gather
from algorithms._symmetry import require_symmetric
from algorithms.arguments import CheckedVector, Floats, checked_mass, whole_number
from algorithms.certificate import UNDERFLOW, gamma, norm_1_upward, upward
from algorithms.csr import CSRGraph


@dataclass(frozen=True, eq=False)
class SybilRank:
    """Trust after a walk that was stopped early.

    Attributes:
        values: float64 (n,), T(v) / deg(v), larger for more honest; 0 for who has no links.
        steps: how many steps were walked.
        rounding_1: no Σ of errors of T exceeds this; there is nothing else to converge.
    """

    values: Floats
    steps: int
    rounding_1: float


def sybil_rank(
    graph: CSRGraph, seeds: ArrayLike | CheckedVector, *, steps: int | None = None
) -> SybilRank:
    """Return degree-normalised trust after exactly ``steps`` steps of the walk from the seeds.

    Trust starts at the seeds and each subject splits all of it over its links. Walked for ever,
    T/deg would be the same for everyone in a component and tell nothing; it is stopped while the
    honest region has mixed and little has crossed to the fakes. So the steps are part of the
    definition and the result is exact but for rounding: a step errs by γ(k) Σ T at most, with k
    two more than the largest degree.

    Args:
        graph: undirected: every link in both directions, weighing the same.
        seeds: float (n,), each >= 0: the trust that known honest subjects start with.
        steps: how many; None for ⌈log₂ n⌉.

    Raises:
        InvalidArgumentError: an argument out of its domain, or the graph is directed.

    >>> path = CSRGraph.from_edges([0, 1, 1, 2], [1, 0, 2, 1])
    >>> sybil_rank(path, [1.0, 0.0, 0.0], steps=2).values
    array([0.5, 0. , 0.5])
    """
    supply = checked_mass("seeds", seeds, graph.n)
    require_symmetric(graph)
    if steps is None:
        steps = math.ceil(math.log2(graph.n)) if graph.n > 1 else 0
    steps = whole_number("steps", steps, low=0)
    degree = np.where(graph.weight_sum > 0.0, graph.weight_sum, 1.0)
    trust = supply.values.copy()
    # Who has no links hands nothing on, and is not ranked.
    trust[graph.out_degree == 0] = 0.0
    for _ in range(steps):
        trust = gather(graph, trust / degree)
    worst = gamma(graph.longest_row + 4) * norm_1_upward(supply.total, graph.n)
    return SybilRank(trust / degree, steps, upward(steps * (worst + graph.n * UNDERFLOW)))
