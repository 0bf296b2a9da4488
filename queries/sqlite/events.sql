-- name: insert_event
-- Add an event. Parameters: as the columns.
INSERT INTO event (sequence, kind, subject, occurred_at_us, value)
VALUES (:sequence, :kind, :subject, :occurred_at_us, :value);

-- name: select_events
-- Events in a range. Parameters: after, up_to, standing_at (NULL: superseded ones too), limit.
-- Returns rows: the columns of event_record, by sequence.
SELECT * FROM event_record
WHERE sequence > :after AND sequence <= :up_to
    AND (:standing_at IS NULL OR superseded_by IS NULL OR superseded_by > :standing_at)
ORDER BY sequence LIMIT :limit;

-- name: select_events_of_subject
-- Events of one subject, superseded ones too. Parameters: subject (number), after, up_to, limit.
-- Returns rows: the columns of event_record, by sequence.
SELECT * FROM event_record
WHERE sequence IN (
    SELECT sequence FROM event
    WHERE subject = :subject AND sequence > :after AND sequence <= :up_to
    ORDER BY sequence LIMIT :limit
)
ORDER BY sequence;
