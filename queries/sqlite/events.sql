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

-- name: select_standing_events_of_subjects
-- Where the next standing events of many subjects are. Parameters: subjects (a JSON list of numbers),
-- kinds (a JSON list), since_us, until_us, not_over_before_us (NULL each: any), after, up_to,
-- limit (for each subject). Returns rows: subject (number), sequence.
SELECT asked.value, found.sequence
FROM json_each(:subjects) AS asked
CROSS JOIN event AS found
WHERE found.sequence IN (
    SELECT event.sequence FROM event
    WHERE event.subject = asked.value AND event.sequence > :after AND event.sequence <= :up_to
        AND (:kinds IS NULL OR event.kind IN (SELECT value FROM json_each(:kinds)))
        AND (:since_us IS NULL OR event.occurred_at_us >= :since_us)
        AND (:until_us IS NULL OR event.occurred_at_us < :until_us)
        AND (:not_over_before_us IS NULL OR event.occurred_at_us >= :not_over_before_us)
        AND NOT EXISTS (
            SELECT 1 FROM supersession
            WHERE superseded = event.sequence AND superseded_by <= :up_to
        )
    ORDER BY event.sequence LIMIT :limit
);

-- name: select_events_at
-- The events at some sequences. Parameters: sequences (a JSON list).
-- Returns rows: the columns of event_record, by sequence.
SELECT * FROM event_record WHERE sequence IN (SELECT value FROM json_each(:sequences))
ORDER BY sequence;
