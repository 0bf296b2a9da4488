"""One pass over payments in time order: poison, haircut, and FIFO queues of coins.

Money that a payer does not have in the records came from outside them, clean; a listed account's
money is tainted, whatever it was before.
"""

import numpy as np

from algorithms.accelerate import inlined_kernel, kernel
from algorithms.arguments import Floats, Int32s, Int64s
from algorithms.ratings import Bools

NONE = -1


@kernel
def poison(
    payer: Int32s, payee: Int32s, amount: Int64s, is_listed: Bools, balance: Int64s,
    is_touched: Bools, paid: Int64s,
) -> None:  # fmt: skip
    """All that a touched account pays is tainted; to receive some is to be touched."""
    is_touched[:] = is_listed
    for e in range(payer.size):
        i, j, a = payer[e], payee[e], amount[e]
        if i == j or a == 0:
            continue
        balance[i] = max(balance[i] - a, 0)
        balance[j] += a
        if is_touched[i]:
            paid[e] = a
            is_touched[j] = True


@kernel
def haircut(
    payer: Int32s, payee: Int32s, amount: Int64s, is_listed: Bools, balance: Int64s,
    tainted: Floats, paid: Floats,
) -> None:  # fmt: skip
    """A payment takes its share of the payer's taint: t a / max(balance, a)."""
    for e in range(payer.size):
        i, j, a = payer[e], payee[e], amount[e]
        if i == j or a == 0:
            continue
        if is_listed[i]:
            paid[e] = a
        elif a >= balance[i]:
            paid[e] = tainted[i]
        else:
            paid[e] = tainted[i] * (a / balance[i])
        balance[i] = max(balance[i] - a, 0)
        balance[j] += a
        tainted[i] = balance[i] if is_listed[i] else tainted[i] - paid[e]
        tainted[j] = balance[j] if is_listed[j] else tainted[j] + paid[e]


@inlined_kernel
def appended(
    taken: int, dirty: bool, j: int, length: Int64s, is_dirty: Bools, after: Int64s,
    head: Int64s, tail: Int64s, free: int, spare: int,
) -> tuple[int, int]:  # fmt: skip
    """Put coins at the end of j's queue; return what is left of the pool."""
    t = tail[j]
    if t != NONE and is_dirty[t] == dirty:
        length[t] += taken
        return free, spare
    k = spare
    if k != NONE:
        spare = after[k]
    else:
        k = free
        free += 1
    length[k], is_dirty[k], after[k] = taken, dirty, NONE
    if t == NONE:
        head[j] = k
    else:
        after[t] = k
    tail[j] = k
    return free, spare


@kernel
def fifo(
    payer: Int32s, payee: Int32s, amount: Int64s, is_listed: Bools, balance: Int64s,
    tainted: Int64s, paid: Int64s,
) -> None:  # fmt: skip
    """Coins leave in the order in which they came; a queue holds runs of like coins."""
    n = balance.size
    # A payment splits one run and adds one from outside at most, so the pool cannot run out.
    most = n + 2 * payer.size + 1
    length = np.zeros(most, np.int64)
    is_dirty = np.zeros(most, np.bool_)
    after = np.full(most, NONE, np.int64)
    head, tail = np.full(n, NONE, np.int64), np.full(n, NONE, np.int64)
    free = 0
    # Runs from ``free`` on were never used; ``spare`` is a list of those given back.
    spare = NONE
    for i in range(n):
        if balance[i] > 0:
            length[free], is_dirty[free] = balance[i], is_listed[i]
            head[i] = tail[i] = free
            free += 1
    for e in range(payer.size):
        i, j, a = payer[e], payee[e], amount[e]
        if i == j or a == 0:
            continue
        left = a
        # left is what of the payment is still to be found; its coins are at j's tail already.
        while left > 0:
            k = head[i]
            if k == NONE:
                taken, dirty = left, is_listed[i]
            else:
                taken, dirty = min(left, length[k]), is_dirty[k]
                length[k] -= taken
                balance[i] -= taken
                if dirty:
                    tainted[i] -= taken
                if length[k] == 0:
                    head[i] = after[k]
                    if head[i] == NONE:
                        tail[i] = NONE
                    after[k], spare = spare, k
            left -= taken
            if dirty:
                paid[e] += taken
            dirty = dirty or is_listed[j]
            balance[j] += taken
            if dirty:
                tainted[j] += taken
            free, spare = appended(
                taken, dirty, j, length, is_dirty, after, head, tail, free, spare
            )
