"""Where the rows of a graph are cut into blocks, and the keys that send one to each partition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Int64s = NDArray[np.int64]
FINE_ROWS = 1 << 15
COARSE_RANGES = 1 << 15


@dataclass(frozen=True, eq=False)
class Cuts:
    """Block b holds the rows `starts[b]` … `starts[b + 1] - 1`, and goes by `keys[b]`."""

    starts: Int64s
    keys: Int64s

    @property
    def blocks(self) -> int:
        """How many blocks."""
        return self.keys.size

    def block_of(self, row: Int64s) -> Int64s:
        """Return the blocks that hold these rows."""
        return (np.searchsorted(self.starts, row, side="right") - 1).astype(np.int64)

    def range_of(self, block: int) -> tuple[int, int]:
        """Return a block's first row and how many it has."""
        return int(self.starts[block]), int(self.starts[block + 1] - self.starts[block])

    def place_of(self, key: int) -> int:
        """Return the block that goes by a key."""
        return int(np.flatnonzero(self.keys == key)[0])


def counting_edges(n: int) -> Int64s:
    """Return where ranges of rows begin whose links are counted, and n at the end.

    The first rows, which are the most linked ones of a snapshot, are counted one by one.
    """
    fine = min(n, FINE_ROWS)
    ranges = min(n - fine, COARSE_RANGES)
    coarse = np.linspace(fine, n, ranges + 1).astype(np.int64) if ranges else np.array([n])
    return np.unique(np.concatenate([np.arange(fine, dtype=np.int64), coarse]))


def starts_of_blocks(edges: Int64s, links: Int64s, blocks: int) -> Int64s:
    """Return where blocks begin, and n at the end: of like cost, a link or a row costing one.

    Args:
        edges: (k + 1,), from `counting_edges`.
        links: (k,), links of each range.
        blocks: how many blocks are wanted; fewer where single ranges cost more than one should.
    """
    cost = np.concatenate([[0], np.cumsum(links + np.diff(edges))])
    marks = np.linspace(0, cost[-1], blocks + 1)[1:-1]
    inner = edges[np.searchsorted(cost, marks)]
    return np.unique(np.concatenate([[0], inner, [edges[-1]]])).astype(np.int64)


def partition_keys(spark: SparkSession, partitions: int) -> Int64s:
    """Return for each partition a key that Spark's own hash sends there.

    Block numbers themselves would leave a third of the partitions empty, and put two and more
    blocks into others.
    """
    from pyspark.sql import functions as sql

    keys = np.full(partitions, -1, np.int64)
    tried = 0
    while (keys < 0).any():
        more = spark.range(tried, tried + 16 * partitions, 1, 1)
        rows: list[Any] = more.select(
            "id", sql.pmod(sql.hash("id"), sql.lit(partitions)).alias("partition")
        ).collect()
        for row in rows:
            if keys[row.partition] < 0:
                keys[row.partition] = row.id
        tried += 16 * partitions
    return keys
