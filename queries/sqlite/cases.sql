-- name: insert_case_entry
-- Add an entry of a case. Parameters: as the columns.
INSERT INTO case_entry
    (sequence, case_id, purpose, step, subject, text, entered_at_us, entered_by)
VALUES
    (:sequence, :case_id, :purpose, :step, :subject, :text, :entered_at_us, :entered_by);

-- name: select_case_entries
-- Entries of cases in a range. Parameters: after, up_to, standing_at (NULL: superseded ones too), limit.
-- Returns rows: the columns of case_entry_record, by sequence.
SELECT * FROM case_entry_record
WHERE sequence > :after AND sequence <= :up_to
    AND (:standing_at IS NULL OR superseded_by IS NULL OR superseded_by > :standing_at)
ORDER BY sequence LIMIT :limit;

-- name: select_case_entries_of_subject
-- Entries on one subject, superseded ones too. Parameters: subject (number), after, up_to, limit.
-- Returns rows: the columns of case_entry_record, by sequence.
SELECT * FROM case_entry_record
WHERE sequence IN (
    SELECT sequence FROM case_entry
    WHERE subject = :subject AND sequence > :after AND sequence <= :up_to
    ORDER BY sequence LIMIT :limit
)
ORDER BY sequence;

-- name: select_case_openings
-- First entries of a purpose's cases. Parameters: purpose, after, limit.
-- Returns rows: the columns of case_entry_record, by sequence.
SELECT * FROM case_entry_record
WHERE sequence IN (
    SELECT sequence FROM case_entry
    WHERE purpose = :purpose AND step = 'opened' AND sequence > :after
    ORDER BY sequence LIMIT :limit
)
ORDER BY sequence;

-- name: select_entries_of_cases
-- All entries of some cases. Parameters: case_ids (a JSON list).
-- Returns rows: the columns of case_entry_record, by sequence.
SELECT * FROM case_entry_record
WHERE sequence IN (
    SELECT case_entry.sequence
    FROM json_each(:case_ids) AS asked
    CROSS JOIN case_entry ON case_entry.case_id = asked.value
)
ORDER BY sequence;
