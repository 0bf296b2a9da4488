"""Spread on Spark: the bits of plain sweeps, the core's answer within the bound, whoever dies."""

from __future__ import annotations

import os
import re
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from graphsvc.app import Service
from graphsvc.errors import CertificateError, SparkError
from graphsvc.model import Programme, RunMethod
from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.scoring.propagate import Spread, spread
from graphsvc.settings import Settings
from graphsvc.snapshot import Snapshot, build_snapshot
from graphsvc.spark.evidence import write_links
from graphsvc.spark.spread import spread_in_session
from tests.service.samples import AS_OF, PURPOSE, listed

COLUMNS = ("exposure", "trust", "association_exposure", "association_trust")
TOLERANCE = 1e-4


def programme_of(service: Any, *, hop_limit: int | None) -> Programme:
    """Return the purpose's champion, with fewer sweeps to do."""
    champion = service.library.champion(PURPOSE)
    exposure = champion.exposure.model_copy(update={"beta": 0.5, "hop_limit": hop_limit})
    trust = champion.trust.model_copy(update={"alpha": 0.5, "hop_limit": hop_limit})
    return champion.model_copy(update={"exposure": exposure, "trust": trust})


def here(snapshot: Snapshot, programme: Programme, method: RunMethod) -> Spread:
    inputs = PropagationInputs.derive(snapshot, programme, AS_OF)
    return spread(inputs, programme, TOLERANCE, method)


def assert_same_bits(one: Spread, other: Spread) -> None:
    for name in COLUMNS:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.exposure_certificate == other.exposure_certificate
    assert one.trust_certificate == other.trust_certificate
    assert one.links == other.links
    assert min(one.exposure.max(), one.trust.max()) > 0.0


@pytest.mark.parametrize("blocks", [1, 5])
def test_the_number_of_partitions_moves_no_bit(
    spark: Any, service: Any, snapshot: Snapshot, folder: Path, blocks: int
) -> None:
    programme = programme_of(service, hop_limit=3)
    found = spread_in_session(spark, snapshot, programme, AS_OF, TOLERANCE, blocks, folder)
    assert_same_bits(found, here(snapshot, programme, RunMethod.SWEEPS))


def test_a_killed_executor_changes_nothing(
    spark: Any, service: Any, snapshot: Snapshot, folder: Path
) -> None:
    programme = programme_of(service, hop_limit=None)
    killed: list[int] = []

    def kill_one(done: int) -> None:
        if done == 4 and not killed:
            # A moment later: in the middle of the next sweep.
            killed.append(executors()[0].pid)
            threading.Timer(0.1, os.kill, (killed[0], signal.SIGKILL)).start()

    before = {process.pid for process in executors()}
    found = spread_in_session(spark, snapshot, programme, AS_OF, TOLERANCE, 4, folder, kill_one)
    assert len(killed) == 1
    assert killed[0] in before
    assert killed[0] not in {process.pid for process in executors()}

    core = here(snapshot, programme, RunMethod.CORE)
    for name, certificate in (("exposure", "exposure_certificate"), ("trust", "trust_certificate")):
        mine, theirs = getattr(found, certificate), getattr(core, certificate)
        assert mine.bound <= TOLERANCE
        off = np.abs(getattr(found, name) - getattr(core, name)).max()
        assert off <= mine.bound + theirs.bound
    assert_same_bits(found, here(snapshot, programme, RunMethod.SWEEPS))


def executors() -> list[psutil.Process]:
    """Return the executor processes of this session."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if any("CoarseGrainedExecutorBackend" in part for part in process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def test_a_sweep_shuffles_values_and_leaves_links_where_they_are(spark: Any) -> None:
    from algorithms.plain_sweeps import PlainSweeps
    from graphsvc.spark.blocks import ENTRY_SCHEMA, LINK, build_blocks
    from graphsvc.spark.sweeping import plan_of_a_sweep

    entries = spark.createDataFrame([(0, 1, 1.0, LINK), (1, 2, 1.0, LINK)], ENTRY_SCHEMA)
    own = (np.array([2]), np.array([1.0]))
    blocks = build_blocks(spark, entries, 3, own, 3, hands_on=False)
    plan = plan_of_a_sweep(blocks, PlainSweeps.exposure(blocks.shape, 0.5, 1e-3, 1.0, None))
    blocks.forget()
    # What lies below a kept table was done once, before.
    depth, done_each_sweep = 10**6, []
    for line in plan.splitlines():
        indent = len(re.match(r"[ :]*", line)[0])  # type: ignore[index]
        if indent > depth:
            continue
        depth = indent if "InMemoryRelation" in line else 10**6
        done_each_sweep.append(line)
    assert sum("Exchange" in line for line in done_each_sweep) == 1
    assert "InMemoryTableScan" in done_each_sweep[1]


def test_subjects_without_any_link_keep_what_they_have(
    spark: Any, service: Any, tmp_path: Path
) -> None:
    purpose = service.library.purpose(PURPOSE)
    with Service.open(Settings(store=f"sqlite:///{tmp_path}/s.db", data_dir=tmp_path)) as other:
        other.store.append([listed(1, "marketplace-fraud", 0.5), listed(2, "marketplace-verified")])
        alone = build_snapshot(other.store, purpose, as_of=AS_OF)
    write_links(alone, tmp_path / "links")
    programme = programme_of(service, hop_limit=None)
    found = spread_in_session(spark, alone, programme, AS_OF, TOLERANCE, 2, tmp_path)
    assert sorted(found.exposure) == [0.0, 0.5]
    assert sorted(found.trust) == [0.0, 1.0]
    assert_same_bits(found, here(alone, programme, RunMethod.SWEEPS))


def test_a_bound_below_rounding_is_refused(
    spark: Any, service: Any, snapshot: Snapshot, folder: Path
) -> None:
    programme = programme_of(service, hop_limit=None)
    with pytest.raises(CertificateError, match="float64 rounding alone is larger"):
        spread_in_session(spark, snapshot, programme, AS_OF, 1e-16, 2, folder)


def test_what_an_executor_refuses_is_told(
    spark: Any, service: Any, snapshot: Snapshot, folder: Path
) -> None:
    (folder / "links").unlink()
    (folder / "links").mkdir()
    (folder / "links" / "part-00000.parquet").write_bytes(b"no Parquet at all")
    programme = programme_of(service, hop_limit=1)
    with pytest.raises(SparkError, match="Spark gave the propagation up"):
        spread_in_session(spark, snapshot, programme, AS_OF, TOLERANCE, 2, folder)
