"""One sweep of REV2: reliability of every rating, and what it adds to both its ends."""

from algorithms.accelerate import kernel
from algorithms.arguments import Floats, Int32s


@kernel
def reliability_sums(
    source: Int32s,
    target: Int32s,
    score: Floats,
    pi_R: Floats,
    gamma1: float,
    gamma2: float,
    gamma3: float,
    F: Floats,
    G: Floats,
    R: Floats,
    sum_F: Floats,
    sum_G: Floats,
) -> None:
    """R from F and G; Σ R to each source, Σ R · score to each target, in the order of the input."""
    total = gamma1 + gamma2 + gamma3
    sum_F[:] = 0.0
    sum_G[:] = 0.0
    for e in range(source.size):
        u, p = source[e], target[e]
        agreement = 1.0 - abs(score[e] - G[p]) / 2.0
        R[e] = (gamma1 * F[u] + gamma2 * agreement + gamma3 * pi_R[e]) / total
        sum_F[u] += R[e]
        sum_G[p] += R[e] * score[e]
