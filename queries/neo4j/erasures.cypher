// name: count_erasures
// How many erasures there were. Returns one row: erasures.
MATCH (erasure:Erasure)
RETURN count(erasure) AS erasures

// name: select_erasure
// Whether the erasure of this token has been committed already. Parameters: token.
// Returns one row: erasures (0 or 1).
OPTIONAL MATCH (erasure:Erasure {token: $token})
RETURN count(erasure) AS erasures

// name: insert_erasure
// Note an erasure. Parameters: token, erased_at_us, records, subjects (how many).
CREATE (:Erasure {
    token: $token, erased_at_us: $erased_at_us, records: $records, subjects: $subjects
})

// name: select_link_kinds
// Which of many sequences are links, and of which kind. Parameters: sequences.
// Returns rows: sequence, kind, superseded.
UNWIND $sequences AS wanted
MATCH (record:Record {sequence: wanted})
USING INDEX record:Record(sequence)
WITH record WHERE record.link_kind IS NOT NULL
RETURN record.sequence AS sequence, record.link_kind AS kind,
    record.superseded_by IS NOT NULL AS superseded

// name: delete_links
// Remove links of one type. LINK_TYPE is replaced. Parameters: sequences.
UNWIND $sequences AS wanted
MATCH ()-[link:LINK_TYPE {sequence: wanted}]->()
USING INDEX link:LINK_TYPE(sequence)
DELETE link

// name: erase_records
// Leave of records only their place, time and source.
// Parameters: rows (maps: sequence, pseudonym). Returns one row: erased (how many).
UNWIND $rows AS row
MATCH (record:Record {sequence: row.sequence})
USING INDEX record:Record(sequence)
WITH record, row WHERE NOT record:Erased
OPTIONAL MATCH (record)-[role]-()
DELETE role
WITH DISTINCT record, row
SET record = {
    sequence: record.sequence, source: record.source, external_id: row.pseudonym,
    record_type: 'erased', content_hash: '', recorded_at_us: record.recorded_at_us,
    superseded_by: record.superseded_by
}
SET record:Erased
REMOVE record:Registration:Event:Report:Listing:Retraction:Dispute:CaseEntry
RETURN count(record) AS erased

// name: select_successors
// What superseded erased records and is not erased itself. Parameters: sequences.
// Returns rows: sequence, external_id (of the erased record, its trace), kind (null unless a link),
// superseded.
UNWIND $sequences AS wanted
MATCH (former:Record {sequence: wanted})
USING INDEX former:Record(sequence)
WITH former WHERE former:Erased AND former.superseded_by IS NOT NULL
MATCH (record:Record {sequence: former.superseded_by})
USING INDEX record:Record(sequence)
WITH former, record WHERE NOT record:Erased
RETURN record.sequence AS sequence, former.external_id AS external_id, record.link_kind AS kind,
    record.superseded_by IS NOT NULL AS superseded

// name: rename_superseded
// Let records other than links name the trace of what they superseded.
// Parameters: rows (maps: sequence, external_id).
UNWIND $rows AS row
MATCH (record:Record {sequence: row.sequence})
USING INDEX record:Record(sequence)
SET record.supersedes = row.external_id

// name: rename_superseded_by_links
// Let links of one type name the trace of what they superseded. LINK_TYPE is replaced.
// Parameters: rows (maps: sequence, external_id).
UNWIND $rows AS row
MATCH ()-[link:LINK_TYPE {sequence: row.sequence}]->()
USING INDEX link:LINK_TYPE(sequence)
SET link.supersedes = row.external_id

// name: select_mentioned
// Which of many subjects a record still mentions. Parameters: ids ('kind:key').
// Returns rows: id.
UNWIND $ids AS wanted
MATCH (subject:Subject {id: wanted})
USING INDEX subject:Subject(id)
WITH subject WHERE EXISTS { (subject)--() }
RETURN subject.id AS id

// name: erase_subjects
// Leave of subjects only their number and kind. Parameters: rows (maps: id, pseudonym).
// Returns one row: erased (how many).
UNWIND $rows AS row
MATCH (subject:Subject {id: row.id})
USING INDEX subject:Subject(id)
SET subject.key = row.pseudonym, subject.id = subject.kind + ':' + row.pseudonym,
    subject.is_erased = true
REMOVE subject.published_run, subject.published_purpose, subject.published_programme,
    subject.published_as_of, subject.published_score, subject.published_band,
    subject.published_width, subject.published_exposure, subject.published_trust,
    subject.published_own_points, subject.published_association_points
RETURN count(subject) AS erased

// name: select_subjects_without_records
// Subjects that no record mentions and that were not erased. Parameters: limit.
// Returns rows: kind, key.
MATCH (subject:Subject)
USING INDEX subject:Subject(number)
WHERE subject.number >= 0 AND subject.is_erased IS NULL AND NOT EXISTS { (subject)--() }
RETURN subject.kind AS kind, subject.key AS key
ORDER BY subject.number LIMIT $limit
