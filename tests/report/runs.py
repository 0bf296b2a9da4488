"""Published runs made of columns, without a store: what reports are computed from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import Programme, Purpose, SubjectKind, SubjectRef
from graphsvc.runs import PAYLOAD_FORMAT, VALUE_COLUMNS, PublishedScores
from graphsvc.snapshot.snapshot import SUBJECT_KINDS
from tests.contract.test_runs import RUN

LIBRARY = DefinitionLibrary.load()
PURPOSE: Purpose = LIBRARY.purpose("marketplace-integrity")
PROGRAMME: Programme = LIBRARY.champion("marketplace-integrity")
POLICY = LIBRARY.policy("marketplace-integrity")


def account(key: object) -> SubjectRef:
    return SubjectRef(SubjectKind.ACCOUNT, str(key))


def published(
    values: Mapping[str, Mapping[str, float]], run_id: str = "run", **changes: object
) -> PublishedScores:
    """Return a run of accounts: by key the values that are not 0; score and band follow."""
    rows = [_row(values[key]) for key in sorted(values)]
    band = np.searchsorted(
        [one.starts_at for one in PROGRAMME.bands], [row["score"] for row in rows], side="right"
    )
    arrays = [
        pa.array([SUBJECT_KINDS.index(SubjectKind.ACCOUNT)] * len(rows), pa.uint8()),
        pa.array(sorted(values), pa.large_string()),
        *(pa.array([row[name] for row in rows], pa.float64()) for name in VALUE_COLUMNS),
        pa.array(np.maximum(band - 1, 0).astype(np.uint8)),
    ]
    batch = pa.record_batch(arrays, names=["kind", "key", *VALUE_COLUMNS, "band"])
    names = json.dumps([one.name for one in PROGRAMME.bands])
    batch = batch.replace_schema_metadata(
        {"graphsvc.payload": PAYLOAD_FORMAT, "graphsvc.bands": names}
    )
    run = replace(
        RUN,
        run_id=run_id,
        purpose=PURPOSE.name,
        programme=PROGRAMME.name,
        programme_version=PROGRAMME.version,
        subjects=len(rows),
        score_bound=1e-6,
        **changes,  # type: ignore[arg-type]
    )
    return PublishedScores(run, batch)


def of_scores(scores: Sequence[float], **changes: object) -> PublishedScores:
    """Return a run of accounts 0000, 0001 … whose own events make these scores."""
    base = PROGRAMME.scorecard.base
    values = {f"{n:04d}": {"event_points": score - base} for n, score in enumerate(scores)}
    return published(values, **changes)


def _row(given: Mapping[str, float]) -> dict[str, float]:
    row = dict.fromkeys(VALUE_COLUMNS, 0.0) | given
    parts = ("own_listing_points", "event_points", "report_points", "rejected_report_points")
    if "score" not in given:
        total = PROGRAMME.scorecard.base + sum(row[name] for name in parts)
        row["score"] = float(np.clip(total + row["association_points"], 350, 950))
    return row
