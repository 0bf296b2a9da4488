"""How well a score ranks: for labelled data; ties are treated as a coin would treat them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from algorithms.arguments import Floats, float_vector
from algorithms.errors import InvalidArgumentError


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the chance that a positive scores above a negative; ties count half.

    Mann & Whitney, Ann. Math. Stat. 18 (1947): U / (positives · negatives), from midranks.

    Args:
        labels: (n,), true or 1 for positives; at least one of each kind.
        scores: float (n,), larger for more positive.

    Raises:
        InvalidArgumentError: shapes differ, labels are not 0 or 1, or one kind is missing.

    >>> auc([0, 1, 1, 0], [0.1, 0.9, 0.5, 0.5])
    0.875
    """
    positive, values = _checked(labels, scores)
    positives = int(positive.sum())
    negatives = positive.size - positives
    if negatives == 0:
        raise InvalidArgumentError("labels", "holds no negative; it needs one at least")
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(size)
    midrank = last_rank - (size - 1) / 2.0
    above = float(midrank[group][positive].sum()) - positives * (positives + 1) / 2.0
    return above / (positives * negatives)


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return Σ (R_k − R_{k−1}) P_k over the distinct scores, largest first.

    A group of equal scores is one step, so the order within it cannot matter.

    Args:
        labels: (n,), true or 1 for positives; at least one.
        scores: float (n,), larger for more positive.

    Raises:
        InvalidArgumentError: shapes differ, labels are not 0 or 1, or there is no positive.

    >>> average_precision([1, 0, 1], [0.9, 0.5, 0.5])
    0.8333333333333333
    """
    positive, values = _checked(labels, scores)
    _, group = np.unique(-values, return_inverse=True)
    hits = np.bincount(group, weights=positive)
    precision = np.cumsum(hits) / np.cumsum(np.bincount(group))
    return float((hits * precision).sum() / positive.sum())


def precision_at(labels: ArrayLike, scores: ArrayLike, fraction: float) -> float:
    """Return the share of positives among the top ``fraction``, expected over random tie breaks.

    Args:
        labels: (n,), true or 1 for positives; at least one.
        scores: float (n,), larger for more positive.
        fraction: of the n, in (0, 1]; rounded up to a whole number of subjects.

    Raises:
        InvalidArgumentError: shapes differ, labels are not 0 or 1, no positive, or a bad fraction.

    >>> precision_at([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1], 0.5)
    0.75
    """
    if not 0.0 < fraction <= 1.0:
        raise InvalidArgumentError("fraction", f"is {fraction}; it must be in (0, 1]")
    positive, values = _checked(labels, scores)
    # 0.1 · 30 is a little above 3 in float64; such a hair must not add a subject.
    top = max(1, int(np.ceil(fraction * values.size - 1e-9)))
    edge = np.partition(values, values.size - top)[values.size - top]
    certain, tied = values > edge, values == edge
    open_places = top - int(certain.sum())
    hits = float(positive[certain].sum()) + open_places * float(positive[tied].mean())
    return hits / top


def _checked(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    marks = np.asarray(labels)
    if marks.ndim != 1 or not np.isin(marks, (0, 1)).all():
        raise InvalidArgumentError("labels", "must be a vector of 0 and 1")
    if not marks.any():
        raise InvalidArgumentError("labels", "holds no positive; it needs one at least")
    return marks.astype(np.bool_), float_vector("scores", scores, marks.size)
