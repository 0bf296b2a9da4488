"""What `Neo4jStore` does to erase for good, inside its transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping

from graphsvc.errors import ConflictError, RunNotFoundError
from graphsvc.model import ScoreRun, SubjectRef
from graphsvc.store.rows import score_run_row
from queries.neo4j import Transaction, erasures, ledger, score_runs

ERASED = "erased"
"""What takes the place of an erased record's type."""


def erase(
    transaction: Transaction,
    token: str,
    records: Mapping[int, str],
    subjects: Mapping[SubjectRef, str],
) -> None:
    """Remove what records say and what subjects are called, once however often it is tried."""
    # The ledger is locked, so that no record can mention a subject while it is erased.
    ledger.take(transaction, token)
    if erasures.is_done(transaction, token):
        return
    erased = erasures.erase_records(transaction, records) if records else 0
    pseudonyms = {str(ref): name for ref, name in subjects.items()}
    for left in erasures.mentioned(transaction, list(pseudonyms)):
        raise ConflictError(f"{left}: a record still mentions it; erase its records with it")
    renamed = erasures.erase_subjects(transaction, pseudonyms) if pseudonyms else 0
    if erased or renamed:
        erasures.insert(
            transaction,
            token,
            erased_at_us=time.time_ns() // 1_000,
            records=erased,
            subjects=renamed,
        )


def redact(transaction: Transaction, run: ScoreRun, staged_as: str) -> None:
    """Put chunks staged under another name in the place of a published run's."""
    if score_runs.one(transaction, run.run_id) is None:
        raise RunNotFoundError(f"run {run.run_id} is not published; nothing can be taken out")
    staged = score_runs.staged_bytes(transaction, staged_as)
    if staged != run.payload_bytes:
        # A try before this one may have been committed although its answer got lost.
        if staged == 0 and score_runs.staged_bytes(transaction, run.run_id) == run.payload_bytes:
            return
        raise ConflictError(
            f"run {run.run_id} has {staged} bytes staged of {run.payload_bytes}; "
            "stage its missing chunks first"
        )
    score_runs.redact(transaction, score_run_row(run), staged_as)
