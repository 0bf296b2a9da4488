"""From a purpose's records to a trained model: lessons of past times, who was listed afterwards.

Dates are believed: what tells of a time counts as known then, even if it was recorded later. Only
training needs torch, which is asked for when it begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec

import numpy as np

from algorithms import InvalidArgumentError
from algorithms.learned import LearnedModel, Lesson, NetworkKind
from graphsvc.errors import InvalidInputError, SettingsError
from graphsvc.model import Programme
from graphsvc.scoring.learned import evidence_at, schema_of
from graphsvc.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Schooling:
    """What a model is trained for.

    Attributes:
        as_of: nothing later is looked at.
        period: how long after a time it is asked who was listed.
        periods: how many lessons; the last one calibrates, the others teach.
        kind: of network.
        seed: the same one gives the same model, on a CPU.
        device: "cpu", "cuda" or "auto".
    """

    as_of: datetime
    period: timedelta
    periods: int = 4
    kind: NetworkKind = NetworkKind.ATTENTION
    seed: int = 0
    device: str = "cpu"


def lessons_from(snapshot: Snapshot, programme: Programme, plan: Schooling) -> list[Lesson]:
    """Return a lesson for each period up to the as-of time, the latest last.

    Asked about are subjects with a link by then who are not listed yet; bad are those whom the
    programme's blacklists hold at the period's end. Whoever was listed later is left out.

    Raises:
        InvalidInputError: fewer than two periods, or none that lasts.
    """
    if plan.periods < 2 or plan.period <= timedelta(0):
        raise InvalidInputError("--periods must be 2 or more, and --period longer than nothing")
    listed_by_now = evidence_at(snapshot, programme, plan.as_of).bad
    found = []
    for back in range(plan.periods, 0, -1):
        then = plan.as_of - back * plan.period
        evidence = evidence_at(snapshot, programme, then)
        is_bad = np.zeros(snapshot.n, np.bool_)
        is_bad[evidence_at(snapshot, programme, then + plan.period).bad] = True
        is_asked = np.zeros(snapshot.n, np.bool_)
        is_asked[evidence.src] = is_asked[evidence.dst] = True
        is_asked[evidence.bad] = is_asked[evidence.good] = False
        later = np.zeros(snapshot.n, np.bool_)
        later[listed_by_now] = True
        subjects = np.flatnonzero(is_asked & (is_bad | ~later))
        found.append(Lesson.of(evidence, subjects, is_bad[subjects]))
    return found


def train_model(snapshot: Snapshot, programme: Programme, plan: Schooling) -> LearnedModel:
    """Return a model trained on all periods but the last, and calibrated on that.

    Raises:
        SettingsError: the extra `learned` is not installed.
        InvalidInputError: there is nothing to learn from.
    """
    if find_spec("torch") is None or find_spec("torch_geometric") is None:
        raise SettingsError("training needs the extra: pip install 'graphsvc[learned]'")
    from algorithms.learned.training import TrainingSettings, train

    *past, latest = lessons_from(snapshot, programme, plan)
    first = plan.as_of - plan.periods * plan.period
    name = f"{programme.name} v{programme.version}, {first:%Y-%m-%d} to {plan.as_of:%Y-%m-%d}"
    settings = TrainingSettings(seed=plan.seed, device=plan.device)
    try:
        return train(
            plan.kind, past, settings, name=name, schema=schema_of(programme), later=latest
        )
    except InvalidArgumentError as error:
        raise InvalidInputError(str(error)) from error
