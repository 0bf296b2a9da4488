"""What `SqliteStore` does with runs inside its transaction: stage, hold, publish, redact, prune."""

from __future__ import annotations

from sqlite3 import Connection

from graphsvc.errors import ConflictError, LeaseLostError, RunNotFoundError
from graphsvc.model import HeldRun, ScoreRun
from graphsvc.store.rows import held_run_row, score_run_row
from queries.rows import Row
from queries.sqlite import erasures, score_runs


def take(connection: Connection, run_id: str, fence: int) -> None:
    """Let only who holds this number, or a higher one, stage and publish a run.

    Raises:
        LeaseLostError: somebody holds a higher one.
    """
    _require_fence(connection, run_id, fence)
    score_runs.set_fence(connection, run_id, fence)


def stage(
    connection: Connection, run_id: str, chunk: int, payload: bytes, fence: int | None
) -> None:
    """Store one part of a run's payload, invisible until the run is published.

    Raises:
        ConflictError: the run is published, and so can't change any more.
        LeaseLostError: somebody holds a higher number than `fence`.
    """
    _require_fence(connection, run_id, fence)
    _refuse_published(connection, run_id)
    score_runs.upsert_chunk(connection, run_id, chunk, payload)


def publish(connection: Connection, run: ScoreRun, fence: int | None) -> None:
    """Make a staged run visible and current for its programme.

    Raises:
        ConflictError: it is published already, chunks are missing, or records were erased since
            its snapshot.
        LeaseLostError: somebody holds a higher number than `fence`.
    """
    _require_fence(connection, run.run_id, fence)
    _require_publishable(connection, run)
    score_runs.insert(connection, score_run_row(run))
    score_runs.end_hold(connection, run.run_id)
    score_runs.end_fence(connection, run.run_id)


def hold(connection: Connection, held: HeldRun, fence: int | None) -> None:
    """Let a staged run wait for its release.

    Raises:
        ConflictError: it could not be published either.
        LeaseLostError: somebody holds a higher number than `fence`.
    """
    _require_fence(connection, held.run.run_id, fence)
    _require_publishable(connection, held.run)
    score_runs.hold(connection, held_run_row(held))


def republish(connection: Connection, run_id: str) -> None:
    """Make a published run current for its programme again.

    Raises:
        RunNotFoundError: no such run is published, or its values were pruned.
    """
    if _published(connection, run_id)["pruned_at_us"] is not None:
        raise RunNotFoundError(f"run {run_id} was pruned; recompute, or publish another again")
    score_runs.republish(connection, run_id)


def prune(connection: Connection, run_id: str, pruned_at_us: int) -> None:
    """Remove a published run's values.

    Raises:
        RunNotFoundError: no such run is published.
        ConflictError: it is the current one of its programme.
    """
    run = _published(connection, run_id)
    current = score_runs.current(connection, run["programme"])
    if current is not None and current["run_id"] == run_id:
        raise ConflictError(f"run {run_id} is the current one of {run['programme']}; it stays")
    if run["pruned_at_us"] is None:
        score_runs.prune(connection, run_id, pruned_at_us)


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


def _published(connection: Connection, run_id: str) -> Row:
    run = score_runs.one(connection, run_id)
    if run is None:
        raise RunNotFoundError(f"there is no run {run_id!r}; graphsvc runs lists them")
    return run


def _require_fence(connection: Connection, run_id: str, fence: int | None) -> None:
    taken = score_runs.fence(connection, run_id)
    if taken is not None and fence is not None and taken > fence:
        raise LeaseLostError(f"run {run_id}: another runner has taken it over")


def _refuse_published(connection: Connection, run_id: str) -> None:
    if score_runs.one(connection, run_id) is not None:
        raise ConflictError(f"run {run_id} is published already; publish another run id")
