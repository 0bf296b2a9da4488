"""How much memory a propagation holds, before it is run: a sum of the arrays that it allocates."""

from dataclasses import dataclass

from algorithms._refinement import WIDTH
from algorithms.arguments import whole_number

POINTER, INDEX, FLOAT, SINGLE = 8, 4, 8, 4
# A residual, its change, a step, and both together one sweep ago.
HISTORY = 4


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes held at the same time while one operator runs, own risk or seeds left out.

    Attributes:
        graph: the links as exposure or trust reads them, with their row weights.
        working: vectors that exist only during the run, its result among them.
    """

    graph: int
    working: int

    @property
    def total(self) -> int:
        """Both together.

        >>> MemoryEstimate(100, 20).total
        120
        """
        return self.graph + self.working


def memory_estimate(n: int, m: int, weighted: bool, vectors: int = 1) -> MemoryEstimate:
    """Return the bytes that ``exposure`` or ``trust_mass`` hold on n subjects and m links.

    For trust mass the graph is its transpose; if the graph itself is kept beside it, its links
    come on top. More vectors than one are those of ``exposure_many`` and ``trust_mass_many``.

    Args:
        n: subjects, >= 0.
        m: links, >= 0.
        weighted: whether links have weights.
        vectors: how many are propagated together, >= 1.

    Raises:
        InvalidArgumentError: not whole numbers in their range.

    >>> memory_estimate(1_000_000, 16_000_000, weighted=True).graph // 10**6
    208
    """
    n, m = whole_number("n", n, low=0), whole_number("m", m, low=0)
    vectors = whole_number("vectors", vectors, low=1)
    graph = POINTER * (n + 1) + FLOAT * n + m * (INDEX + (FLOAT if weighted else 0))
    if vectors == 1:
        return MemoryEstimate(graph, n * (FLOAT + HISTORY * SINGLE))
    # A group holds own and z for all its places, a residual and two corrections in float32;
    # results of all groups stay.
    group = n * WIDTH * (2 * FLOAT + 3 * SINGLE)
    return MemoryEstimate(graph, group + n * vectors * FLOAT)
