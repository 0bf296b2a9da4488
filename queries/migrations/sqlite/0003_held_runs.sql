-- name: create_held_run
-- Runs that wait, staged and unseen, for a person's release; `run` and `reasons` are JSON.
CREATE TABLE held_run (
    run_id TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    held_at_us INTEGER NOT NULL,
    run TEXT NOT NULL,
    reasons TEXT NOT NULL
) STRICT;

-- name: index_held_run_by_time
-- For the list of all that wait.
CREATE INDEX held_run_by_time ON held_run (held_at_us);

-- name: mark_version
-- The schema's version; in the same transaction as all of the above.
PRAGMA user_version = 3;
