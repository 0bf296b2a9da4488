// name: take_ledger
// Lock the ledger's counter until the transaction ends, before anything is read, and say how far it
// is; `append_first` is set if the append of this token has been committed already.
// Parameters: token. Returns one row: sequence, subjects, recorded_at_us, append_first.
MATCH (counter:Counter {name: 'ledger'})
USING INDEX counter:Counter(name)
SET counter.taken_by = $token
WITH counter
OPTIONAL MATCH (append:Append {token: $token})
USING INDEX append:Append(token)
WITH properties(counter) AS state, append.first_sequence AS append_first
RETURN state.sequence AS sequence, state.subjects AS subjects,
    state.recorded_at_us AS recorded_at_us, append_first

// name: close_append
// Note what an append added, and move the counter on. Parameters: token, first_sequence,
// last_sequence, subjects (how many there are now), recorded_at_us.
MATCH (counter:Counter {name: 'ledger'})
USING INDEX counter:Counter(name)
SET counter.sequence = $last_sequence, counter.subjects = $subjects,
    counter.recorded_at_us = $recorded_at_us
CREATE (:Append {
    token: $token, first_sequence: $first_sequence, last_sequence: $last_sequence,
    recorded_at_us: $recorded_at_us
})

// name: select_ledger
// How far the ledger is. Returns one row: sequence, subjects.
MATCH (counter:Counter {name: 'ledger'})
USING INDEX counter:Counter(name)
RETURN counter.sequence AS sequence, counter.subjects AS subjects

// name: select_sequence_at
// The last sequence recorded at or before a time. Parameters: until_us.
// Returns at most one row: sequence.
MATCH (append:Append)
USING INDEX append:Append(recorded_at_us)
WHERE append.recorded_at_us <= $until_us
RETURN append.last_sequence AS sequence
ORDER BY append.recorded_at_us DESC LIMIT 1

// name: count_records
// How many records there are, and how many of them are not links; from the count store.
// Returns one row: records (without erased ones), subject, event, report, listing, retraction, dispute,
// case_entry.
CALL () { MATCH (record:Record) RETURN count(record) AS records }
CALL () { MATCH (record:Registration) RETURN count(record) AS subject }
CALL () { MATCH (record:Event) RETURN count(record) AS event }
CALL () { MATCH (record:Report) RETURN count(record) AS report }
CALL () { MATCH (record:Listing) RETURN count(record) AS listing }
CALL () { MATCH (record:Retraction) RETURN count(record) AS retraction }
CALL () { MATCH (record:Dispute) RETURN count(record) AS dispute }
CALL () { MATCH (record:CaseEntry) RETURN count(record) AS case_entry }
CALL () { MATCH (record:Erased) RETURN count(record) AS erased }
RETURN records - erased AS records, subject, event, report, listing, retraction, dispute, case_entry

// name: select_identities
// Which of many external ids a source has used. Parameters: source, external_ids.
// Returns one row of columns: external_id, sequence, record_type, link_kind ('' unless it is a link),
// content_hash, superseded_by (0 while it stands).
UNWIND $external_ids AS external_id
MATCH (record:Record {source: $source, external_id: external_id})
USING INDEX record:Record(source, external_id)
RETURN collect(external_id) AS external_id, collect(record.sequence) AS sequence,
    collect(coalesce(record.record_type, 'link')) AS record_type,
    collect(coalesce(record.link_kind, '')) AS link_kind,
    collect(record.content_hash) AS content_hash,
    collect(coalesce(record.superseded_by, 0)) AS superseded_by

// name: supersede_records
// Note on records by which later ones they were superseded.
// Parameters: sequence, superseded_by (columns).
UNWIND range(0, size($sequence) - 1) AS i
MATCH (record:Record {sequence: $sequence[i]})
USING INDEX record:Record(sequence)
SET record.superseded_by = $superseded_by[i]

// name: select_superseded_between
// What records in a range superseded. Parameters: after, up_to.
// Returns one row: sequence (a column).
MATCH (record:Record)
USING INDEX record:Record(superseded_by)
WHERE $after < record.superseded_by <= $up_to
RETURN collect(record.sequence) AS sequence
