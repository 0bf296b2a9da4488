-- name: count_erasures
-- Returns one row: how many erasures there were.
SELECT count(*) FROM erasure;

-- name: insert_erasure
-- Note an erasure. Parameters: erased_at_us, records, subjects (how many).
INSERT INTO erasure (erased_at_us, records, subjects)
VALUES (:erased_at_us, :records, :subjects);

-- name: delete_registration
-- Remove what a registration says. Parameters: sequence.
DELETE FROM registration WHERE sequence = :sequence;

-- name: delete_link
-- Remove what a link says. Parameters: sequence.
DELETE FROM link WHERE sequence = :sequence;

-- name: delete_event
-- Remove what an event says. Parameters: sequence.
DELETE FROM event WHERE sequence = :sequence;

-- name: delete_report
-- Remove what a report says. Parameters: sequence.
DELETE FROM report WHERE sequence = :sequence;

-- name: delete_listing
-- Remove what a listing says. Parameters: sequence.
DELETE FROM listing WHERE sequence = :sequence;

-- name: delete_retraction
-- Remove what a retraction says. Parameters: sequence.
DELETE FROM retraction WHERE sequence = :sequence;

-- name: delete_dispute
-- Remove what a dispute says. Parameters: sequence.
DELETE FROM dispute WHERE sequence = :sequence;

-- name: delete_case_entry
-- Remove what an entry of a case says. Parameters: sequence.
DELETE FROM case_entry WHERE sequence = :sequence;

-- name: erase_record
-- Leave of a record only its place, time and source. Parameters: sequence, pseudonym.
UPDATE record
SET external_id = :pseudonym, record_type = 'erased', content_hash = '', supersedes = NULL
WHERE sequence = :sequence AND record_type <> 'erased';

-- name: rename_superseded
-- Let what superseded an erased record name its trace. Parameters: sequence.
UPDATE record SET supersedes = (SELECT external_id FROM record WHERE sequence = :sequence)
WHERE sequence = (SELECT superseded_by FROM supersession WHERE superseded = :sequence)
    AND record_type <> 'erased';

-- name: erase_subject
-- Leave of a subject only its number and kind. Parameters: kind, key, pseudonym.
UPDATE subject SET key = :pseudonym, is_erased = 1 WHERE kind = :kind AND key = :key;

-- name: select_subjects_without_records
-- Subjects that no record mentions and that were not erased. Parameters: limit.
-- Returns rows: kind, key.
SELECT kind, key FROM subject
WHERE is_erased = 0
    AND number NOT IN (SELECT subject FROM registration)
    AND number NOT IN (SELECT src FROM link)
    AND number NOT IN (SELECT dst FROM link)
    AND number NOT IN (SELECT subject FROM event)
    AND number NOT IN (SELECT subject FROM report)
    AND number NOT IN (SELECT reporter FROM report WHERE reporter IS NOT NULL)
    AND number NOT IN (SELECT subject FROM listing)
    AND number NOT IN (SELECT subject FROM dispute)
    AND number NOT IN (SELECT subject FROM case_entry WHERE subject IS NOT NULL)
ORDER BY number LIMIT :limit;

-- name: empty_write_ahead_log
-- Bring the log into the file and cut it to nothing, so that it holds no older content.
-- Returns one row: whether others kept it from that, and sizes.
PRAGMA wal_checkpoint(TRUNCATE);
