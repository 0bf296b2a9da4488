-- name: upsert_chunk
-- Stage a part of a run's payload, over an earlier one of its number.
-- Parameters: run_id, chunk, payload.
INSERT INTO score_run_chunk (run_id, chunk, payload) VALUES (:run_id, :chunk, :payload)
ON CONFLICT (run_id, chunk) DO UPDATE SET payload = excluded.payload;

-- name: select_staged_bytes
-- How much of a run's payload is there. Parameters: run_id. Returns one row: bytes.
SELECT coalesce(sum(length(payload)), 0) FROM score_run_chunk WHERE run_id = :run_id;

-- name: insert_score_run
-- Publish a run: from here on it is seen. Parameters: as the columns, without publication.
INSERT INTO score_run
    (run_id, purpose, purpose_version, programme, programme_version, snapshot_sequence, as_of_us,
    tolerance, created_at_us, subjects, links,
    exposure_bound, exposure_bound_1, exposure_residual, exposure_tolerance, exposure_sweeps,
    trust_bound, trust_bound_1, trust_residual, trust_tolerance, trust_sweeps,
    score_bound, checksum, payload_bytes, erasures, method)
VALUES
    (:run_id, :purpose, :purpose_version, :programme, :programme_version, :snapshot_sequence,
    :as_of_us, :tolerance, :created_at_us, :subjects, :links,
    :exposure_bound, :exposure_bound_1, :exposure_residual, :exposure_tolerance, :exposure_sweeps,
    :trust_bound, :trust_bound_1, :trust_residual, :trust_tolerance, :trust_sweeps,
    :score_bound, :checksum, :payload_bytes, :erasures, :method);

-- name: select_score_run
-- A published run. Parameters: run_id. Returns at most one row: the columns of score_run.
SELECT * FROM score_run WHERE run_id = :run_id;

-- name: select_score_runs
-- Published runs, the latest first. Parameters: purpose (NULL: any), limit.
-- Returns rows: the columns of score_run.
SELECT * FROM score_run WHERE :purpose IS NULL OR purpose = :purpose
ORDER BY publication DESC LIMIT :limit;

-- name: select_current_score_run
-- The run published last for a programme. Parameters: programme.
-- Returns at most one row: the columns of score_run.
SELECT * FROM score_run WHERE programme = :programme ORDER BY publication DESC LIMIT 1;

-- name: select_next_chunk
-- The next part of a published run's payload. Parameters: run_id, after.
-- Returns at most one row: chunk, payload.
SELECT chunk, payload FROM score_run_chunk
WHERE run_id = :run_id AND chunk > :after
    AND EXISTS (SELECT 1 FROM score_run WHERE score_run.run_id = score_run_chunk.run_id)
ORDER BY chunk LIMIT 1;

-- name: count_staged_runs
-- Returns one row: how many runs have parts but were never published.
SELECT count(DISTINCT run_id) FROM score_run_chunk
WHERE run_id NOT IN (SELECT run_id FROM score_run);

-- name: delete_staged_chunks
-- Remove the parts of runs that were never published.
DELETE FROM score_run_chunk WHERE run_id NOT IN (SELECT run_id FROM score_run);

-- name: delete_staged_chunks_of
-- Remove the parts of a run unless it was published. Parameters: run_id.
DELETE FROM score_run_chunk
WHERE run_id = :run_id AND run_id NOT IN (SELECT run_id FROM score_run);

-- name: delete_chunks
-- Remove the parts of a run. Parameters: run_id.
DELETE FROM score_run_chunk WHERE run_id = :run_id;

-- name: rename_chunks
-- Give the parts of one run to another. Parameters: staged_as, run_id.
UPDATE score_run_chunk SET run_id = :run_id WHERE run_id = :staged_as;

-- name: update_redacted_run
-- Note what a run's payload is after some subjects were taken out of it.
-- Parameters: run_id, subjects, checksum, payload_bytes.
UPDATE score_run SET subjects = :subjects, checksum = :checksum, payload_bytes = :payload_bytes
WHERE run_id = :run_id;

-- name: select_fence
-- The number that may stage and publish a run. Parameters: run_id. Returns at most one row: fence.
SELECT fence FROM run_fence WHERE run_id = :run_id;

-- name: upsert_fence
-- Let a number stage and publish a run, and none below it. Parameters: run_id, fence.
INSERT INTO run_fence (run_id, fence) VALUES (:run_id, :fence)
ON CONFLICT (run_id) DO UPDATE SET fence = excluded.fence;

-- name: delete_fence
-- Note that a run is published, and needs no number any longer. Parameters: run_id.
DELETE FROM run_fence WHERE run_id = :run_id;

-- name: republish_run
-- Make a run the one published last. Parameters: run_id.
UPDATE score_run SET publication = (SELECT max(publication) + 1 FROM score_run)
WHERE run_id = :run_id;

-- name: mark_run_pruned
-- Note when a run's values were removed. Parameters: run_id, pruned_at_us.
UPDATE score_run SET pruned_at_us = :pruned_at_us WHERE run_id = :run_id;

-- name: upsert_held_run
-- Note that a staged run waits for its release. Parameters: run_id, purpose, held_at_us, run,
-- reasons.
INSERT INTO held_run (run_id, purpose, held_at_us, run, reasons)
VALUES (:run_id, :purpose, :held_at_us, :run, :reasons)
ON CONFLICT (run_id) DO UPDATE SET run = excluded.run, reasons = excluded.reasons;

-- name: select_held_run
-- A run that waits. Parameters: run_id. Returns at most one row: the columns of held_run.
SELECT * FROM held_run WHERE run_id = :run_id;

-- name: select_held_runs
-- Runs that wait, the latest first. Parameters: purpose (NULL: any).
-- Returns rows: the columns of held_run.
SELECT * FROM held_run WHERE :purpose IS NULL OR purpose = :purpose
ORDER BY held_at_us DESC, run_id DESC;

-- name: select_next_held_chunk
-- The next part of a waiting run's payload. Parameters: run_id, after.
-- Returns at most one row: chunk, payload.
SELECT chunk, payload FROM score_run_chunk
WHERE run_id = :run_id AND chunk > :after
    AND EXISTS (SELECT 1 FROM held_run WHERE held_run.run_id = score_run_chunk.run_id)
ORDER BY chunk LIMIT 1;

-- name: delete_held_run
-- Note that a run waits no longer. Parameters: run_id.
DELETE FROM held_run WHERE run_id = :run_id;

-- name: delete_held_runs
-- Note that no run waits any longer.
DELETE FROM held_run;
