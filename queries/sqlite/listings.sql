-- name: insert_listing
-- Add a listing. Parameters: as the columns.
INSERT INTO listing
    (sequence, subject, list_name, list_kind, severity, reason_code, authority,
    effective_from_us, until_us)
VALUES
    (:sequence, :subject, :list_name, :list_kind, :severity, :reason_code, :authority,
    :effective_from_us, :until_us);

-- name: select_listings
-- Listings in a range. Parameters: after, up_to, standing_at (NULL: superseded ones too), limit.
-- Returns rows: the columns of listing_record, by sequence.
SELECT * FROM listing_record
WHERE sequence > :after AND sequence <= :up_to
    AND (:standing_at IS NULL OR superseded_by IS NULL OR superseded_by > :standing_at)
ORDER BY sequence LIMIT :limit;

-- name: select_listings_of_subject
-- Listings of one subject, superseded ones too. Parameters: subject (number), after, up_to, limit.
-- Returns rows: the columns of listing_record, by sequence.
SELECT * FROM listing_record
WHERE sequence IN (
    SELECT sequence FROM listing
    WHERE subject = :subject AND sequence > :after AND sequence <= :up_to
    ORDER BY sequence LIMIT :limit
)
ORDER BY sequence;

-- name: select_listings_on_lists
-- Listings on some lists that stand. Parameters: list_names (a JSON list), list_kind (NULL: both),
-- after, standing_at, limit. Returns rows: the columns of listing_record, by sequence.
SELECT * FROM listing_record
WHERE list_name IN (SELECT value FROM json_each(:list_names))
    AND (:list_kind IS NULL OR list_kind = :list_kind)
    AND sequence > :after AND sequence <= :standing_at
    AND (superseded_by IS NULL OR superseded_by > :standing_at)
ORDER BY sequence LIMIT :limit;

-- name: select_standing_listings_of_subjects
-- Where the next standing listings of many subjects are. Parameters: subjects (a JSON list of numbers),
-- kinds (a JSON list), since_us, until_us, not_over_before_us, in_force_at_us (NULL each: any), after, up_to,
-- limit (for each subject). Returns rows: subject (number), sequence.
SELECT asked.value, found.sequence
FROM json_each(:subjects) AS asked
CROSS JOIN listing AS found
WHERE found.sequence IN (
    SELECT listing.sequence FROM listing
    WHERE listing.subject = asked.value AND listing.sequence > :after AND listing.sequence <= :up_to
        AND (:kinds IS NULL OR listing.list_name IN (SELECT value FROM json_each(:kinds)))
        AND (:since_us IS NULL OR listing.effective_from_us >= :since_us)
        AND (:until_us IS NULL OR listing.effective_from_us < :until_us)
        AND (:not_over_before_us IS NULL OR listing.until_us >= :not_over_before_us)
        AND (
            :in_force_at_us IS NULL
            OR (listing.effective_from_us <= :in_force_at_us AND listing.until_us > :in_force_at_us)
        )
        AND NOT EXISTS (
            SELECT 1 FROM supersession
            WHERE superseded = listing.sequence AND superseded_by <= :up_to
        )
    ORDER BY listing.sequence LIMIT :limit
);

-- name: select_listings_at
-- The listings at some sequences. Parameters: sequences (a JSON list).
-- Returns rows: the columns of listing_record, by sequence.
SELECT * FROM listing_record WHERE sequence IN (SELECT value FROM json_each(:sequences))
ORDER BY sequence;
