"""How well a run foresaw what became known after it: counted, not chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

import algorithms
from graphsvc.demo.known_fraud import Labels
from graphsvc.model import SubjectKind, SubjectRef
from graphsvc.runs import PublishedScores

TOP_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Hindsight:
    """Fraud that became known after the cut-off, against what the run said at the cut-off.

    Attributes:
        became_known: fraudsters that became known after the cut-off.
        joined_later: those of them who were no members yet, so that no score existed.
        candidates: members at the cut-off who were not listed.
        top: how many candidates the top share holds.
        in_top: fraudsters, known later, among them.
        expected_by_chance: how many a random order would put there.
        auc: area under the ROC curve of exposure over the candidates; NaN without fraudsters.
    """

    became_known: int
    joined_later: int
    candidates: int
    top: int
    in_top: int
    expected_by_chance: float
    auc: float


def look_back(labels: Labels, scores: PublishedScores, cut_off: datetime) -> Hindsight:
    """Count how much of the fraud known after `cut_off` stands among the most exposed then."""
    members = [key for key, time in labels.joined_at.items() if time <= cut_off]
    listed = {key for key, time in labels.fraud_known_at.items() if time <= cut_off}
    later = {key for key, time in labels.fraud_known_at.items() if time > cut_off}
    candidates = sorted(key for key in members if key not in listed)
    exposure = np.array([_exposure(key, scores) for key in candidates])
    is_fraud = np.array([key in later for key in candidates])
    top = math.ceil(TOP_SHARE * len(candidates))
    order = np.argsort(-exposure, kind="stable")[:top]
    targets = int(is_fraud.sum())
    return Hindsight(
        became_known=len(later),
        joined_later=len(later) - targets,
        candidates=len(candidates),
        top=top,
        in_top=int(is_fraud[order].sum()),
        expected_by_chance=targets * top / len(candidates),
        auc=algorithms.auc(is_fraud, exposure) if 0 < targets < len(candidates) else math.nan,
    )


def _exposure(key: str, scores: PublishedScores) -> float:
    return scores.score(SubjectRef(SubjectKind.ACCOUNT, key)).exposure
