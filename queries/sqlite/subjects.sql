-- name: select_subject_numbers
-- Numbers of many subjects of one kind. Parameters: kind, keys (a JSON list).
-- Returns a row for each that is known: key, number.
SELECT subject.key, subject.number
FROM json_each(:keys) AS asked
CROSS JOIN subject ON subject.kind = :kind AND subject.key = asked.value;

-- name: select_next_subject_number
-- Returns one row: the number that the next new subject gets, which is how many there are.
SELECT coalesce(max(number) + 1, 0) FROM subject;

-- name: insert_subject
-- Number a new subject. Parameters: number, kind, key.
INSERT INTO subject (number, kind, key) VALUES (?1, ?2, ?3);

-- name: select_subjects
-- Subjects by number. Parameters: after, limit. Returns rows: number, kind, key.
SELECT number, kind, key FROM subject WHERE number > :after ORDER BY number LIMIT :limit;

-- name: insert_registration
-- Add a subject registered by itself. Parameters: as the columns.
INSERT INTO registration (sequence, subject, display_name)
VALUES (:sequence, :subject, :display_name);

-- name: select_registrations
-- Registrations in a range. Parameters: after, up_to, standing_at (NULL: superseded ones too), limit.
-- Returns rows: the columns of registration_record, by sequence.
SELECT * FROM registration_record
WHERE sequence > :after AND sequence <= :up_to
    AND (:standing_at IS NULL OR superseded_by IS NULL OR superseded_by > :standing_at)
ORDER BY sequence LIMIT :limit;

-- name: select_registrations_of_subject
-- Registrations of one subject, superseded ones too. Parameters: subject (number), after, up_to, limit.
-- Returns rows: the columns of registration_record, by sequence.
SELECT * FROM registration_record
WHERE sequence IN (
    SELECT sequence FROM registration
    WHERE subject = :subject AND sequence > :after AND sequence <= :up_to
    ORDER BY sequence LIMIT :limit
)
ORDER BY sequence;
