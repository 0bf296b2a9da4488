"""Methods that read signs: each a function from a view to suspicion, as in ``methods``."""

from __future__ import annotations

import numpy as np

import algorithms as a
from benchmarks.proof.methods import TOLERANCE, Method, Score
from benchmarks.proof.view import Floats, Ids, View

SIGNED = frozenset({"signed"})
JUDGES = 10
UNKNOWN_TRUST = 0.5


def mean_rating(view: View) -> Floats:
    """Mean rating received."""
    return -view.ratings.mean_received


def negative_share(view: View) -> Floats:
    """Share of negative ratings among those received, with one of each sign added."""
    negative = np.bincount(view.links.dst, view.links.weight < 0.0, view.n)
    return (negative + 1.0) / (view.ratings.received + 2.0)


def signed_sum(view: View) -> Floats:
    """Sum of the ratings received: the platform's own reputation."""
    return -np.bincount(view.links.dst, view.links.weight, view.n).astype(float)


def goodness(view: View) -> Floats:
    """Goodness by fairness–goodness."""
    return -a.fairness_goodness(view.ratings, TOLERANCE).goodness


def unfairness(view: View) -> Floats:
    """Unfairness by fairness–goodness."""
    return -a.fairness_goodness(view.ratings, TOLERANCE).fairness


def rev2_goodness(view: View) -> Floats:
    """Goodness by REV2, without behaviour."""
    return -a.rev2(view.ratings, a.Rev2Weights(1, 0, 1, 0, 1, 1, 0), TOLERANCE).goodness


def rev2_unfairness(view: View) -> Floats:
    """Unfairness by REV2, without behaviour: what its authors rank by."""
    return -a.rev2(view.ratings, a.Rev2Weights(1, 0, 1, 0, 1, 1, 0), TOLERANCE).fairness


def rev2_with_behaviour(view: View) -> Floats:
    """Unfairness by REV2 with behaviour: ours, as BIRDNEST is another paper's program."""
    found = a.rev2(
        view.ratings, a.Rev2Weights(1, 1, 1, 1, 1, 1, 1), TOLERANCE, behaviour=behaviour(view)
    )
    return -found.fairness


def behaviour(view: View) -> a.Behaviour:
    """Return how usual each subject's mix of scores and of gaps between ratings is.

    Divergence (Kullback–Leibler) of its smoothed histogram from everybody's, as a rank.
    """
    given = _usual(view, view.links.src)
    received = _usual(view, view.links.dst)
    return a.Behaviour(given, 2.0 * received - 1.0, given[view.links.src])


def _usual(view: View, ends: Ids) -> Floats:
    bins = [np.digitize(view.links.weight, np.linspace(-1.0, 1.0, 11)[1:-1])]
    if view.links.time is not None:
        order = np.lexsort([view.links.time, ends])
        gap = np.diff(view.links.time[order], prepend=0.0)
        gap[np.diff(ends[order], prepend=-1) != 0] = 0.0
        log_gap = np.empty_like(gap)
        log_gap[order] = np.log10(np.maximum(gap, 1.0))
        bins.append(np.minimum(log_gap, 9.0).astype(int))
    odd = np.zeros(view.n)
    for values in bins:
        counts = np.zeros((view.n, 10))
        np.add.at(counts, (ends, values), 1.0)
        usual = counts.sum(axis=0) + 1.0
        usual /= usual.sum()
        # Ten ratings as everybody gives them are added to everybody's own.
        own = counts + 10.0 * usual
        own /= own.sum(axis=1, keepdims=True)
        odd += (own * np.log(own / usual)).sum(axis=1)
    rank = np.empty(view.n)
    rank[np.argsort(odd, kind="stable")] = np.arange(view.n)
    return 1.0 - rank / max(view.n - 1, 1)


def signed_walk(view: View) -> Floats:
    """Signed random walk with restart from all known good."""
    seeds = view.marks(view.good) / view.good.size
    return -a.signed_walk(view.signed, seeds, 0.15, TOLERANCE).values


def guha(distrust: a.Distrust) -> Score:
    """Guha's beliefs of the first known good, each scaled to its largest, summed."""

    def score(view: View) -> Floats:
        back = view.signed.transpose()
        total = np.zeros(view.n)
        for judge in view.good[:JUDGES]:
            row = a.guha_beliefs(
                view.signed, int(judge), rounds=5, distrust=distrust, transposed=back
            )
            total += row / max(float(np.abs(row).max()), 1e-300)
        return -total

    return score


def appleseed(view: View) -> Floats:
    """Appleseed from the first known good, summed."""
    total = np.zeros(view.n)
    for judge in view.good[:JUDGES]:
        total += a.appleseed(view.trust, int(judge), 1.0, 0.85, 1e-6).values
    return -total


def moletrust(view: View) -> Floats:
    """MoleTrust in the eyes of the first known good, mean over those who have an opinion."""
    graph = view.trust
    if graph.weights is not None:
        graph = a.CSRGraph(graph.indptr, graph.indices, np.minimum(graph.weights, 1.0))
    known, total = np.zeros(view.n), np.zeros(view.n)
    for judge in view.good[:JUDGES]:
        values = a.moletrust(graph, int(judge), horizon=3, threshold=0.1).values
        known += ~np.isnan(values)
        total += np.nan_to_num(values)
    # Whom nobody knows stands below whoever is trusted at all.
    return -np.where(known > 0.0, total / np.maximum(known, 1.0), 0.0)


def _signed(name: str, score: Score, needs: str = "") -> Method:
    return Method(name, score, SIGNED, frozenset(needs.split()))


METHODS = (
    Method("mean rating", mean_rating, SIGNED, is_baseline=True),
    Method("share of negative ratings", negative_share, SIGNED, is_baseline=True),
    Method("sum of ratings", signed_sum, SIGNED, is_baseline=True),
    _signed("goodness (fairness–goodness)", goodness),
    _signed("unfairness (fairness–goodness)", unfairness),
    _signed("REV2 goodness", rev2_goodness),
    _signed("REV2 unfairness", rev2_unfairness),
    _signed("REV2 unfairness, with behaviour", rev2_with_behaviour),
    _signed("signed walk", signed_walk, "good"),
    _signed("Guha, trust only", guha(a.Distrust.IGNORED), "good"),
    _signed("Guha, one-step distrust", guha(a.Distrust.ONE_STEP), "good"),
    _signed("Guha, propagated distrust", guha(a.Distrust.PROPAGATED), "good"),
    _signed("Appleseed", appleseed, "good"),
    _signed("MoleTrust", moletrust, "good"),
)
