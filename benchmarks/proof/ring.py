"""What a ring of fakes gains under a setting: who would gain more than today is in no grid.

An honest region, linked over three years, and a ring that is linked today: each fake leads to the
next two, and honest members lead to the first few, who bought those links or were paid. Where the
purpose sees distrust, every fake reports one honest member.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.proof.judging import Judge
from benchmarks.proof.view import Floats, Links, View

HONEST, TIES_EACH, VERIFIED, DAYS = 400, 6, 5, 1095.0
RINGS = ((5, 1), (20, 5), (50, 20))
TARGET = HONEST - 1
SLACK_POINTS = 0.01


def harmless(judge: Judge, *, has_reports: bool) -> NDArray[np.bool_]:
    """Return for each member whether no ring gains or harms more than under the first.

    Args:
        judge: asks the members.
        has_reports: whether the ring may report.
    """
    harms = harm(judge, has_reports=has_reports)
    return (harms <= harms[0] + SLACK_POINTS).all(axis=1)


def harm(judge: Judge, *, has_reports: bool) -> Floats:
    """Return points that the best fake gains and that the target loses, (m, 2 · rings)."""
    target = np.array([TARGET])
    calm = judge.points(_world(0, 0, has_reports), target)[:, 0]
    found = []
    for fakes, bought in RINGS:
        points = judge.points(_world(fakes, bought, has_reports), TARGET + np.arange(fakes + 1))
        found += [points[:, 1:].max(axis=1), calm - points[:, 0]]
    return np.stack(found, axis=1)


@cache
def _world(fakes: int, bought: int, has_reports: bool) -> View:
    rng = np.random.default_rng(20240101)
    src = np.repeat(np.arange(HONEST), TIES_EACH)
    dst = (src + rng.integers(1, HONEST, src.size)) % HONEST
    ring = HONEST + np.arange(fakes)
    next_two = [HONEST + (np.arange(fakes) + step) % max(fakes, 1) for step in (1, 2)]
    parts = [
        (src, dst, 1.0, rng.uniform(0.0, DAYS, src.size)),
        *((ring, each, 1.0, None) for each in next_two),
    ]
    # Whoever sells links is no seed, and not the one who is reported.
    sellers = VERIFIED + np.arange(bought)
    parts.append((sellers, ring[:bought], 1.0, None))
    if has_reports:
        parts.append((ring, np.full(fakes, TARGET), -1.0, None))
    links = Links(
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([np.full(part[0].size, part[2]) for part in parts]),
        np.concatenate(
            [np.full(part[0].size, DAYS) if part[3] is None else part[3] for part in parts]
        ),
    )
    return View(HONEST + fakes, links, np.zeros(0, np.int64), np.arange(VERIFIED))
