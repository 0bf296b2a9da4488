"""Sixteen vectors at a time: corrections in float32, residuals in float64.

Iterative refinement: Wilkinson, Rounding Errors in Algebraic Processes (1963), §3.6; with a cheap
precision for the correction: Buttari et al., Exploiting the performance of 32 bit floating point
arithmetic, Int. J. High Perform. Comput. Appl. 21 (2007), algorithm 2. The correction is found by
plain sweeps, stretched along their slowest mode (Lyusternik, 1947; Faddeev & Faddeeva,
Computational Methods of Linear Algebra, 1963, §30). No bound depends on how it was found.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from algorithms import _corner_kernels as corner_kernels
from algorithms import _many_kernels as kernels
from algorithms._corners import LARGEST_SHARE, PROBES
from algorithms._fixed_point import Judge
from algorithms._operator import Norms, Operator
from algorithms.accelerate import threads_worth
from algorithms.arguments import Floats
from algorithms.certificate import Certificate

WIDTH = kernels.WIDTH
# What float32 can take off a residual, where rows are short.
FINEST = 1e-6
ROUNDS = 12
MOST_SWEEPS = 96
# A rate that two sweeps agree on belongs to one mode; a fast one needs no help; float32 has
# nothing left to give where the residual stays.
STEADY, SLOW, STUCK = 0.05, 0.5, 0.97
# A stretch has to take so much off the square of the residual, or there are several slow modes.
WORTH_IT = 0.01


def refine(
    members: Sequence[Operator], judges: Sequence[Judge], tolerance: float
) -> list[tuple[Floats, Certificate] | Floats]:
    """Return for each member its values and their worth, or the point that was reached."""
    group = _Group(members, tolerance)
    group.begin()
    found: list[Certificate | None] = []
    for _ in range(ROUNDS):
        group.settle_corners()
        norms = group.measure()
        judged = [judge(each, group.sweeps) for judge, each in zip(judges, norms, strict=True)]
        found = [certificate if bound <= tolerance else None for certificate, bound in judged]
        if all(found):
            break
        group.relax()
    points = np.empty((len(members), group.shared.n))
    with threads_worth(group.z.size):
        kernels.separate(group.z, points)
    return [
        point if certificate is None else (member.values_at(point), certificate)
        for member, point, certificate in zip(members, points, found, strict=True)
    ]


class _Group:
    """Vectors that are swept together; the last axis of every table runs over them."""

    def __init__(self, members: Sequence[Operator], tolerance: float) -> None:
        self.members = members
        self.shared = shared = members[0]
        self.sweeps = 0
        shape = (shared.n, WIDTH)
        self.own, self.z = np.zeros(shape), np.zeros(shape)
        self.r = np.zeros(shape, np.float32)
        self._e, self._y = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        rows = np.array([member.own for member in members])
        with threads_worth(self.z.size):
            kernels.interleave(rows, self.own)
        self.keep = self._each(lambda member: member.keep)
        self.low = self._each(lambda member: member.low)
        self.high = self._each(lambda member: member.high)
        unit = self._each(lambda member: member.unit, 1.0)
        # What one vector's residual may measure, in its own unit.
        self.target = tolerance * (1.0 - shared.damping) / unit
        self.size = np.zeros(WIDTH)
        self._pace = _Pace()
        self.is_mutual = not shared.by_column and corner_kernels.seems_mutual(
            shared.indptr, shared.indices, shared.weights, PROBES
        )

    def begin(self) -> None:
        """Find a first point: z = 0 is corrected by all of it."""
        shared, c = self.shared, np.where(self.shared.sums > 0.0, self.shared.sums, 1.0)
        alone = np.flatnonzero(shared.sums == 0.0)
        np.multiply(self.own, self.keep, out=self.r, casting="same_kind")
        if shared.by_column:
            self.size[:] = self._each(lambda member: member.keep * float(member.own.sum()))
            np.divide(self.r, c[:, None], out=self.r, casting="same_kind")
            np.divide(self.r, np.maximum(self.keep, 1e-300), out=self._e, casting="same_kind")
            self._e *= 1.0 - shared.damping
        else:
            self.size[:] = self.high
            self.r[alone] = self.own[alone]
            mean = self._each(lambda member: member.mean_own())
            np.add(self.r, shared.damping * mean, out=self._e, casting="same_kind")
            self._e[alone] = self.r[alone]
        self._sweep()

    def relax(self) -> None:
        """Correct z by what float32 finds for the residual at it."""
        self._e[:] = self.r
        self._sweep()

    def measure(self) -> list[Norms]:
        """Measure the residual at z in float64, and keep it as float32."""
        shared = self.shared
        table = np.zeros((shared.blocks.size - 1, 3, WIDTH))
        with threads_worth(shared.work):
            kernels.residuals(
                shared.blocks, shared.indptr, shared.indices, shared.weights, shared.sums,
                shared.by_column, self.own, self.keep, shared.damping, self.z, self.r, table,
            )  # fmt: skip
        self.sweeps += 1
        self.size = table[:, 1].sum(axis=0) if shared.by_column else table[:, 0].max(axis=0)
        return [member.norms(table[:, :, v]) for v, member in enumerate(self.members)]

    def settle_corners(self) -> None:
        """Relax rows one by one if few are left, else all of them by one more step."""
        shared = self.shared
        if not self.is_mutual:
            kernels.correct(self.low, self.high, self.r, self.z)
            return
        room = self._y.view(np.uint32).reshape(-1)
        queue, is_queued = room[: shared.n], room[shared.n : 2 * shared.n]
        settled = 0.5 * float(self.target[0])
        count, links = kernels.unsettled(shared.indptr, self.r, settled, queue, is_queued)
        if links > LARGEST_SHARE * shared.indices.size:
            kernels.correct(self.low, self.high, self.r, self.z)
            return
        kernels.push(
            shared.indptr, shared.indices, shared.weights, shared.sums, shared.damping,
            self.low, self.high, self.z, self.r, queue, is_queued, count, settled,
        )  # fmt: skip

    def _sweep(self) -> None:
        """Sweep e = r + damping A e in float32 until it counts no more.

        Adds to z the last e whose residual is known, and leaves that residual in r.
        """
        shared = self.shared
        goal = np.maximum(0.5 * self.target, FINEST * self.size)
        singles = np.minimum(goal, np.finfo(np.float32).max).astype(np.float32)
        few = LARGEST_SHARE * shared.indices.size if self.is_mutual else -1.0
        last = np.full(WIDTH, np.inf)
        for _ in range(MOST_SWEEPS):
            table = np.zeros((shared.blocks.size - 1, 3, WIDTH), np.float32)
            with threads_worth(shared.work):
                kernels.sweep(
                    shared.blocks, shared.indptr, shared.indices, shared.weights, shared.sums,
                    shared.by_column, shared.damping, shared.core, singles, self.r, self._e,
                    self._y, table,
                )  # fmt: skip
            self.sweeps += 1
            self._e, self._y = self._y, self._e
            off = table[:, 0].sum(axis=0) if shared.by_column else table[:, 0].max(axis=0)
            if ((off <= goal) | (off > STUCK * last)).all() or table[:, 2, 0].sum() <= few:
                break
            gain = self._pace.gain(table[:, 1].astype(np.float64).sum(axis=0))
            kernels.stretch(gain.astype(np.float32), self._y, self._e)
            last = np.where(gain > 0.0, np.inf, off)
        self._pace.pause()
        np.subtract(self._e, self._y, out=self.r)
        kernels.correct(self.low, self.high, self._y, self.z)

    def _each(self, of: Any, rest: float = 0.0) -> Floats:
        values = np.full(WIDTH, rest)
        values[: len(self.members)] = [of(member) for member in self.members]
        return values


class _Pace:
    """How fast each vector's residual falls: steadily, once only its slowest mode is left."""

    def __init__(self) -> None:
        self._square = np.zeros(WIDTH)
        self._rate = np.zeros(WIDTH)
        # The residual before the last stretch, and since when stretching did not pay.
        self._before = np.full(WIDTH, np.inf)
        self._is_vain = np.zeros(WIDTH, np.bool_)

    def gain(self, square: Floats) -> Floats:
        """Return by how much of the last step to go on, 0 where there is more than one mode."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rate = np.nan_to_num(np.sqrt(square / self._square), nan=np.inf, posinf=np.inf)
        is_known = rate < 1.0
        is_alone = is_known & (rate > SLOW) & (np.abs(rate - self._rate) < STEADY)
        self._is_vain |= is_alone & (square > WORTH_IT * self._before)
        is_alone &= ~self._is_vain
        self._before = np.where(is_alone, square, self._before)
        # The next sweep's rate says nothing after a stretch; the mode stays the same.
        self._square = np.where(is_alone, 0.0, square)
        self._rate = np.where(is_known, rate, self._rate)
        gain: Floats = np.where(is_alone, rate / np.maximum(1.0 - rate, 1e-3), 0.0)
        return gain

    def pause(self) -> None:
        """Forget the last residual: the next one belongs to another correction."""
        self._square[:] = 0.0
        self._before[:] = np.inf
