// name: append_case_entries
// Add entries of cases. Parameters: rows (maps: subject, a number or null; and properties).
UNWIND $rows AS row
CREATE (record:Record:CaseEntry)
SET record = row.properties
WITH record, row.subject AS number WHERE number IS NOT NULL
MATCH (subject:Subject {number: number})
USING INDEX subject:Subject(number)
CREATE (record)-[:CONCERNS]->(subject)

// name: select_case_openings
// First entries of a purpose's cases. Parameters: purpose, after, limit.
// Returns one row: records (a list of maps with all properties, by sequence).
MATCH (record:CaseEntry)
USING INDEX record:CaseEntry(purpose, step, sequence)
WHERE record.purpose = $purpose AND record.step = 'opened' AND record.sequence > $after
WITH record ORDER BY record.sequence LIMIT $limit
RETURN collect(properties(record)) AS records

// name: select_entries_of_cases
// All entries of some cases. Parameters: case_ids.
// Returns one row: records (a list of maps with all properties, by sequence).
UNWIND $case_ids AS case_id
MATCH (record:CaseEntry {case_id: case_id})
USING INDEX record:CaseEntry(case_id)
WITH record ORDER BY record.sequence
RETURN collect(properties(record)) AS records
