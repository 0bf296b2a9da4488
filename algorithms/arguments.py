"""Argument checks shared by the public wrappers: done once here, so that kernels can trust."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from algorithms.errors import InvalidArgumentError

Floats = NDArray[np.float64]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
UInt8s = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class CheckedVector:
    """A read-only float64 vector whose range is known, so that no call has to look again.

    Attributes:
        values: float64 (n,), read-only, finite.
        smallest: its least value, inf where n = 0.
        largest: its greatest value, 0 where n = 0 or all are negative.
        total: Σ values as float64 sums it, inf where that overflows.
    """

    values: Floats
    smallest: float
    largest: float
    total: float

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype) if copy else np.asarray(self.values, dtype)


def checked(
    name: str,
    values: ArrayLike | CheckedVector,
    n: int,
    *,
    low: float = -math.inf,
    high: float = math.inf,
) -> CheckedVector:
    """Return ``values``, shape (n,), each finite and in [low, high], with what was learnt of it.

    A ``CheckedVector`` is taken at its word: nothing is read again.

    Raises:
        InvalidArgumentError: wrong shape, or a value that is not finite or out of range.

    >>> checked("own", [0, 1], 2, low=0.0, high=1.0).largest
    1.0
    """
    if isinstance(values, CheckedVector):
        known = values
    else:
        vector = np.ascontiguousarray(values, dtype=np.float64)
        # Two reductions instead of masks: they answer for sound input, and NaN passes into both.
        smallest, largest = vector.min(initial=math.inf), vector.max(initial=0.0)
        with np.errstate(over="ignore", invalid="ignore"):
            known = CheckedVector(vector, float(smallest), float(largest), float(vector.sum()))
    vector = known.values
    if vector.shape != (n,):
        raise InvalidArgumentError(name, f"has shape {vector.shape}; it must be ({n},)")
    if n == 0 or (known.smallest >= max(low, -1.7e308) and known.largest <= min(high, 1.7e308)):
        return known
    wrong = ~(np.isfinite(vector) & (vector >= low) & (vector <= high))
    position = int(np.argmax(wrong))
    if not wrong[position]:
        return known
    raise InvalidArgumentError(
        name, f"is {vector[position]}; {_range_text(low, high)}", position=position
    )


def checked_vector(values: ArrayLike) -> CheckedVector:
    """Return a private, read-only copy of ``values``, checked once for the many calls to come.

    Args:
        values: finite numbers (n,): own risk, seeds, or published values.

    Raises:
        InvalidArgumentError: a value that is not finite.

    >>> checked_vector([0.25, 1.0]).largest
    1.0
    """
    vector = np.array(values, dtype=np.float64).reshape(-1)
    vector.flags.writeable = False
    return checked("values", vector, vector.size)


def checked_mass(name: str, values: ArrayLike | CheckedVector, n: int) -> CheckedVector:
    """Return ``values`` as masses, shape (n,), each >= 0, Σ below 1e300.

    Raises:
        InvalidArgumentError: wrong shape, a value that is negative or not finite, or too much.

    >>> checked_mass("seeds", [0, 2], 2).total
    2.0
    """
    masses = checked(name, values, n, low=0.0)
    if masses.total >= 1e300:
        # Scaled: the sum itself may have overflowed, and the message says by how much it did.
        total = float((masses.values * 2.0**-40).sum()) * 2.0**40
        raise InvalidArgumentError(name, f"sums to {total:g}; it must stay below 1e+300")
    return masses


def float_vector(
    name: str,
    values: ArrayLike | CheckedVector,
    n: int,
    *,
    low: float = -math.inf,
    high: float = math.inf,
) -> Floats:
    """Return ``values`` as a contiguous float64 vector of shape (n,), each in [low, high].

    Raises:
        InvalidArgumentError: wrong shape, or a value that is not finite or out of range.

    >>> float_vector("own", [0, 1], 2, low=0.0, high=1.0)
    array([0., 1.])
    """
    return checked(name, values, n, low=low, high=high).values


def mass_vector(name: str, values: ArrayLike | CheckedVector, n: int) -> Floats:
    """Return ``values`` as a float64 vector of masses, shape (n,), each >= 0, Σ below 1e300.

    Raises:
        InvalidArgumentError: wrong shape, a value that is negative or not finite, or too much.

    >>> mass_vector("seeds", [0, 2], 2)
    array([0., 2.])
    """
    return checked_mass(name, values, n).values


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


def subject_ids(name: str, ids: ArrayLike, n: int) -> Int32s:
    """Return ``ids``, one or many, as int32 (k,), each in [0, n).

    Raises:
        InvalidArgumentError: not whole numbers, or out of range; says at which position.

    >>> subject_ids("subjects", 3, 5)
    array([3], dtype=int32)
    """
    array = np.asarray(ids).reshape(-1)
    if array.size == 0:
        return np.empty(0, np.int32)
    if not np.issubdtype(array.dtype, np.integer):
        raise InvalidArgumentError(name, f"are {array.dtype}; they must be whole numbers")
    if int(array.min()) < 0 or int(array.max()) >= n:
        position = int(np.argmax((array < 0) | (array >= n)))
        raise InvalidArgumentError(
            name, f"is {array[position]}; it must be in [0, {n})", position=position
        )
    return np.ascontiguousarray(array, np.int32)
