"""What `SqliteStore` does with runs inside its transaction: stage, hold, publish, redact."""

from __future__ import annotations

from sqlite3 import Connection

from graphsvc.errors import ConflictError, RunNotFoundError
from graphsvc.model import HeldRun, ScoreRun
from graphsvc.store.rows import held_run_row, score_run_row
from queries.sqlite import erasures, score_runs


def stage(connection: Connection, run_id: str, chunk: int, payload: bytes) -> None:
    """Store one part of a run's payload, invisible until the run is published.

    Raises:
        ConflictError: the run is published, and so can't change any more.
    """
    _refuse_published(connection, run_id)
    score_runs.upsert_chunk(connection, run_id, chunk, payload)


def publish(connection: Connection, run: ScoreRun) -> None:
    """Make a staged run visible and current for its programme.

    Raises:
        ConflictError: it is published already, chunks are missing, or records were erased since
            its snapshot.
    """
    _require_publishable(connection, run)
    score_runs.insert(connection, score_run_row(run))
    score_runs.end_hold(connection, run.run_id)


def hold(connection: Connection, held: HeldRun) -> None:
    """Let a staged run wait for its release.

    Raises:
        ConflictError: it could not be published either.
    """
    _require_publishable(connection, held.run)
    score_runs.hold(connection, held_run_row(held))


def redact(connection: Connection, run: ScoreRun, staged_as: str, replaces: str) -> None:
    """Put chunks staged under another name in the place of a published run's.

    Raises:
        RunNotFoundError: no such run is published.
        ConflictError: its checksum is not `replaces`, or chunks are missing.
    """
    published = score_runs.one(connection, run.run_id)
    if published is None:
        raise RunNotFoundError(f"run {run.run_id} is not published; nothing can be taken out")
    if published["checksum"] != replaces:
        raise ConflictError(
            f"run {run.run_id}: others took subjects out of it meanwhile; read it again"
        )
    _require_staged(connection, run, staged_as)
    score_runs.redact(connection, score_run_row(run), staged_as)


def _require_publishable(connection: Connection, run: ScoreRun) -> None:
    _refuse_published(connection, run.run_id)
    # Under the write lock: an erasure comes before this, or finds the run and takes its part out.
    if erasures.count(connection) != run.erasures:
        raise ConflictError(
            f"run {run.run_id}: records were erased while it was made; recompute again"
        )
    _require_staged(connection, run, run.run_id)


def _require_staged(connection: Connection, run: ScoreRun, staged_as: str) -> None:
    staged = score_runs.staged_bytes(connection, staged_as)
    if staged != run.payload_bytes:
        raise ConflictError(
            f"run {run.run_id} has {staged} bytes staged of {run.payload_bytes}; "
            "stage its missing chunks first"
        )


def _refuse_published(connection: Connection, run_id: str) -> None:
    if score_runs.one(connection, run_id) is not None:
        raise ConflictError(f"run {run_id} is published already; publish another run id")
