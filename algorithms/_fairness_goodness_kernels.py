"""Sweeps of fairness–goodness: over all ratings, or over all but one, again and again."""

import numpy as np
from numba import prange

from algorithms.accelerate import kernel, parallel_kernel
from algorithms.arguments import Floats, Int32s, Int64s


@kernel
def goodness_of(
    starts: Int64s, rater: Int32s, W: Floats, f: Floats, g: Floats, skipped: int
) -> None:
    """g(v) = Σ f(u) W(u, v) / |in(v)|, without the rating at ``skipped``; others keep g."""
    for v in range(g.size):
        total = 0.0
        count = 0
        # total holds the ratings of v before k, in the order of the input.
        for k in range(starts[v], starts[v + 1]):
            if k != skipped:
                total += f[rater[k]] * W[k]
                count += 1
        if count > 0:
            g[v] = total / count


@kernel
def fairness_of(
    starts: Int64s, rated: Int32s, W: Floats, g: Floats, f: Floats, skipped: int
) -> None:
    """f(u) = 1 − Σ |W(u, v) − g(v)| / (2 |out(u)|), without ``skipped``; others keep f."""
    for u in range(f.size):
        total = 0.0
        count = 0
        for k in range(starts[u], starts[u + 1]):
            if k != skipped:
                total += abs(W[k] - g[rated[k]])
                count += 1
        if count > 0:
            f[u] = 1.0 - total / (2.0 * count)


@parallel_kernel
def each_left_out(
    in_starts: Int64s,
    rater: Int32s,
    W_in: Floats,
    out_starts: Int64s,
    rated: Int32s,
    W_out: Floats,
    place_in: Int64s,
    place_out: Int64s,
    source: Int32s,
    target: Int32s,
    f0: Floats,
    g0: Floats,
    unrated: float,
    enough: float,
    fair: Floats,
    good: Floats,
) -> None:
    """For each rating e: f(source), g(target) at the fixed point of the ratings without e."""
    for e in prange(source.size):
        u, v = source[e], target[e]
        f, g = f0.copy(), g0.copy()
        # Whoever loses the only rating falls back to what a subject without ratings has.
        if out_starts[u + 1] - out_starts[u] == 1:
            f[u] = 1.0
        if in_starts[v + 1] - in_starts[v] == 1:
            g[v] = unrated
        before = np.empty_like(f)
        moved = 1.0
        # f is at most ``moved`` from the fixed point, as each sweep halves the distance.
        while moved > enough:
            before[:] = f
            goodness_of(in_starts, rater, W_in, f, g, place_in[e])
            fairness_of(out_starts, rated, W_out, g, f, place_out[e])
            moved = 0.0
            for i in range(f.size):
                moved = max(moved, abs(f[i] - before[i]))
        fair[e], good[e] = f[u], g[v]
