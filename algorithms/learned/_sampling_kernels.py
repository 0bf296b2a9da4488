"""Draws of distinct messages, each decided by (seed, round, listener) alone."""

import numpy as np

from algorithms.accelerate import inlined_kernel, kernel
from algorithms.arguments import Int64s

# SplitMix64 (Steele, Lea & Flood, OOPSLA 2014): its increment and the multipliers of its finalizer.
GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
SHIFT_30, SHIFT_27, SHIFT_31 = np.uint64(30), np.uint64(27), np.uint64(31)
SHIFT_32 = np.uint64(32)
LOW_32 = np.uint64(0xFFFFFFFF)


@inlined_kernel
def mixed(state: np.uint64) -> np.uint64:
    """The finalizer of SplitMix64."""
    z = state
    z = (z ^ (z >> SHIFT_30)) * MIX_1
    z = (z ^ (z >> SHIFT_27)) * MIX_2
    return z ^ (z >> SHIFT_31)


@kernel
def sampled_counts(indptr: Int64s, targets: Int64s, fan_out: int, starts: Int64s) -> None:
    """Write where each target's draws start: min(messages, fan_out) each."""
    starts[0] = 0
    for t in range(targets.size):
        i = targets[t]
        starts[t + 1] = starts[t] + min(indptr[i + 1] - indptr[i], fan_out)


@kernel
def sampled_places(
    indptr: Int64s, targets: Int64s, starts: Int64s, seed: np.uint64, places: Int64s
) -> None:
    """Write the places of the drawn messages, ascending for each target.

    Floyd's draw of distinct numbers (Bentley & Floyd, CACM 30, 1987): for j = d − k … d − 1 take a
    number up to j, or j itself where that is taken.
    """
    for t in range(targets.size):
        i = targets[t]
        begin, degree = indptr[i], indptr[i + 1] - indptr[i]
        wanted = starts[t + 1] - starts[t]
        drawn = places[starts[t] : starts[t + 1]]
        if wanted == degree:
            for k in range(wanted):
                drawn[k] = begin + k
            continue
        state = mixed(seed + GAMMA * np.uint64(i + 1))
        # drawn[:k] holds k distinct numbers below degree - wanted + k.
        for k in range(wanted):
            j = degree - wanted + k
            state += GAMMA
            random = mixed(state) >> SHIFT_32
            # 32 random bits times j + 1, the high half: each number but for 2^-32 equally likely.
            choice = np.int64((random * np.uint64(j + 1)) >> SHIFT_32)
            for taken in range(k):
                if drawn[taken] == choice:
                    choice = j
                    break
            drawn[k] = choice
        drawn.sort()
        for k in range(wanted):
            drawn[k] += begin
