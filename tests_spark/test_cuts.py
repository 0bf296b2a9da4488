"""Where rows are cut."""

import numpy as np

from graphsvc.spark.cuts import Cuts, counting_edges, starts_of_blocks


def test_blocks_cost_alike_and_a_hub_has_one_of_its_own():
    links = np.ones(1000, np.int64)
    links[0] = 5000
    edges = counting_edges(1000)
    starts = starts_of_blocks(edges, links, 8)
    assert starts[:2].tolist() == [0, 1]
    cost = np.add.reduceat(links + 1, starts[:-1])
    assert cost[1:].max() <= 2 * (links + 1).sum() / 8
    assert starts[-1] == 1000


def test_ranges_cover_every_row_once():
    for n in (0, 1, 2**15, 2**15 + 1, 2**15 + 7, 10**9):
        edges = counting_edges(n)
        assert edges[-1] == n
        assert (np.diff(edges) > 0).all()
        assert edges.size <= 2**16 + 1


def test_a_row_belongs_to_the_block_that_begins_last_before_it():
    cuts = Cuts(np.array([0, 1, 4, 9]), np.array([7, 5, 2]))
    assert cuts.block_of(np.array([0, 1, 3, 4, 8])).tolist() == [0, 1, 1, 2, 2]
    assert [cuts.range_of(block) for block in range(3)] == [(0, 1), (1, 3), (4, 5)]
    assert cuts.place_of(2) == 2
