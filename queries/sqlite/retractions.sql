-- name: insert_retraction
-- Add a retraction. Parameters: as the columns.
INSERT INTO retraction (sequence, reason) VALUES (:sequence, :reason);

-- name: select_retractions
-- Retractions in a range. Parameters: after, up_to, standing_at (NULL: superseded ones too), limit.
-- Returns rows: the columns of retraction_record, by sequence.
SELECT * FROM retraction_record
WHERE sequence > :after AND sequence <= :up_to
    AND (:standing_at IS NULL OR superseded_by IS NULL OR superseded_by > :standing_at)
ORDER BY sequence LIMIT :limit;
