// name: take_publications
// Lock the counter of publications until the transaction ends. Parameters: token.
// Returns one row: publications.
MATCH (counter:Counter {name: 'publications'})
USING INDEX counter:Counter(name)
SET counter.taken_by = $token
WITH properties(counter) AS state
RETURN state.publications AS publications

// name: upsert_chunk
// Stage a part of a run's payload, over an earlier one of its number.
// Parameters: run_id, chunk, payload, bytes (its length).
MERGE (chunk:ScoreRunChunk {run_id: $run_id, chunk: $chunk})
SET chunk.payload = $payload, chunk.bytes = $bytes

// name: select_staged_bytes
// How much of a run's payload is there. Parameters: run_id. Returns one row: bytes.
MATCH (chunk:ScoreRunChunk)
USING INDEX chunk:ScoreRunChunk(run_id, chunk)
WHERE chunk.run_id = $run_id AND chunk.chunk IS NOT NULL
RETURN sum(chunk.bytes) AS bytes

// name: insert_score_run
// Publish a run: from here on it is seen. Parameters: run (a map of all properties),
// publication.
MATCH (counter:Counter {name: 'publications'})
USING INDEX counter:Counter(name)
SET counter.publications = $publication
CREATE (run:ScoreRun)
SET run = $run, run.publication = $publication

// name: select_score_run
// A published run. Parameters: run_id. Returns at most one row: run (all properties).
MATCH (run:ScoreRun {run_id: $run_id})
USING INDEX run:ScoreRun(run_id)
RETURN properties(run) AS run

// name: select_score_runs
// Published runs, the latest first. Parameters: purpose (null: any), limit.
// Returns rows: run (all properties).
MATCH (run:ScoreRun)
USING INDEX run:ScoreRun(publication)
WHERE run.publication > 0
WITH run WHERE $purpose IS NULL OR run.purpose = $purpose
RETURN properties(run) AS run
ORDER BY run.publication DESC LIMIT $limit

// name: select_current_score_run
// The run published last for a programme. Parameters: programme.
// Returns at most one row: run (all properties).
MATCH (run:ScoreRun)
USING INDEX run:ScoreRun(programme, publication)
WHERE run.programme = $programme AND run.publication > 0
RETURN properties(run) AS run
ORDER BY run.publication DESC LIMIT 1

// name: select_next_chunk
// The next part of a run's payload. Parameters: run_id, after. Returns at most one row: chunk, payload.
MATCH (chunk:ScoreRunChunk)
USING INDEX chunk:ScoreRunChunk(run_id, chunk)
WHERE chunk.run_id = $run_id AND chunk.chunk > $after
RETURN chunk.chunk AS chunk, chunk.payload AS payload
ORDER BY chunk.chunk LIMIT 1

// name: select_staged_runs
// Which runs have parts but were never published. Returns one row: run_ids (a list).
MATCH (chunk:ScoreRunChunk)
USING INDEX chunk:ScoreRunChunk(run_id, chunk)
WHERE chunk.run_id IS NOT NULL AND chunk.chunk IS NOT NULL
WITH DISTINCT chunk.run_id AS run_id
WHERE NOT EXISTS { MATCH (run:ScoreRun {run_id: run_id}) }
RETURN collect(run_id) AS run_ids

// name: delete_staged_chunks
// Remove some parts of a run unless it has been published. Parameters: run_id, limit.
// Returns one row: deleted (how many).
MATCH (chunk:ScoreRunChunk)
USING INDEX chunk:ScoreRunChunk(run_id, chunk)
WHERE chunk.run_id = $run_id AND chunk.chunk IS NOT NULL
    AND NOT EXISTS { MATCH (run:ScoreRun {run_id: $run_id}) }
WITH chunk LIMIT $limit
DELETE chunk
RETURN count(*) AS deleted

// name: rename_chunk
// Put one staged part in the place of a published run's. Parameters: staged_as, run_id, chunk.
MATCH (staged:ScoreRunChunk {run_id: $staged_as, chunk: $chunk})
USING INDEX staged:ScoreRunChunk(run_id, chunk)
SET staged.run_id = $run_id

// name: select_chunk_numbers
// The parts of a run. Parameters: run_id. Returns one row: chunks (numbers, ascending).
MATCH (chunk:ScoreRunChunk)
USING INDEX chunk:ScoreRunChunk(run_id, chunk)
WHERE chunk.run_id = $run_id AND chunk.chunk IS NOT NULL
WITH chunk.chunk AS number ORDER BY number
RETURN collect(number) AS chunks

// name: delete_chunks
// Remove the parts of a run. Parameters: run_id.
MATCH (chunk:ScoreRunChunk)
USING INDEX chunk:ScoreRunChunk(run_id, chunk)
WHERE chunk.run_id = $run_id AND chunk.chunk IS NOT NULL
DELETE chunk

// name: update_redacted_run
// Note what a run's payload is after some subjects were taken out of it.
// Parameters: run_id, subjects, checksum, payload_bytes.
MATCH (run:ScoreRun {run_id: $run_id})
USING INDEX run:ScoreRun(run_id)
SET run.subjects = $subjects, run.checksum = $checksum, run.payload_bytes = $payload_bytes

// name: select_fence
// The number that may stage and publish a run. Parameters: run_id. Returns at most one row: fence.
MATCH (fence:RunFence {run_id: $run_id})
USING INDEX fence:RunFence(run_id)
RETURN fence.fence AS fence

// name: upsert_fence
// Let a number stage and publish a run, and none below it. Parameters: run_id, fence.
MERGE (fence:RunFence {run_id: $run_id})
SET fence.fence = $fence

// name: delete_fence
// Note that a run is published, and needs no number any longer. Parameters: run_id.
MATCH (fence:RunFence {run_id: $run_id})
USING INDEX fence:RunFence(run_id)
DELETE fence

// name: republish_run
// Make a run the one published last. Parameters: run_id, publication.
MATCH (counter:Counter {name: 'publications'})
USING INDEX counter:Counter(name)
SET counter.publications = $publication
WITH counter
MATCH (run:ScoreRun {run_id: $run_id})
USING INDEX run:ScoreRun(run_id)
SET run.publication = $publication

// name: mark_run_pruned
// Note when a run's values were removed. Parameters: run_id, pruned_at_us.
MATCH (run:ScoreRun {run_id: $run_id})
USING INDEX run:ScoreRun(run_id)
SET run.pruned_at_us = coalesce(run.pruned_at_us, $pruned_at_us)

// name: delete_pruned_chunks
// Remove some parts of a run whose values were pruned. Parameters: run_id, limit.
// Returns one row: deleted (how many).
MATCH (chunk:ScoreRunChunk)
USING INDEX chunk:ScoreRunChunk(run_id, chunk)
WHERE chunk.run_id = $run_id AND chunk.chunk IS NOT NULL
    AND EXISTS {
        MATCH (run:ScoreRun {run_id: $run_id}) WHERE run.pruned_at_us IS NOT NULL
    }
WITH chunk LIMIT $limit
DELETE chunk
RETURN count(*) AS deleted

// name: upsert_held_run
// Note that a staged run waits for its release. Parameters: run_id, held (a map of all properties).
MERGE (held:HeldRun {run_id: $run_id})
ON CREATE SET held = $held
ON MATCH SET held.run = $held.run, held.reasons = $held.reasons

// name: select_held_run
// A run that waits. Parameters: run_id. Returns at most one row: held (all properties).
MATCH (held:HeldRun {run_id: $run_id})
USING INDEX held:HeldRun(run_id)
RETURN properties(held) AS held

// name: select_held_runs
// Runs that wait, the latest first. Parameters: purpose (null: any).
// Returns rows: held (all properties).
MATCH (held:HeldRun)
USING INDEX held:HeldRun(held_at_us)
WHERE held.held_at_us IS NOT NULL
WITH held WHERE $purpose IS NULL OR held.purpose = $purpose
RETURN properties(held) AS held
ORDER BY held.held_at_us DESC, held.run_id DESC

// name: delete_held_run
// Note that a run waits no longer. Parameters: run_id.
MATCH (held:HeldRun {run_id: $run_id})
USING INDEX held:HeldRun(run_id)
DELETE held
