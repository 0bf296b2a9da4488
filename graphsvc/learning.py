"""From a purpose's records to a trained model: lessons of past times, who was listed afterwards.

What a lesson is told was in the store by then, as in a backtest; history that was imported later is
believed to have been known at its dates where the plan says so. Only training needs torch, which is
asked for when it begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from algorithms import InvalidArgumentError
from algorithms.learned import LearnedModel, Lesson, NetworkKind
from graphsvc.backtest.model import Knowledge
from graphsvc.backtest.past import require_no_later_record
from graphsvc.errors import InvalidInputError, SettingsError
from graphsvc.model import Programme, Purpose
from graphsvc.scoring.learned import evidence_at, schema_of
from graphsvc.snapshot import Snapshot, SnapshotShelf
from graphsvc.store.ports import Reader

Known = Callable[[datetime], Snapshot]
"""What was known of a purpose's evidence at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schooling:
    """What a model is trained for.

    Attributes:
        as_of: nothing later is looked at.
        period: how long after a time it is asked who was listed.
        periods: how many lessons; the last one calibrates, the others teach.
        knowledge: what counts as known at a time.
        kind: of network.
        seed: the same one gives the same model, on a CPU.
        device: "cpu", "cuda" or "auto".
    """

    as_of: datetime
    period: timedelta
    periods: int = 4
    knowledge: Knowledge = Knowledge.RECORDED
    kind: NetworkKind = NetworkKind.ATTENTION
    seed: int = 0
    device: str = "cpu"


def known_by(
    store: Reader, snapshots: SnapshotShelf, purpose: Purpose, knowledge: Knowledge
) -> Known:
    """Return how to look up what was known at a time; each time is looked up once."""
    latest = store.last_sequence()

    @cache
    def known(at: datetime) -> Snapshot:
        sequence = store.sequence_at(at) if knowledge is Knowledge.RECORDED else latest
        snapshot = snapshots.at(purpose, sequence, as_of=at)
        require_no_later_record(snapshot, sequence)
        return snapshot

    return known


def lessons_from(known: Known, programme: Programme, plan: Schooling) -> list[Lesson]:
    """Return a lesson for each period up to the as-of time, the latest last.

    Asked about are subjects with a link by then who are not listed yet; bad are those whom the
    programme's blacklists hold at the period's end. Whoever was listed later is left out.

    Raises:
        InvalidInputError: fewer than two periods, none that lasts, or one with nobody to ask about.
    """
    if plan.periods < 2 or plan.period <= timedelta(0):
        raise InvalidInputError("--periods must be 2 or more, and --period longer than nothing")
    listed_by_now = _listed(known(plan.as_of), programme, plan.as_of)
    found = []
    for back in range(plan.periods, 0, -1):
        then = plan.as_of - back * plan.period
        snapshot = known(then)
        evidence = evidence_at(snapshot, programme, then)
        end = then + plan.period
        numbers = snapshot.subjects.number_of_index
        is_bad = np.isin(numbers, _listed(known(end), programme, end))
        is_asked = np.zeros(snapshot.n, np.bool_)
        is_asked[evidence.src] = is_asked[evidence.dst] = True
        is_asked[evidence.bad] = is_asked[evidence.good] = False
        subjects = np.flatnonzero(is_asked & (is_bad | ~np.isin(numbers, listed_by_now)))
        if subjects.size == 0:
            raise InvalidInputError(_nobody_known(then, plan.knowledge))
        found.append(Lesson.of(evidence, subjects, is_bad[subjects]))
    return found


def _listed(snapshot: Snapshot, programme: Programme, at: datetime) -> NDArray[np.int64]:
    """Return the store's numbers of those whom the programme's blacklists hold."""
    return snapshot.subjects.number_of_index[evidence_at(snapshot, programme, at).bad]


def _nobody_known(then: datetime, knowledge: Knowledge) -> str:
    message = f"on {then:%Y-%m-%d} nobody was known whom a lesson could ask about"
    if knowledge is Knowledge.RECORDED:
        return (
            f"{message}; history that was imported later was not in the store then: "
            "--knowledge dated believes its dates"
        )
    return f"{message}; ask for fewer or shorter periods"


def train_model(known: Known, programme: Programme, plan: Schooling) -> LearnedModel:
    """Return a model trained on all periods but the last, and calibrated on that.

    Raises:
        SettingsError: the extra `learned` is not installed.
        InvalidInputError: there is nothing to learn from.
    """
    if find_spec("torch") is None or find_spec("torch_geometric") is None:
        raise SettingsError("training needs the extra: pip install 'graphsvc[learned]'")
    from algorithms.learned.training import TrainingSettings, train

    *past, latest = lessons_from(known, programme, plan)
    first = plan.as_of - plan.periods * plan.period
    name = (
        f"{programme.name} v{programme.version}, {first:%Y-%m-%d} to {plan.as_of:%Y-%m-%d}, "
        f"as {plan.knowledge}"
    )
    settings = TrainingSettings(seed=plan.seed, device=plan.device)
    try:
        return train(
            plan.kind, past, settings, name=name, schema=schema_of(programme), later=latest
        )
    except InvalidArgumentError as error:
        raise InvalidInputError(str(error)) from error
