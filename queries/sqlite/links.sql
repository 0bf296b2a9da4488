-- name: insert_link
-- Add a link. Parameters: as the columns.
INSERT INTO link
    (sequence, kind, src, dst, weight, count, currency, valid_from_us, valid_to_us)
VALUES
    (:sequence, :kind, :src, :dst, :weight, :count, :currency, :valid_from_us, :valid_to_us);

-- name: select_links
-- Links in a range. Parameters: after, up_to, standing_at (NULL: superseded ones too), limit.
-- Returns rows: the columns of link_record, by sequence.
SELECT * FROM link_record
WHERE sequence > :after AND sequence <= :up_to
    AND (:standing_at IS NULL OR superseded_by IS NULL OR superseded_by > :standing_at)
ORDER BY sequence LIMIT :limit;

-- name: select_links_of_subject
-- Links at either end of one subject, superseded ones too. A subject is never at both ends of one.
-- Parameters: subject (number), kinds (a JSON list, NULL: all), after, up_to, limit.
-- Returns rows: the columns of link_record, by sequence.
SELECT * FROM link_record
WHERE sequence IN (
    SELECT sequence FROM link
    WHERE src = :subject AND sequence > :after AND sequence <= :up_to
        AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
    UNION ALL
    SELECT sequence FROM link
    WHERE dst = :subject AND sequence > :after AND sequence <= :up_to
        AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
    ORDER BY sequence LIMIT :limit
)
ORDER BY sequence;

-- name: select_link_columns
-- Links of some kinds as numbers. Parameters: kinds (a JSON list), after, up_to, limit, no_start_us
-- and no_end_us (what stands for missing times). Returns rows: sequence, kind, src, dst, weight,
-- count, valid_from_us, valid_to_us, by sequence.
SELECT sequence, kind, src, dst, weight, count,
    ifnull(valid_from_us, :no_start_us), ifnull(valid_to_us, :no_end_us)
FROM link
WHERE sequence > :after AND sequence <= :up_to
    AND kind IN (SELECT value FROM json_each(:kinds))
ORDER BY sequence LIMIT :limit;

-- name: select_standing_links_of_subjects
-- Where the next standing links at either end of many subjects are. Parameters: subjects (a JSON list
-- of numbers), kinds (a JSON list), since_us, until_us, not_over_before_us, is_outgoing (NULL each: any),
-- after, up_to, limit (for each subject). Returns rows: subject (number), sequence.
SELECT asked.value, found.sequence
FROM json_each(:subjects) AS asked
CROSS JOIN link AS found
WHERE found.sequence IN (
    SELECT link.sequence FROM link
    WHERE link.src = asked.value AND link.sequence > :after AND link.sequence <= :up_to
        AND :is_outgoing IS NOT 0
        AND (:kinds IS NULL OR link.kind IN (SELECT value FROM json_each(:kinds)))
        AND (:since_us IS NULL OR link.valid_from_us >= :since_us)
        AND (:until_us IS NULL OR link.valid_from_us < :until_us)
        AND (
            :not_over_before_us IS NULL
            OR coalesce(
                link.valid_to_us,
                CASE WHEN link.kind IN ('paid', 'refunded') THEN link.valid_from_us END,
                :not_over_before_us
            ) >= :not_over_before_us
        )
        AND NOT EXISTS (
            SELECT 1 FROM supersession
            WHERE superseded = link.sequence AND superseded_by <= :up_to
        )
    UNION ALL
    SELECT link.sequence FROM link
    WHERE link.dst = asked.value AND link.sequence > :after AND link.sequence <= :up_to
        AND :is_outgoing IS NOT 1
        AND (:kinds IS NULL OR link.kind IN (SELECT value FROM json_each(:kinds)))
        AND (:since_us IS NULL OR link.valid_from_us >= :since_us)
        AND (:until_us IS NULL OR link.valid_from_us < :until_us)
        AND (
            :not_over_before_us IS NULL
            OR coalesce(
                link.valid_to_us,
                CASE WHEN link.kind IN ('paid', 'refunded') THEN link.valid_from_us END,
                :not_over_before_us
            ) >= :not_over_before_us
        )
        AND NOT EXISTS (
            SELECT 1 FROM supersession
            WHERE superseded = link.sequence AND superseded_by <= :up_to
        )
    ORDER BY sequence LIMIT :limit
);

-- name: select_links_at
-- The links at some sequences. Parameters: sequences (a JSON list).
-- Returns rows: the columns of link_record, by sequence.
SELECT * FROM link_record WHERE sequence IN (SELECT value FROM json_each(:sequences))
ORDER BY sequence;
