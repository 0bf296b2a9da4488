"""Argument checks shared by the public wrappers: done once here, so that kernels can trust."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from algorithms.errors import InvalidArgumentError

Floats = NDArray[np.float64]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]


def float_vector(
    name: str, values: ArrayLike, n: int, *, low: float = -math.inf, high: float = math.inf
) -> Floats:
    """Return ``values`` as a contiguous float64 vector of shape (n,), each in [low, high].

    Raises:
        InvalidArgumentError: wrong shape, or a value that is not finite or out of range.

    >>> float_vector("own", [0, 1], 2, low=0.0, high=1.0)
    array([0., 1.])
    """
    vector = np.ascontiguousarray(values, dtype=np.float64)
    if vector.shape != (n,):
        raise InvalidArgumentError(name, f"has shape {vector.shape}; it must be ({n},)")
    # Two reductions instead of masks: they answer for sound input, and NaN fails both.
    if n == 0 or (vector.min() >= max(low, -1.7e308) and vector.max() <= min(high, 1.7e308)):
        return vector
    wrong = ~(np.isfinite(vector) & (vector >= low) & (vector <= high))
    position = int(np.argmax(wrong))
    if not wrong[position]:
        return vector
    raise InvalidArgumentError(
        name, f"is {vector[position]}; {_range_text(low, high)}", position=position
    )


def mass_vector(name: str, values: ArrayLike, n: int) -> Floats:
    """Return ``values`` as a float64 vector of masses, shape (n,), each >= 0, Σ below 1e300.

    Raises:
        InvalidArgumentError: wrong shape, a value that is negative or not finite, or too much.

    >>> mass_vector("seeds", [0, 2], 2)
    array([0., 2.])
    """
    masses = float_vector(name, values, n, low=0.0)
    # Scaled first: the sum itself may overflow, and that is what is asked.
    total = float((masses * 2.0**-40).sum()) * 2.0**40
    if total >= 1e300:
        raise InvalidArgumentError(name, f"sums to {total:g}; it must stay below 1e+300")
    return masses


def real_number(name: str, value: float, *, low: float, high: float) -> float:
    """Return ``value`` as a float in the half-open range [low, high).

    Raises:
        InvalidArgumentError: not finite, or out of range.

    >>> real_number("beta", 0, low=0.0, high=1.0)
    0.0
    """
    number = float(value)
    if not (math.isfinite(number) and low <= number < high):
        raise InvalidArgumentError(name, f"is {value}; it must be in [{low:g}, {high:g})")
    return number


def tolerance_value(value: float) -> float:
    """Return the asked tolerance as a positive, finite float.

    Raises:
        InvalidArgumentError: zero, negative or not finite.

    >>> tolerance_value(1e-6)
    1e-06
    """
    number = float(value)
    if not (math.isfinite(number) and number > 0.0):
        raise InvalidArgumentError("tolerance", f"is {value}; it must be positive and finite")
    return number


def whole_number(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """Return ``value`` as an int with low <= value, and value < high where that is given.

    Raises:
        InvalidArgumentError: not a whole number, or out of range.

    >>> whole_number("subject", np.int32(3), low=0, high=4)
    3
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise InvalidArgumentError(name, f"is {value!r}; it must be a whole number")
    number = int(value)
    if number < low or (high is not None and number >= high):
        wanted = f"at least {low}" if high is None else f"in [{low}, {high})"
        raise InvalidArgumentError(name, f"is {number}; it must be {wanted}")
    return number


def _range_text(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return "it must be finite"
    if math.isinf(high):
        return f"it must be finite and at least {low:g}"
    return f"it must be in [{low:g}, {high:g}]"
