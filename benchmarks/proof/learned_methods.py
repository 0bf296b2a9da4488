"""Networks as methods: each trains on the view alone, then scores it, as any other method does.

The same settings for every set, and nothing is tuned. How a view becomes lessons depends on what is
asked: labels without time are learned by folds, labels with time from earlier periods, signs from
links that the view shows and the lesson hides.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from algorithms.learned import (
    Evidence,
    History,
    LearnedModel,
    LearnedScores,
    Lesson,
    NetworkKind,
    Told,
    cross_fitted,
    dated_lessons,
    score,
    sign_lessons,
)
from algorithms.learned.training import TrainingSettings, train
from benchmarks.proof.view import View

Lessons = Callable[[View], list[Lesson]]
SETTINGS = TrainingSettings(members=3, steps=60, epochs=2)
FOLDS = 3
SIGN_LESSONS, SIGN_SHARE = 3, 0.15
DATED_LESSONS = 3
NAMES = {
    NetworkKind.ALONE: "features alone (learned, no neighbours)",
    NetworkKind.SIGNED: "signed network (SGCN)",
    NetworkKind.ATTENTION: "attention over links (GATv2)",
}


def evidence_of(view: View) -> Evidence:
    """Return what a view shows."""
    links = view.links
    return Evidence(
        view.n, links.src, links.dst, links.weight, links.time, np.sort(view.bad),
        np.sort(view.good),
    )  # fmt: skip


def by_labels(view: View) -> list[Lesson]:
    """Labels by folds, whole groups together; the fold's own are not known to its lesson."""
    return cross_fitted(evidence_of(view), FOLDS, seed=0, groups=view.groups)


def by_time(view: View) -> list[Lesson]:
    """Periods that were over at the view's time; of the earliest cuts there are fewer."""
    past, links = view.past, view.links
    assert past is not None
    assert links.time is not None
    history = History(view.n, links.src, links.dst, links.weight, links.time, past.known_at)
    first = float(links.time.min()) if links.time.size else past.now
    whole = int((past.now - first) / past.period)
    return dated_lessons(history, past.now, past.period, min(DATED_LESSONS, max(1, whole)))


def by_signs(view: View) -> list[Lesson]:
    """Signs of links that the view shows and the lesson hides."""
    return sign_lessons(evidence_of(view), SIGN_LESSONS, SIGN_SHARE, seed=0)


LESSONS: dict[str, Lessons] = {
    "bitcoin-otc": by_labels,
    "bitcoin-otc, next rating": by_signs,
    "sybil-facebook": by_labels,
    "amlsim": by_time,
    "ethereum-phishing": by_labels,
    "hop-transfers": by_labels,
    "epinions, hidden link": by_signs,
}


@dataclass
class Learner:
    """Trains each kind of network on a view once, and remembers what it said."""

    lessons: Lessons
    kinds: tuple[NetworkKind, ...]
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def scores(self, view: View) -> dict[NetworkKind, LearnedScores]:
        """Return what each kind says of every subject of the view."""
        begun = time.perf_counter()
        lessons = self.lessons(view)
        told = [Told.of(lesson.evidence) for lesson in lessons]
        now = Told.of(evidence_of(view))
        self._took("lessons and features", begun)
        found = {}
        for kind in self.kinds:
            begun = time.perf_counter()
            model: LearnedModel = train(kind, lessons, SETTINGS, name="proof", told=told)
            self._took(f"training: {NAMES[kind]}", begun)
            begun = time.perf_counter()
            found[kind] = score(model, now)
            self._took(f"scoring: {NAMES[kind]}", begun)
        return found

    def _took(self, what: str, begun: float) -> None:
        self.seconds.setdefault(what, []).append(time.perf_counter() - begun)
