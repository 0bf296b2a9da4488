// name: append_registrations
// Add subjects registered by themselves. Parameters: rows (maps: subject, a number; and properties).
UNWIND $rows AS row
MATCH (subject:Subject {number: row.subject})
USING INDEX subject:Subject(number)
CREATE (record:Record:Registration)-[:REGISTERS]->(subject)
SET record = row.properties

// name: append_events
// Add what subjects did. Parameters: rows (maps: subject, a number; and properties).
UNWIND $rows AS row
MATCH (subject:Subject {number: row.subject})
USING INDEX subject:Subject(number)
CREATE (subject)-[:DID]->(record:Record:Event)
SET record = row.properties

// name: append_reports
// Add reports. Parameters: rows (maps: subject, reporter (numbers, or null); and properties).
UNWIND $rows AS row
MATCH (subject:Subject {number: row.subject})
USING INDEX subject:Subject(number)
CREATE (record:Record:Report)-[:ABOUT]->(subject)
SET record = row.properties
WITH record, row.reporter AS number WHERE number IS NOT NULL
MATCH (reporter:Subject {number: number})
USING INDEX reporter:Subject(number)
CREATE (reporter)-[:REPORTED]->(record)

// name: append_listings
// Add entries on lists. Parameters: rows (maps: subject, a number; and properties).
UNWIND $rows AS row
MATCH (subject:Subject {number: row.subject})
USING INDEX subject:Subject(number)
CREATE (record:Record:Listing)-[:LISTS]->(subject)
SET record = row.properties

// name: append_retractions
// Add withdrawals. Parameters: rows (maps: properties).
UNWIND $rows AS row
CREATE (record:Record:Retraction)
SET record = row.properties

// name: append_disputes
// Add disputes. Parameters: rows (maps: subject, a number; and properties).
UNWIND $rows AS row
MATCH (subject:Subject {number: row.subject})
USING INDEX subject:Subject(number)
CREATE (subject)-[:DISPUTES]->(record:Record:Dispute)
SET record = row.properties

// name: select_record
// A record by its identity. Parameters: source, external_id.
// Returns at most one row: record (all properties).
MATCH (record:Record {source: $source, external_id: $external_id})
USING INDEX record:Record(source, external_id)
RETURN properties(record) AS record

// name: select_headings
// What many records of one source are. Parameters: source, external_ids.
// Returns one row of columns, for those that are there: external_id, sequence, record_type, sort.
UNWIND $external_ids AS external_id
MATCH (record:Record {source: $source, external_id: external_id})
USING INDEX record:Record(source, external_id)
WITH record WHERE NOT record:Erased
RETURN collect(record.external_id) AS external_id, collect(record.sequence) AS sequence,
    collect(coalesce(record.record_type, 'link')) AS record_type,
    collect(coalesce(
        record.link_kind, record.kind, record.category, record.list_name, ''
    )) AS sort

// name: select_record_at
// A record by its sequence. Parameters: sequence.
// Returns at most one row: record (all properties).
MATCH (record:Record {sequence: $sequence})
USING INDEX record:Record(sequence)
RETURN properties(record) AS record

// name: select_records
// Records of one type that stood at a time. RECORD_LABEL is replaced. Parameters: after, known_at, limit.
// Returns one row: records (a list of maps with all properties, by sequence).
MATCH (record:RECORD_LABEL)
USING INDEX record:RECORD_LABEL(sequence)
WHERE $after < record.sequence <= $known_at
WITH record
WHERE record.superseded_by IS NULL OR record.superseded_by > $known_at
WITH record ORDER BY record.sequence LIMIT $limit
RETURN collect(properties(record)) AS records

// name: select_listings
// The entries of one list that stood at a time. Parameters: list_name, list_kind (null: both), after,
// known_at, limit. Returns one row: records (a list of maps with all properties, by sequence).
MATCH (record:Listing)
USING INDEX record:Listing(list_name, sequence)
WHERE record.list_name = $list_name AND $after < record.sequence <= $known_at
WITH record
WHERE (record.superseded_by IS NULL OR record.superseded_by > $known_at)
    AND ($list_kind IS NULL OR record.list_kind = $list_kind)
WITH record ORDER BY record.sequence LIMIT $limit
RETURN collect(properties(record)) AS records

// name: select_reports_by_subject
// Reports that a subject made. Parameters: id, after, up_to, limit.
// Returns one row: records (a list of maps with all properties, by sequence).
MATCH (subject:Subject {id: $id})
USING INDEX subject:Subject(id)
MATCH (subject)-[:REPORTED]->(record:Report)
WHERE $after < record.sequence <= $up_to
WITH record ORDER BY record.sequence LIMIT $limit
RETURN collect(properties(record)) AS records

// name: select_records_of_subject
// Records of one type that concern a subject. RECORD_LABEL and ROLE are replaced.
// Parameters: id, after, up_to, limit.
// Returns one row: records (a list of maps with all properties, by sequence).
MATCH (subject:Subject {id: $id})
USING INDEX subject:Subject(id)
MATCH (subject)-[:ROLE]-(record:RECORD_LABEL)
WHERE $after < record.sequence <= $up_to
WITH record ORDER BY record.sequence LIMIT $limit
RETURN collect(properties(record)) AS records

// name: select_standing_records_of_subjects
// The next records of one type of many subjects, that stood at `up_to`. RECORD_LABEL and ROLE are
// replaced. Parameters: ids ('kind:key'), after, up_to, limit (for each subject); kind, time and over
// (names of properties: the record's kind, when it began, when it was over), kinds, since_us, until_us,
// not_over_before_us, is_open, in_force_at_us (null each: any).
// Returns rows, for those who have any: id, records (a list of maps with all properties, by sequence).
UNWIND $ids AS id
MATCH (subject:Subject {id: id})
USING INDEX subject:Subject(id)
CALL (subject) {
    MATCH (subject)-[:ROLE]-(record:RECORD_LABEL)
    WHERE $after < record.sequence <= $up_to
        AND (record.superseded_by IS NULL OR record.superseded_by > $up_to)
        AND ($kinds IS NULL OR record[$kind] IN $kinds)
        AND ($since_us IS NULL OR record[$time] >= $since_us)
        AND ($until_us IS NULL OR record[$time] < $until_us)
        AND ($not_over_before_us IS NULL OR record[$over] >= $not_over_before_us)
        AND ($is_open IS NULL OR (record.status = 'open') = $is_open)
        AND ($in_force_at_us IS NULL OR (
            record[$time] <= $in_force_at_us AND record[$over] > $in_force_at_us
        ))
    WITH record ORDER BY record.sequence LIMIT $limit
    RETURN collect(properties(record)) AS records
}
WITH id, records WHERE size(records) > 0
RETURN id, records

// name: select_many_records_at
// Records by sequence. Parameters: sequences. Returns rows: record (all properties).
UNWIND $sequences AS sequence
MATCH (record:Record {sequence: sequence})
USING INDEX record:Record(sequence)
RETURN properties(record) AS record
