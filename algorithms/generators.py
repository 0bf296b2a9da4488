"""Seeded test graphs; the same seed gives the same links on any number of threads."""

import numpy as np

from algorithms._generators_kernels import attachment_links, rmat_links
from algorithms.arguments import Int32s, whole_number
from algorithms.errors import InvalidArgumentError


def rmat(
    scale: int,
    edge_factor: int = 16,
    seed: int = 0,
    quadrants: tuple[float, float, float] = (0.57, 0.19, 0.19),
) -> tuple[Int32s, Int32s]:
    """Return (src, dst), int32 (edge_factor · 2^scale,) each, of a recursive-matrix graph.

    Chakrabarti, Zhan & Faloutsos, R-MAT, SDM 2004, §3; the default quadrants are Graph500's.
    Duplicates and self-links occur, as published.

    Args:
        scale: log2 of the number of subjects, in [0, 30].
        edge_factor: links for each subject, >= 1.
        seed: in [0, 2^63).
        quadrants: chances a, b, c of the first three quadrants; the fourth has the rest.

    Raises:
        InvalidArgumentError: an argument out of its domain.

    >>> src, dst = rmat(4, 2, seed=1)
    >>> src.size, int(max(src.max(), dst.max())) < 16
    (32, True)
    """
    scale = whole_number("scale", scale, low=0, high=31)
    edge_factor = whole_number("edge_factor", edge_factor, low=1)
    a, b, c = quadrants
    if min(quadrants) < 0.0 or not a + b + c <= 1.0:
        raise InvalidArgumentError("quadrants", f"are {quadrants}; chances summing to at most 1")
    return rmat_links(scale, edge_factor << scale, _key(seed), a, a + b, a + b + c)


def barabasi_albert(n: int, m: int, seed: int = 0) -> tuple[Int32s, Int32s]:
    """Return (src, dst), int32 ((n − m) · m,) each; every newcomer links to m earlier subjects.

    Barabási & Albert, Emergence of scaling in random networks, Science 286 (1999): the chance of
    being linked to grows with the degree. The first newcomer links to the m founders.

    Args:
        n: number of subjects, > m.
        m: links of each newcomer, >= 1.
        seed: in [0, 2^63).

    Raises:
        InvalidArgumentError: an argument out of its domain.

    >>> barabasi_albert(4, 1, seed=1)[0]
    array([1, 2, 3], dtype=int32)
    """
    m = whole_number("m", m, low=1)
    n = whole_number("n", n, low=m + 1, high=2**31 - 1)
    return attachment_links(n, m, _key(seed))


def _key(seed: int) -> np.uint64:
    return np.uint64(whole_number("seed", seed, low=0, high=2**63))
