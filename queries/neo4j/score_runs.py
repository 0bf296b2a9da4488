"""Score runs and the parts of their payloads."""

from __future__ import annotations

from queries._load import load
from queries.neo4j._run import Transaction, change, first, only, rows
from queries.rows import Parameters, Row

_RUNS = load("neo4j/score_runs.cypher")


def take_publications(transaction: Transaction, token: str) -> int:
    """Lock the counter of publications until the transaction ends, and return it."""
    (publications,) = only(transaction, _RUNS["take_publications"], {"token": token})
    return int(publications)


def upsert_chunk(transaction: Transaction, run_id: str, chunk: int, payload: bytes) -> None:
    """Stage a part of a run's payload, over an earlier one of its number."""
    change(
        transaction,
        _RUNS["upsert_chunk"],
        {"run_id": run_id, "chunk": chunk, "payload": payload, "bytes": len(payload)},
    )


def staged_bytes(transaction: Transaction, run_id: str) -> int:
    """Return how much of a run's payload is there."""
    (found,) = only(transaction, _RUNS["select_staged_bytes"], {"run_id": run_id})
    return int(found)


def insert(transaction: Transaction, run: Parameters, publication: int) -> None:
    """Publish a run."""
    change(
        transaction,
        _RUNS["insert_score_run"],
        {"run": dict(run), "publication": publication},
    )


def one(transaction: Transaction, run_id: str) -> Row | None:
    """Return a published run."""
    found = first(transaction, _RUNS["select_score_run"], {"run_id": run_id})
    return None if found is None else dict(found["run"])


def published(transaction: Transaction, purpose: str | None, limit: int) -> list[Row]:
    """Return published runs, the latest first."""
    found = rows(transaction, _RUNS["select_score_runs"], {"purpose": purpose, "limit": limit})
    return [row["run"] for row in found]


def current(transaction: Transaction, programme: str) -> Row | None:
    """Return the run published last for a programme."""
    found = first(transaction, _RUNS["select_current_score_run"], {"programme": programme})
    return None if found is None else dict(found["run"])


def next_chunk(transaction: Transaction, run_id: str, after: int) -> tuple[int, bytes] | None:
    """Return number and payload of a run's next part."""
    found = first(transaction, _RUNS["select_next_chunk"], {"run_id": run_id, "after": after})
    return None if found is None else (int(found["chunk"]), bytes(found["payload"]))


def staged(transaction: Transaction) -> list[str]:
    """Return which runs have parts but were never published."""
    (run_ids,) = only(transaction, _RUNS["select_staged_runs"])
    return list(run_ids)


def hold(transaction: Transaction, held: Parameters) -> None:
    """Note that a staged run waits for its release."""
    change(transaction, _RUNS["upsert_held_run"], {"run_id": held["run_id"], "held": dict(held)})


def one_held(transaction: Transaction, run_id: str) -> Row | None:
    """Return a run that waits for its release."""
    found = first(transaction, _RUNS["select_held_run"], {"run_id": run_id})
    return None if found is None else dict(found["held"])


def all_held(transaction: Transaction, purpose: str | None) -> list[Row]:
    """Return the runs that wait for their release, the latest first."""
    found = rows(transaction, _RUNS["select_held_runs"], {"purpose": purpose})
    return [row["held"] for row in found]


def end_hold(transaction: Transaction, run_id: str) -> None:
    """Note that a run waits no longer."""
    change(transaction, _RUNS["delete_held_run"], {"run_id": run_id})


def delete_staged_chunks(transaction: Transaction, run_id: str, limit: int) -> int:
    """Remove some parts of a run unless it has been published; return how many."""
    parameters = {"run_id": run_id, "limit": limit}
    (deleted,) = only(transaction, _RUNS["delete_staged_chunks"], parameters)
    return int(deleted)


def redact(transaction: Transaction, run: Parameters, staged_as: str) -> None:
    """Put the parts staged under another name in the place of a published run's."""
    change(transaction, _RUNS["delete_chunks"], {"run_id": run["run_id"]})
    (chunks,) = only(transaction, _RUNS["select_chunk_numbers"], {"run_id": staged_as})
    for chunk in chunks:
        parameters = {"staged_as": staged_as, "run_id": run["run_id"], "chunk": chunk}
        change(transaction, _RUNS["rename_chunk"], parameters)
    wanted = {name: run[name] for name in ("run_id", "subjects", "checksum", "payload_bytes")}
    change(transaction, _RUNS["update_redacted_run"], wanted)


def fence(transaction: Transaction, run_id: str) -> int | None:
    """Return the number that may stage and publish a run, None where any may."""
    found = first(transaction, _RUNS["select_fence"], {"run_id": run_id})
    return None if found is None else int(found["fence"])


def set_fence(transaction: Transaction, run_id: str, fence: int) -> None:
    """Let a number stage and publish a run, and none below it."""
    change(transaction, _RUNS["upsert_fence"], {"run_id": run_id, "fence": fence})


def end_fence(transaction: Transaction, run_id: str) -> None:
    """Note that a run is published, and needs no number any longer."""
    change(transaction, _RUNS["delete_fence"], {"run_id": run_id})


def republish(transaction: Transaction, run_id: str, publication: int) -> None:
    """Make a run the one published last."""
    change(transaction, _RUNS["republish_run"], {"run_id": run_id, "publication": publication})


def mark_pruned(transaction: Transaction, run_id: str, pruned_at_us: int) -> None:
    """Note when a run's values were removed."""
    change(transaction, _RUNS["mark_run_pruned"], {"run_id": run_id, "pruned_at_us": pruned_at_us})


def delete_pruned_chunks(transaction: Transaction, run_id: str, limit: int) -> int:
    """Remove some parts of a run whose values were pruned; return how many."""
    parameters = {"run_id": run_id, "limit": limit}
    (deleted,) = only(transaction, _RUNS["delete_pruned_chunks"], parameters)
    return int(deleted)
