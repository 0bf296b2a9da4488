"""Risk and trust spread on Spark: what `graphsvc.scoring.propagate.spread` does on one machine.

It comes to the bits of `RunMethod.SWEEPS`, so that a run can be made again without Spark.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog
from numpy.typing import NDArray
from pyarrow import parquet

import algorithms
from algorithms.exact_sum import exact_sum, rounded
from algorithms.plain_sweeps import PlainSweeps
from graphsvc.errors import CertificateError, SparkError
from graphsvc.model import Programme, RunMethod
from graphsvc.model.checks import to_microseconds
from graphsvc.scoring.inputs import PropagationInputs, own_risk, trust_seed
from graphsvc.scoring.propagate import Spread, spread
from graphsvc.snapshot import Snapshot
from graphsvc.spark.blocks import Blocks, build_blocks
from graphsvc.spark.evidence import (
    contact_entries,
    count_conducting,
    vouching_entries,
    write_links,
)
from graphsvc.spark.session import spark_session
from graphsvc.spark.sweeping import Watch, sweep_until_done
from graphsvc.spark_settings import SparkSettings
from graphsvc.tracing import span

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = structlog.get_logger(__name__)

LINKS_IN_A_BLOCK = 1 << 21
"""Links of a block where none is said: some 300 MiB of an executor's Python while it is built."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Seeds:
    own_risk: Floats
    trust_seed: Floats
    has_contacts: NDArray[np.bool_]


def spread_on_spark(
    snapshot: Snapshot,
    programme: Programme,
    as_of: datetime,
    tolerance: float,
    settings: SparkSettings,
    folder: Path,
    watch: Watch = lambda done: None,
) -> Spread:
    """Spread risk and trust over a snapshot's links on a Spark cluster.

    Args:
        snapshot: the evidence.
        programme: conductances, attenuation and hop limits.
        as_of: the time that is scored.
        tolerance: largest error of any exposure and of any trust value that is acceptable.
        settings: which cluster, how many blocks.
        folder: an empty folder that every executor reaches.
        watch: told of each sweep.

    Raises:
        CertificateError: the tolerance could not be certified.
        SparkError: Spark is missing, or gave up.
    """
    if snapshot.n == 0:
        inputs = PropagationInputs.derive(snapshot, programme, as_of)
        return spread(inputs, programme, tolerance, RunMethod.SWEEPS)
    write_links(snapshot, folder / "links")
    master = None if settings.spark_master == "default" else settings.spark_master
    with spark_session(master, folder) as spark:
        return spread_in_session(
            spark, snapshot, programme, as_of, tolerance, settings.spark_blocks, folder, watch
        )


def spread_in_session(
    spark: SparkSession,
    snapshot: Snapshot,
    programme: Programme,
    as_of: datetime,
    tolerance: float,
    blocks: int | None,
    folder: Path,
    watch: Watch = lambda done: None,
) -> Spread:
    """Spread risk and trust over the links that `write_links` wrote to `folder`.

    Arguments and errors are those of `spread_on_spark`.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        return _Spreading(spark, snapshot, programme, as_of, tolerance, blocks, folder, watch).run()
    except algorithms.ConvergenceError as error:
        raise CertificateError(
            f"programme {programme.name}: a bound of {tolerance:g} was asked for; {error}"
        ) from error
    except (PySparkException, Py4JError) as error:
        raise SparkError(f"Spark gave the propagation up: {_last_line(error)}") from error


class _Spreading:
    def __init__(
        self,
        spark: SparkSession,
        snapshot: Snapshot,
        programme: Programme,
        as_of: datetime,
        tolerance: float,
        blocks: int | None,
        folder: Path,
        watch: Watch,
    ) -> None:
        self._spark = spark
        self._snapshot = snapshot
        self._programme = programme
        self._as_of_us = to_microseconds(as_of)
        self._tolerance = tolerance
        self._folder = folder
        self._watch = watch
        self._blocks = blocks or max(
            spark.sparkContext.defaultParallelism, math.ceil(2 * snapshot.m / LINKS_IN_A_BLOCK)
        )

    def run(self) -> Spread:
        links = self._spark.read.parquet(str(self._folder / "links"))
        programme = self._programme
        risk = own_risk(self._snapshot, programme, self._as_of_us)
        seeds = trust_seed(self._snapshot, programme, self._as_of_us)
        with span("spark.exposure", subjects=self._snapshot.n):
            exposure, has_contacts = self._exposure(links, risk)
        with span("spark.trust_mass", subjects=self._snapshot.n):
            mass = self._trust_mass(links, seeds)
        return Spread.of(
            exposure,
            mass,
            _Seeds(risk, seeds, has_contacts),
            programme,
            count_conducting(links, programme, self._as_of_us),
        )

    def _exposure(
        self, links: DataFrame, risk: Floats
    ) -> tuple[algorithms.Exposure, NDArray[np.bool_]]:
        rule = self._programme.exposure
        entries = contact_entries(links, self._programme, self._as_of_us)
        values, has_contacts, certificate = self._solved(
            entries,
            risk,
            lambda blocks: PlainSweeps.exposure(
                blocks.shape,
                rule.beta,
                self._tolerance,
                float(risk.max(initial=0.0)),
                rule.hop_limit,
            ),
            hands_on=False,
        )
        return algorithms.Exposure(values, certificate), has_contacts

    def _trust_mass(self, links: DataFrame, seeds: Floats) -> algorithms.TrustMass:
        rule = self._programme.trust
        entries = vouching_entries(links, self._programme, self._as_of_us)
        values, _, certificate = self._solved(
            entries,
            seeds,
            lambda blocks: PlainSweeps.trust_mass(
                blocks.shape,
                rule.alpha,
                self._tolerance * (1.0 - rule.alpha),
                rounded(exact_sum(seeds)),
                rule.hop_limit,
            ),
            hands_on=True,
        )
        return algorithms.TrustMass(values, certificate)

    def _solved(
        self,
        entries: DataFrame,
        own: Floats,
        problem: Callable[[Blocks], PlainSweeps],
        *,
        hands_on: bool,
    ) -> tuple[Floats, NDArray[np.bool_], algorithms.Certificate]:
        n = self._snapshot.n
        rows = np.flatnonzero(own)
        blocks = build_blocks(
            self._spark, entries, n, (rows, own[rows]), self._blocks, hands_on=hands_on
        )
        sweeps = problem(blocks)
        table, certificate = sweep_until_done(blocks, sweeps, self._watch)
        folder = self._folder / ("trust" if hands_on else "exposure")
        table.write.parquet(str(folder))
        blocks.forget()
        log.info("spread on Spark", blocks=blocks.cuts.blocks, sweeps=sweeps.done)
        return *_read_values(folder, n), certificate


def _read_values(folder: Path, n: int) -> tuple[Floats, NDArray[np.bool_]]:
    values, linked = np.empty(n), np.zeros(n, np.bool_)
    for path in sorted(folder.glob("*.parquet")):
        for batch in parquet.ParquetFile(path).iter_batches():
            row = batch["row"].to_numpy()
            values[row] = batch["value"].to_numpy()
            linked[row] = batch["linked"].to_numpy(zero_copy_only=False)
    return values, linked


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "Error:" in line]
    return (told or lines or [type(error).__name__])[-1][:500]
