"""Score runs and the parts of their payloads."""

from __future__ import annotations

from sqlite3 import Connection

from queries._load import load
from queries.rows import Parameters, Row
from queries.sqlite._run import first, rows, value

_RUNS = load("sqlite/score_runs.sql")


def upsert_chunk(connection: Connection, run_id: str, chunk: int, payload: bytes) -> None:
    """Stage a part of a run's payload, over an earlier one of its number."""
    connection.execute(
        _RUNS["upsert_chunk"].text, {"run_id": run_id, "chunk": chunk, "payload": payload}
    )


def staged_bytes(connection: Connection, run_id: str) -> int:
    """Return how much of a run's payload is there."""
    return int(value(connection, _RUNS["select_staged_bytes"], {"run_id": run_id}))


def insert(connection: Connection, run: Parameters) -> None:
    """Publish a run."""
    connection.execute(_RUNS["insert_score_run"].text, run)


def one(connection: Connection, run_id: str) -> Row | None:
    """Return a published run."""
    return next(iter(rows(connection, _RUNS["select_score_run"], {"run_id": run_id})), None)


def published(connection: Connection, purpose: str | None, limit: int) -> list[Row]:
    """Return published runs, the latest first."""
    return rows(connection, _RUNS["select_score_runs"], {"purpose": purpose, "limit": limit})


def current(connection: Connection, programme: str) -> Row | None:
    """Return the run published last for a programme."""
    found = rows(connection, _RUNS["select_current_score_run"], {"programme": programme})
    return next(iter(found), None)


def next_chunk(connection: Connection, run_id: str, after: int) -> tuple[int, bytes] | None:
    """Return number and payload of a published run's next part."""
    found = first(connection, _RUNS["select_next_chunk"], {"run_id": run_id, "after": after})
    return (found[0], found[1]) if found else None


def hold(connection: Connection, held: Parameters) -> None:
    """Note that a staged run waits for its release."""
    connection.execute(_RUNS["upsert_held_run"].text, held)


def one_held(connection: Connection, run_id: str) -> Row | None:
    """Return a run that waits for its release."""
    return next(iter(rows(connection, _RUNS["select_held_run"], {"run_id": run_id})), None)


def all_held(connection: Connection, purpose: str | None) -> list[Row]:
    """Return the runs that wait for their release, the latest first."""
    return rows(connection, _RUNS["select_held_runs"], {"purpose": purpose})


def next_held_chunk(connection: Connection, run_id: str, after: int) -> tuple[int, bytes] | None:
    """Return number and payload of a waiting run's next part."""
    found = first(connection, _RUNS["select_next_held_chunk"], {"run_id": run_id, "after": after})
    return (found[0], found[1]) if found else None


def end_hold(connection: Connection, run_id: str) -> None:
    """Note that a run waits no longer."""
    connection.execute(_RUNS["delete_held_run"].text, {"run_id": run_id})


def discard_staged(connection: Connection) -> int:
    """Remove the parts of runs that were never published; return how many runs."""
    staged = int(value(connection, _RUNS["count_staged_runs"]))
    connection.execute(_RUNS["delete_held_runs"].text)
    connection.execute(_RUNS["delete_staged_chunks"].text)
    return staged


def discard_staged_run(connection: Connection, run_id: str) -> None:
    """Remove the parts of a run unless it was published."""
    end_hold(connection, run_id)
    connection.execute(_RUNS["delete_staged_chunks_of"].text, {"run_id": run_id})


def redact(connection: Connection, run: Parameters, staged_as: str) -> None:
    """Put the parts staged under another name in the place of a published run's."""
    connection.execute(_RUNS["delete_chunks"].text, {"run_id": run["run_id"]})
    connection.execute(
        _RUNS["rename_chunks"].text, {"run_id": run["run_id"], "staged_as": staged_as}
    )
    connection.execute(_RUNS["update_redacted_run"].text, run)


def fence(connection: Connection, run_id: str) -> int | None:
    """Return the number that may stage and publish a run, None where any may."""
    found = first(connection, _RUNS["select_fence"], {"run_id": run_id})
    return None if found is None else int(found[0])


def set_fence(connection: Connection, run_id: str, fence: int) -> None:
    """Let a number stage and publish a run, and none below it."""
    connection.execute(_RUNS["upsert_fence"].text, {"run_id": run_id, "fence": fence})


def end_fence(connection: Connection, run_id: str) -> None:
    """Note that a run is published, and needs no number any longer."""
    connection.execute(_RUNS["delete_fence"].text, {"run_id": run_id})


def republish(connection: Connection, run_id: str) -> None:
    """Make a run the one published last."""
    connection.execute(_RUNS["republish_run"].text, {"run_id": run_id})


def prune(connection: Connection, run_id: str, pruned_at_us: int) -> None:
    """Remove a run's values, and note when."""
    connection.execute(_RUNS["delete_chunks"].text, {"run_id": run_id})
    connection.execute(
        _RUNS["mark_run_pruned"].text, {"run_id": run_id, "pruned_at_us": pruned_at_us}
    )
