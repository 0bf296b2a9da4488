"""What `Neo4jStore` does with runs inside its transaction: stage, hold, publish, redact, prune.

Each locks the counter of publications first, as an erasure does: so none of them sees half of what
another does.
"""

from __future__ import annotations

from graphsvc.errors import ConflictError, LeaseLostError, RunNotFoundError
from graphsvc.model import HeldRun, ScoreRun
from graphsvc.store.rows import held_run_row, score_run_row
from queries.neo4j import Transaction, erasures, score_runs
from queries.rows import Row


def take(transaction: Transaction, token: str, run_id: str, fence: int) -> None:
    """Let only who holds this number, or a higher one, stage and publish a run.

    Raises:
        LeaseLostError: somebody holds a higher one.
    """
    score_runs.take_publications(transaction, token)
    _require_fence(transaction, run_id, fence)
    score_runs.set_fence(transaction, run_id, fence)


def stage(
    transaction: Transaction,
    token: str,
    run_id: str,
    chunk: int,
    payload: bytes,
    fence: int | None,
) -> None:
    """Store one part of a run's payload, invisible until the run is published.

    Raises:
        ConflictError: the run is published, and so can't change any more.
        LeaseLostError: somebody holds a higher number than `fence`.
    """
    score_runs.take_publications(transaction, token)
    _require_fence(transaction, run_id, fence)
    if score_runs.one(transaction, run_id) is not None:
        raise _published_already(run_id)
    score_runs.upsert_chunk(transaction, run_id, chunk, payload)


def publish(transaction: Transaction, token: str, run: ScoreRun, fence: int | None) -> None:
    """Make a staged run visible and current for its programme, once however often it is tried.

    Raises:
        ConflictError: it is published already, chunks are missing, or records were erased since
            its snapshot.
        LeaseLostError: somebody holds a higher number than `fence`.
    """
    publications = score_runs.take_publications(transaction, token)
    published = score_runs.one(transaction, run.run_id)
    if published is not None:
        if published["token"] == token:
            return
        raise _published_already(run.run_id)
    _require_fence(transaction, run.run_id, fence)
    _require_whole(transaction, run)
    score_runs.insert(transaction, {**score_run_row(run), "token": token}, publications + 1)
    score_runs.end_hold(transaction, run.run_id)
    score_runs.end_fence(transaction, run.run_id)


def hold(transaction: Transaction, token: str, held: HeldRun, fence: int | None) -> None:
    """Let a staged run wait for its release.

    Raises:
        ConflictError: it could not be published either.
        LeaseLostError: somebody holds a higher number than `fence`.
    """
    score_runs.take_publications(transaction, token)
    if score_runs.one(transaction, held.run.run_id) is not None:
        raise _published_already(held.run.run_id)
    _require_fence(transaction, held.run.run_id, fence)
    _require_whole(transaction, held.run)
    score_runs.hold(transaction, held_run_row(held))


def republish(transaction: Transaction, token: str, run_id: str) -> None:
    """Make a published run current for its programme again.

    Raises:
        RunNotFoundError: no such run is published, or its values were pruned.
    """
    publications = score_runs.take_publications(transaction, token)
    if _published(transaction, run_id).get("pruned_at_us") is not None:
        raise RunNotFoundError(f"run {run_id} was pruned; recompute, or publish another again")
    score_runs.republish(transaction, run_id, publications + 1)


def mark_pruned(transaction: Transaction, token: str, run_id: str, pruned_at_us: int) -> None:
    """Note that a published run's values are pruned; its chunks may be deleted from then on.

    Raises:
        RunNotFoundError: no such run is published.
        ConflictError: it is the current one of its programme.
    """
    score_runs.take_publications(transaction, token)
    run = _published(transaction, run_id)
    current = score_runs.current(transaction, run["programme"])
    if current is not None and current["run_id"] == run_id:
        raise ConflictError(f"run {run_id} is the current one of {run['programme']}; it stays")
    score_runs.mark_pruned(transaction, run_id, pruned_at_us)


def discard(transaction: Transaction, token: str, run_id: str, limit: int) -> int:
    """Remove some chunks of a run unless it has been published; return how many."""
    score_runs.take_publications(transaction, token)
    score_runs.end_hold(transaction, run_id)
    return score_runs.delete_staged_chunks(transaction, run_id, limit)


def redact(
    transaction: Transaction, token: str, run: ScoreRun, staged_as: str, replaces: str
) -> None:
    """Put chunks staged under another name in the place of a published run's.

    Raises:
        RunNotFoundError: no such run is published.
        ConflictError: its checksum is not `replaces`, or chunks are missing.
    """
    score_runs.take_publications(transaction, token)
    published = score_runs.one(transaction, run.run_id)
    if published is None:
        raise RunNotFoundError(f"run {run.run_id} is not published; nothing can be taken out")
    if published["checksum"] != replaces:
        # A try before this one may have been committed although its answer got lost.
        if published["checksum"] == run.checksum and not _staged(transaction, staged_as):
            return
        raise ConflictError(
            f"run {run.run_id}: others took subjects out of it meanwhile; read it again"
        )
    _require_staged(transaction, run, staged_as)
    score_runs.redact(transaction, score_run_row(run), staged_as)


def _published(transaction: Transaction, run_id: str) -> Row:
    run = score_runs.one(transaction, run_id)
    if run is None:
        raise RunNotFoundError(f"there is no run {run_id!r}; graphsvc runs lists them")
    return run


def _require_fence(transaction: Transaction, run_id: str, fence: int | None) -> None:
    taken = score_runs.fence(transaction, run_id)
    if taken is not None and fence is not None and taken > fence:
        raise LeaseLostError(f"run {run_id}: another runner has taken it over")


def _require_whole(transaction: Transaction, run: ScoreRun) -> None:
    if erasures.count(transaction) != run.erasures:
        raise ConflictError(
            f"run {run.run_id}: records were erased while it was made; recompute again"
        )
    _require_staged(transaction, run, run.run_id)


def _staged(transaction: Transaction, staged_as: str) -> int:
    return score_runs.staged_bytes(transaction, staged_as)


def _require_staged(transaction: Transaction, run: ScoreRun, staged_as: str) -> None:
    staged = _staged(transaction, staged_as)
    if staged != run.payload_bytes:
        raise ConflictError(
            f"run {run.run_id} has {staged} bytes staged of {run.payload_bytes}; "
            "stage its missing chunks first"
        )


def _published_already(run_id: str) -> ConflictError:
    return ConflictError(f"run {run_id} is published already; a run never changes")
