-- name: select_last_record
-- The record with the highest sequence. Returns at most one row: sequence, recorded_at_us.
SELECT sequence, recorded_at_us FROM record ORDER BY sequence DESC LIMIT 1;

-- name: select_sequence_at
-- The last record recorded at or before a time. Parameters: until_us. Returns at most one row: sequence.
SELECT sequence FROM record WHERE recorded_at_us <= :until_us
ORDER BY recorded_at_us DESC, sequence DESC LIMIT 1;

-- name: count_records
-- Returns a row for each type: record_type, how many.
SELECT 'subject', count(*) FROM registration
UNION ALL SELECT 'link', count(*) FROM link
UNION ALL SELECT 'event', count(*) FROM event
UNION ALL SELECT 'report', count(*) FROM report
UNION ALL SELECT 'listing', count(*) FROM listing
UNION ALL SELECT 'retraction', count(*) FROM retraction
UNION ALL SELECT 'dispute', count(*) FROM dispute
UNION ALL SELECT 'case_entry', count(*) FROM case_entry;

-- name: select_identities
-- Which of many external ids a source has used. Parameters: source, external_ids (a JSON list).
-- Returns rows: external_id, sequence, record_type, content_hash, superseded_by.
SELECT record.external_id, record.sequence, record.record_type, record.content_hash,
    supersession.superseded_by
FROM json_each(:external_ids) AS asked
CROSS JOIN record ON record.source = :source AND record.external_id = asked.value
LEFT JOIN supersession ON supersession.superseded = record.sequence;

-- name: select_headings
-- What many records of one source are. Parameters: source, external_ids (a JSON list).
-- Returns a row for each that is there: external_id, sequence, record_type, sort.
SELECT record.external_id, record.sequence, record.record_type,
    coalesce(link.kind, event.kind, report.category, listing.list_name, '')
FROM json_each(:external_ids) AS asked
CROSS JOIN record ON record.source = :source AND record.external_id = asked.value
LEFT JOIN link ON link.sequence = record.sequence
LEFT JOIN event ON event.sequence = record.sequence
LEFT JOIN report ON report.sequence = record.sequence
LEFT JOIN listing ON listing.sequence = record.sequence
WHERE record.record_type <> 'erased';

-- name: select_noun_at
-- Which noun the record at a sequence is. Parameters: sequence. Returns at most one row: record_type.
SELECT record_type FROM record WHERE sequence = :sequence;

-- name: insert_record
-- Add what all evidence has in common. Parameters: as the columns.
INSERT INTO record
    (sequence, source, external_id, record_type, content_hash, recorded_at_us, supersedes)
VALUES
    (:sequence, :source, :external_id, :record_type, :content_hash, :recorded_at_us, :supersedes);

-- name: insert_supersession
-- Note that a record corrects or withdraws another. Parameters: superseded, superseded_by (sequences).
INSERT INTO supersession (superseded, superseded_by) VALUES (?1, ?2);

-- name: select_superseded_between
-- What records in a range superseded. Parameters: after, up_to. Returns rows: sequence, ascending.
SELECT superseded FROM supersession WHERE superseded_by > :after AND superseded_by <= :up_to
ORDER BY superseded;

-- name: select_supersessions_of
-- What became of records in a range. Parameters: first, last (both included).
-- Returns rows: superseded, superseded_by.
SELECT superseded, superseded_by FROM supersession WHERE superseded BETWEEN :first AND :last
ORDER BY superseded;
