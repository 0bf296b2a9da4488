"""What a network is told of each subject: counts, and what the linear operators say.

Only ``Evidence`` is read. Counts enter as logarithms, masses as ranks, so that a graph twice the
size looks alike; shares and ratings are bounded as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from algorithms._gather_kernels import gather
from algorithms.arguments import Floats
from algorithms.exposure import exposure
from algorithms.fairness_goodness import fairness_goodness
from algorithms.learned.evidence import Evidence
from algorithms.learned.messages import Singles, ranks
from algorithms.signed_walk import signed_walk
from algorithms.sybil_scar import sybil_scar
from algorithms.trust_mass import distrust_mass, trust_mass

DAMPING = 0.85
# Of the operators' values: far finer than what a rank or a float32 shows of them.
TOLERANCE = 1e-6
PINCH = 0.1

FEATURES = (
    "links in",
    "links out",
    "contacts",
    "distrust in",
    "distrust out",
    "share of distrust in",
    "share of distrust out",
    "mean weight received",
    "mean weight given",
    "sum of weight received",
    "rank of weight received",
    "rank of weight given",
    "balance",
    "age of first link",
    "age of last link",
    "share of contacts known bad",
    "labels within one hop",
    "labels within two hops",
    "exposure",
    "trust mass",
    "trust over contacts by degree",
    "distrust mass",
    "trust mass from everybody",
    "SybilSCAR-D",
    "goodness",
    "fairness",
    "signed walk",
)
"""Names of the columns, in their order; a model names those it was trained on."""


@dataclass(frozen=True, eq=False)
class Features:
    """Columns as ``FEATURES`` names them: ``values`` is float32 (n, len(FEATURES))."""

    values: Singles

    def column(self, name: str) -> Singles:
        """Return one column, float32 (n,)."""
        found: Singles = self.values[:, FEATURES.index(name)]
        return found


def features(evidence: Evidence) -> Features:
    """Return the features of every subject, from what is known and from nothing else.

    A column that the evidence says nothing about (no signs, no times, no labels) is constant.

    >>> features(Evidence(2, [0], [1], [1.0], None, [], [])).column("links in").round(2).tolist()
    [0.0, 0.6899999976158142]
    """
    values = np.zeros((evidence.n, len(FEATURES)), np.float32)
    if evidence.n:
        for at, column in enumerate(_columns(evidence)):
            values[:, at] = column
    return Features(values)


def _columns(evidence: Evidence) -> Iterator[Floats]:
    n, src, dst, weight = evidence.n, evidence.src, evidence.dst, evidence.weight
    is_distrust = weight < 0.0
    links_in, links_out = _counted(dst, n), _counted(src, n)
    distrust_in, distrust_out = _counted(dst[is_distrust], n), _counted(src[is_distrust], n)
    received, given = _summed(dst, weight, n), _summed(src, weight, n)
    largest = float(np.abs(weight).max(initial=0.0)) or 1.0
    yield np.log1p(links_in)
    yield np.log1p(links_out)
    yield np.log1p(evidence.contacts.out_degree)
    yield np.log1p(distrust_in)
    yield np.log1p(distrust_out)
    yield (distrust_in + PINCH) / (links_in + 2.0 * PINCH)
    yield (distrust_out + PINCH) / (links_out + 2.0 * PINCH)
    yield received / largest / np.maximum(links_in, 1.0)
    yield given / largest / np.maximum(links_out, 1.0)
    yield np.sign(received) * np.log1p(np.abs(received) / largest)
    yield ranks(received)
    yield ranks(given)
    yield (received - given) / np.maximum(np.abs(received) + np.abs(given), 1e-300)
    yield from _ages(evidence)
    yield from _labels(evidence)
    yield from _operators(evidence)


def _counted(ends: np.ndarray, n: int) -> Floats:
    return np.bincount(ends, minlength=n).astype(np.float64)


def _summed(ends: np.ndarray, weight: Floats, n: int) -> Floats:
    return np.bincount(ends, weight, n).astype(np.float64)


def _ages(evidence: Evidence) -> Iterator[Floats]:
    """Ages of each subject's first and last link, as the share of links that are younger."""
    if evidence.time is None:
        yield from (np.zeros(evidence.n), np.zeros(evidence.n))
        return
    age = 1.0 - ranks(evidence.time)
    first, last = np.zeros(evidence.n), np.ones(evidence.n)
    for ends in (evidence.src, evidence.dst):
        np.maximum.at(first, ends, age)
        np.minimum.at(last, ends, age)
    yield first
    yield last


def _labels(evidence: Evidence) -> Iterator[Floats]:
    graph = evidence.contacts
    bad, good = evidence.marks(evidence.bad), evidence.marks(evidence.good)
    near_bad, near_good = gather(graph, bad), gather(graph, good)
    share = 1.0 / np.maximum(graph.out_degree, 1)
    # A subject's own label would come back to it by the second hop; its own is taken out.
    own = gather(graph, share)
    far_bad = gather(graph, share * near_bad) - own * bad
    far_good = gather(graph, share * near_good) - own * good
    yield near_bad / (graph.out_degree + 1.0)
    for bads, goods in ((near_bad, near_good), (near_bad + far_bad, near_good + far_good)):
        yield (bads + PINCH) / (bads + goods + 2.0 * PINCH)


def _operators(evidence: Evidence) -> Iterator[Floats]:
    n = evidence.n
    bad, good = evidence.marks(evidence.bad), evidence.marks(evidence.good)
    from_bad, from_good = (marks / max(float(marks.sum()), 1.0) for marks in (bad, good))
    backwards = evidence.trust.transpose()
    mass = TOLERANCE / max(n, 1)
    yield exposure(evidence.contacts, bad, DAMPING, TOLERANCE).values
    yield ranks(trust_mass(evidence.trust, from_good, DAMPING, mass, transposed=backwards).values)
    around = trust_mass(evidence.contacts, from_good, DAMPING, mass).values
    yield ranks(around / np.maximum(evidence.contacts.out_degree, 1))
    yield ranks(distrust_mass(evidence.trust, from_bad, DAMPING, mass, transposed=backwards).values)
    anybody = np.full(n, 1.0 / n)
    yield ranks(trust_mass(evidence.trust, anybody, DAMPING, mass, transposed=backwards).values)
    yield sybil_scar(evidence.contacts, 0.5 + 0.1 * (bad - good)).values
    if evidence.is_signed:
        found = fairness_goodness(evidence.ratings, TOLERANCE)
        yield found.goodness
        yield found.fairness
        walked = signed_walk(evidence.signed, from_good, 0.15, TOLERANCE).values
        yield 2.0 * ranks(walked) - 1.0
    else:
        yield from (np.zeros(n), np.zeros(n), np.zeros(n))
