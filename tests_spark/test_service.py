"""A run made on Spark: asked for and published like any other, read and replayed like any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from graphsvc.errors import InvalidInputError
from graphsvc.jobs.model import Engine, JobKind, JobParameters
from graphsvc.model import RunMethod
from tests.service.samples import AS_OF, PURPOSE, account

PROGRAMME = "marketplace-integrity-near"
OTHER_PURPOSE, OTHER_PROGRAMME = "deposit-waiver", "deposit-waiver-linear"


def test_a_run_made_on_spark_is_one_of_the_services_runs(
    service: Any, settings: dict[str, str]
) -> None:
    core = service.recompute(PURPOSE, as_of=AS_OF, programme=PROGRAMME, actor="tester")
    asked = [
        "jobs",
        "run",
        "recompute",
        "--as-of",
        AS_OF.isoformat(),
        "--engine",
        "spark",
        "--json",
    ]
    for name in (PURPOSE, OTHER_PURPOSE):
        asked += ["--purpose", name]
    for name in (PROGRAMME, OTHER_PROGRAMME):
        asked += ["--programme", name]
    environment = {f"GRAPHSVC_{name.upper()}": value for name, value in settings.items()}
    environment |= {"GRAPHSVC_SPARK_MASTER": "local[2]", "GRAPHSVC_SPARK_BLOCKS": "3"}
    done = subprocess.run(
        [sys.executable, "-m", "graphsvc", *asked],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    entries = json.loads(done.stdout)["result"]["runs"]
    made = {entry["programme"]: service.store.run(entry["run_id"]) for entry in entries}
    # A session of Spark each, one after the other in one process.
    assert made.keys() == {PROGRAMME, OTHER_PROGRAMME}
    assert service.replay(made[OTHER_PROGRAMME].run_id).is_same
    assert made[OTHER_PROGRAMME].links == 40

    run = made[PROGRAMME]
    assert run.method is RunMethod.SWEEPS
    assert run.exposure.bound <= run.tolerance
    assert (run.subjects, run.links) == (core.subjects, core.links)
    assert service.replay(run.run_id).is_same

    mine, theirs = (
        service.scores(PURPOSE, run_id=one.run_id, programme=PROGRAMME) for one in (run, core)
    )
    for name, bounds in (
        ("exposure", run.exposure.bound + core.exposure.bound),
        ("trust", run.trust.bound + core.trust.bound),
        ("score", run.score_bound + core.score_bound),
    ):
        assert abs(mine.column(name) - theirs.column(name)).max() <= bounds

    # Nothing of what executors read is left.
    assert not list(service.checkpoints._shared.folder.glob("*.shared"))
    explained = service.explain(PURPOSE, account(3), programme=PROGRAMME)
    assert explained.run.run_id == run.run_id


def test_only_a_recompute_takes_an_engine() -> None:
    with pytest.raises(InvalidInputError, match="only a recompute takes an engine"):
        JobParameters(engine=Engine.SPARK).require_fit(JobKind.SNAPSHOT)
