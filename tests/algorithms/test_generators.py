"""Generated graphs depend on the seed alone and have the shape that their model promises."""

import numba
import numpy as np
import pytest

from algorithms import InvalidArgumentError, barabasi_albert, rmat


def test_the_same_seed_gives_the_same_links_on_any_number_of_threads():
    before = numba.get_num_threads()
    try:
        first = rmat(10, 8, seed=7)
        numba.set_num_threads(1)
        second = rmat(10, 8, seed=7)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(barabasi_albert(200, 3, 7), barabasi_albert(200, 3, 7))


def test_another_seed_gives_other_links():
    assert not np.array_equal(rmat(10, 8, seed=1), rmat(10, 8, seed=2))
    assert not np.array_equal(barabasi_albert(200, 3, 1), barabasi_albert(200, 3, 2))


def test_the_first_bit_falls_into_the_quadrants_as_often_as_asked():
    src, dst = rmat(12, 16, seed=1)
    high_src, high_dst = src >= 2048, dst >= 2048
    chances = [np.mean((high_src == i) & (high_dst == j)) for i in (0, 1) for j in (0, 1)]
    np.testing.assert_allclose(chances, [0.57, 0.19, 0.19, 0.05], atol=0.01)


def test_newcomers_link_to_different_earlier_subjects():
    src, dst = barabasi_albert(500, 4, seed=3)
    assert (dst < src).all()
    assert len(set(zip(src.tolist(), dst.tolist(), strict=True))) == src.size == 4 * 496


def test_the_well_linked_are_linked_to_more():
    _, dst = barabasi_albert(5000, 2, seed=3)
    assert np.bincount(dst).max() > 20 * 2


@pytest.mark.parametrize(
    "call",
    [
        lambda: rmat(31),
        lambda: rmat(3, 0),
        lambda: rmat(3, seed=-1),
        lambda: rmat(3, quadrants=(0.5, 0.5, 0.5)),
        lambda: barabasi_albert(3, 3),
        lambda: barabasi_albert(3, 0),
    ],
)
def test_an_argument_out_of_its_domain_is_refused(call):
    with pytest.raises(InvalidArgumentError):
        call()
