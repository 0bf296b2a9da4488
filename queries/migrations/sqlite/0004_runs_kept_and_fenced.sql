-- name: note_when_runs_were_pruned
-- When a run's values were removed to save room; what it was made of stays.
ALTER TABLE score_run ADD COLUMN pruned_at_us INTEGER;

-- name: create_run_fence
-- Who may stage and publish a run: whoever shows the highest number that was ever taken for it.
CREATE TABLE run_fence (
    run_id TEXT PRIMARY KEY,
    fence INTEGER NOT NULL
) STRICT;

-- name: mark_version
-- The schema's version; in the same transaction as all of the above.
PRAGMA user_version = 4;
