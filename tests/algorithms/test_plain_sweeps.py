"""Plain sweeps: the core's answer within both bounds, and the same bits however rows are cut up."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import algorithms
from algorithms.exact_sum import UNITS_IN_ONE, exact_sum, rounded
from algorithms.plain_sweeps import PlainSweeps, Shape
from algorithms.row_block import RowBlock, handed_out

TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def links():
    src, dst = algorithms.rmat(9, 8, seed=3)
    weight = np.random.default_rng(4).lognormal(0.0, 3.0, src.size)
    # Duplicates, self-links and subjects without any link are among them.
    return src.astype(np.int64), dst.astype(np.int64), weight


@pytest.fixture(scope="module")
def graph(links):
    return algorithms.CSRGraph.from_edges(*links, n=600)


@pytest.fixture(scope="module")
def own():
    values = np.zeros(600)
    values[::37] = np.linspace(0.1, 1.0, values[::37].size)
    return values


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e300, width=64), max_size=40))
def test_an_exact_sum_is_that_of_fractions(values):
    expected = sum((Fraction(value) for value in values), Fraction(0))
    units = exact_sum(np.array(values))
    assert Fraction(units, UNITS_IN_ONE) == expected
    assert rounded(units) == math.fsum(values)


@pytest.mark.parametrize("hop_limit", [None, 0, 3])
def test_both_solvers_agree_within_their_bounds(graph, own, hop_limit):
    pairs = [
        (
            algorithms.exposure(graph, own, 0.85, TOLERANCE, hop_limit=hop_limit),
            algorithms.exposure_by_sweeps(graph, own, 0.85, TOLERANCE, hop_limit=hop_limit),
        ),
        (
            algorithms.trust_mass(graph, own, 0.85, TOLERANCE, hop_limit=hop_limit),
            algorithms.trust_mass_by_sweeps(graph, own, 0.85, TOLERANCE, hop_limit=hop_limit),
        ),
    ]
    for core, plain in pairs:
        assert plain.certificate.bound_inf <= TOLERANCE
        largest = np.abs(core.values - plain.values).max()
        assert largest <= core.certificate.bound_inf + plain.certificate.bound_inf


def in_blocks(cuts, sweeps, blocks, own):
    """Sweep block by block, handing values over by subject number."""
    rule = sweeps.rule
    z = np.concatenate(
        [
            sweeps.start(block, own[first:last])
            for block, first, last in zip(blocks, cuts, cuts[1:], strict=False)
        ]
    )
    verdict = sweeps.is_over_before()
    while verdict is None:
        swept = [
            block.sweep(rule, own[first:last], np.concatenate([z[first:last], z[block.outside]]))
            for block, first, last in zip(blocks, cuts, cuts[1:], strict=False)
        ]
        verdict = sweeps.judge(
            max(one.residual_inf for one in swept),
            sum(one.residual_1 for one in swept),
            sum(one.mass for one in swept),
        )
        if verdict is None or verdict.is_after:
            z = np.concatenate([one.after for one in swept])
    values = [
        block.values_at(rule, z[first:last])
        for block, first, last in zip(blocks, cuts, cuts[1:], strict=False)
    ]
    return np.concatenate(values), verdict.certificate


@pytest.mark.parametrize("cuts", [(0, 600), (0, 1, 2, 50, 600), (0, 300, 550, 600)])
@pytest.mark.parametrize("hop_limit", [None, 2])
def test_where_rows_are_cut_moves_no_bit(links, graph, own, cuts, hop_limit):
    src, dst, weight = links
    order = np.random.default_rng(5).permutation(src.size)
    src, dst, weight = src[order], dst[order], weight[order]

    def block(first, last, row, column):
        chosen = (row >= first) & (row < last)
        args = (row[chosen], column[chosen], weight[chosen])
        return RowBlock.of_links(first, last - first, *args), args

    def ranges():
        return itertools.pairwise(cuts)

    averaging = [block(first, last, src, dst)[0] for first, last in ranges()]
    shape = Shape(600, sum(b.linking for b in averaging), max(b.longest_row for b in averaging))
    sweeps = PlainSweeps.exposure(shape, 0.85, TOLERANCE, float(own.max()), hop_limit)
    values, certificate = in_blocks(cuts, sweeps, averaging, own)
    whole = algorithms.exposure_by_sweeps(graph, own, 0.85, TOLERANCE, hop_limit=hop_limit)
    assert np.array_equal(values, whole.values)
    assert certificate == whole.certificate

    handing_on = []
    for first, last in ranges():
        incoming, _ = block(first, last, dst, src)
        _, outgoing = block(first, last, src, dst)
        incoming.sums[:] = handed_out(first, last - first, *outgoing)
        handing_on.append(incoming)
    shape = Shape(600, 0, max(b.longest_row for b in handing_on))
    sweeps = PlainSweeps.trust_mass(shape, 0.85, TOLERANCE, rounded(exact_sum(own)), hop_limit)
    values, certificate = in_blocks(cuts, sweeps, handing_on, own)
    whole = algorithms.trust_mass_by_sweeps(graph, own, 0.85, TOLERANCE, hop_limit=hop_limit)
    assert np.array_equal(values, whole.values)
    assert certificate == whole.certificate


def test_a_tolerance_below_rounding_is_refused(graph, own):
    with pytest.raises(algorithms.ConvergenceError, match="rounding alone is larger"):
        algorithms.exposure_by_sweeps(graph, own, 0.85, 1e-16)


def test_weights_too_faint_to_divide_by_are_refused():
    with pytest.raises(algorithms.InvalidGraphError, match="weights of row 7 sum to"):
        RowBlock.of_links(7, 1, np.array([7]), np.array([8]), np.array([1e-290]))


def test_a_row_of_another_block_is_refused():
    with pytest.raises(algorithms.InvalidGraphError, match=r"rows must be in \[0, 1\)"):
        RowBlock.of_links(0, 1, np.array([1]), np.array([1]), np.ones(1))
