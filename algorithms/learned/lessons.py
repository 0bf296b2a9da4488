"""Lessons: what was known at an earlier time, and what turned out afterwards.

A network is trained on lessons alone, so what it learns to read is what will be there when it is
asked: evidence of the past. No lesson's evidence holds one of its own answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algorithms.arguments import Floats, Int64s
from algorithms.errors import InvalidArgumentError
from algorithms.learned.evidence import Bools, Evidence, History


@dataclass(frozen=True, eq=False)
class Lesson:
    """Evidence, and what is asked of it.

    Attributes:
        evidence: what could be known.
        subjects: int64 (k,), who is asked about, each once.
        bad: float64 (k,), how often the answer was bad.
        good: float64 (k,), how often it was good.
    """

    evidence: Evidence
    subjects: Int64s
    bad: Floats
    good: Floats

    @classmethod
    def of(cls, evidence: Evidence, asked: ArrayLike, is_bad: ArrayLike) -> Lesson:
        """Return the lesson of questions in which a subject may come up more than once.

        >>> empty = Evidence(3, [], [], [], None, [], [])
        >>> Lesson.of(empty, [2, 0, 2], [True, False, False]).good
        array([1., 1.])
        """
        who = np.asarray(asked, np.int64)
        answer = np.asarray(is_bad, np.bool_)
        subjects, member = np.unique(who, return_inverse=True)
        bad = np.bincount(member, answer, subjects.size).astype(np.float64)
        good = np.bincount(member, ~answer, subjects.size).astype(np.float64)
        return cls(evidence, subjects, bad, good)


def dated_lessons(history: History, now: float, period: float, count: int) -> list[Lesson]:
    """Return lessons of periods that were over by ``now``, the latest last.

    The k-th from the end knows what was known k periods before ``now`` and is asked who became
    known to be bad in the period after. Known subjects are not asked about. Whoever is found later
    than that period is left out: to call it good would be false, and to know better, the future.

    Args:
        history: links and labels with their times; nothing after ``now`` is read.
        now: the latest time of which anything is known.
        period: its length, in the unit of the times, > 0.
        count: how many.

    Raises:
        InvalidArgumentError: ``period`` or ``count`` is not positive.
    """
    if not period > 0.0 or count < 1:
        raise InvalidArgumentError("period", "and count must be positive")
    # The future is cut off first: what a later line forgets, it can't see either.
    bad_at = np.where(np.asarray(history.bad_known_at) <= now, history.bad_known_at, np.inf)
    found = []
    for back in range(count, 0, -1):
        then = now - back * period
        evidence = history.known_at(then)
        becomes = (bad_at > then) & (bad_at <= then + period)
        is_asked = becomes | np.isposinf(bad_at)
        is_asked[evidence.good] = False
        subjects = np.flatnonzero(is_asked)
        found.append(Lesson.of(evidence, subjects, becomes[subjects]))
    return found


def cross_fitted(
    evidence: Evidence, folds: int, seed: int, groups: ArrayLike | None = None
) -> list[Lesson]:
    """Return lessons in each of which one fold of the labels is asked for and not known.

    For labels without time. Links between labelled subjects are left as they are: whoever made the
    evidence decides whether they may be seen.

    Args:
        evidence: links and labels.
        folds: how many, >= 2; each labelled subject is asked about once.
        seed: of the draw.
        groups: int (n,); labelled subjects of one group are asked about together.

    Raises:
        InvalidArgumentError: fewer than two folds.
    """
    if folds < 2:
        raise InvalidArgumentError("folds", f"is {folds}; it must be 2 or more")
    labelled = np.concatenate([evidence.bad, evidence.good])
    is_bad = np.arange(labelled.size) < evidence.bad.size
    member = labelled if groups is None else np.asarray(groups, np.int64)[labelled]
    fold = _dealt(member, is_bad, folds, seed)
    found = []
    for part in range(folds):
        known, asked = fold != part, fold == part
        without = evidence.with_labels(labelled[known & is_bad], labelled[known & ~is_bad])
        found.append(Lesson.of(without, labelled[asked], is_bad[asked]))
    return found


def _dealt(member: Int64s, is_bad: Bools, folds: int, seed: int) -> Int64s:
    """Return each subject's fold: whole groups, the largest first, both labels spread evenly."""
    _, group = np.unique(member, return_inverse=True)
    size = np.bincount(group)
    counts = np.stack([np.bincount(group, is_bad), np.bincount(group, ~is_bad)], axis=1)
    share = counts / np.maximum(counts.sum(axis=0), 1.0)
    order = np.random.default_rng(seed).permutation(size.size)
    order = order[np.argsort(-size[order], kind="stable")]
    filled, fold_of = np.zeros((folds, 2)), np.zeros(size.size, np.int64)
    for each in order:
        after = ((filled + share[each]) ** 2).sum(axis=1) - (filled**2).sum(axis=1)
        fold_of[each] = int(np.argmin(after))
        filled[fold_of[each]] += share[each]
    found: Int64s = fold_of[group]
    return found


def sign_lessons(evidence: Evidence, count: int, share: float, seed: int) -> list[Lesson]:
    """Return lessons on the sign of links that are kept from the evidence, the latest last.

    With times, the k-th from the end hides the last k shares of all links and asks about the first
    of them. Without, each hides a share drawn at random, both directions of a pair together. Asked
    of targets that some visible link leads to. Nobody is labelled: the bad are those whose visible
    links sum below zero, the good the 20 with the highest sums.

    Args:
        evidence: links with signs; its labels are not read.
        count: how many lessons.
        share: of the links, asked about by each lesson, in (0, 1); count · share < 1.
        seed: of the draw, where there are no times.

    Raises:
        InvalidArgumentError: count · share is not below 1.
    """
    if count < 1 or not 0.0 < count * share < 1.0:
        raise InvalidArgumentError("share", f"is {share}; {count} shares must be below 1 together")
    if evidence.time is None:
        place = _pair_draw(evidence, seed)
    else:
        place = np.empty(evidence.m)
        place[np.argsort(evidence.time, kind="stable")] = np.arange(evidence.m) / evidence.m
    found = []
    for back in range(count, 0, -1):
        first, last = 1.0 - back * share, 1.0 - (back - 1) * share
        asked = (place >= first) & (place < last)
        seen = (place < first) if evidence.time is not None else ~asked
        visible = with_signs_as_labels(evidence.only(seen))
        asked &= (np.bincount(visible.dst, minlength=evidence.n) > 0)[evidence.dst]
        found.append(Lesson.of(visible, evidence.dst[asked], evidence.weight[asked] < 0.0))
    return found


def with_signs_as_labels(evidence: Evidence) -> Evidence:
    """Return the evidence with labels that its own links make."""
    sums = np.bincount(evidence.dst, evidence.weight, evidence.n)
    return evidence.with_labels(np.flatnonzero(sums < 0.0), np.argsort(-sums, kind="stable")[:20])


def _pair_draw(evidence: Evidence, seed: int) -> Floats:
    low, high = np.minimum(evidence.src, evidence.dst), np.maximum(evidence.src, evidence.dst)
    names, member = np.unique(low * evidence.n + high, return_inverse=True)
    draw: Floats = np.random.default_rng(seed).random(names.size)[member]
    return draw
