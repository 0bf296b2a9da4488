"""Guha's propagation of trust and distrust: direct, co-citation, transpose and coupling steps.

Guha, Kumar, Raghavan & Tomkins, Propagation of trust and distrust, WWW 2004, §3:
C = α₁ B + α₂ BᵀB + α₃ Bᵀ + α₄ BBᵀ, applied K times, with three ways to let distrust take part.
"""

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms._gather_kernels import gather
from algorithms.arguments import Floats, real_number, whole_number
from algorithms.csr import CSRGraph
from algorithms.errors import InvalidArgumentError
from algorithms.signed_graph import SignedGraph


class Distrust(enum.Enum):
    """How distrust takes part."""

    IGNORED = "ignored"
    """Trust only: B = T, P⁽ᵏ⁾ = Cᵏ."""
    ONE_STEP = "one step"
    """One-step distrust: B = T, P⁽ᵏ⁾ = Cᵏ (T − D): the distrusted are not asked."""
    PROPAGATED = "propagated"
    """Propagated distrust: B = T − D, P⁽ᵏ⁾ = Cᵏ."""


@dataclass(frozen=True)
class Steps:
    """Weights α of the atomic propagations; the default is the paper's α* = (0.4, 0.4, 0.1, 0.1).

    Attributes:
        direct: α₁, B: whom I trust, I ask.
        co_citation: α₂, BᵀB: who is trusted together.
        transpose: α₃, Bᵀ: who trusts me.
        coupling: α₄, BBᵀ: who trusts whom I trust.

    Raises:
        InvalidArgumentError: a weight is negative or not finite.

    >>> Steps().direct
    0.4
    """

    direct: float = 0.4
    co_citation: float = 0.4
    transpose: float = 0.1
    coupling: float = 0.1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            real_number(name, value, low=0.0, high=np.inf)


def guha_beliefs(
    graph: SignedGraph,
    source: int,
    *,
    rounds: int = 20,
    distrust: Distrust = Distrust.ONE_STEP,
    steps: Steps | None = None,
    decay: float | None = None,
    normalised: bool = False,
    transposed: SignedGraph | None = None,
) -> Floats:
    """Return row ``source`` of the final belief matrix F, float64 (n,): > 0 trust, < 0 distrust.

    F = P⁽ᴷ⁾ (their EIG), or with ``decay`` γ F = Σ_{k=1…K} γᵏ P⁽ᵏ⁾ (their WLC). A row is carried
    through the K products, so n² numbers are never formed: time is K times four passes over the
    links. It is a finite sum, and nothing has to converge; after every round the row is scaled by
    a power of two, so only the order and signs of EIG's values mean something, which is all that
    their rounding rules use.

    Args:
        graph: T and D.
        source: i, whose beliefs are asked for.
        rounds: K >= 1.
        distrust: which of the three models.
        steps: α; None for the paper's best.
        decay: γ in (0, 1) for WLC; None for EIG.
        normalised: divide each row of T and D by the sum of its magnitudes beforehand.
        transposed: ``graph.transpose()`` where it is at hand and rows are not normalised.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which.

    >>> graph = SignedGraph.from_edges([0, 1, 1], [1, 2, 3], [1.0, 1.0, -1.0])
    >>> np.sign(guha_beliefs(graph, 0, rounds=1))
    array([ 0.,  1.,  1., -1.])
    """
    start = whole_number("source", source, low=0, high=graph.n)
    rounds = whole_number("rounds", rounds, low=1)
    alpha = Steps() if steps is None else steps
    if decay is not None and not 0.0 < decay < 1.0:
        raise InvalidArgumentError("decay", f"is {decay}; it must be in (0, 1)")
    if normalised:
        graph, transposed = _normalised(graph), None
    back = graph.transpose() if transposed is None else transposed
    is_signed = distrust is Distrust.PROPAGATED

    def along(x: Floats, g: SignedGraph, with_distrust: bool) -> Floats:
        y = gather(g.positive, x)
        return y - gather(g.negative, x) if with_distrust else y

    x = np.zeros(graph.n)
    x[start] = 1.0
    total, exponent = np.zeros(graph.n), 0
    for k in range(1, rounds + 1):
        # Rows multiply from the left: x B is Bᵀ x.
        to = along(x, back, is_signed)
        fro = along(x, graph, is_signed)
        x = alpha.direct * to + alpha.transpose * fro
        if alpha.co_citation:
            x += alpha.co_citation * along(fro, back, is_signed)
        if alpha.coupling:
            x += alpha.coupling * along(to, graph, is_signed)
        if not np.isfinite(x).all():
            raise InvalidArgumentError("graph's weights", "overflow; normalise rows")
        shift = int(np.frexp(np.abs(x).max(initial=0.0))[1])
        x = np.ldexp(x, -shift)
        exponent += shift
        if decay is not None:
            scale = np.ldexp(decay**k, exponent) if exponent < 900 else np.inf
            if not np.isfinite(scale):
                raise InvalidArgumentError("decay", "does not outweigh the growth; normalise rows")
            total += scale * _final(x, back, distrust)
    return total if decay is not None else _final(x, back, distrust)


def _final(x: Floats, back: SignedGraph, distrust: Distrust) -> Floats:
    if distrust is Distrust.ONE_STEP:
        return gather(back.positive, x) - gather(back.negative, x)
    return x


def rounded_by_majority(
    beliefs: ArrayLike, judged: ArrayLike, verdicts: ArrayLike, subject: int
) -> bool:
    """Return whether a belief means trust: the majority of the known verdicts nearest to it.

    §3.3 of the paper, "majority rounding": whom the source has judged itself stand in the order
    of its beliefs in them, the subject among them; the smallest neighbourhood on both sides in
    which trust and distrust are not equally many decides. Where there is none, the sign does.

    Args:
        beliefs: float (n,), a row of F.
        judged: whole numbers (j,), whom the source has judged itself, without ``subject``.
        verdicts: bool (j,), true for trust.
        subject: whom to judge; among equal beliefs it stands in the middle.

    Raises:
        InvalidArgumentError: lengths differ.

    >>> rounded_by_majority([0.9, 0.8, 0.1, 0.7], [0, 1, 2], [True, True, False], 3)
    True
    """
    row, others = np.asarray(beliefs, np.float64), np.asarray(judged, np.int64)
    trusts = np.asarray(verdicts, np.bool_)
    if others.shape != trusts.shape:
        raise InvalidArgumentError("verdicts", f"has {trusts.size} rows, judged has {others.size}")
    order = np.argsort(row[others], kind="stable")
    known, votes = row[others][order], np.where(trusts[order], 1, -1)
    first, last = (int(np.searchsorted(known, row[subject], side)) for side in ("left", "right"))
    place = (first + last) // 2
    for width in range(1, others.size + 1):
        balance = int(votes[max(place - width, 0) : place + width].sum())
        if balance:
            return balance > 0
    return bool(row[subject] >= 0.0)


def _normalised(graph: SignedGraph) -> SignedGraph:
    whole = np.where(graph.magnitude_sum > 0.0, graph.magnitude_sum, 1.0)

    def divided(part: CSRGraph) -> CSRGraph:
        loads = np.ones(part.m) if part.weights is None else part.weights
        return CSRGraph(part.indptr, part.indices, loads / np.repeat(whole, part.out_degree))

    return SignedGraph(divided(graph.positive), divided(graph.negative))
