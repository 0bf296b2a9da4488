-- name: note_how_runs_were_computed
-- By the core, as all were before, or by plain sweeps, which come to the same bits on any machines.
ALTER TABLE score_run ADD COLUMN method TEXT NOT NULL DEFAULT 'core';

-- name: mark_version
-- The schema's version; in the same transaction as all of the above.
PRAGMA user_version = 6;
