"""Tests of training; they need the extra `learned`, so that `make test-learned` alone runs them."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

# Where torch isn't installed there is nothing to test here, and `make test` has it nowhere.
collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]


@pytest.fixture(scope="session")
def ratings():
    """Who is bad is told by links of their neighbours' neighbours, hardly by their own.

    Returns n, links and who is bad: the bad rate each other well and are distrusted by nobody's
    friends; half of the honest raters distrust a bad subject that they meet.
    """
    rng = np.random.default_rng(7)
    n, m = 600, 6000
    is_bad = rng.random(n) < 0.3
    src, dst = rng.integers(0, n, m), rng.integers(0, n, m)
    keep = src != dst
    src, dst = src[keep], dst[keep]
    distrusts = is_bad[dst] & ~is_bad[src] & (rng.random(src.size) < 0.5)
    # Fakes slander the honest as often, so that the share of distrust alone says nothing.
    slanders = ~is_bad[dst] & is_bad[src] & (rng.random(src.size) < 0.9)
    weight = np.where(distrusts | slanders, -1.0, 1.0)
    return n, src, dst, weight, rng.random(src.size), is_bad
