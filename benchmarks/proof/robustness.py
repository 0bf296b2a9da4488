"""How far each method falls when the bad who are asked about, and their fakes, fight back.

The attack comes after the deployment: known labels are those of before, and a score without a
direction keeps the one that it got on the quiet network. Repetitions are paired with themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from algorithms import auc, average_precision
from benchmarks.proof import data, protocol, safeguards
from benchmarks.proof.attacks import ATTACKS, Attack, Scene, attacked, bystanders
from benchmarks.proof.methods import Method
from benchmarks.proof.protocol import Trial
from benchmarks.proof.runner import ALL_METHODS, fits, half_interval
from benchmarks.proof.sets import AML_CUTS, AML_PERIOD
from benchmarks.proof.view import Floats, Ids, View

MEASURES = ("AUC", "average precision")
METHODS = ALL_METHODS + safeguards.METHODS
QUIET = ("no attack", 0.0)
Condition = tuple[str, float]
Scenes = Iterator[tuple[int, Trial, Scene]]


@dataclass
class Fall:
    """Of one method on one set: measures by condition and repetition."""

    method: Method
    measures: dict[Condition, dict[int, list[tuple[float, ...]]]] = field(default_factory=dict)

    def note(self, condition: Condition, repetition: int, measured: tuple[float, ...]) -> None:
        """Add one trial's measures."""
        self.measures.setdefault(condition, {}).setdefault(repetition, []).append(measured)

    def by_repetition(self, condition: Condition, measure: str) -> Floats:
        """Return the mean over the trials of each repetition."""
        at = MEASURES.index(measure)
        found = self.measures[condition].values()
        return np.array([np.mean([row[at] for row in rows]) for rows in found])

    def level(self, condition: Condition, measure: str) -> tuple[float, float]:
        """Return the mean over repetitions and half its 95 % interval."""
        values = self.by_repetition(condition, measure)
        return float(values.mean()), half_interval(values)

    def fall(self, condition: Condition, measure: str) -> tuple[float, float]:
        """Return the mean of what the attack takes, and half its 95 % interval, paired."""
        lost = self.by_repetition(QUIET, measure) - self.by_repetition(condition, measure)
        return float(lost.mean()), half_interval(lost)

    def worst(self, measure: str) -> tuple[Condition, float, float]:
        """Return the condition that takes most, what it takes, and half the interval."""
        conditions = [each for each in self.measures if each != QUIET]
        lost, half, condition = max((*self.fall(each, measure), each) for each in conditions)
        return condition, lost, half


@dataclass(frozen=True)
class Robustness:
    """All methods on one set, the best AUC without an attack first; and what was left out."""

    name: str
    repetitions: int
    conditions: list[Condition]
    falls: list[Fall]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class AttackedSet:
    """A set to attack.

    Attributes:
        kind: which methods fit.
        scenes: its repetitions.
        attacks: which attacks make sense on it.
        strengths: how many of an attack's strengths are tried, the strongest first.
        left_out: what is left out, and why.
    """

    name: str
    folder: str
    kind: str
    scenes: Callable[[], Scenes]
    attacks: tuple[Attack, ...] = ATTACKS
    strengths: int = 3
    left_out: tuple[str, ...] = ()


def run(asked: AttackedSet) -> Robustness:
    """Score every scene without an attack and under each, with every method that fits."""
    falls: dict[str, Fall] = {}
    plan = [(each, strength) for each in asked.attacks for strength in each.strengths]
    plan = [(each, at) for each, at in plan if at in each.strengths[-asked.strengths :]]
    repetitions = set()
    for repetition, trial, scene in asked.scenes():
        repetitions.add(repetition)
        methods = [each for each in METHODS if fits(each, asked.kind, trial)]
        turned = {each.name: _direction(each, trial) for each in methods}
        views = [(QUIET, scene.view)]
        views += [((each.name, at), attacked(each, scene, at, repetition)) for each, at in plan]
        while views:
            # Each view is let go when it is done: its graphs are large.
            condition, view = views.pop(0)
            for method in methods:
                fall = falls.setdefault(method.name, Fall(method))
                measured = _measured(method, view, trial, turned[method.name])
                fall.note(condition, repetition, measured)
    ranked = sorted(falls.values(), key=lambda each: -each.level(QUIET, "AUC")[0])
    conditions = [(each.name, at) for each, at in plan]
    return Robustness(asked.name, len(repetitions), conditions, ranked, asked.left_out)


def _direction(method: Method, trial: Trial) -> float:
    """Return -1 where a score without a direction must be turned, learned before any attack."""
    if method.has_direction:
        return 1.0
    known = method.score(trial.calibration_view)[trial.calibration.subjects]
    return -1.0 if auc(trial.calibration.is_bad, known) < 0.5 else 1.0


def _measured(method: Method, view: View, trial: Trial, turned: float) -> tuple[float, ...]:
    scores = turned * method.score(view)[trial.test.subjects]
    return auc(trial.test.is_bad, scores), average_precision(trial.test.is_bad, scores)


def scene_of(trial: Trial, labelled: Ids, *, is_mutual: bool = False) -> Scene:
    """Return the scene of a trial: who attacks is asked about, who stands by is not labelled."""
    asked = trial.test
    return Scene(
        trial.view,
        asked.subjects[asked.is_bad],
        asked.subjects[~asked.is_bad],
        bystanders(trial.view, labelled),
        is_mutual,
    )


def _bitcoin_otc() -> Scenes:
    found = data.bitcoin_otc()
    labelled, _ = data.bitcoin_labels()
    for seed in range(10):
        for trial in protocol.cross_validated(found, seed, use=2):
            yield seed, trial, scene_of(trial, labelled)


def _facebook() -> Scenes:
    for seed in range(10):
        found = data.sybil_facebook(seed)
        # Nobody buys from a fake of the set: its second half is fake, labelled or not.
        fakes = np.arange(found.n // 2, found.n)
        labelled = np.union1d(found.subjects, fakes)
        for trial in protocol.cross_validated(found, seed, use=2):
            yield seed, trial, scene_of(trial, labelled, is_mutual=True)


def _amlsim() -> Scenes:
    found = data.amlsim()
    fraudulent = np.flatnonzero(~np.isposinf(found.known_at))
    for at, cut in enumerate(AML_CUTS):
        trial = protocol.forecast(found, cut, AML_PERIOD)
        yield at, trial, scene_of(trial, fraudulent)


def _ethereum() -> Scenes:
    found = data.ethereum_phishing()
    for seed in range(5):
        for trial in protocol.cross_validated(found, seed, use=1):
            yield seed, trial, scene_of(trial, found.subjects)


def _hop() -> Scenes:
    found = data.hop_transfers()
    for seed in range(3):
        for trial in protocol.cross_validated(found, seed, use=1):
            yield seed, trial, scene_of(trial, found.subjects)


SIGNED_ONLY = frozenset({"trusted slander"})
NOT_AMONG_FRIENDS = SIGNED_ONLY | {"camouflage", "slander"}
_NO_REPORTS = (
    "trusted slander and the programme: the guards are about reports, and nobody reports here"
)


def _without(names: frozenset[str]) -> tuple[Attack, ...]:
    return tuple(each for each in ATTACKS if each.name not in names)


SETS = (
    AttackedSet("bitcoin-otc", "bitcoin-otc", "signed", _bitcoin_otc),
    AttackedSet(
        "sybil-facebook",
        "sybil-facebook",
        "social",
        _facebook,
        _without(NOT_AMONG_FRIENDS),
        left_out=(
            "camouflage: a friendship has no direction, so these are the bought links",
            "slander: nobody becomes a friend against their will",
            _NO_REPORTS,
        ),
    ),
    AttackedSet(
        "amlsim",
        "amlsim-fanin-cycle",
        "payments",
        _amlsim,
        _without(SIGNED_ONLY),
        strengths=2,
        left_out=(_NO_REPORTS,),
    ),
    AttackedSet(
        "ethereum-phishing",
        "ethereum-phishing",
        "payments",
        _ethereum,
        _without(SIGNED_ONLY),
        strengths=2,
        left_out=(_NO_REPORTS,),
    ),
    AttackedSet(
        "hop-transfers",
        "hop-transfers",
        "social",
        _hop,
        _without(SIGNED_ONLY),
        strengths=2,
        left_out=(_NO_REPORTS,),
    ),
)


def run_all(names: list[str] | None = None) -> list[Robustness]:
    """Attack every set that is there, or those whose names hold one of these parts."""
    found = []
    for each in SETS:
        if names and not any(part in each.name for part in names):
            continue
        if data.available(each.folder):
            found.append(run(each))
            print(f"{each.name}, attacked: done", flush=True)
    return found
