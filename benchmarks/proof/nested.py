"""Nested validation: a setting is chosen on what is known, and judged on what is not.

A *round* deals every set of a purpose anew. Of a set without time each fold in five is put by in
turn; the other four are foretold one by one from the three that remain. Of a set with time, what
comes after the cut is put by; the two periods before it are foretold, each from its own past. A
choice is a function of figures that no answer put by has gone into, of any set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from benchmarks.proof import protocol
from benchmarks.proof.protocol import DatedSet, LabelledSet, Questions, RatingSet
from benchmarks.proof.runner import half_interval
from benchmarks.proof.view import Floats, View

FOLDS = 5
INNER_PERIODS = 2
ROWS_AT_ONCE = 4_000_000
TIE = 0.005


@dataclass(frozen=True, eq=False)
class Task:
    """Questions, and all that may be known when they are asked."""

    view: View
    asked: Questions


@dataclass(frozen=True, eq=False)
class Split:
    """A part put by, and what the choice may be made by meanwhile."""

    inner: tuple[Task, ...]
    outer: Task


Judge = Callable[[View, Sequence[Questions]], list[Floats]]
"""Gives the AUC of every member of a grid, float64 (m,), on each of the questions."""


def labelled_splits(
    data: LabelledSet, seed: int, *, folds: int = FOLDS, inner: int = FOLDS - 1, again: int = 0
) -> list[Split]:
    """Put each of the first ``folds`` folds by in turn, and foretell ``inner`` others.

    Args:
        data: the set.
        seed: of the dealing.
        folds: how many of the five are put by.
        inner: how many of the other four are foretold.
        again: how often what remains is dealt anew, for four more folds to foretell each time.
    """
    data = protocol.keeping_links(data, protocol.without_labelled_links(data))
    fold = protocol.folds_of(data, seed, FOLDS)
    views: dict[frozenset[int], View] = {}

    def task(asked: int, put_by: int) -> Task:
        # Either of two folds is foretold from the same three others.
        pair = frozenset((asked, put_by))
        if pair not in views:
            views[pair] = _view(data, (fold != asked) & (fold != put_by))
        return Task(views[pair], _questions(data, fold == asked))

    splits = []
    for outer in range(folds):
        others = [(outer + step) % FOLDS for step in range(1, inner + 1)]
        tasks = [task(each, outer) for each in others]
        for number in range(again):
            rest = _only(data, fold != outer)
            anew = protocol.folds_of(rest, 1000 * (seed + 1) + 10 * outer + number, FOLDS - 1)
            tasks += [
                Task(_view(rest, anew != each), _questions(rest, anew == each))
                for each in range(FOLDS - 1)
            ]
        splits.append(Split(tuple(tasks), task(outer, others[0])))
    return splits


def _only(data: LabelledSet, kept: NDArray[np.bool_]) -> LabelledSet:
    return replace(
        data, subjects=data.subjects[kept], is_bad=data.is_bad[kept], groups=data.groups[kept]
    )


def _view(data: LabelledSet, is_seed: NDArray[np.bool_]) -> View:
    bad, good = (data.subjects[is_seed & side] for side in (data.is_bad, ~data.is_bad))
    return View(data.n, data.links, bad, good)


def _questions(data: LabelledSet, asked: NDArray[np.bool_]) -> Questions:
    return Questions(data.subjects[asked], data.is_bad[asked])


def dated_split(data: DatedSet, cut: float, period: float) -> Split:
    """Put by what becomes known after the cut; who does is, until then, like anybody else."""
    known_by_cut = replace(data, known_at=np.where(data.known_at > cut, np.inf, data.known_at))
    inner = []
    for back in range(1, INNER_PERIODS + 1):
        trial = protocol.forecast(known_by_cut, cut - back * period, period)
        inner.append(Task(trial.view, trial.test))
    outer = protocol.forecast(data, cut, period)
    return Split(tuple(inner), Task(outer.view, outer.test))


def rating_split(data: RatingSet, cut: float, period: float) -> Split:
    """Put by the ratings after the cut; shares of all ratings in the order of time."""
    outer = protocol.next_ratings(data, cut, period)
    inner = tuple(
        protocol.next_ratings(data, cut - back * period, period)
        for back in range(1, INNER_PERIODS + 1)
    )
    return Split(
        tuple(Task(trial.view, trial.test) for trial in inner), Task(outer.view, outer.test)
    )


@dataclass(frozen=True, eq=False)
class Figures:
    """A split's AUC: of the choice's tasks, a row each, and of what is put by; by member."""

    inner: Floats
    outer: Floats


def figures(splits: Sequence[Split], judge: Judge) -> list[Figures]:
    """Judge every task of one dealing, view by view."""
    by_view: dict[View, list[Questions]] = {}
    for split in splits:
        for task in (split.outer, *split.inner):
            by_view.setdefault(task.view, []).append(task.asked)
    found: dict[Questions, Floats] = {}
    for view, asked in by_view.items():
        found |= dict(zip(asked, judge(view, asked), strict=True))
    return [
        Figures(
            np.stack([found[task.asked] for task in split.inner if _is_askable(task)]),
            found[split.outer.asked],
        )
        for split in splits
    ]


def chosen(inner: Sequence[Floats], caution: Sequence[tuple[float, ...]]) -> int:
    """Return the member to take: the most cautious of those that tie with the best.

    Sets weigh alike. A member ties where its lag behind the best, paired by task, is at most TIE
    and within one standard error (the rule of Breiman, Friedman, Olshen & Stone 1984).

    Args:
        inner: for each set, AUC by task and member.
        caution: for each member, what decides between equals; less is better.
    """
    mean = np.mean([rows.mean(axis=0) for rows in inner], axis=0)
    best = int(np.argmax(mean))
    lags = [rows[:, [best]] - rows for rows in inner]
    lag = np.mean([rows.mean(axis=0) for rows in lags], axis=0)
    variance = sum((_variance_of_mean(rows) for rows in lags), np.zeros(mean.size))
    tied = np.flatnonzero(lag <= np.minimum(np.sqrt(variance) / len(inner), TIE))
    return int(min(tied, key=lambda member: caution[member]))


def _variance_of_mean(rows: Floats) -> Floats:
    return rows.var(axis=0, ddof=1) / rows.shape[0] if len(rows) > 1 else np.zeros(rows.shape[1])


@dataclass(frozen=True, eq=False)
class Verdict:
    """What nested validation says of one purpose.

    Attributes:
        sets: names of its sets.
        final: the member that the same rule takes when nothing is put by.
        choices: the members taken, split by split.
        present: AUC of the present setting, by round and set.
        nested: AUC of what was chosen in the round, by round and set.
        final_auc: AUC of ``final``, by round and set; chosen by these very labels.
    """

    sets: tuple[str, ...]
    final: int
    choices: tuple[int, ...]
    present: Floats
    nested: Floats
    final_auc: Floats

    def margin(self, at: int | None = None) -> tuple[float, float]:
        """Return the mean lead of the nested choice over the present, and half its interval.

        Args:
            at: place of a set; the mean over all sets where left out.
        """
        return _paired(self.nested, self.present, at)

    def final_margin(self, at: int | None = None) -> tuple[float, float]:
        """Return the same of ``final``, an upper bound."""
        return _paired(self.final_auc, self.present, at)

    @property
    def is_real(self) -> bool:
        """Whether the margin's interval lies above zero."""
        lead, half = self.margin()
        return lead - half > 0.0


Round = dict[str, list[Figures]]
"""Of each set by name, the figures of each split."""


def only(rounds: Sequence[Round], kept: NDArray[np.bool_]) -> list[Round]:
    """Return the figures of some of the members."""
    return [
        {
            name: [Figures(each.inner[:, kept], each.outer[kept]) for each in splits]
            for name, splits in found.items()
        }
        for found in rounds
    ]


def verdict(rounds: Sequence[Round], caution: Sequence[tuple[float, ...]]) -> Verdict:
    """Choose for each split by its inner figures, and note what its outer ones say of the choice.

    Where sets have different numbers of splits, those of the shorter one come again. Member 0 is
    the present setting.
    """
    names = tuple(rounds[0])
    choices, nested = [], []
    for each in rounds:
        sides = [
            [each[name][at % len(each[name])] for name in names]
            for at in range(max(len(splits) for splits in each.values()))
        ]
        taken = [chosen([side.inner for side in split], caution) for split in sides]
        choices += taken
        nested.append(
            np.mean(
                [
                    [side.outer[member] for side in split]
                    for split, member in zip(sides, taken, strict=True)
                ],
                axis=0,
            )
        )
    # Nothing is put by any more, so that outer answers are known like the others.
    everything = [
        np.concatenate([[*split.inner, split.outer] for each in rounds for split in each[name]])
        for name in names
    ]
    final = chosen(everything, caution)
    outer = np.stack(
        [
            [np.mean([split.outer for split in each[name]], axis=0) for name in names]
            for each in rounds
        ]
    )
    return Verdict(
        names, final, tuple(choices), outer[:, :, 0], np.stack(nested), outer[:, :, final]
    )


def aucs(suspicion: Floats, is_bad: NDArray[np.bool_]) -> Floats:
    """Return the AUC of each row of scores (m, k), ties counting half."""
    bad = int(is_bad.sum())
    good = is_bad.size - bad
    step = max(ROWS_AT_ONCE // max(is_bad.size, 1), 1)
    parts = [
        rankdata(suspicion[at : at + step], axis=1)[:, is_bad].sum(axis=1)
        for at in range(0, len(suspicion), step)
    ]
    return (np.concatenate(parts) - bad * (bad + 1) / 2.0) / (bad * good)


def _is_askable(task: Task) -> bool:
    return bool(task.asked.is_bad.any() and not task.asked.is_bad.all() and task.view.bad.size)


def _paired(ours: Floats, theirs: Floats, at: int | None) -> tuple[float, float]:
    lead = (ours - theirs).mean(axis=1) if at is None else (ours - theirs)[:, at]
    return float(lead.mean()), half_interval(lead)
