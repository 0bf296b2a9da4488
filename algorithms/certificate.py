"""What a result is worth: the residual that was measured, and the error bound that follows.

Rounding analysis after Higham, Accuracy and Stability of Numerical Algorithms (2002), §3.1 and
§4.3: a sum or product of depth k is off by at most gamma(k) times the sum of magnitudes.
"""

from dataclasses import dataclass
from typing import Protocol

UNIT_ROUNDOFF = 2.0**-53
# Far above all underflow errors that one row can collect, far below any tolerance.
UNDERFLOW = 2.0**-1000


class GraphShape(Protocol):
    """What rounding depends on: how many subjects, how many of them link, the longest row."""

    @property
    def n(self) -> int:
        """Number of subjects."""

    @property
    def linking(self) -> int:
        """Number of subjects that have an out-link."""

    @property
    def longest_row(self) -> int:
        """Largest number of links of a row."""


@dataclass(frozen=True)
class Certificate:
    """Certified distance of a returned vector from the exact fixed point.

    Attributes:
        residual_inf: largest |r_i|, measured in float64 at the returned vector.
        residual_1: Σ |r_i|, measured in float64 at the returned vector.
        rounding_inf: how far rounding can have moved any r_i while it was measured.
        rounding_1: how far rounding can have moved Σ |r_i|.
        bound_inf: no value is further than this from the exact one; rounding included.
        bound_1: the sum of all errors is at most this; rounding included.
        sweeps: passes over the links.
        tolerance: the error that was asked for; the bound that it was asked of is at most this.

    Units are those of the values.
    """

    residual_inf: float
    residual_1: float
    rounding_inf: float
    rounding_1: float
    bound_inf: float
    bound_1: float
    sweeps: int
    tolerance: float


def gamma(depth: int) -> float:
    """Return k·u / (1 − k·u), the relative rounding error of ``depth`` float64 operations.

    >>> gamma(1) > 2.0**-53
    True
    """
    spent = depth * UNIT_ROUNDOFF
    return upward(spent / (1.0 - spent))


def sum_depth(longest_row: int, lanes: int = 4) -> int:
    """Return the rounding depth of the kernels' row sums for rows up to this length.

    In each of 4 lanes (``_sweep_kernels``) or 1 (``_many_kernels``) at most 128 terms are added
    before compensation: it stops growing at 128 links a lane.

    >>> sum_depth(10**9), sum_depth(40, lanes=1)
    (136, 46)
    """
    return min(longest_row // lanes + 6, 136)


def upward(value: float) -> float:
    """Return ``value`` raised by more than the rounding of the few operations that made it.

    >>> upward(1.0) > 1.0
    True
    """
    return value * (1.0 + 2.0**-48)


def norm_1_upward(measured: float, terms: int) -> float:
    """Return an upper bound of a sum of ``terms`` magnitudes that was added up as ``measured``.

    >>> norm_1_upward(1.0, 1000) < 1.001
    True
    """
    return upward(measured * (1.0 + 2.0 * terms * UNIT_ROUNDOFF))
