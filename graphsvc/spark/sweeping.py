"""Plain sweeps over blocks until the certificate holds; values travel, links stay.

Each sweep is one Spark job with one shuffle. What a lost executor held is made again from the last
checkpoint on, which comes to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from algorithms import Certificate
from algorithms.plain_sweeps import PlainSweeps, Verdict
from algorithms.row_block import SweepRule
from graphsvc.spark.blocks import Blocks
from graphsvc.spark.packing import MESSAGE_SCHEMA, HeldBlock

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VALUE_SCHEMA = "row long, value double, linked boolean"
CHECKPOINT_EVERY = 10
"""Sweeps between two states that are written to files: more are made again after a loss, fewer
write more."""

Watch = Callable[[int], None]
"""Called with the number of sweeps after each of them."""


def sweep_until_done(
    blocks: Blocks,
    sweeps: PlainSweeps,
    watch: Watch = lambda done: None,
    checkpoint_every: int = CHECKPOINT_EVERY,
) -> tuple[DataFrame, Certificate]:
    """Return the values (VALUE_SCHEMA) and what they are worth.

    Args:
        blocks: the graph.
        sweeps: the problem, from its start.
        watch: told of each sweep.
        checkpoint_every: sweeps between two checkpoints.

    Raises:
        ConvergenceError: the tolerance was not certified.
    """
    held = blocks.table
    state = held.mapInArrow(_starting(sweeps), MESSAGE_SCHEMA).persist()
    verdict = sweeps.is_over_before()
    kept = [state]
    while verdict is None:
        after = _swept(held, state, sweeps.rule).persist()
        verdict = _judge(after, sweeps)
        watch(sweeps.done)
        kept.append(after)
        if verdict is None and sweeps.done % checkpoint_every == 0:
            after = after.checkpoint()
        if verdict is None or verdict.is_after:
            state = after
            # Two are kept: the newest, and the one that it was made of.
            for older in kept[:-2]:
                older.unpersist()
            del kept[:-2]
    return _values(held, state, sweeps.rule), verdict.certificate


def plan_of_a_sweep(blocks: Blocks, sweeps: PlainSweeps) -> str:
    """Return how Spark would do a sweep, in its own words."""
    state = blocks.table.mapInArrow(_starting(sweeps), MESSAGE_SCHEMA)
    plan = _swept(blocks.table, state, sweeps.rule)._jdf.queryExecution().executedPlan()
    return str(plan.toString())


def _starting(
    sweeps: PlainSweeps,
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def start(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for place in range(batch.num_rows):
                block = HeldBlock.unpacked(pa.Table.from_batches([batch.slice(place, 1)]))
                z = sweeps.start(block.block, block.own)
                yield from block.messages(z, None, None, None).to_batches()

    return start


def _swept(held: DataFrame, state: DataFrame, rule: SweepRule) -> DataFrame:
    def sweep(block: pa.Table, messages: pa.Table) -> pa.Table:
        one = HeldBlock.unpacked(block)
        swept = one.block.sweep(rule, one.own, one.gathered(messages))
        return one.messages(swept.after, swept.residual_inf, swept.residual_1, swept.mass)

    return _with_messages(held, state, sweep, MESSAGE_SCHEMA)


def _values(held: DataFrame, state: DataFrame, rule: SweepRule) -> DataFrame:
    def values(block: pa.Table, messages: pa.Table) -> pa.Table:
        one = HeldBlock.unpacked(block)
        first, rows = one.block.first, one.block.rows
        z = one.gathered(messages)[:rows]
        return pa.table(
            {
                "row": pa.array(range(first, first + rows), pa.int64()),
                "value": one.block.values_at(rule, z),
                "linked": one.block.indptr[1:] > one.block.indptr[:-1],
            }
        )

    return _with_messages(held, state, values, VALUE_SCHEMA)


def _with_messages(
    held: DataFrame,
    state: DataFrame,
    function: Callable[[pa.Table, pa.Table], pa.Table],
    schema: str,
) -> DataFrame:
    return held.groupBy("key").cogroup(state.groupBy("key")).applyInArrow(function, schema)


def _judge(after: DataFrame, sweeps: PlainSweeps) -> Verdict | None:
    """Compute a sweep, keep it, and judge it by all blocks' norms."""
    rows: list[Any] = (
        after.where("mass IS NOT NULL").select("residual_inf", "residual_1", "mass").collect()
    )
    return sweeps.judge(
        max(row.residual_inf for row in rows),
        sum(int(row.residual_1, 16) for row in rows),
        sum(int(row.mass, 16) for row in rows),
    )
