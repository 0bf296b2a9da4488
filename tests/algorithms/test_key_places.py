"""Keys are found where a list of them has them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import InvalidArgumentError, key_places

keys = st.binary(max_size=5)


@settings(deadline=None)
@given(st.sets(keys, max_size=30), st.lists(keys, max_size=15), st.data())
def test_each_key_is_found_in_its_stretch_and_nowhere_else(known, others, data):
    order = sorted(known)
    wanted = [*others, *order]
    ends = st.integers(0, len(order))
    stretches = [sorted((data.draw(ends), data.draw(ends))) for _ in wanted]
    offsets = np.cumsum([0, *map(len, order)])
    held = np.frombuffer(b"".join(order), np.uint8)
    low, high = np.array(stretches, np.int64).reshape(-1, 2).T.copy()
    found = key_places(offsets, held, wanted, low, high).tolist()
    for key, (begin, end), place in zip(wanted, stretches, found, strict=True):
        assert place == (order.index(key) if key in order[begin:end] else -1)


def test_stretches_beyond_the_keys_are_refused():
    held, none = np.zeros(0, np.uint8), np.zeros(1, np.int64)
    with pytest.raises(InvalidArgumentError, match=r"^high"):
        key_places(np.array([0]), held, [b"a"], none, none + 1)
    with pytest.raises(InvalidArgumentError, match=r"^low: has 1 entries for 2 keys|^low has"):
        key_places(np.array([0]), held, [b"a", b"b"], none, none)
