"""Scores of every subject by a trained model, without torch and without sampling.

Every neighbour is heard, so a score doesn't depend on a seed, and the same model on the same
evidence gives the same bits on any number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from algorithms.accelerate import threads_worth
from algorithms.arguments import Floats
from algorithms.learned import _scoring_kernels as kernels
from algorithms.learned.features import FEATURES
from algorithms.learned.messages import LINK_FEATURES, RELATIONS, Messages, Singles
from algorithms.learned.model import LearnedModel, NetworkKind
from algorithms.learned.told import Told

Weights = Mapping[str, Singles]
# A row of a network costs some thousand operations, where one of a sweep costs a few.
ROW_WORK = 256


@dataclass(frozen=True, eq=False)
class LearnedScores:
    """What a model says of every subject.

    Attributes:
        probability: float64 (n,), calibrated, of being bad.
        logit: float64 (n,), the members' mean, before calibration.
        low, high: float64 (n,), the probabilities one standard deviation of the members below and
            above that mean: how far they disagree.
    """

    probability: Floats
    logit: Floats
    low: Floats
    high: Floats


def score(model: LearnedModel, told: Told) -> LearnedScores:
    """Return the scores of all subjects.

    Args:
        model: trained, whose features must be those that this program makes.
        told: what is known.

    Raises:
        ModelFileError: the model reads other features.
    """
    model.require_fit(FEATURES, LINK_FEATURES)
    x = standardised(model, told.features)
    with threads_worth(ROW_WORK * told.messages.n):
        logits = np.stack([forward(model.kind, each, x, told.messages) for each in model.members])
    mean, spread = kernels.mean_and_spread(logits)
    return LearnedScores(
        probability=model.calibration.probability(mean),
        logit=mean,
        low=model.calibration.probability(mean - spread),
        high=model.calibration.probability(mean + spread),
    )


def standardised(model: LearnedModel, values: Singles) -> Singles:
    """Return features less the training's centre, over its scale, cut at ten of it either way."""
    found: Singles = np.clip((values - model.centre) / model.scale, -10.0, 10.0).astype(np.float32)
    return found


def forward(kind: NetworkKind, weights: Weights, x: Singles, messages: Messages) -> Floats:
    """Return one network's logit of every subject, float64 (n,).

    Args:
        kind: of network.
        weights: by the names that torch-geometric gives them.
        x: standardised features.
        messages: who hears from whom.
    """
    if kind is NetworkKind.ALONE:
        hidden = _rectified(_linear(weights, "first", x))
        hidden = _rectified(_linear(weights, "second", hidden))
    elif kind is NetworkKind.SIGNED:
        hidden = _signed(weights, x, messages)
    else:
        hidden = _rectified(_attention(weights, "first", x, messages))
        hidden = _rectified(_attention(weights, "second", hidden, messages))
    last = _linear(weights, "head_own", x) + _linear(weights, "head", hidden)
    return last[:, 0].astype(np.float64)


def _linear(weights: Weights, name: str, x: Singles) -> Singles:
    W = weights[f"{name}.weight"]
    y = np.zeros((x.shape[0], W.shape[0]), np.float32)
    bias = weights.get(f"{name}.bias")
    if bias is not None:
        y += bias
    kernels.dense(np.ascontiguousarray(x), np.ascontiguousarray(W.T), y)
    return y


def _rectified(y: Singles) -> Singles:
    kernels.rectified(y)
    return y


def _means(messages: Messages, relation: str, x: Singles) -> Singles:
    y = np.empty_like(x)
    kernels.relation_means(
        messages.indptr, messages.sender, messages.relation, RELATIONS.index(relation), x, y
    )
    return y


_TRUST_DISTRUST = {"in": ("trusted by", "distrusted by"), "out": ("trusts", "distrusts")}


def _signed(weights: Weights, x: Singles, messages: Messages) -> Singles:
    """Return [friendly, hostile] after two layers: an enemy's enemy is friendly (SGCN, eq. 3–6)."""
    sides = []
    for at, side in enumerate(("pos", "neg")):
        y = np.zeros((x.shape[0], weights["first_in.lin_pos_r.weight"].shape[0]), np.float32)
        for way, relations in _TRUST_DISTRUST.items():
            y += _linear(weights, f"first_{way}.lin_{side}_l", _means(messages, relations[at], x))
            y += _linear(weights, f"first_{way}.lin_{side}_r", x)
        sides.append(_rectified(y))
    found = []
    for at, side in enumerate(("pos", "neg")):
        own, other = sides[at], sides[1 - at]
        y = np.zeros_like(own)
        for way, (trust, distrust) in _TRUST_DISTRUST.items():
            heard = [_means(messages, trust, own), _means(messages, distrust, other)]
            y += _linear(weights, f"second_{way}.lin_{side}_l", np.concatenate(heard, axis=1))
            y += _linear(weights, f"second_{way}.lin_{side}_r", own)
        found.append(_rectified(y))
    return np.concatenate(found, axis=1)


def _attention(weights: Weights, name: str, x: Singles, messages: Messages) -> Singles:
    a = weights[f"{name}.att"]
    x_l, x_r = _linear(weights, f"{name}.lin_l", x), _linear(weights, f"{name}.lin_r", x)
    y = _linear(weights, f"{name}.res", x) + weights[f"{name}.bias"]
    kernels.attended(
        messages.indptr, messages.sender, messages.features, a.shape[1], x_l, x_r,
        np.ascontiguousarray(weights[f"{name}.lin_edge.weight"].T),
        np.ascontiguousarray(a.reshape(-1)), y,
    )  # fmt: skip
    return y
