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
