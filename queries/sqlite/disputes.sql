-- name: insert_dispute
-- Add a dispute. Parameters: as the columns.
INSERT INTO dispute
    (sequence, subject, contested_source, contested_id, purpose, grounds, status, opened_at_us,
    opened_by, decided_at_us, decided_by, decision)
VALUES
    (:sequence, :subject, :contested_source, :contested_id, :purpose, :grounds, :status,
    :opened_at_us, :opened_by, :decided_at_us, :decided_by, :decision);

-- name: select_disputes
-- Disputes in a range. Parameters: after, up_to, standing_at (NULL: superseded ones too), limit.
-- Returns rows: the columns of dispute_record, by sequence.
SELECT * FROM dispute_record
WHERE sequence > :after AND sequence <= :up_to
    AND (:standing_at IS NULL OR superseded_by IS NULL OR superseded_by > :standing_at)
ORDER BY sequence LIMIT :limit;

-- name: select_disputes_of_subject
-- Disputes of one subject, superseded ones too. Parameters: subject (number), after, up_to, limit.
-- Returns rows: the columns of dispute_record, by sequence.
SELECT * FROM dispute_record
WHERE sequence IN (
    SELECT sequence FROM dispute
    WHERE subject = :subject AND sequence > :after AND sequence <= :up_to
    ORDER BY sequence LIMIT :limit
)
ORDER BY sequence;
