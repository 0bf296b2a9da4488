"""From links in any order to row blocks that stay where they are, and know whom to send values to.

Links are shuffled once, here. A sweep then moves values only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from algorithms.plain_sweeps import Shape
from algorithms.row_block import RowBlock, handed_out
from graphsvc.spark.cuts import Cuts, counting_edges, partition_keys, starts_of_blocks
from graphsvc.spark.packing import (
    BUILT_SCHEMA,
    ROUTE_SCHEMA,
    packed_block,
    packed_routes,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
LINK, OUT_LINK, OWN, BLOCK = range(4)
"""What an entry says: a link that its row gathers along, one that it hands out along, the row's own
value, or only that there is such a block."""

ENTRY_SCHEMA = "row long, column long, weight double, tag byte"
_KEYED_SCHEMA = f"{ENTRY_SCHEMA}, key long"


@dataclass(frozen=True, eq=False)
class Blocks:
    """A graph in blocks, one in each partition, kept in memory or on disk of the executors."""

    table: DataFrame
    cuts: Cuts
    shape: Shape

    def forget(self) -> None:
        """Let go of what is kept."""
        self.table.unpersist()


def entries_of(row: Int64s, column: Int64s, weight: Floats, tag: int) -> pa.RecordBatch:
    """Return entries of one tag as a batch of ENTRY_SCHEMA."""
    return pa.RecordBatch.from_pydict(
        {
            "row": pa.array(row, pa.int64()),
            "column": pa.array(column, pa.int64()),
            "weight": pa.array(weight, pa.float64()),
            "tag": pa.array(np.full(row.size, tag, np.int8)),
        }
    )


def build_blocks(
    spark: SparkSession,
    entries: DataFrame,
    n: int,
    own: tuple[Int64s, Floats],
    blocks: int,
    *,
    hands_on: bool,
) -> Blocks:
    """Return a graph in blocks.

    Args:
        spark: the session.
        entries: LINK and OUT_LINK entries (ENTRY_SCHEMA), in any order and partitions.
        n: number of subjects.
        own: rows whose own value is not 0, and these values.
        blocks: how many blocks are wanted.
        hands_on: whether values are divided by what their subjects hand out (trust mass), or rows
            by their own weight (exposure).
    """
    edges = counting_edges(n)
    starts = starts_of_blocks(edges, _links_by_range(entries, edges), blocks)
    cuts = Cuts(starts, partition_keys(spark, starts.size - 1))
    spark.conf.set("spark.sql.shuffle.partitions", str(cuts.blocks))
    rows, values = own
    others = [
        entries_of(rows, np.zeros_like(rows), values, OWN),
        entries_of(cuts.starts[:-1], cuts.starts[:-1], np.zeros(cuts.blocks), BLOCK),
    ]
    known = spark.createDataFrame(pa.Table.from_batches(others))
    keyed = entries.unionByName(known).mapInArrow(_with_keys(cuts), _KEYED_SCHEMA)
    built = keyed.groupBy("key").applyInArrow(_building(cuts, hands_on), BUILT_SCHEMA).persist()
    wanted = built.select("key", "block", "outside").mapInArrow(
        _asking(cuts), "key long, wanted_by long, positions binary"
    )
    routes = wanted.groupBy("key").applyInArrow(_routing, ROUTE_SCHEMA)
    table = (
        built.join(routes, "key", "left")
        .repartition(cuts.blocks, "key")
        .sortWithinPartitions("key")
        .persist()
    )
    facts: Any = table.selectExpr("sum(linking) AS linking", "max(longest) AS longest").first()
    built.unpersist()
    return Blocks(table, cuts, Shape(n, int(facts.linking), int(facts.longest)))


def _links_by_range(entries: DataFrame, edges: Int64s) -> Int64s:
    """Return how many LINK entries each range of rows has."""

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = np.zeros(edges.size - 1, np.int64)
        for batch in batches:
            row = batch["row"].to_numpy()[batch["tag"].to_numpy() == LINK]
            found += np.bincount(
                np.searchsorted(edges, row, side="right") - 1, minlength=found.size
            )
        places = np.flatnonzero(found)
        yield pa.RecordBatch.from_pydict({"place": places, "links": found[places]})

    counted = entries.select("row", "tag").mapInArrow(count, "place long, links long")
    links = np.zeros(edges.size - 1, np.int64)
    for one in counted.groupBy("place").sum("links").collect():
        links[one[0]] = one[1]
    return links


def _with_keys(cuts: Cuts) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def add(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            key = cuts.keys[cuts.block_of(batch["row"].to_numpy())]
            yield batch.append_column("key", pa.array(key))

    return add


def _building(cuts: Cuts, hands_on: bool) -> Callable[[tuple[Any, ...], pa.Table], pa.Table]:
    def build(key: tuple[Any, ...], entries: pa.Table) -> pa.Table:
        name = key[0].as_py()
        number = cuts.place_of(name)
        first, rows = cuts.range_of(number)
        tag = entries["tag"].to_numpy()

        def of(wanted: int) -> tuple[Int64s, Int64s, Floats]:
            chosen = np.flatnonzero(tag == wanted)
            row, column, weight = (
                entries[column].to_numpy()[chosen] for column in ("row", "column", "weight")
            )
            return row, column, weight

        block = RowBlock.of_links(first, rows, *of(LINK))
        if hands_on:
            block.sums[:] = handed_out(first, rows, *of(OUT_LINK))
        own = np.zeros(rows)
        row, _, value = of(OWN)
        own[row - first] = value
        return packed_block(name, number, block, own)

    return build


def _asking(cuts: Cuts) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return who asks which owner for what: a block's outside columns, by their owners."""

    def ask(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for place in range(batch.num_rows):
                outside = np.frombuffer(batch["outside"][place].as_buffer(), np.int64)
                owner, begin = np.unique(cuts.block_of(outside), return_index=True)
                parts = np.split(outside, begin[1:]) if owner.size else []
                positions = [
                    (part - cuts.starts[one]).astype(np.uint32).tobytes()
                    for one, part in zip(owner, parts, strict=True)
                ]
                yield pa.RecordBatch.from_pydict(
                    {
                        "key": pa.array(cuts.keys[owner], pa.int64()),
                        "wanted_by": pa.array(
                            [batch["key"][place].as_py()] * owner.size, pa.int64()
                        ),
                        "positions": pa.array(positions, pa.binary()),
                    }
                )

    return ask


def _routing(key: tuple[Any, ...], wanted: pa.Table) -> pa.Table:
    return packed_routes(
        key[0].as_py(), wanted["wanted_by"].to_numpy(), wanted["positions"].to_pylist()
    )
