"""Any past score again: a run bit for bit, or what a score was, and would have been, at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from graphsvc.errors import ConflictError
from graphsvc.model import Programme, Purpose, ScoreRun, SubjectRef
from graphsvc.runs import encode_payload, payload_checksum
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.snapshot import Snapshot
from graphsvc.store.ports import Reader


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run made again; `checksum` is that of what came out."""

    run: ScoreRun
    checksum: str

    @property
    def is_same(self) -> bool:
        """Whether every bit of every value is as it was published."""
        return self.checksum == self.run.checksum


@dataclass(frozen=True, slots=True)
class PastScore:
    """One score at a time, by what was known at a sequence number."""

    subject: SubjectRef
    purpose: str
    programme: str
    as_of: datetime
    known_at: int
    score: float
    band: str | None
    bound: float
    exposure: float
    trust: float


def replay(
    store: Reader, run: ScoreRun, snapshot: Snapshot, programme: Programme, purpose: Purpose
) -> Replayed:
    """Make a run again from the records as they were recorded then.

    Args:
        store: where the records are.
        run: the published run.
        snapshot: the evidence at the run's sequence, within retention at its as-of time.
        programme: the version that the run was made with.
        purpose: the version that the run was made for.

    Raises:
        ConflictError: records were erased since; it can't be made again.
        CertificateError: the run's tolerance could not be certified.
    """
    require_evidence(store, run)
    _, values = propagate_snapshot(
        snapshot, programme, purpose, run.as_of, run.tolerance, run.method
    )
    payload = encode_payload(snapshot, values, [band.name for band in programme.bands])
    return Replayed(run, payload_checksum(payload))


def require_evidence(store: Reader, run: ScoreRun) -> None:
    """Refuse a run whose evidence may have been erased since.

    Raises:
        ConflictError: says so.
    """
    if store.erasures() != run.erasures:
        raise ConflictError(
            f"run {run.run_id}: records that it was made of were erased since, so that it can't be "
            f"made or explained again; run: graphsvc recompute --purpose {run.purpose}"
        )


def past_score(
    snapshot: Snapshot,
    programme: Programme,
    purpose: Purpose,
    subject: SubjectRef,
    as_of: datetime,
) -> PastScore:
    """Return a subject's score at a time, by the evidence of a snapshot.

    Raises:
        SubjectNotFoundError: that evidence doesn't mention the subject.
        CertificateError: the programme's tolerance could not be certified.
    """
    index = snapshot.index_of(subject)
    _, values = propagate_snapshot(snapshot, programme, purpose, as_of, programme.tolerance)
    band = programme.bands[int(values.points.band[index])].name if programme.bands else None
    return PastScore(
        subject=subject,
        purpose=purpose.name,
        programme=programme.name,
        as_of=as_of,
        known_at=snapshot.facts.sequence,
        score=float(values.points.score[index]),
        band=band,
        bound=values.score_bound,
        exposure=float(np.asarray(values.exposure)[index]),
        trust=float(np.asarray(values.trust)[index]),
    )
