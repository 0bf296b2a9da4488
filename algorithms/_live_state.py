"""Space for the values and residuals of a live operator, and how residuals become errors."""

import math
from dataclasses import dataclass

import numpy as np

from algorithms._push_kernels import HEAD, WAITING, Extra, State
from algorithms.arguments import Int64s
from algorithms.certificate import upward
from algorithms.errors import InvalidArgumentError

# Far above what underflow can do to a residual, far below any tolerance.
TINY = 2.0**-100
NO_EXTRA = Extra(
    np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint32), np.empty(0), np.empty(0)
)


@dataclass(frozen=True)
class Bounds:
    """How a residual becomes an error: ``gain`` times it, ``off`` of it unseen for rounding."""

    gain: float
    off: float


def new_state(room: int, levels: int) -> State:
    """Return a state of zeros for so many subjects and levels.

    Raises:
        InvalidArgumentError: more values than 32-bit positions can name.

    >>> new_state(3, 2).x.size
    6
    """
    size = room * levels
    if size >= 2**31:
        raise InvalidArgumentError("hop_limit", "needs more than 2^31 values in all")
    x, fc = np.zeros(size), np.zeros((size, 2))
    fc[:, 1] = 1.0
    return State(
        x,
        fc,
        x,
        fc,
        np.zeros(size, np.uint8),
        np.zeros(size, np.uint32),
        np.zeros(room, np.uint32),
        np.zeros(room, np.uint32),
        np.zeros(0, np.uint32),
        np.zeros(5, np.int64),
        np.zeros(3),
    )


def with_room(old: State, before: int, room: int, levels: int) -> State:
    """Return the same state with room for more subjects in each level.

    >>> with_room(new_state(1, 2), 1, 3, 2).x.size
    6
    """
    new = new_state(room, levels)
    for level in range(levels):
        here = slice(level * room, level * room + before)
        there = slice(level * before, (level + 1) * before)
        new.x[here], new.fc[here], new.flags[here] = old.x[there], old.fc[there], old.flags[there]
    new.moved[:before] = old.moved
    new.counts[:], new.meter[:] = old.counts, old.meter
    # The ring is laid out anew, and levels have moved apart.
    new.counts[HEAD] = 0
    if old.counts[WAITING]:
        waiting = _waiting(old)
        new.queue[: waiting.size] = waiting + waiting // before * (room - before)
    return new


def copied(state: State) -> State:
    """Return a published state that shares nothing with the given one.

    >>> copied(new_state(1, 1)).x
    array([0.])
    """
    x, fc = state.x.copy(), state.fc.copy()
    return State(
        x, fc, x, fc, state.flags.copy(), state.queue.copy(), state.hits.copy(),
        state.moved.copy(), state.touched.copy(), state.counts.copy(), state.meter.copy(),
    )  # fmt: skip


def geometric(damping: float, terms: int | None) -> float:
    """Return Σ damping^k over so many terms, upward; None for all.

    >>> geometric(0.5, 2) >= 1.5
    True
    """
    if terms is None:
        return upward(1.0 / (1.0 - damping))
    return upward(math.fsum(damping**k for k in range(terms)))


def off_of(rounding: float, drift: float) -> float:
    """Return what of a residual can be unseen: when it was measured, and since then.

    >>> off_of(0.0, 0.0) > 0.0
    True
    """
    return upward(rounding + drift + TINY)


def _waiting(state: State) -> Int64s:
    head, count = state.counts[HEAD], state.counts[WAITING]
    waiting: Int64s = state.queue[(head + np.arange(count)) % state.queue.size].astype(np.int64)
    return waiting
