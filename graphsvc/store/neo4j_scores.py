"""What `Neo4jStore` does to let analysts find scores by their own Cypher, inside its transaction.

Properties beside the records: nothing of the service reads them. Only one purpose's scores stand
there at a time, so that no query can join two.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from graphsvc.errors import ConflictError
from graphsvc.model import ScoreRun
from graphsvc.runs import SubjectScore
from queries.neo4j import Transaction, erasures, score_properties, score_runs
from queries.rows import Row


def begin(transaction: Transaction, token: str, run: ScoreRun) -> None:
    """Note that a run's scores are being written; any other that is being written stops.

    Raises:
        ConflictError: scores of another purpose stand there, or records were erased since the run.
    """
    score_runs.take_publications(transaction, token)
    _require_current(transaction, run)
    written = score_properties.written_back(transaction)
    if written is not None and written["purpose"] != run.purpose:
        raise ConflictError(
            f"scores of purpose {written['purpose']} stand on the subjects; two purposes' scores "
            f"must not be joined: graphsvc export neo4j --purpose {written['purpose']} --remove"
        )
    _note(transaction, run, is_complete=False)


def put(transaction: Transaction, token: str, run: ScoreRun, scores: Sequence[SubjectScore]) -> int:
    """Put some scores on their subjects; return how many of these there are.

    Raises:
        ConflictError: another write-back took over, or records were erased since the run.
    """
    # An erasure takes the same lock: it comes before this, and is noticed, or cleans up after it.
    score_runs.take_publications(transaction, token)
    _require_current(transaction, run)
    _require_own(transaction, run)
    return score_properties.put(transaction, [_row(run, score) for score in scores])


def remove_others(
    transaction: Transaction, token: str, run: ScoreRun, *, after: int, up_to: int
) -> int:
    """Take scores of other runs off the subjects in a range of numbers; return how many had.

    Raises:
        ConflictError: another write-back took over.
    """
    score_runs.take_publications(transaction, token)
    _require_own(transaction, run)
    return score_properties.remove_others(transaction, after=after, up_to=up_to, run_id=run.run_id)


def complete(transaction: Transaction, token: str, run: ScoreRun) -> None:
    """Note that all of a run's scores are written.

    Raises:
        ConflictError: another write-back took over.
    """
    score_runs.take_publications(transaction, token)
    _require_own(transaction, run)
    _note(transaction, run, is_complete=True)


def remove(transaction: Transaction, token: str, purpose: str, *, after: int, up_to: int) -> int:
    """Take a purpose's scores off the subjects in a range of numbers; return how many had.

    Raises:
        ConflictError: scores of another purpose stand there.
    """
    score_runs.take_publications(transaction, token)
    written = score_properties.written_back(transaction)
    if written is not None and written["purpose"] != purpose:
        raise ConflictError(f"the scores on the subjects are those of {written['purpose']}")
    score_properties.forget(transaction)
    return score_properties.remove_others(transaction, after=after, up_to=up_to, run_id="")


def _require_own(transaction: Transaction, run: ScoreRun) -> None:
    written = score_properties.written_back(transaction)
    if written is None or written["run_id"] != run.run_id:
        raise ConflictError(f"run {run.run_id}: another write-back took over; start it again")


def _require_current(transaction: Transaction, run: ScoreRun) -> None:
    if erasures.count(transaction) != run.erasures:
        raise ConflictError(
            f"run {run.run_id}: records were erased since it was made; "
            f"run: graphsvc recompute --purpose {run.purpose}"
        )


def _note(transaction: Transaction, run: ScoreRun, *, is_complete: bool) -> None:
    score_properties.note(
        transaction,
        purpose=run.purpose,
        run_id=run.run_id,
        is_complete=is_complete,
        written_at_us=time.time_ns() // 1_000,
    )


def _row(run: ScoreRun, score: SubjectScore) -> Row:
    return {
        "id": str(score.subject),
        "scores": {
            "published_run": run.run_id,
            "published_purpose": run.purpose,
            "published_programme": f"{run.programme} v{run.programme_version}",
            "published_as_of": run.as_of,
            "published_score": score.score,
            "published_band": score.band,
            "published_width": score.width,
            "published_exposure": score.exposure,
            "published_trust": score.trust,
            "published_own_points": score.own_points,
            "published_association_points": score.association_points,
        },
    }
