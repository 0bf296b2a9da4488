"""What would be if some records were not there, or others were; and what would have to change.

Answers come from a private overlay on the live values: nothing that is published moves.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from graphsvc.changes import ScoreChange, mentioned, permits
from graphsvc.errors import InvalidInputError, NotFoundError
from graphsvc.live.evidence import LiveEvidence, Touched
from graphsvc.live.programme import LiveProgramme, Moved
from graphsvc.model import Record, Report, ReportStatus, SubjectRef, Valence
from graphsvc.snapshot.snapshot import EVENT_KINDS
from graphsvc.store.ports import Reader

_BAD_KINDS = [code for code, kind in enumerate(EVENT_KINDS) if kind.valence is Valence.BAD]

ScoreWithout = Callable[[Iterable[int]], tuple[float, float]]

MOST_TRIED = 400
"""So many sets of records are tried at most before the search turns greedy."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Records that are taken away, by sequence, and records that are put in."""

    without: frozenset[int] = frozenset()
    also: tuple[Record, ...] = ()

    def __or__(self, other: Hypothesis) -> Hypothesis:
        return Hypothesis(self.without | other.without, (*self.also, *other.also))


@dataclass(frozen=True, slots=True)
class WhatIfAnswer:
    """Every score that would move, the largest change first; `bound` of each, in points."""

    changes: tuple[ScoreChange, ...]
    bound: float
    links: int
    sweeps: int


@dataclass(frozen=True, slots=True)
class Remedy:
    """Records without which a score would reach its goal.

    `is_smallest` says that every smaller set of records that help was tried and is not enough. Else
    the set was found greedily, and no record of it can be left out.
    """

    sequences: tuple[int, ...]
    score: float
    bound: float
    is_smallest: bool
    candidates: int


def decided(store: Reader, sequence: int, status: ReportStatus) -> Hypothesis:
    """Return the hypothesis that a report had this outcome.

    Raises:
        NotFoundError: there is no report at the sequence.
    """
    stored = store.record_at(sequence)
    if stored is None or not isinstance(stored.record, Report):
        raise NotFoundError(f"there is no report {sequence}")
    return Hypothesis(frozenset({sequence}), (replace(stored.record, status=status),))


def what_if(evidence: LiveEvidence, live: LiveProgramme, hypothesis: Hypothesis) -> WhatIfAnswer:
    """Return what would move under a hypothesis.

    Raises:
        NotFoundError: a record is not in force, or a subject is not known, for the purpose.
        InvalidInputError: the purpose does not permit a record that is put in.
    """
    moved = _moved(evidence, live, hypothesis)
    bound = live.bound().score + moved.bound.score
    changes = [
        ScoreChange(
            live.purpose.name, live.programme.name, evidence.ref_of(index), before, after, bound
        )
        for index, before, after in zip(
            moved.index.tolist(), moved.before.tolist(), moved.after.tolist(), strict=True
        )
        if after != before
    ]
    changes.sort(key=lambda change: -abs(change.points))
    return WhatIfAnswer(tuple(changes), bound, moved.links, moved.sweeps)


def remedy(
    evidence: LiveEvidence,
    live: LiveProgramme,
    subject: SubjectRef,
    goal: float,
    candidates: Sequence[int],
) -> Remedy | None:
    """Return the fewest of some records without which a score reaches a goal, None if none do.

    Sets are tried by size, all of one size before the next, while there are few enough of them;
    then greedily, the record that helps most first, and what turns out superfluous is dropped.

    Args:
        evidence: the purpose's evidence.
        live: the programme that scores.
        subject: whose score.
        goal: what it shall be at least, in points.
        candidates: sequences of the records that may go.
    """
    index = evidence.index_of(subject)

    def score_without(chosen: Iterable[int]) -> tuple[float, float]:
        moved = _moved(evidence, live, Hypothesis(frozenset(chosen)))
        found = dict(zip(moved.index.tolist(), moved.after.tolist(), strict=True))
        return found.get(index, float(live.scores[index])), moved.bound.score

    def answer(chosen: Sequence[int], *, is_smallest: bool) -> Remedy:
        score, bound = score_without(chosen)
        return Remedy(tuple(sorted(chosen)), score, bound, is_smallest, len(candidates))

    now = float(live.scores[index])
    effect = {one: score_without([one])[0] for one in candidates}
    helpful = [one for one in candidates if effect[one] > now]
    ranked = sorted(helpful, key=lambda one: (-effect[one], one))
    if score_without(ranked)[0] < goal:
        return None
    tried, size = 0, 0
    for size in range(len(ranked) + 1):
        sets = list(itertools.islice(itertools.combinations(ranked, size), MOST_TRIED + 1))
        tried += len(sets)
        if tried > MOST_TRIED:
            break
        for chosen in sets:
            if score_without(chosen)[0] >= goal:
                return answer(chosen, is_smallest=True)
    return answer(_greedy(ranked, goal, score_without), is_smallest=False)


def candidates_of(evidence: LiveEvidence, subject: SubjectRef, sources: Iterable[int]) -> list[int]:
    """Return the sequences of records that may take from a score.

    Args:
        evidence: the purpose's evidence.
        subject: whose bad events, reports and blacklistings are candidates.
        sources: indices of subjects whose listings are candidates too.
    """
    index = evidence.index_of(subject)
    own = evidence.excerpt(Touched(frozenset({index}))).snapshot
    found = set(own.events.sequence[np.isin(own.events.kind, _BAD_KINDS)].tolist())
    found |= set(own.reports.sequence.tolist())
    for source in {index, *sources}:
        listings = evidence.excerpt(Touched(frozenset({source}))).snapshot.listings
        found |= set(listings.sequence[listings.is_blacklisting].tolist())
    return sorted(found)


def _greedy(ranked: Sequence[int], goal: float, score_without: ScoreWithout) -> list[int]:
    chosen: list[int] = []
    for one in ranked:
        chosen.append(one)
        if score_without(chosen)[0] >= goal:
            break
    for one in list(chosen):
        rest = [other for other in chosen if other != one]
        if score_without(rest)[0] >= goal:
            chosen = rest
    return chosen


def _moved(evidence: LiveEvidence, live: LiveProgramme, hypothesis: Hypothesis) -> Moved:
    touched = []
    for sequence in sorted(hypothesis.without):
        found = evidence.touched_by(sequence)
        if found == Touched():
            raise NotFoundError(
                f"record {sequence} is not in force for purpose {live.purpose.name}"
            )
        touched.append(found)
    for record in hypothesis.also:
        if not permits(live.purpose, [record]):
            raise InvalidInputError(
                f"a {record.record_type} of that kind is not permitted for {live.purpose.name}"
            )
        for subject in sorted(mentioned(record)):
            evidence.index_of(subject)
        touched.append(evidence.told_by(record))
    also = [(-place - 1, record) for place, record in enumerate(hypothesis.also)]
    return live.what_if(Touched.union(touched), hypothesis.without, also)
