"""What `Neo4jStore` does to erase for good, inside its transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping

from graphsvc.errors import ConflictError
from graphsvc.model import SubjectRef
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
    # Both are locked, so that meanwhile no record can mention a subject, nor a run be published
    # that was made from what goes.
    ledger.take(transaction, token)
    score_runs.take_publications(transaction, token)
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
