"""Where listed money went: poison, haircut and FIFO taint over payments in the order of time.

Möser, Böhme & Breuker, Towards risk scoring of Bitcoin transactions, FC Workshops 2014, §3 (poison
and haircut); Anderson, Shumailov & Ahmed, Making Bitcoin legal, Security Protocols 2018 (FIFO,
after Clayton's case, 1816). Here for accounts: what each rule does is defined payment by payment.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from algorithms import _taint_kernels as kernels
from algorithms.arguments import Int32s, Int64s, whole_number
from algorithms.errors import InvalidArgumentError
from algorithms.ratings import Bools, subject_ids

MOST_MONEY = 2**62


@dataclass(frozen=True, eq=False)
class Payments:
    """Payments in the order in which they happened.

    Attributes:
        payer: int32 (m,), who pays.
        payee: int32 (m,), who is paid; a payment to oneself moves nothing.
        amount: int64 (m,), each >= 0, in the smallest unit of the money.
        n: number of accounts.

    Raises:
        InvalidArgumentError: lengths differ, an id is out of range, an amount is negative or no
            whole number, or all together come to 2^62 or more.

    >>> Payments([0, 1], [1, 2], [5, 3], 3).amount
    array([5, 3])
    """

    payer: Int32s
    payee: Int32s
    amount: Int64s
    n: int

    def __post_init__(self) -> None:
        n = whole_number("n", self.n, low=0, high=2**31)
        for name in ("payer", "payee"):
            object.__setattr__(self, name, subject_ids(name, getattr(self, name), n))
        m = self.payer.size
        if self.payee.size != m:
            raise InvalidArgumentError("payee", f"has {self.payee.size} rows, payer has {m}")
        object.__setattr__(self, "amount", _money("amount", self.amount, m))


@dataclass(frozen=True, eq=False)
class Taint:
    """What the listed money did, in the unit of the payments.

    Attributes:
        paid: (m,), how much of each payment was tainted.
        received: (n,), tainted money that came to each account, over all time.
        held: (n,), tainted money that each account has at the end; for poison, its whole balance
            once it was touched.

    int64 for poison and FIFO, which are exact; float64 for haircut.
    """

    paid: NDArray[Any]
    received: NDArray[Any]
    held: NDArray[Any]


def poison_taint(
    payments: Payments, is_listed: ArrayLike, *, opening: ArrayLike | None = None
) -> Taint:
    """Return the taint when whoever received tainted money pays with nothing else, ever after.

    Args:
        payments: in the order of time.
        is_listed: bool (n,): accounts whose money is tainted, whatever it was before.
        opening: whole numbers (n,), each >= 0: balances before the first payment; None for 0.
            What a payer lacks came from outside the records, and is clean unless it is listed.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.

    >>> poison_taint(Payments([0, 1], [1, 2], [1, 10], 3), [True, False, False]).paid
    array([ 1, 10])
    """
    listed, balance = _start(payments, is_listed, opening)
    is_touched = np.zeros(payments.n, np.bool_)
    paid = np.zeros(payments.amount.size, np.int64)
    kernels.poison(
        payments.payer, payments.payee, payments.amount, listed, balance, is_touched, paid
    )
    return Taint(paid, _received(payments, paid), np.where(is_touched, balance, 0))


def haircut_taint(
    payments: Payments, is_listed: ArrayLike, *, opening: ArrayLike | None = None
) -> Taint:
    """Return the taint when each payment takes its share of the payer's taint.

    A payment of a from an account with balance b, t of it tainted, takes t a / max(b, a). float64:
    each payment adds 4 units in the last place to the relative error of what it moves, so after m
    payments no value is off by more than 4 m · 2⁻⁵³ of all money. Arguments and errors are those
    of ``poison_taint``.

    >>> payments = Payments([0, 1], [1, 2], [1, 2], 3)
    >>> haircut_taint(payments, [True, False, False], opening=[0, 3, 0]).paid
    array([1. , 0.5])
    """
    listed, balance = _start(payments, is_listed, opening)
    tainted = np.where(listed, balance, 0).astype(np.float64)
    paid = np.zeros(payments.amount.size)
    kernels.haircut(payments.payer, payments.payee, payments.amount, listed, balance, tainted, paid)
    return Taint(paid, _received(payments, paid), tainted)


def fifo_taint(
    payments: Payments, is_listed: ArrayLike, *, opening: ArrayLike | None = None
) -> Taint:
    """Return the taint when money leaves an account in the order in which it came. Exact.

    The opening balance is the oldest money, what a payer lacks the youngest. Arguments and errors
    are those of ``poison_taint``.

    >>> payments = Payments([0, 1], [1, 2], [1, 3], 3)
    >>> fifo_taint(payments, [True, False, False], opening=[0, 3, 0]).paid
    array([1, 0])
    """
    listed, balance = _start(payments, is_listed, opening)
    tainted = np.where(listed, balance, 0)
    paid = np.zeros(payments.amount.size, np.int64)
    kernels.fifo(payments.payer, payments.payee, payments.amount, listed, balance, tainted, paid)
    return Taint(paid, _received(payments, paid), tainted)


def _received(payments: Payments, paid: NDArray[Any]) -> NDArray[Any]:
    sums = np.zeros(payments.n, paid.dtype)
    np.add.at(sums, payments.payee, paid)
    return sums


def _start(
    payments: Payments, is_listed: ArrayLike, opening: ArrayLike | None
) -> tuple[Bools, Int64s]:
    listed = np.asarray(is_listed, np.bool_)
    if listed.shape != (payments.n,):
        raise InvalidArgumentError(
            "is_listed", f"has shape {listed.shape}; it must be ({payments.n},)"
        )
    given = np.zeros(payments.n, np.int64) if opening is None else opening
    balance = _money("opening", given, payments.n).copy()
    if int(balance.sum()) + int(payments.amount.sum()) >= MOST_MONEY:
        raise InvalidArgumentError("opening", "and all payments come to 2^62 or more")
    return listed, balance


def _money(name: str, values: ArrayLike, size: int) -> Int64s:
    array = np.asarray(values)
    if array.shape != (size,) or (size and not np.issubdtype(array.dtype, np.integer)):
        raise InvalidArgumentError(name, f"must be {size} whole numbers")
    wrong = (array < 0) | (array >= MOST_MONEY)
    if wrong.any():
        position = int(np.argmax(wrong))
        raise InvalidArgumentError(
            name, f"is {array[position]}; it must be in [0, 2^62)", position=position
        )
    if float(array.astype(np.float64).sum()) >= MOST_MONEY:
        raise InvalidArgumentError(name, "comes to 2^62 or more in all")
    money = array.astype(np.int64)
    money.flags.writeable = False
    return money
