"""Loops behind generators: a counter-based random number for each decision."""

# Kernels take plain arrays, one by one; their wrappers hold the records.

import numpy as np
from numba import prange

from algorithms.accelerate import kernel, parallel_kernel
from algorithms.arguments import Int32s


@kernel
def mixed(counter: np.uint64) -> np.uint64:
    """SplitMix64 (Steele, Lea & Flood, OOPSLA 2014, fig. 16) of a counter."""
    z = counter * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@parallel_kernel
def rmat_links(
    scale: int, m: int, key: np.uint64, a: float, ab: float, abc: float
) -> tuple[Int32s, Int32s]:
    """One quadrant for each bit; link e depends on (key, e) alone, so threads cannot matter."""
    src = np.empty(m, np.int32)
    dst = np.empty(m, np.int32)
    for e in prange(m):
        i = 0
        j = 0
        state = mixed(key ^ mixed(np.uint64(e)))
        # i and j hold the bits that were chosen so far.
        for _ in range(scale):
            state = mixed(state + np.uint64(1))
            u = float(state >> np.uint64(11)) * 2.0**-53
            i = 2 * i + (1 if u >= ab else 0)
            j = 2 * j + (1 if (a <= u < ab) or u >= abc else 0)
        src[e] = i
        dst[e] = j
    return src, dst


@kernel
def attachment_links(n: int, m: int, key: np.uint64) -> tuple[Int32s, Int32s]:
    """Each newcomer picks m different earlier subjects, by their share of all link ends."""
    src = np.empty((n - m) * m, np.int32)
    dst = np.empty((n - m) * m, np.int32)
    ends = np.empty(2 * (n - m) * m, np.int32)
    chosen = np.full(n, -1, np.int32)
    made = 0
    draw = np.uint64(0)
    for v in range(m, n):
        # ends[:2 · made] names each subject once for each of its link ends.
        for pick in range(m):
            u = pick
            while v > m:
                draw += np.uint64(1)
                u = ends[mixed(key ^ mixed(draw)) % np.uint64(2 * (v - m) * m)]
                if chosen[u] != v:
                    break
            chosen[u] = v
            src[made] = v
            dst[made] = u
            made += 1
        for at in range(made - m, made):
            ends[2 * at] = src[at]
            ends[2 * at + 1] = dst[at]
    return src, dst
