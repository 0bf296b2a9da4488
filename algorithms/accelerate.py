"""The one place that holds jit defaults; every kernel of the package is compiled through it.

No ``fastmath``: reassociation would move bits between machines and void the rounding bounds.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

# Off by default in Numba; without it the eight neighbours of ``_many_kernels`` stay scalars, at
# twice the time. It packs equal operations and reorders no sum.
setattr(numba.config, "SLP_VECTORIZE", 1)  # noqa: B010

# Rows and links of a block, the smallest unit of work.
GRAIN = 1 << 15
# Rows and links that are worth a thread of their own: about a millisecond. On a machine that has
# other work, a thread that is waited for may not come for several.
WORTH_A_THREAD = 1 << 20

_DEFAULTS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": False,
}


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function`` compiled for one thread, cached on disk, releasing the GIL."""
    return cast(Callable[P, R], numba.njit(**_DEFAULTS)(function))


def inlined_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function`` compiled into its callers: for what runs once for each row or link."""
    return cast(Callable[P, R], numba.njit(forceinline=True, **_DEFAULTS)(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Return ``inlined_kernel`` of a function without a file: only its callers are cached."""
    options = _DEFAULTS | {"cache": False}
    return cast(Callable[P, R], numba.njit(forceinline=True, **options)(function))


def parallel_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function`` compiled with its ``prange`` loops spread over Numba's threads."""
    return cast(Callable[P, R], numba.njit(parallel=True, **_DEFAULTS)(function))


@contextmanager
def threads_worth(work: int) -> Iterator[None]:
    """Use no more of Numba's threads than ``work`` rows and links are worth.

    On a small graph, waking and awaiting threads costs more than the sweep itself.
    """
    before = numba.get_num_threads()
    numba.set_num_threads(max(1, min(before, work // WORTH_A_THREAD)))
    try:
        yield
    finally:
        numba.set_num_threads(before)
