"""Published values that a question about them may lean on, and how wrong they can be."""

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from algorithms.arguments import CheckedVector, Floats, checked, real_number
from algorithms.errors import InvalidArgumentError


@dataclass(frozen=True, eq=False)
class KnownValues:
    """Values, float64 (n,), each >= 0, and how far any of them (or their sum) may be off."""

    values: Floats
    bound: float

    @classmethod
    def checked(
        cls, values: ArrayLike | CheckedVector | None, bound: float | None, n: int
    ) -> "KnownValues | None":
        """Return the values where both arguments are given, None where neither is.

        Raises:
            InvalidArgumentError: one is missing, or out of its domain.
        """
        if values is None and bound is None:
            return None
        if values is None or bound is None:
            raise InvalidArgumentError(
                "values" if values is None else "values_bound",
                "is missing; values and values_bound are given together",
            )
        known = checked("values", values, n, low=0.0)
        return cls(known.values, real_number("values_bound", bound, low=0.0, high=math.inf))
