"""From a snapshot to a published run: propagate, certify, stage, switch.

A run is a pure function of snapshot sequence, as-of time, programme and tolerance: its payload's
checksum is equal whenever those are.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from datetime import UTC, datetime

import structlog

from graphsvc.errors import ConflictError, GraphsvcError
from graphsvc.model import Programme, Purpose, ScoreRun
from graphsvc.runs import encode_payload, payload_checksum, payload_chunks
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.snapshot import Snapshot
from graphsvc.store.ports import Store

log = structlog.get_logger(__name__)


def recompute(
    store: Store,
    snapshot: Snapshot,
    programme: Programme,
    purpose: Purpose,
    as_of: datetime,
    *,
    tolerance: float | None = None,
) -> ScoreRun:
    """Compute one run and publish it; return it.

    Args:
        store: where the run goes.
        snapshot: the evidence.
        programme: how it is scored.
        purpose: whose cap on association holds.
        as_of: the time that is scored.
        tolerance: largest error of a value that is acceptable; the programme's otherwise.

    Raises:
        CertificateError: the tolerance could not be certified; nothing is published.
        ConflictError: records were erased meanwhile; nothing is published.
    """
    bound = programme.tolerance if tolerance is None else tolerance
    inputs, values = propagate_snapshot(snapshot, programme, purpose, as_of, bound)
    payload = encode_payload(snapshot, values, [band.name for band in programme.bands])
    created_at = datetime.now(UTC)
    run = ScoreRun(
        run_id=_run_id(created_at, programme),
        purpose=purpose.name,
        purpose_version=purpose.version,
        programme=programme.name,
        programme_version=programme.version,
        snapshot_sequence=snapshot.facts.sequence,
        as_of=as_of,
        tolerance=bound,
        created_at=created_at,
        subjects=snapshot.n,
        links=inputs.links,
        exposure=values.exposure_certificate,
        trust=values.trust_certificate,
        score_bound=values.score_bound,
        checksum=payload_checksum(payload),
        payload_bytes=len(payload),
        erasures=snapshot.facts.erasures,
    )
    _publish(store, run, payload)
    log.info(
        "run published",
        run=run.run_id,
        subjects=run.subjects,
        links=run.links,
        exposure_bound=run.exposure.bound,
        score_bound=run.score_bound,
    )
    return run


def _publish(store: Store, run: ScoreRun, payload: bytes) -> None:
    # The store asks again when it publishes; asked here, what was erased is not even staged.
    if store.erasures() != run.erasures:
        raise ConflictError(
            f"run {run.run_id}: records were erased while it was made; recompute again"
        )
    try:
        for number, chunk in enumerate(payload_chunks(payload)):
            store.stage_run_chunk(run.run_id, number, chunk)
        store.publish_run(run)
    except BaseException:
        # What is staged names subjects, who may have been erased meanwhile.
        with contextlib.suppress(GraphsvcError):
            store.discard_staged_run(run.run_id)
        raise


def _run_id(created_at: datetime, programme: Programme) -> str:
    """Return an id that sorts by time and that two jobs never share."""
    tag = hashlib.sha256(programme.name.encode()).hexdigest()[:4]
    return f"{created_at:%Y%m%dT%H%M%S%f}-{tag}{secrets.token_hex(3)}"
