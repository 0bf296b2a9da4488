"""SybilSCAR: a linear local rule that carries known fakes and known honest subjects alike.

Wang, Jia, Zhang & Gong, Structure-based Sybil detection in social networks via local rule-based
propagation, IEEE Trans. Netw. Sci. Eng. 6 (2019), eq. 10: p̂ = q̂ + 2 Ŵ p̂, where p̂ = p − ½ is the
residual probability of being fake; first in INFOCOM 2017 with one constant ŵ.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms._contraction import amplification
from algorithms._gather_kernels import gather
from algorithms._symmetry import require_symmetric
from algorithms.arguments import Floats, float_vector, real_number, whole_number
from algorithms.certificate import UNIT_ROUNDOFF, gamma, upward
from algorithms.csr import CSRGraph

HALF = 0.5


@dataclass(frozen=True, eq=False)
class SybilScar:
    """Probability of being fake, by the local rule.

    Attributes:
        values: float64 (n,) in [0, 1], larger for more suspicious; ½ is undecided.
        sweeps: how often the rule was applied.
        change: Σ |p̂ₜ − p̂ₜ₋₁| / Σ |p̂ₜ| at the last sweep: the published stop rule.
        bound_inf: no value is further than this from the fixed point; inf where ρ(2Ŵ) < 1 could
            not be shown, as for the degree-normalised strength: then the sweeps themselves are
            the definition, and no fixed point is claimed.
    """

    values: Floats
    sweeps: int
    change: float
    bound_inf: float


def sybil_scar(
    graph: CSRGraph,
    prior: ArrayLike,
    *,
    strength: float | None = None,
    sweeps: int = 20,
    enough_change: float = 1e-3,
) -> SybilScar:
    """Return the posterior after at most ``sweeps`` applications of the rule.

    p̂ is kept in [−½, ½], as in the authors' program, which moves no two vectors apart. Where a
    v > 0 with v − 2Ŵv >= s > 0 is found, ρ(2Ŵ) < 1 (Theorem 2) and ‖p − p*‖∞ <= max v / s · ‖r‖∞,
    with r the residual measured at the returned values.

    Args:
        graph: undirected: every link in both directions, weighing the same; a link's strength is
            in proportion to its weight.
        prior: float (n,) in [0, 1]: probability of being fake that is known beforehand; ½ for
            unknown, and for example 0.6 for labelled fakes, 0.4 for labelled honest subjects.
        strength: ŵ >= 0, the residual homophily of a link (SybilSCAR-C); None for 1/(2 deg u) at
            subject u (SybilSCAR-D), which averages over the links.
        sweeps: most applications, >= 1.
        enough_change: stop when ``change`` falls below, >= 0.

    Raises:
        InvalidArgumentError: an argument out of its domain, or the graph is directed.

    >>> pair = CSRGraph.from_edges([0, 1], [1, 0])
    >>> sybil_scar(pair, [0.9, 0.5], strength=0.25, sweeps=1).values
    array([0.9, 0.7])
    """
    q = float_vector("prior", prior, graph.n, low=0.0, high=1.0) - HALF
    require_symmetric(graph)
    most = whole_number("sweeps", sweeps, low=1)
    enough = real_number("enough_change", enough_change, low=0.0, high=np.inf)
    if strength is None:
        factor = 1.0 / np.where(graph.weight_sum > 0.0, graph.weight_sum, 1.0)
    else:
        factor = np.full(graph.n, 2.0 * real_number("strength", strength, low=0.0, high=1e6))

    def ruled(p: Floats) -> Floats:
        return np.clip(q + factor * gather(graph, p), -HALF, HALF)

    p, done, change = q, 0, np.inf
    while done < most and not change < enough:
        after = ruled(p)
        size = float(np.abs(after).sum())
        change = float(np.abs(after - p).sum()) / size if size > 0.0 else 0.0
        p = after
        done += 1
    # Averaging over the links has spectral radius 1: there is nothing to look for.
    bound = np.inf if strength is None else _bound(graph, factor, p, ruled(p))
    return SybilScar(p + HALF, done, change, bound)


def _bound(graph: CSRGraph, factor: Floats, p: Floats, after: Floats) -> float:
    depth = graph.longest_row + 6
    amplified = amplification(lambda x: factor * gather(graph, x), graph.n, depth)
    # |p̂| <= ½, so a row errs by γ Σ |2 ŵ A_ij| at most.
    heaviest = float((factor * graph.weight_sum).max(initial=0.0))
    residual = float(np.abs(after - p).max(initial=0.0)) * (1.0 + 4.0 * UNIT_ROUNDOFF)
    return upward((residual + gamma(depth) * (1.0 + heaviest)) * amplified)
