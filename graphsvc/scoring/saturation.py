"""The map that every sum of evidence goes through: from 0 towards 1, steepest at 0."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@overload
def saturated(value: Floats, half: float) -> Floats: ...
@overload
def saturated(value: float, half: float) -> float: ...
def saturated(value: Floats | float, half: float) -> Floats | float:
    """Return value / (value + half): 0 at 0, ½ at `half`, never above 1, never steeper than 1/half.

    >>> saturated(0.05, half=0.05)
    0.5
    """
    return value / (value + half)
