"""From a recorded link to its conductance: permission, saturation of the weight, age.

Conductance = c · f(w) · 2^(−age / half-life).
"""

import math
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from algorithms.arguments import Floats
from algorithms.errors import InvalidArgumentError


class Saturation(StrEnum):
    """How a recorded weight enters: f in the formula."""

    LINEAR = "linear"
    """f(w) = w."""
    LOG1P = "log1p"
    """f(w) = ln(1 + w): for amounts and counts."""
    CONSTANT = "constant"
    """f(w) = 1: that the link exists is all that counts."""
    SATURATING = "saturating"
    """f(w) = w / (w + half_weight): rises to 1, and is 1/2 at ``half_weight``."""


def decay_factor(age_days: ArrayLike, half_life_days: float) -> Floats:
    """Return 2^(−age / half-life), float64 in [0, 1], of the shape of ``age_days``.

    Args:
        age_days: finite, >= 0, in days.
        half_life_days: positive, in days; infinite for no decay.

    Raises:
        InvalidArgumentError: out of these domains; says at which position.

    >>> decay_factor([0.0, 30.0], half_life_days=30.0)
    array([1. , 0.5])
    """
    if not half_life_days > 0.0:
        raise InvalidArgumentError("half_life_days", f"is {half_life_days}; it must be positive")
    age = _non_negative("age_days", age_days)
    return np.asarray(np.exp2(-age / half_life_days), np.float64)


def conductance(
    c: ArrayLike,
    weight: ArrayLike,
    age_days: ArrayLike,
    half_life_days: float,
    saturation: Saturation | str = Saturation.LINEAR,
    *,
    half_weight: float = 1.0,
) -> Floats:
    """Return c · f(weight) · 2^(−age_days / half_life_days), float64, broadcast over the inputs.

    Args:
        c: the kind's conductance, >= 0; 0 means not permitted.
        weight: recorded weight, finite and >= 0, in the kind's own unit.
        age_days: finite, >= 0, in days.
        half_life_days: positive, in days; infinite for no decay.
        saturation: f, a Saturation or its name.
        half_weight: for SATURATING, the positive weight at which f is 1/2.

    Raises:
        InvalidArgumentError: out of these domains; says at which position.

    >>> conductance(2.0, [0.0, 3.0], [0.0, 10.0], 10.0, "saturating")
    array([0.  , 0.75])
    """
    scale = _non_negative("c", c)
    loads = _saturated(_non_negative("weight", weight), saturation, half_weight)
    return np.asarray(scale * loads * decay_factor(age_days, half_life_days), np.float64)


def _saturated(weight: Floats, saturation: Saturation | str, half_weight: float) -> Floats:
    try:
        chosen = Saturation(saturation)
    except ValueError:
        names = ", ".join(Saturation)
        raise InvalidArgumentError("saturation", f"is {saturation!r}; one of {names}") from None
    if chosen is Saturation.LINEAR:
        return weight
    if chosen is Saturation.LOG1P:
        return np.log1p(weight)
    if chosen is Saturation.CONSTANT:
        return np.ones_like(weight)
    if not (0.0 < half_weight < math.inf):
        raise InvalidArgumentError("half_weight", f"is {half_weight}; positive and finite")
    # Ratios below 1 only: w + w0 would overflow for the largest weights.
    small, large = np.minimum(weight, half_weight), np.maximum(weight, half_weight)
    ratio = small / large
    return np.where(weight < half_weight, ratio, 1.0) / (1.0 + ratio)


def _non_negative(name: str, values: ArrayLike) -> Floats:
    array = np.asarray(values, np.float64)
    wrong = ~(np.isfinite(array) & (array >= 0.0))
    if not wrong.any():
        return array
    position = int(np.argmax(wrong.ravel()))
    raise InvalidArgumentError(
        name,
        f"is {array.ravel()[position]}; it must be finite and at least 0",
        position=position if array.ndim else None,
    )
