"""The protocol: what is hidden, what is known, what is tested. It cannot be switched off.

Two kinds of trial. *Cross-validation* for labels without time: all links between labelled
subjects are hidden (labels are often made from exactly those), groups of subjects stay together,
and the labelled are cut into seeds, which methods may know, a calibration part and a test part.
*Forecast* where there is time: a method sees links up to the cut and labels known by then; it is
calibrated one period earlier, on what became known in between, and tested on what came after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.proof.view import Floats, Ids, Links, Past, View

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Questions:
    """Whom to score, and the answers: ``is_bad`` (k,) for ``subjects`` (k,), who may repeat."""

    subjects: Ids
    is_bad: Bools


@dataclass(frozen=True, eq=False)
class Trial:
    """One trial: scores for ``test`` come from ``view``, the calibration's from its own view."""

    view: View
    test: Questions
    calibration_view: View
    calibration: Questions


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Links, and subjects with a label that has no time; one group is never on both sides."""

    name: str
    kind: str
    n: int
    links: Links
    subjects: Ids
    is_bad: Bools
    groups: Ids


@dataclass(frozen=True, eq=False)
class DatedSet:
    """Links with times, and when each subject was known to be bad: inf for never, NaN unusable."""

    name: str
    kind: str
    n: int
    links: Links
    known_at: Floats


@dataclass(frozen=True, eq=False)
class RatingSet:
    """Ratings with times, whose sign is to be foretold."""

    name: str
    kind: str
    n: int
    links: Links


def without_labelled_links(data: LabelledSet) -> Links:
    """Return the links of which one end at least is not labelled."""
    is_labelled = np.zeros(data.n, np.bool_)
    is_labelled[data.subjects] = True
    return data.links.only(~(is_labelled[data.links.src] & is_labelled[data.links.dst]))


def keeping_links(data: LabelledSet, links: Links) -> LabelledSet:
    """Return the set without subjects whom hiding left with no link at all.

    They would be scored by their absence: hiding takes more links from one label than the other.
    """
    has_link = np.zeros(data.n, np.bool_)
    has_link[links.src] = has_link[links.dst] = True
    kept = has_link[data.subjects]
    return replace(
        data,
        links=links,
        subjects=data.subjects[kept],
        is_bad=data.is_bad[kept],
        groups=data.groups[kept],
    )


def folds_of(data: LabelledSet, seed: int, count: int) -> NDArray[np.int64]:
    """Return the fold of each labelled subject: whole groups, both labels spread evenly."""
    rng = np.random.default_rng(seed)
    names, member = np.unique(data.groups, return_inverse=True)
    bad = np.bincount(member, data.is_bad, names.size)
    good = np.bincount(member, ~data.is_bad, names.size)
    order = rng.permutation(names.size)
    # Large groups first, or the last of them would tip the balance.
    order = order[np.argsort(-(bad + good)[order], kind="stable")]
    fold = np.zeros(names.size, np.int64)
    filled = np.zeros((count, 2))
    whole = np.maximum([bad.sum(), good.sum()], 1.0)
    for group in order:
        adds = np.array([bad[group], good[group]]) / whole
        fold[group] = int(np.argmin(((filled + adds) ** 2).sum(axis=1) - (filled**2).sum(axis=1)))
        filled[fold[group]] += adds
    return fold[member]


def cross_validated(
    data: LabelledSet, seed: int, *, folds: int = 5, use: int | None = None
) -> Iterator[Trial]:
    """Yield a trial for each fold, or for the first ``use``; the fold before it calibrates."""
    data = keeping_links(data, without_labelled_links(data))
    fold = folds_of(data, seed, folds)
    for test in range(folds if use is None else use):
        spare = (test + 1) % folds
        is_seed = (fold != test) & (fold != spare)
        view = View(
            data.n,
            data.links,
            data.subjects[is_seed & data.is_bad],
            data.subjects[is_seed & ~data.is_bad],
            _groups_of(data, is_seed),
        )
        asked = [
            Questions(data.subjects[fold == part], data.is_bad[fold == part])
            for part in (test, spare)
        ]
        yield Trial(view, asked[0], view, asked[1])


def _groups_of(data: LabelledSet, is_seed: Bools) -> Ids:
    # Numbers above n are groups, so that nobody alone shares one by accident.
    groups = np.arange(data.n)
    groups[data.subjects[is_seed]] = data.n + data.groups[is_seed]
    return groups


def forecast(data: DatedSet, cut: float, period: float) -> Trial:
    """Return the trial at a cut: known by then, asked about the period after."""
    views, asked = [], []
    for now in (cut, cut - period):
        assert data.links.time is not None
        known = data.known_at <= now
        views.append(
            View(
                data.n,
                data.links.only(data.links.time <= now),
                np.flatnonzero(known),
                np.empty(0, np.int64),
                past=Past(np.where(known, data.known_at, np.inf), now, period),
            )
        )
        # Who is found later than the period is no negative: nobody knows that yet, then or now.
        becomes = (data.known_at > now) & (data.known_at <= now + period)
        usable = becomes | np.isposinf(data.known_at)
        subjects = np.flatnonzero(usable)
        asked.append(Questions(subjects, becomes[subjects]))
    return Trial(views[0], asked[0], views[1], asked[1])


def next_ratings(data: RatingSet, cut: float, period: float) -> Trial:
    """Return the trial at a cut (shares of all ratings in time order): is the next one negative?

    Asked of ratings whose target was rated before. Nobody is labelled: the bad are those whose
    visible mean is negative, the good the 20 with the highest visible sums.
    """
    assert data.links.time is not None
    order = np.argsort(data.links.time, kind="stable")
    total = order.size
    views, asked = [], []
    for share in (cut, cut - period):
        first, last = int(share * total), int((share + period) * total)
        seen = np.zeros(total, np.bool_)
        seen[order[:first]] = True
        links = data.links.only(seen)
        sums = np.bincount(links.dst, links.weight, data.n)
        good = np.argsort(-sums, kind="stable")[:20]
        views.append(View(data.n, links, np.flatnonzero(sums < 0.0), good.astype(np.int64)))
        coming = order[first:last]
        rated = np.bincount(links.dst, minlength=data.n) > 0
        coming = coming[rated[data.links.dst[coming]]]
        asked.append(Questions(data.links.dst[coming], data.links.weight[coming] < 0.0))
    return Trial(views[0], asked[0], views[1], asked[1])


def hidden_ratings(data: RatingSet, seed: int, share: float = 0.1) -> Trial:
    """Return the trial on ratings hidden at random, for sets without time: is it negative?

    Both ratings of a pair are hidden together: who was distrusted often distrusts back.
    """
    rng = np.random.default_rng(seed)
    low, high = (np.minimum, np.maximum)
    pair = low(data.links.src, data.links.dst) * data.n + high(data.links.src, data.links.dst)
    _, member = np.unique(pair, return_inverse=True)
    draw = rng.random(int(member.max()) + 1)[member]
    links = data.links.only(draw >= 2.0 * share)
    sums = np.bincount(links.dst, links.weight, data.n)
    good = np.argsort(-sums, kind="stable")[:20]
    view = View(data.n, links, np.flatnonzero(sums < 0.0), good.astype(np.int64))
    rated = np.bincount(links.dst, minlength=data.n)[data.links.dst] > 0
    asked = [
        Questions(data.links.dst[part], data.links.weight[part] < 0.0)
        for part in ((draw < share) & rated, (draw >= share) & (draw < 2.0 * share) & rated)
    ]
    return Trial(view, asked[0], view, asked[1])
