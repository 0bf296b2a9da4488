"""Links between given subjects are found where looking through the whole row finds them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms import InvalidArgumentError, link_places


@settings(deadline=None)
@given(st.data(), st.integers(1, 6), st.integers(0, 30))
def test_they_frame_exactly_the_parallel_links(data, n, m):
    ids = st.integers(0, n - 1)
    links = sorted(data.draw(st.lists(st.tuples(ids, ids), min_size=m, max_size=m)))
    indptr = np.searchsorted([src for src, _ in links], np.arange(n + 1))
    indices = np.array([dst for _, dst in links], np.int32)
    asked = data.draw(st.lists(st.tuples(ids, ids), min_size=1, max_size=10))
    first, last = link_places(indptr, indices, *zip(*asked, strict=True))
    for pair, begin, end in zip(asked, first, last, strict=True):
        wanted = {place for place, link in enumerate(links) if link == pair}
        assert set(range(begin, end)) == wanted


def test_ids_out_of_range_are_refused():
    with pytest.raises(InvalidArgumentError, match=r"^dst"):
        link_places(np.array([0, 0]), np.zeros(0, np.int32), [0], [1])
    with pytest.raises(InvalidArgumentError, match="dst has 2"):
        link_places(np.array([0, 0]), np.zeros(0, np.int32), [0], [0, 0])
