"""From a snapshot to a published run: propagate, certify, stage, switch.

A run is a pure function of snapshot sequence, as-of time, programme, tolerance and method: its
payload's checksum is equal whenever those are.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from graphsvc.errors import ConflictError, GraphsvcError, LeaseLostError
from graphsvc.model import HeldRun, Programme, Purpose, RunMethod, ScoreRun
from graphsvc.runs import encode_payload, payload_checksum, payload_chunks
from graphsvc.scoring.propagate import Propagated, propagate_snapshot
from graphsvc.snapshot import Snapshot
from graphsvc.store.ports import Store

log = structlog.get_logger(__name__)

Limits = Callable[[ScoreRun, bytes], tuple[str, ...]]
"""Returns which limits a run, given with its payload, passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """All that decides what a run will be, and its name, before anything is computed.

    `tolerance` is the largest error of a value that is acceptable.
    """

    run_id: str
    purpose: Purpose
    programme: Programme
    as_of: datetime
    tolerance: float
    created_at: datetime
    method: RunMethod = RunMethod.CORE

    @classmethod
    def now(
        cls, purpose: Purpose, programme: Programme, as_of: datetime, tolerance: float | None
    ) -> RunPlan:
        """Return the plan of a run that begins now, under a name that no other run has."""
        created_at = datetime.now(UTC)
        return cls(
            run_id=new_run_id(created_at, programme),
            purpose=purpose,
            programme=programme,
            as_of=as_of,
            tolerance=programme.tolerance if tolerance is None else tolerance,
            created_at=created_at,
        )


def recompute(
    store: Store,
    snapshot: Snapshot,
    programme: Programme,
    purpose: Purpose,
    as_of: datetime,
    *,
    tolerance: float | None = None,
    limits: Limits | None = None,
) -> ScoreRun:
    """Compute one run and publish it, or let it wait; return it.

    Args:
        store: where the run goes.
        snapshot: the evidence.
        programme: how it is scored.
        purpose: whose cap on association holds.
        as_of: the time that is scored.
        tolerance: largest error of a value that is acceptable; the programme's otherwise.
        limits: says why a run must wait for a person's release; None publishes every run.

    Raises:
        CertificateError: the tolerance could not be certified; nothing is published.
        ConflictError: records were erased meanwhile; nothing is published.
    """
    plan = RunPlan.now(purpose, programme, as_of, tolerance)
    inputs, values = propagate_snapshot(snapshot, programme, purpose, as_of, plan.tolerance)
    run, payload = as_run(plan, snapshot, values, inputs.links)
    publish(store, run, payload, held_for=() if limits is None else limits(run, payload))
    return run


def as_run(
    plan: RunPlan, snapshot: Snapshot, values: Propagated, links: int
) -> tuple[ScoreRun, bytes]:
    """Return a run with its payload, made of the values that were computed on a snapshot.

    Args:
        plan: what the run was to be.
        snapshot: whose evidence it is.
        values: in snapshot indices.
        links: how many links conducted.
    """
    programme = plan.programme
    payload = encode_payload(snapshot, values, [band.name for band in programme.bands])
    run = ScoreRun(
        run_id=plan.run_id,
        purpose=plan.purpose.name,
        purpose_version=plan.purpose.version,
        programme=programme.name,
        programme_version=programme.version,
        snapshot_sequence=snapshot.facts.sequence,
        as_of=plan.as_of,
        tolerance=plan.tolerance,
        created_at=plan.created_at,
        subjects=snapshot.n,
        links=links,
        exposure=values.exposure_certificate,
        trust=values.trust_certificate,
        score_bound=values.score_bound,
        checksum=payload_checksum(payload),
        payload_bytes=len(payload),
        erasures=snapshot.facts.erasures,
        method=plan.method,
    )
    return run, payload


def publish(
    store: Store,
    run: ScoreRun,
    payload: bytes,
    *,
    fence: int | None = None,
    held_for: tuple[str, ...] = (),
) -> None:
    """Stage a run and make it visible in one step; a failure leaves nothing staged.

    Args:
        store: where the run goes.
        run: what is published.
        payload: its values.
        fence: the number that was taken for the run; None where nobody else works on it.
        held_for: why it waits, unseen, for a person's release instead; nothing to publish it.

    Raises:
        ConflictError: records were erased since its snapshot, or it is published already.
        LeaseLostError: somebody holds a higher number; what is staged is theirs.
    """
    # The store asks again when it publishes; asked here, what was erased is not even staged.
    if store.erasures() != run.erasures:
        raise ConflictError(
            f"run {run.run_id}: records were erased while it was made; recompute again"
        )
    try:
        for number, chunk in enumerate(payload_chunks(payload)):
            store.stage_run_chunk(run.run_id, number, chunk, fence=fence)
        if held_for:
            held = HeldRun(run=run, held_at=datetime.now(UTC), reasons=held_for)
            store.hold_run(held, fence=fence)
        else:
            store.publish_run(run, fence=fence)
    except LeaseLostError:
        raise
    except BaseException:
        # What is staged names subjects, who may have been erased meanwhile.
        with contextlib.suppress(GraphsvcError):
            store.discard_staged_run(run.run_id)
        raise
    log.info(
        "run waits for release" if held_for else "run published",
        run=run.run_id,
        subjects=run.subjects,
        links=run.links,
        exposure_bound=run.exposure.bound,
        score_bound=run.score_bound,
    )


def new_run_id(created_at: datetime, programme: Programme) -> str:
    """Return an id that sorts by time and that two jobs never share."""
    tag = hashlib.sha256(programme.name.encode()).hexdigest()[:4]
    return f"{created_at:%Y%m%dT%H%M%S%f}-{tag}{secrets.token_hex(3)}"
