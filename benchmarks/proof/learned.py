"""`python -m benchmarks.proof.learned`: the learned models by the protocol of the proof.

Fewer repetitions than the proof has, the first ones of it; every other method runs on the same
trials, so that margins are paired.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numba
import numpy as np

from algorithms.learned import (
    Calibration,
    NetworkKind,
    brier_score,
    expected_calibration_error,
    fit_calibration,
)
from benchmarks.proof import data, learned_report, protocol, runner
from benchmarks.proof.learned_methods import LESSONS, NAMES, Learner
from benchmarks.proof.methods import Method
from benchmarks.proof.protocol import Trial
from benchmarks.proof.runner import ALL_METHODS, Outcome, Result
from benchmarks.proof.sets import AML_CUTS, AML_PERIOD, RATING_CUTS, RATING_PERIOD
from benchmarks.proof.view import View

DOCUMENT = Path(__file__).parents[2] / "docs" / "proof-learned.md"
# Twelve seconds a score on Hop, and behind other methods everywhere (docs/proof.md).
LEFT_OUT = frozenset({"linearised BP"})
Trials = Iterator[tuple[int, Trial]]


def _bitcoin_otc() -> Trials:
    found = data.bitcoin_otc()
    for seed in range(3):
        yield from zip(repeat(seed), protocol.cross_validated(found, seed, use=2), strict=False)


def _next_rating() -> Trials:
    found = data.bitcoin_ratings()
    for at, cut in enumerate(RATING_CUTS):
        yield at, protocol.next_ratings(found, cut, RATING_PERIOD)


def _facebook() -> Trials:
    for seed in range(3):
        found = data.sybil_facebook(seed)
        yield from zip(repeat(seed), protocol.cross_validated(found, seed, use=2), strict=False)


def _amlsim() -> Trials:
    found = data.amlsim()
    for at, cut in enumerate(AML_CUTS):
        yield at, protocol.forecast(found, cut, AML_PERIOD)


def _ethereum() -> Trials:
    found = data.ethereum_phishing()
    for seed in range(3):
        yield from zip(repeat(seed), protocol.cross_validated(found, seed, use=2), strict=False)


def _hop() -> Trials:
    found = data.hop_transfers()
    for seed in range(3):
        yield from zip(repeat(seed), protocol.cross_validated(found, seed, use=1), strict=False)


def _epinions() -> Trials:
    found = data.epinions()
    for seed in range(3):
        yield seed, protocol.hidden_ratings(found, seed)


SETS = {
    "bitcoin-otc": ("bitcoin-otc", "signed", _bitcoin_otc),
    "bitcoin-otc, next rating": ("bitcoin-otc", "signed", _next_rating),
    "sybil-facebook": ("sybil-facebook", "social", _facebook),
    "amlsim": ("amlsim-fanin-cycle", "payments", _amlsim),
    "ethereum-phishing": ("ethereum-phishing", "payments", _ethereum),
    "hop-transfers": ("hop-transfers", "social", _hop),
    "epinions, hidden link": ("epinions-signed", "signed", _epinions),
}


@dataclass
class Told:
    """Of one network on one set: each repetition's Brier score and calibration error.

    Before and after calibration on answers that the network never saw.
    """

    before: list[tuple[float, float]] = field(default_factory=list)
    after: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class LearnedResult:
    """A result, and what only the networks have: calibration of their own, seconds, memory.

    `processor_s` is that of the whole set, the other methods included.
    """

    result: Result
    told: dict[str, Told]
    seconds: dict[str, list[float]]
    peak_mib: float
    processor_s: float


def run(name: str) -> LearnedResult:
    """Train and score the networks on every trial of a set, beside the other methods."""
    # On graphs of this size a second thread gains little, and on a busy machine costs much.
    numba.set_num_threads(1)
    _, kind, trials = SETS[name]
    kinds = tuple(k for k in NetworkKind if kind == "signed" or k is not NetworkKind.SIGNED)
    learner = Learner(LESSONS[name], kinds)
    outcomes: dict[str, Outcome] = {}
    told: dict[str, Told] = {}
    asked, bad = 0, 0
    for repetition, trial in trials():
        asked, bad = asked + trial.test.is_bad.size, bad + int(trial.test.is_bad.sum())
        said = learner.scores(trial.view)
        earlier = said
        if trial.calibration_view is not trial.view:
            earlier = learner.scores(trial.calibration_view)
        for each in kinds:
            before, now = earlier[each].logit, said[each].logit
            outcome = outcomes.setdefault(
                NAMES[each], Outcome(_remembered(each, trial, before, now))
            )
            outcome.method = _remembered(each, trial, before, now)
            runner.measured(outcome, repetition, trial)
            _tell(told.setdefault(NAMES[each], Told()), trial, before, now)
        for method in ALL_METHODS:
            if kind in method.kinds and method.name not in LEFT_OUT and _has_labels(method, trial):
                runner.measured(
                    outcomes.setdefault(method.name, Outcome(method)), repetition, trial
                )
    ranked = sorted(outcomes.values(), key=lambda each: -each.mean("AUC"))
    for outcome in ranked:
        # A result crosses to another process, and closures don't.
        outcome.method = replace(outcome.method, score=_nothing)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    result = Result(name, "", bad / max(asked, 1), asked, ranked)
    return LearnedResult(result, told, learner.seconds, peak, time.process_time())


def _remembered(kind: NetworkKind, trial: Trial, earlier: np.ndarray, now: np.ndarray) -> Method:
    """Return what was computed for a trial's two views as a method."""
    return Method(NAMES[kind], lambda view: now if view is trial.view else earlier)


def _nothing(view: View) -> np.ndarray:
    raise AssertionError(f"a result of {view.n} subjects is not scored again")


def _tell(told: Told, trial: Trial, earlier: np.ndarray, now: np.ndarray) -> None:
    known = trial.calibration
    fit = fit_calibration(earlier[known.subjects], known.is_bad, ~known.is_bad)
    for calibration, into in ((Calibration(), told.before), (fit, told.after)):
        p = calibration.probability(now[trial.test.subjects])
        answer = trial.test.is_bad
        into.append((brier_score(answer, p), expected_calibration_error(answer, p)))


def _has_labels(method: Method, trial: Trial) -> bool:
    views = (trial.view, trial.calibration_view)
    return all(getattr(view, side).size > 0 for side in method.needs for view in views)


def main() -> None:
    """Write the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", help="parts of the names of sets; all where left out")
    parser.add_argument("--write", type=Path, default=DOCUMENT, help="file to write")
    asked = parser.parse_args()
    begun = time.perf_counter()
    results = []
    for name, (folder, *_) in SETS.items():
        if asked.sets and not any(part in name for part in asked.sets):
            continue
        if data.available(folder):
            # A process for each set, so that its peak of memory is its own.
            with ProcessPoolExecutor(1, get_context("spawn")) as apart:
                results.append(apart.submit(run, name).result())
            took = time.perf_counter() - begun
            print(f"{name}: done after {took:.0f} s, {results[-1].peak_mib:,.0f} MiB", flush=True)
    asked.write.write_text(learned_report.document(results), encoding="utf-8")
    minutes = (time.perf_counter() - begun) / 60.0
    print(f"{asked.write}: written after {minutes:.1f} minutes")


if __name__ == "__main__":
    main()
