"""The slow part of exposure, removed at once: what is common to everybody.

Where all contacts have contacts, (I − βW) 1 = (1 − β) 1: raising every value by s lowers every
residual by (1 − β) s. Pushes take that part of the residual down by β a round only, links and
all; here it costs a pass over the subjects. It is the coarse correction of a multilevel method
with one aggregate: Stewart, Introduction to the Numerical Solution of Markov Chains (1994), §6.3.
"""

# Kernels take plain arrays, one by one; their wrappers hold the records.

import numpy as np

from algorithms._push_kernels import DRIFT, LARGEST, State, U, wait
from algorithms._rows_kernels import ALIVE, Rows
from algorithms.accelerate import kernel
from algorithms.arguments import Floats

# Worth it where it takes at least this share off Σ |f|, which is what pushes work off.
LEAST_GAIN = 0.2


@kernel
def common_residual(reverse: Rows, sums: Floats, state: State, n: int) -> float:
    """The mean residual, weighted by c, where raising all values pays; else 0."""
    fc, indptr, slot_of, slots = state.fc, reverse.indptr, reverse.slot_of, reverse.slots
    total = weight = before = after = 0.0
    for i in range(n):
        if sums[i] > 0.0:
            total += fc[i, 0]
            weight += fc[i, 1]
            before += abs(fc[i, 0])
        else:
            slot = slot_of[i]
            if slot < 0 and indptr[i + 1] > indptr[i]:
                return 0.0
            if slot >= 0 and slots[slot, ALIVE] > 0:
                return 0.0
    if weight == 0.0:
        return 0.0
    mean = total / weight
    for i in range(n):
        if sums[i] > 0.0:
            after += abs(fc[i, 0] - mean * fc[i, 1])
    return mean if after < (1.0 - LEAST_GAIN) * before else 0.0


@kernel
def recentre(
    reverse: Rows, sums: Floats, state: State, n: int, mean: float, beta: float, theta: float
) -> None:
    """Move a residual that is common to all into the values of all that have contacts."""
    x, fc = state.x, state.fc
    shift = mean / (1.0 - beta)
    peak = 0.0
    for i in range(n):
        if sums[i] > 0.0:
            x[i] += shift
            fc[i, 0] -= mean * fc[i, 1]
            peak = max(peak, abs(fc[i, 0]) / fc[i, 1])
            if abs(fc[i, 0]) > theta * fc[i, 1]:
                wait(reverse, state, np.uint64(i), np.uint64(i))
    state.meter[LARGEST] += abs(shift)
    # Values round once, and so does f; row sums are within 2 U of what their links say.
    state.meter[DRIFT] += U * (4.0 * state.meter[LARGEST] + 16.0 * abs(shift) + 4.0 * peak)
